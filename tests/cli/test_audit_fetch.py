"""A fetch brings everything, goes on where it was cut off, and may always be run again."""

import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from cli import keystore, wallet_file
from cli.audit_fetch import fetch_nodes
from cli.audit_files import LogFolder
from cli.failures import ExitCode, Failure
from cli.main import main
from protocol.errors import EncodingError
from protocol.identifiers import TextKind, to_text
from protocol.messages.wire import Opening
from protocol.signatures import public_key_of
from tests.cli.audited import small_world
from tests.cli.publishing import Publisher, run_off_loop, served
from tests.federation.world import World, secret

AUDITOR = secret("auditor")
KEY = public_key_of(AUDITOR)


def silent(name: str, have: int, size: int) -> None:
    assert have <= size, name


@contextlib.asynccontextmanager
async def federation(world: World) -> AsyncIterator[tuple[list[Publisher], list[str]]]:
    publishers = [Publisher(node, [KEY]) for node in world.nodes.values()]
    async with contextlib.AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(served(one)) for one in publishers]
        yield publishers, urls


def verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    main(["audit", "verify", str(folder), "--json"])
    shape: dict[str, object] = json.loads(capsys.readouterr().out)
    return shape


async def test_what_is_fetched_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, _ = small_world()
    done = world.clear()
    async with federation(world) as (publishers, urls):
        for publisher in publishers:
            publisher.rounds = [done]
        publishers[0].lines = [world["Bretagne"].records[1][2]]
        names = await fetch_nodes([*urls, urls[0]], tmp_path, AUDITOR, silent)
    assert names == list(world.nodes)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "alsace", "bretagne", "ile-de-france", "rhone", "rounds",
    ]  # fmt: skip
    shape = verify(tmp_path, capsys)
    assert (shape["exit"], shape["findings"], shape["rounds"]) == (0, [], 1)
    assert (tmp_path / "alsace" / "entries").stat().st_mode & 0o077 == 0


async def test_one_node_under_two_addresses_is_one_folder(tmp_path: Path) -> None:
    world = World("Alsace")
    async with federation(world) as (_, first), federation(world) as (_, second):
        assert await fetch_nodes([*first, *second], tmp_path, AUDITOR, silent) == ["Alsace"]
    assert [path.name for path in tmp_path.iterdir()] == ["alsace"]


async def test_a_node_that_fails_to_show_its_rounds_is_told(tmp_path: Path) -> None:
    world = World("Alsace")
    async with federation(world) as (publishers, urls):
        publishers[0].rounds_problem = "not-allowed"
        with pytest.raises(Failure) as caught:
            await fetch_nodes(urls, tmp_path, AUDITOR, silent)
    assert caught.value.code is ExitCode.REFUSED


async def test_a_second_fetch_asks_only_for_what_is_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, members = small_world()
    async with federation(world) as (publishers, urls):
        await fetch_nodes(urls, tmp_path, AUDITOR, silent)
        for publisher in publishers:
            publisher.asked.clear()
        before = len(world["Rhône"].records)
        world.pay(members[0], members[1], 50)
        await fetch_nodes(urls, tmp_path, AUDITOR, silent)
    assert [one.asked for one in publishers] == [
        [len(one.node.records) - 2] if one.node.name == "Bretagne"
        else [before] if one.node.name == "Rhône" else []
        for one in publishers
    ]  # fmt: skip
    assert verify(tmp_path, capsys)["exit"] == 0


async def test_an_interrupted_fetch_is_not_whole_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = small_world()
    async with federation(world) as (publishers, urls):

        def fall(entries: list[Opening]) -> list[Opening]:
            if entries[0].idx >= 6:
                raise ConnectionResetError
            return entries

        publishers[1].twist = fall
        with pytest.raises(Failure) as caught:
            await fetch_nodes(urls, tmp_path, AUDITOR, silent)
        assert caught.value.code is ExitCode.NETWORK
        assert not (tmp_path / "rhone" / "checkpoint").exists()
        assert verify(tmp_path, capsys)["exit"] == ExitCode.VERIFICATION_FAILED
        # The machine went down in the middle of a record, too.
        entries = tmp_path / "rhone" / "entries"
        entries.write_bytes(entries.read_bytes()[:-5])
        publishers[1].twist = list
        publishers[1].asked.clear()
        await fetch_nodes(urls, tmp_path, AUDITOR, silent)
        assert publishers[1].asked[0] == 5
    assert verify(tmp_path, capsys)["exit"] == 0


async def test_a_node_that_is_away_stops_nobody_else(tmp_path: Path) -> None:
    world, _ = small_world()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with federation(world) as (_, urls):
        away = f"http://127.0.0.1:{port}"
        with pytest.raises(Failure) as caught:
            await fetch_nodes([away, *urls], tmp_path, AUDITOR, silent)
    assert caught.value.code is ExitCode.NETWORK
    assert (tmp_path / "ile-de-france" / "checkpoint").exists()


async def test_a_stranger_gets_no_openings(tmp_path: Path) -> None:
    world, _ = small_world()
    async with federation(world) as (_, urls):
        with pytest.raises(Failure) as caught:
            await fetch_nodes(urls[:1], tmp_path, secret("stranger"), silent)
    assert caught.value.code is ExitCode.REFUSED


@pytest.mark.parametrize(
    "twist",
    [
        lambda _: [],
        lambda entries: entries[1:],
        lambda entries: [entries[0], entries[0]],
        lambda entries: [msgspec.structs.replace(entries[0], sealed=bytes(70_000))],
        lambda entries: [msgspec.structs.replace(entries[0], sealed=b"")],
    ],
    ids=["none", "later", "twice", "huge", "empty"],
)
async def test_openings_other_than_asked_for_are_refused(
    twist: Callable[[list[Opening]], list[Opening]], tmp_path: Path
) -> None:
    world, _ = small_world()
    async with federation(world) as (publishers, urls):
        publishers[0].twist = twist
        with pytest.raises(EncodingError):
            await fetch_nodes(urls[:1], tmp_path, AUDITOR, silent)
    assert not (tmp_path / "bretagne" / "checkpoint").exists()


async def test_two_cooperatives_of_one_name_have_two_folders(tmp_path: Path) -> None:
    one, other = World("Alsace"), World("ALSACE")
    async with federation(one) as (_, first), federation(other) as (_, second):
        for _ in range(2):
            await fetch_nodes([*first, *second], tmp_path, AUDITOR, silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "alsace",
        f"alsace-{other['ALSACE'].id.hex()[:8]}",
    ]


async def test_a_node_that_has_signed_less_than_is_here_changes_nothing(tmp_path: Path) -> None:
    world, _ = small_world()
    async with federation(world) as (publishers, urls):
        await fetch_nodes(urls, tmp_path, AUDITOR, silent)
        note = (tmp_path / "alsace" / "checkpoint").read_text(encoding="utf-8")
        world["Alsace"].records.pop()
        publishers[2].rounds = None
        await fetch_nodes(urls, tmp_path, AUDITOR, silent)
    assert (tmp_path / "alsace" / "checkpoint").read_text(encoding="utf-8") == note


async def test_a_spoiled_disk_is_found_after_a_second_fetch_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, members = small_world()
    async with federation(world) as (_, urls):
        await fetch_nodes(urls, tmp_path, AUDITOR, silent)
        entries = tmp_path / "bretagne" / "entries"
        content = bytearray(entries.read_bytes())
        content[20] ^= 1
        entries.write_bytes(content)
        world.pay(members[0], members[1], 5)
        await fetch_nodes(urls, tmp_path, AUDITOR, silent)
    findings = verify(tmp_path, capsys)["findings"]
    assert isinstance(findings, list)
    assert [(one["code"], one["record"]) for one in findings if one["level"] == "failure"] == [
        ("entry.replaced", "entry 0")
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the folder of an auditor's wallet, and its passphrase in a file beside."""
    folder = tmp_path / "auditor"
    seed = keystore.Seed(secret("an auditor's words"), "fr")
    keystore.create(folder, seed, "assez longue", "interactive")
    key, digest = keystore.public_key(seed, 0), keystore.next_key_digest(seed, 0)
    wallet = wallet_file.Wallet("officer", "", None, None, None, 0, key, digest)
    wallet_file.save_new(folder, wallet)
    secret_file = folder / "passphrase"
    secret_file.write_text("assez longue\n", encoding="utf-8")
    secret_file.chmod(0o600)
    return folder


async def test_the_commands_work_together(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = small_world()
    assert main(["audit", "key", "--home", str(home), "--json"]) == ExitCode.DONE
    text = json.loads(capsys.readouterr().out)["key"]
    assert text == to_text(TextKind.KEY, wallet_file.load(home).key)
    assert main(["audit", "key", "--home", str(home)]) == ExitCode.DONE
    assert capsys.readouterr().out.strip() == text
    papers = tmp_path / "mars"
    secret_file = str(home / "passphrase")
    line = ["-o", str(papers), "--home", str(home), "--passphrase-file", secret_file]
    async with federation(world) as (publishers, urls):
        for publisher in publishers:
            publisher.auditors = [wallet_file.load(home).key]
        assert await run_off_loop(lambda: main(["audit", "fetch", *urls, *line])) == 0
        assert "Bretagne" in capsys.readouterr().out
        assert await run_off_loop(lambda: main(["audit", "fetch", *urls, *line, "--json"])) == 0
        assert json.loads(capsys.readouterr().out)["nodes"] == list(world.nodes)
    assert main(["audit", "verify", str(papers)]) == ExitCode.DONE
    assert main(["audit", "fetch", "bretagne", *line]) == ExitCode.USAGE


def test_leaves_of_an_absent_log_are_none(tmp_path: Path) -> None:
    assert LogFolder(tmp_path).mend() == (0, b"")
