"""Files of lines and weights: what is read, what is refused and how it is said."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import line_table
from cli.clear_agreed import agreed_of
from cli.clear_certificate import Certificate, decode, encode
from cli.clear_subject import Subject, subject_of
from cli.debt_faults import DebtFileError, DebtFileFault
from cli.debts import read_debts, read_table
from cli.debts_arrow import read_arrow
from cli.line_table import parse_lines, read_lines
from protocol.amounts import to_decimal_text
from protocol.errors import ProofError
from tests.cli.clearing import LINES, SALT, Capture, answer, loaded_by_verify, ronde


@pytest.mark.parametrize(
    ("text", "french", "english"),
    [
        ("A,B\n", "ligne 1 : trois ou quatre colonnes", "line 1: three or four columns"),
        ("de,vers,poids\n", "il faut une colonne de chaque nom", "one column of each name"),
        ("A,A,1\n", "ligne 1 : « A » se prête à lui-même", "line 1: “A” lends to itself"),
        ("A,B,1\nA,B,-1\n", "ligne 2 : « -1 » : une limite", "line 2: “-1”: a limit"),
        ("A,B,1,2\n", "ligne 1 : « 2 » n'est pas un poids de ligne", "“2” is no weight of a line"),
        ("A,B,x\n", "n'est pas un montant", "is not an amount"),
        ("A,B,9223372036854775807\n", "baissez les limites", "lower the limits"),
    ],
)
def test_a_file_of_lines_that_is_wrong_says_where_and_what_to_do(
    debts: Path, lines: Path, text: str, french: str, english: str, capsys: Capture
) -> None:
    lines.write_text(text, encoding="utf-8")
    proof = debts.with_suffix(".cert")
    proof.write_bytes(b"")
    for words in ((debts,), ("verify", debts, proof)):
        for lang, sentence in (("fr", french), ("en", english)):
            assert ronde(*words, "--lines", lines, "--lang", lang) == 2
            out, err = capsys.readouterr()
            assert out == ""
            assert sentence in err


pieces = st.sampled_from(
    ["from", "to", "limit", "poids", "a", "b", "L", "1", "2.5", "3,5", "-1", "0", "-1000000001",
     ",", ",", ",", ";", ";", "\n", "\n", "\r\n", '"', " ", "é", "\ufeff", "\0"]
)  # fmt: skip


@given(st.lists(pieces, max_size=40).map("".join).map(str.encode) | st.binary(max_size=80))
def test_any_bytes_are_lines_or_a_sentence(content: bytes) -> None:
    try:
        table = parse_lines(io.BytesIO(content))
    except DebtFileError as error:
        assert error.sentence("fr") != error.sentence("en")
        return
    assert list(table.names) == sorted(set(table.names))
    assert (table.limits >= 0).all()
    assert (table.weights <= 0).all()
    assert (table.lenders != table.borrowers).all()
    # Written out plainly they are the same lines.
    rows = zip(table.lenders, table.borrowers, table.limits.tolist(), table.weights, strict=True)
    text = io.StringIO()
    written = csv.writer(text)
    written.writerow(("from", "to", "limit", "weight"))
    for lender, borrower, limit, weight in rows:
        amount = to_decimal_text(limit, table.decimals)
        written.writerow((table.names[lender], table.names[borrower], amount, weight))
    assert parse_lines(io.BytesIO(text.getvalue().encode())).digest() == table.digest()


def test_wrong_use_of_lines_has_its_exit_codes(debts: Path, lines: Path, tmp_path: Path) -> None:
    assert ronde(debts, "--lines", tmp_path / "none.csv") == 3
    assert ronde(debts, "--lines", tmp_path) == 2
    assert ronde(debts, "--lines", debts) == 2
    assert ronde(debts, "--lines", lines, "--certificate", lines) == 2
    assert ronde("verify", debts, tmp_path / "none.cert", "--lines", lines) == 3
    assert ronde("--lines", lines, debts) == 0
    assert lines.read_text(encoding="utf-8-sig") == LINES


def test_lines_that_are_too_long_to_read_are_refused(
    lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_table, "FILE_BYTES_MAX", 10)
    with pytest.raises(DebtFileError) as caught:
        read_lines(lines)
    assert caught.value.fault is DebtFileFault.FILE_TOO_LARGE


def test_weights_too_large_for_so_many_members_are_refused_with_the_bound(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "heavy.csv"
    ring = "".join(f"m{n},m{(n + 1) % 400},5,1000000000\n" for n in range(400))
    path.write_text("debtor,creditor,amount,weight\n" + ring, encoding="utf-8")
    proof = tmp_path / "heavy.cert"
    assert answer(capsys, path, "--certificate", proof)["value"] == str(5 * 400 * 10**9)
    assert answer(capsys, "verify", path, proof)["cleared"] == "2000"
    for lang, words in (("fr", "renoncez au sel"), ("en", "do without the salt")):
        assert ronde(path, "--salt", SALT, "--lang", lang) == 2
        err = " ".join(capsys.readouterr().err.split())
        assert words in err
        assert "400000000000" in err
        assert str((2**60 - 400 * 2**20) // 2**30) in err


def test_without_a_salt_the_bound_is_told_too(
    debts: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("cli.clear_subject.heaviest_of", lambda _: 2**62)
    assert ronde(debts, "--lang", "en") == 2
    err = capsys.readouterr().err
    assert "divide all weights by one number" in err
    assert "salt" not in err


def test_both_files_are_brought_to_the_finer_unit(tmp_path: Path, capsys: Capture) -> None:
    debts, lines = tmp_path / "debts.csv", tmp_path / "lines.csv"
    debts.write_text("A,B,5\n", encoding="utf-8")
    lines.write_text("B,A,1.125\n", encoding="utf-8")
    proof = tmp_path / "debts.cert"
    first = answer(capsys, debts, "--lines", lines, "--certificate", proof)
    assert (first["cleared"], first["gross_after"]) == ("1.125", "3.875")
    assert first["weighted"] is False
    debts.write_text("A,B,5.0\n", encoding="utf-8")
    assert ronde("verify", debts, proof, "--lines", lines) == 5  # debts in another unit
    lines.write_text("B,A,1\n", encoding="utf-8")
    capsys.readouterr()
    assert answer(capsys, debts, "--lines", lines)["cleared"] == "1.0"
    debts.write_text("A,B,1\n", encoding="utf-8")
    lines.write_text("B,A,0.000001\nB,A,1\n", encoding="utf-8")
    assert answer(capsys, debts, "--lines", lines)["cleared"] == "1.000000"


@pytest.mark.parametrize(
    ("debt", "limit", "fault"),
    [
        ("9223372036854775807", "1.5", DebtFileFault.TOTAL),
        ("1.5", "9223372036854775807", DebtFileFault.LIMITS_TOTAL),
        ("9223372036854775807", "1", DebtFileFault.LIMITS_TOTAL),
    ],
)
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, debt: str, limit: str, fault: DebtFileFault
) -> None:
    debts, lines = tmp_path / "debts.csv", tmp_path / "lines.csv"
    debts.write_text(f"A,B,{debt}\n", encoding="utf-8")
    lines.write_text(f"B,A,{limit}\n", encoding="utf-8")
    with pytest.raises(DebtFileError) as caught:
        subject_of(read_table(debts), read_lines(lines))
    assert caught.value.fault is fault
    assert ronde(debts, "--lines", lines) == 2


def test_lines_without_a_limit_change_nothing(debts: Path, tmp_path: Path, capsys: Capture) -> None:
    lines = tmp_path / "lines.csv"
    lines.write_text("L,Anne,0\nChloé,Anne,0,\n".replace("0,\n", "0\n"), encoding="utf-8")
    for salt in ([], ["--salt", SALT]):
        alone = answer(capsys, debts, *salt)
        with_lines = answer(capsys, debts, "--lines", lines, *salt)
        found = with_lines.pop("lines")
        assert isinstance(found, dict)
        assert (found["used"], found["lent"]) == (0, "0.00")
        for each in (alone, with_lines):
            del each["seconds"]
        assert with_lines == alone
    assert ronde(debts, "--lines", lines) == 0
    assert "ligne de" not in capsys.readouterr().out


def test_a_used_line_beyond_its_limit_is_found_out(debts: Path, lines: Path) -> None:
    subject = subject_of(read_table(debts), read_lines(lines))
    assert isinstance(subject, Subject)
    assert agreed_of(subject, np.zeros(6, np.int64)) is not None
    with pytest.raises(ProofError, match="beyond its limit"):
        agreed_of(subject, np.full(6, -1, np.int64))


@pytest.mark.parametrize(
    ("changes", "tiers", "french", "english"),
    [
        # Arcs: Anne → Bruno, Bruno → Chloé, Chloé → Anne, its two lines, L → Bruno.
        ([1, 1, 0, 1, 0, 0], {}, "ni plus que la limite", "nor more than the limit"),
        ([-1, -1, 0, 0, -1, 0], {}, "l'utiliser en entier", "to use all of it"),
        ([0] * 6, {2: 5}, "de ne pas l'utiliser", "not to use it"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_of_the_line(
    debts: Path, lines: Path, tmp_path: Path, changes: list[int], tiers: dict[int, int],
    french: str, english: str, capsys: Capture,
) -> None:  # fmt: skip
    out = tmp_path / "debts.cert"
    assert ronde(debts, "--lines", lines, "--certificate", out) == 0
    sound = decode(out.read_bytes())
    assert isinstance(sound, Certificate)
    potentials = sound.potentials.copy()
    for member, tier in tiers.items():
        potentials[member] = tier
    flow = sound.flow + np.array(changes, np.int64)
    out.write_bytes(encode(Certificate(sound.debts, flow, potentials, None, sound.lines)))
    capsys.readouterr()
    for lang, name, said in (("fr", "ligne", french), ("en", "line", english)):
        assert ronde("verify", debts, out, "--lines", lines, "--lang", lang) == 5
        err = capsys.readouterr().err
        assert f"{name} Chloé → Anne" in err
        assert said in err


def test_a_row_without_its_last_cell_weighs_one(tmp_path: Path) -> None:
    path = tmp_path / "debts.csv"
    path.write_text("debtor,creditor,amount,weight\na,b,1,5\nb,a,2\n", encoding="utf-8")
    table = read_table(path)
    assert table.weights is not None
    assert table.weights.tolist() == [5, 1]
    first = read_table(path, limit=1).weights
    assert first is not None
    assert first.tolist() == [5]
    assert read_debts(path, limit=2).debts == [("a", "b", 1), ("b", "a", 2)]


def test_weights_in_thousands_of_lines_are_read_like_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "debts.csv"
    rows = [("x", "y", 5, 1 + n % 7) for n in range(40_000)]
    text = "".join(f"{x},{y},{n},{w if w > 1 else ''}\n" for x, y, n, w in rows)
    path.write_text("debtor,creditor,amount,weight\n" + text, encoding="utf-8")
    table = read_table(path)
    assert table.weights is not None
    assert table.weights.tolist() == [row[3] for row in rows]
    path.write_text("debtor,creditor,amount,weight\n" + text + "x,y,5,0.5\n", encoding="utf-8")
    with pytest.raises(DebtFileError) as caught:
        read_table(path)
    assert (caught.value.fault, caught.value.line) == (DebtFileFault.WEIGHT, 40_002)


def test_an_arrow_file_may_have_weights(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")

    def stream(weights: object, name: str = "poids") -> io.BytesIO:
        columns = {"debtor": ["a", "b"], "creditor": ["b", "a"], "amount": [3, 4], name: weights}
        table = pyarrow.table(columns)
        content = io.BytesIO()
        with pyarrow.ipc.new_file(content, table.schema) as writer:
            writer.write_table(table)
        content.seek(0)
        return content

    weights = read_arrow(stream([7, None])).weights
    assert weights is not None
    assert weights.tolist() == [7, 1]
    assert read_arrow(stream([1, 1])).weights is None
    assert read_arrow(stream([7, 7], "memo")).weights is None
    path = tmp_path / "debts.arrow"
    path.write_bytes(stream([1, 9]).getvalue())
    assert read_table(path, limit=1).weights is None
    for wrong in ([1, 0], [1.5, 1.0], [1, 2**64 - 1]):
        column = pyarrow.array(wrong, pyarrow.uint64()) if max(wrong) > 2**63 else wrong
        with pytest.raises(DebtFileError) as caught:
            read_arrow(stream(column))
        assert caught.value.fault is DebtFileFault.WEIGHT
    two = stream([1, 2])
    schema = pyarrow.ipc.open_file(two).read_all().append_column("weight", pyarrow.array([1, 2]))
    content = io.BytesIO()
    with pyarrow.ipc.new_file(content, schema.schema) as writer:
        writer.write_table(schema)
    content.seek(0)
    with pytest.raises(DebtFileError) as caught:
        read_arrow(content)
    assert caught.value.fault is DebtFileFault.TWO_WEIGHTS


def test_the_check_with_lines_loads_no_solver(debts: Path, lines: Path, tmp_path: Path) -> None:
    out = tmp_path / "debts.cert"
    assert ronde(debts, "--lines", lines, "--certificate", out) == 0
    assert loaded_by_verify(debts, out, "--lines", lines) == "[]"
