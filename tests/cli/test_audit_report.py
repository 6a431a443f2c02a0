"""What an audit says is in two languages, plain, and the loudest when it fails."""

from pathlib import Path

import pytest

from cli.audit_report import sentence_of
from cli.failures import ExitCode
from cli.main import main
from cli.sentences_audit import BREACHES, FINDINGS
from federation.findings import Code, Finding
from protocol.ledger.refusals import Refusal
from tests.cli.audited import small_world, write_world
from tests.federation.world import World


@pytest.fixture
def world() -> World:
    made, _ = small_world()
    made.clear()
    return made


def test_a_person_is_told_in_french_and_loudly(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    assert main(["audit", "verify", str(tmp_path)]) == ExitCode.DONE
    out = capsys.readouterr().out
    assert "✘" not in out
    assert "signatures vérifiées" in out
    assert "Σ = 0" in out
    (tmp_path / "alsace" / "checkpoint").write_text(world["Rhône"].checkpoint(), encoding="utf-8")
    assert main(["audit", "verify", str(tmp_path)]) == ExitCode.VERIFICATION_FAILED
    told = capsys.readouterr()
    assert "VÉRIFICATION ÉCHOUÉE" in told.err
    assert "Alsace : l'état signé n'est pas signé par la clé de ce journal" in told.err
    assert "✘" in told.out


def test_a_terminal_shows_a_box(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_world(world, tmp_path)
    (tmp_path / "alsace" / "checkpoint").write_text(world["Rhône"].checkpoint(), encoding="utf-8")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["audit", "verify", str(tmp_path), "--lang", "en"]) == 5
    told = capsys.readouterr().err
    assert "VERIFICATION FAILED" in told
    assert "│" in told


def test_notices_are_told_and_do_not_fail(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    for name in ("alsace", "rhone"):
        for path in (tmp_path / name).iterdir():
            path.unlink()
        (tmp_path / name).rmdir()
    assert main(["audit", "verify", str(tmp_path), "--lang", "en"]) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "the other cooperative's log is not in this folder" in told
    assert "✘" not in told


def test_every_code_has_its_two_sentences() -> None:
    assert set(FINDINGS) == {code.value for code in Code}
    assert set(BREACHES) == set(Refusal)
    for french, english in [*FINDINGS.values(), *BREACHES.values()]:
        assert french.strip()
        assert english.strip()


def test_a_finding_is_a_sentence_with_amounts_as_people_write_them() -> None:
    flow = Finding(Code.ROUND_FLOW, "", "round ab12cd34 flow 3", {"amount": 1_250, "owed": 100})
    assert sentence_of(flow, 2, "fr") == (
        "séance ab12cd34 flux 3 : compense 12,50 sur une dette de 1,00"
    )
    assert sentence_of(flow, 2, "en") == "round ab12cd34 flow 3: sets off 12.50 of a debt of 1.00"
    refused = Finding(
        Code.ENTRY_REFUSED, "Alsace", "entry 17", {"refusal": "CREDIT_LIMIT_EXCEEDED"}
    )
    assert sentence_of(refused, 2, "fr") == (
        "Alsace : écriture 17 : contraire aux règles, limite de crédit dépassée"
    )
