"""Whatever is changed in a fetched folder, `ronde audit verify` says 5 and names the record."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.audit_files import LogFolder
from cli.failures import ExitCode
from cli.main import main
from protocol.envelope import open_sealed, seal
from protocol.messages.decisions import Admission
from protocol.messages.rounds import Flow, Solution
from tests.cli.audited import (
    rewrite,
    small_world,
    write_node,
    write_round,
    write_world,
)
from tests.federation.world import Member, World


@pytest.fixture
def world() -> World:
    made, _ = small_world()
    made.clear()
    return made


def audit(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    code = main(["audit", "verify", str(folder), "--json"])
    shape: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert shape["exit"] == code
    return shape


def failures(shape: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (finding["code"], finding["node"], finding["record"])
        for finding in shape["findings"]
        if finding["level"] == "failure"
    ]


def records_of(place: LogFolder) -> list[tuple[int, bytes, bytes]]:
    return list(place.entries())


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_an_honest_federation_passes(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = audit(write_world(world, tmp_path), capsys)
    assert shape["exit"] == ExitCode.DONE
    assert shape["findings"] == []
    assert shape["rounds"] == 1
    assert [node["sum"] for node in shape["nodes"]] == ["0.00"] * 4
    assert shape["entries"] == sum(len(node.records) for node in world.nodes.values())
    assert shape["signatures"] > shape["entries"]


def test_two_processes_say_what_one_says(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    alone = audit(tmp_path, capsys)
    assert main(["audit", "verify", str(tmp_path), "--json", "--jobs", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == alone


def test_a_flipped_byte_is_found(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    place = LogFolder(tmp_path / "alsace")
    records = records_of(place)
    at, salt, sealed = records[5]
    rewrite(place, [*records[:5], (at, salt, flipped(sealed, len(sealed) // 2)), *records[6:]])
    shape = audit(tmp_path, capsys)
    assert shape["exit"] == ExitCode.VERIFICATION_FAILED
    assert {record for _, _, record in failures(shape)} == {"entry 5"}


@pytest.mark.parametrize("field", ["at", "salt"])
def test_a_flipped_bit_beside_the_document_is_found(
    field: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    place = LogFolder(tmp_path / "alsace")
    records = records_of(place)
    at, salt, sealed = records[-1]
    changed = (at + 1, salt, sealed) if field == "at" else (at, flipped(salt, 0), sealed)
    rewrite(place, [*records[:-1], changed])
    record = f"entry {len(records) - 1}"
    assert failures(audit(tmp_path, capsys)) == [("entry.replaced", "Alsace", record)]


@pytest.mark.parametrize("number", [1, 4, 7, -1])
def test_a_dropped_entry_is_found(
    number: int, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    place = LogFolder(tmp_path / "bretagne")
    records = records_of(place)
    number %= len(records)
    rewrite(place, records[:number] + records[number + 1 :])
    shape = audit(tmp_path, capsys)
    assert shape["exit"] == ExitCode.VERIFICATION_FAILED
    assert failures(shape)[-1] == ("entry.replaced", "Bretagne", f"entry {number}")
    assert {record for _, _, record in failures(shape)} == {f"entry {number}"}


def test_without_noted_leaves_a_dropped_entry_is_still_a_failure(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    place = LogFolder(tmp_path / "bretagne")
    (place.path / "leaves").unlink()
    rewrite(place, records_of(place)[:-1])
    assert failures(audit(tmp_path, capsys)) == [("checkpoint.size", "Bretagne", "checkpoint")]


def test_a_forged_signature_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, members = small_world()
    sealed = world.order(members[0], members[0], 100)
    # The node itself writes an order that its member never signed, and signs for the whole log.
    world["Bretagne"].force(sealed[:100] + sealed[100:].replace(sealed[-60:-50], bytes(10)))
    write_world(world, tmp_path)
    place = len(world["Bretagne"].records) - 1
    codes = failures(audit(tmp_path, capsys))
    assert [(node, record) for _, node, record in codes] == [("Bretagne", f"entry {place}")]


def test_an_order_signed_by_a_stranger_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, members = small_world()
    thief = Member(members[0].node, "thief", members[0].account, bytes(range(32)), seq=50)
    world["Bretagne"].force(world.order(thief, members[1], 100))
    write_world(world, tmp_path)
    place = len(world["Bretagne"].records) - 1
    assert failures(audit(tmp_path, capsys)) == [("entry.refused", "Bretagne", f"entry {place}")]


def test_a_changed_limit_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, members = small_world()
    node = world["Rhône"]
    # The node signs what only its officers may decide.
    node.force(node.limit_change(members[1], 10**9, node.key))
    write_world(world, tmp_path)
    place = len(node.records) - 1
    assert failures(audit(tmp_path, capsys)) == [("entry.refused", "Rhône", f"entry {place}")]


def test_a_limit_changed_on_the_disk_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = small_world()
    node = world["Rhône"]
    write_world(world, tmp_path)
    place = LogFolder(tmp_path / "rhone")
    records = records_of(place)
    number = 3
    at, salt, sealed = records[number]
    admission = open_sealed(sealed, Admission).document
    limits = bytes([0xCE]) + admission.climit.to_bytes(4, "big")
    raised = sealed.replace(limits, bytes([0xCE]) + (10**9).to_bytes(4, "big"))
    assert raised != sealed
    rewrite(place, [*records[:number], (at, salt, raised), *records[number + 1 :]])
    found = failures(audit(tmp_path, capsys))
    assert found[0] == ("entry.signature", node.name, f"entry {number}")


def test_a_one_sided_posting_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, members = small_world()
    payer, payee = world["Bretagne"], world["Rhône"]
    order = world.order(members[0], members[1], 900)
    payer.enter(order)
    offer = world.offer(order)
    # The payee's node tells the payer's that it accepts, and writes that it refused.
    payee.force(world.answer(offer, 19))
    payer.enter(world.answer(offer))
    write_world(world, tmp_path)
    place = len(payee.records) - 1
    found = failures(audit(tmp_path, capsys))
    assert ("entry.refused", "Rhône", f"entry {place}") in found


def test_an_answer_kept_out_of_its_own_log_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, members = small_world()
    payer, payee = world["Bretagne"], world["Rhône"]
    order = world.order(members[0], members[1], 900)
    payer.enter(order)
    payer.enter(world.answer(world.offer(order)))
    write_world(world, tmp_path / "soon")
    shape = audit(tmp_path / "soon", capsys)
    assert shape["exit"] == ExitCode.DONE
    assert [finding["code"] for finding in shape["findings"]] == ["mirror.lag"]
    world.later(3_600)
    world.pay(members[1], payee.admit("other"), 10)
    write_world(world, tmp_path / "later")
    place = len(payer.records) - 1
    found = failures(audit(tmp_path / "later", capsys))
    assert found == [("mirror.withheld", "Bretagne", f"entry {place}")]


def test_a_certificate_without_quorum_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = small_world()
    done = world.convene()
    world.sign_cycles(done)
    member = world.by_id(done.terms[0].cycle[0])
    member.force(world.certificate(done, 0, member.id, ballots=2))
    world.rounds.append(done)
    write_world(world, tmp_path)
    place = len(member.records) - 1
    assert failures(audit(tmp_path, capsys)) == [("entry.refused", member.name, f"entry {place}")]


def test_a_suboptimal_solution_is_found(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    done = world.rounds[0]
    solution = open_sealed(done.solution, Solution).document
    less = [Flow(one.amt - 1, one.creditor, one.debtor) for one in solution.flows]
    leader = world.by_id(solution.by)
    done.solution = seal(
        Solution(
            by=solution.by, exp=solution.exp, flows=less, iat=solution.iat, kev=0,
            net=solution.net, pots=solution.pots, round=solution.round, seq=1, skip=0,
        ),
        leader.key,
    )  # fmt: skip
    write_round(done, tmp_path)
    record = f"round {done.id.hex()[:8]} solution"
    assert failures(audit(tmp_path, capsys)) == [("round.optimum", "", record)]


def test_a_swapped_checkpoint_is_found(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    (tmp_path / "alsace" / "checkpoint").write_text(world["Rhône"].checkpoint(), encoding="utf-8")
    assert failures(audit(tmp_path, capsys)) == [("checkpoint.bad", "Alsace", "checkpoint")]


def test_an_older_checkpoint_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, _ = small_world()
    older = world["Alsace"].checkpoint()
    world.clear()
    write_world(world, tmp_path)
    (tmp_path / "alsace" / "checkpoint").write_text(older, encoding="utf-8")
    assert failures(audit(tmp_path, capsys)) == [("checkpoint.size", "Alsace", "checkpoint")]


def test_a_second_log_of_one_cooperative_is_found(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    (tmp_path / "alsace").rename(tmp_path / "alsace-2")
    write_node(world["Alsace"], tmp_path)
    assert failures(audit(tmp_path, capsys)) == [("log.twice", "Alsace", "alsace-2")]


@pytest.mark.parametrize("name", ["charter", "checkpoint", "entries", "lines"])
def test_a_missing_file_is_named(
    name: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    (tmp_path / "alsace" / name).unlink()
    assert ("file.missing", f"alsace/{name}") in [
        (code, record) for code, _, record in failures(audit(tmp_path, capsys))
    ]


@pytest.mark.parametrize("name", ["entries", "lines"])
def test_a_truncated_file_is_named(
    name: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = world.line("Bretagne", "Rhône")
    write_world(world, tmp_path)
    write_node(world["Bretagne"], tmp_path, [line])
    path = tmp_path / "bretagne" / name
    path.write_bytes(path.read_bytes()[:-3])
    found = failures(audit(tmp_path, capsys))
    assert found[0][0] == "file.broken"
    assert found[0][2].startswith(f"bretagne/{name}")


def test_an_empty_folder_is_not_an_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify", str(tmp_path)]) == ExitCode.NOT_FOUND
    assert main(["audit", "verify", str(tmp_path / "nowhere")]) == ExitCode.NOT_FOUND
    assert "audit fetch" in capsys.readouterr().err


def test_a_log_of_nothing_is_a_failure(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    (tmp_path / "alsace" / "entries").write_bytes(b"")
    found = failures(audit(tmp_path, capsys))
    assert found == [("log.empty", "alsace", "entries")]
    assert main(["audit", "verify", str(tmp_path)]) == ExitCode.VERIFICATION_FAILED


def test_a_file_of_an_absurd_size_is_not_read(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    (tmp_path / "alsace" / "charter").write_bytes(bytes(70_001))
    # Of the leaves nothing depends, while the checkpoint agrees.
    (tmp_path / "rhone" / "leaves").write_bytes(bytes(1_000_000))
    assert failures(audit(tmp_path, capsys)) == [("file.broken", "Alsace", "alsace/charter")]


def test_broken_papers_of_a_round_are_named(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    name = world.rounds[0].id.hex()
    other = write_round(world.rounds[0], tmp_path, "alsace")
    other.write_bytes(other.read_bytes()[:-1])
    short = write_round(world.rounds[0], tmp_path, "rhone")
    short.write_bytes(b"\0\0\0")
    (tmp_path / "rounds" / "not-a-round").mkdir()
    assert failures(audit(tmp_path, capsys)) == [
        ("file.broken", "alsace", f"rounds/{name}/alsace"),
        ("file.broken", "rhone", f"rounds/{name}/rhone"),
        ("file.broken", "", "rounds/not-a-round"),
    ]
    assert main(["audit", "verify", str(tmp_path)]) == ExitCode.VERIFICATION_FAILED
    assert "le fichier rounds/not-a-round est abîmé" in capsys.readouterr().err


def test_papers_too_large_to_be_papers_are_named(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_world(world, tmp_path)
    huge = write_round(world.rounds[0], tmp_path, "rhone")
    with huge.open("wb") as stream:
        stream.truncate(30_000_000)
    codes = [code for code, _, _ in failures(audit(tmp_path, capsys))]
    assert codes == ["file.broken"]
