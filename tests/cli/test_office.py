"""The office before papers and nodes that lie; and its papers of a round."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli import clock, letters, node_client, screen, wallet_file
from cli.cooperative import read_charter
from cli.failures import Failure
from cli.journal import Journal
from cli.office import read_level
from cli.office_round import read_round
from protocol.envelope import open_sealed, seal
from protocol.errors import ProofError
from protocol.ledger.refusals import Refusal
from protocol.messages.decisions import Admission, CreditLine, LimitChange
from protocol.messages.wire import (
    NEIGHBOURS,
    PAPERS,
    SUBMISSION,
    Neighbour,
    Neighbours,
    Papers,
)
from protocol.signatures import public_key_of
from tests.cli.street import (
    FakeNode,
    Purse,
    ok,
    problem,
    rejection_of,
    rejection_reply,
    serving,
    signed_line,
)
from tests.protocol.town import AT, NET, Cooperative, Member, line_between, seed_of, seeds_of

LOUD = "VÉRIFICATION ÉCHOUÉE"


class Office:
    """An officer's wallet, its cooperative, and the node that answers for it."""

    def __init__(self, folder: Path, needed: int = 1) -> None:
        self.purse = Purse(folder)
        self.purse.create("--officer")
        key = wallet_file.load(self.purse.folder).key
        other = [seed_of("second officer"), seed_of("third officer")]
        self.others = other
        officers = sorted([key, *map(public_key_of, other)])
        self.home = Cooperative("bretagne", officers=officers, othr=needed)

    def letter(self, folder: Path, member: Member, name: str = "zoe") -> Path:
        sealed = seal(member.event, *seeds_of(*member.names(0)))
        path = folder / "letter.txt"
        path.write_bytes(letters.compose("application", {"name": name}, sealed))
        return path


@pytest.fixture(params=[1])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    return Office(tmp_path, request.param)


@pytest.fixture
def node(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeNode]:
    monkeypatch.setattr(clock, "now_s", lambda: AT)
    monkeypatch.setattr(node_client, "WAIT_FIRST_S", 0.01)
    with serving(office.home) as fake:
        office.purse.admit(office.home, fake.url)
        yield fake


def test_an_admission_says_what_the_charter_says_unless_told_otherwise(
    office: Office, node: FakeNode, tmp_path: Path
) -> None:
    path = office.letter(tmp_path, Member("zoe", office.home))
    assert office.purse.types("office", "admit", str(path), "--yes", "--ceiling", "5") == 0
    admission = open_sealed(node.documents[0], Admission).document
    assert (admission.climit, admission.ceil, admission.seq) == (1_000_000, 500, 4)
    assert "Zoe" in office.purse.out


def test_a_decision_that_is_refused_or_lost_is_told(
    office: Office, node: FakeNode, tmp_path: Path
) -> None:
    path = office.letter(tmp_path, Member("zoe", office.home))

    def refuses(body: bytes, _: str) -> tuple[int, str, bytes]:
        doc = open_sealed(SUBMISSION.decode(body).doc, Admission).id
        return rejection_reply(
            rejection_of(office.home, doc, Refusal.ACCOUNT_EXISTS), office.home.node[0]
        )

    node.routes["/documents"] = refuses
    assert office.purse.types("office", "admit", str(path), "--yes") == 1
    assert "déjà admise" in office.purse.err
    node.routes["/documents"] = lambda *_: problem("stopping", 503)
    assert office.purse.types("office", "admit", str(path), "--yes") == 4
    node.routes["/documents"] = lambda body, _: node.enters(body)
    assert office.purse.types("retry") == 0
    assert "Décision du bureau" in office.purse.out
    with Journal(office.purse.folder) as journal:
        assert journal.unsettled() == []


def test_an_application_that_does_not_hold_is_not_admitted(
    office: Office, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = Member("zoe", office.home)
    path = tmp_path / "letter.txt"
    forged = seal(member.event, seed_of("somebody"))
    path.write_bytes(letters.compose("application", {"name": "zoe"}, forged))
    assert office.purse.types("office", "admit", str(path), "--yes") == 5
    path = office.letter(tmp_path, member, "")
    assert office.purse.types("office", "admit", str(path), "--yes") == 2
    path = office.letter(tmp_path, member)
    monkeypatch.setattr(clock, "now_s", lambda: AT + 10_000)
    assert office.purse.types("office", "admit", str(path), "--yes") == 1
    assert "trente jours" in office.purse.err
    monkeypatch.setattr(clock, "now_s", lambda: AT)
    event = msgspec.structs.replace(member.event, net=bytes(32))
    sealed = seal(event, *seeds_of(*member.names(0)))
    path.write_bytes(letters.compose("application", {"name": "zoe"}, sealed))
    assert office.purse.types("office", "admit", str(path), "--yes") == 1
    assert node.documents == []


@pytest.mark.parametrize(
    "line",
    [
        ("office", "limit", "bob@ailleurs", "--credit-limit", "1", "--ceiling", "1", "--yes"),
        ("office", "limit", "bob", "--credit-limit", "1", "--ceiling", "1"),
    ],
)
def test_nothing_is_decided_of_others_or_without_a_yes(
    office: Office, node: FakeNode, line: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "ask", lambda *_: "non")
    assert office.purse.types(*line) == 1
    assert node.documents == []


def test_a_limit_is_an_amount_or_nothing() -> None:
    home = read_charter(Cooperative("bretagne").sealed)
    assert [read_level(text, home) for text in ("0", "0,00", "0.00", "12,50")] == [0, 0, 0, 1_250]
    for text in ("", ",", "-1", "x"):
        with pytest.raises(Failure):
            read_level(text, home)


@pytest.mark.parametrize("office", [2], indirect=True)
def test_a_cosigner_reads_the_signed_bytes_and_not_the_head(
    office: Office, node: FakeNode, tmp_path: Path
) -> None:
    home, path = office.home, tmp_path / "decision.txt"
    head = {"name": "zoe", "sentence": "Rien du tout."}

    def cosigns(document: Any, seed: bytes) -> int:
        path.write_bytes(letters.compose("decision", head, seal(document, seed)))
        return office.purse.types("office", "cosign", str(path), "--yes")

    change = home.limits(b"\x01" * 16, 100, 200)
    assert cosigns(change, office.others[0]) == 0
    assert "2,00 SEL" in office.purse.out
    assert "Rien du tout" not in office.purse.out
    entered = open_sealed(node.documents[0], LimitChange)
    assert len(entered.signers) == 2
    admission = home.admission(Member("zoe", home), 1, 1)
    assert cosigns(admission, office.others[1]) == 0
    assert cosigns(change, seed_of("somebody")) == 5
    elsewhere = Cooperative("corse").limits(b"\x01" * 16, 1, 1)
    assert cosigns(elsewhere, office.others[0]) == 1
    broken = msgspec.structs.replace(admission, event=b"x")
    assert cosigns(broken, office.others[0]) == 5


# ------------------------------------------------------------------------------------ credit lines

LIMITS = ("--limit", "5", "--their-limit", "6", "--yes")


def test_a_line_is_proposed_to_both_nodes(office: Office, node: FakeNode) -> None:
    rhone = Cooperative("rhone")
    brought: list[str] = []

    def post(body: bytes, query: str) -> tuple[int, str, bytes]:
        if not body:
            return ok(node_lines())
        brought.append(query)
        return 202, "application/vnd.ronde+msgpack", PAPERS.encode(Papers([body]))

    def node_lines() -> bytes:
        return NEIGHBOURS.encode(Neighbours([]))

    with serving(rhone) as there:
        node.routes["/lines"] = there.routes["/lines"] = post
        assert office.purse.types("office", "line", there.url, *LIMITS) == 7
        assert len(brought) == 2
        there.routes["/lines"] = lambda *_: problem("stopping", 503)
        assert office.purse.types("office", "line", there.url, *LIMITS) == 7
        assert "ne répond pas" in office.purse.err
        there.routes["/lines"] = lambda *_: problem("refused", 422, "LINE_TERMS_MISMATCH")
        assert office.purse.types("office", "line", there.url, *LIMITS) == 1
        line = line_between(office.home, rhone, 1, 1)
        rejection = rejection_of(office.home, bytes(32), Refusal.LINE_VERSION_NOT_NEXT)
        node.routes["/lines"] = lambda body, _: (
            rejection_reply(rejection, office.home.node[0]) if body else ok(node_lines())
        )
        assert office.purse.types("office", "line", there.url, *LIMITS) == 1
        two = PAPERS.encode(Papers([seal(line, seed_of("x"))] * 2))
        node.routes["/lines"] = lambda body, _: ok(two) if body else ok(node_lines())
        assert office.purse.types("office", "line", there.url, *LIMITS) == 5


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"net": bytes(32)}, "autre fédération"), ({"unit": "EUR"}, "EUR"), ({"dec": 3}, "décimales")],
)
def test_what_no_line_can_join_is_told(
    office: Office, node: FakeNode, changes: dict[str, Any], part: str
) -> None:
    with serving(Cooperative("rhone", **changes)) as there:
        assert office.purse.types("office", "line", there.url, *LIMITS) == 1
    assert part in office.purse.err


def test_another_node_at_our_address_signs_no_line(office: Office, node: FakeNode) -> None:
    with serving(Cooperative("rhone")) as there:
        node.routes["/charter"] = there.routes["/charter"]
        node.routes["/"] = there.routes["/"]
        assert office.purse.types("office", "line", there.url, *LIMITS) == 5


def test_lines_are_shown_as_sentences_and_as_json(office: Office, node: FakeNode) -> None:
    rhone = Cooperative("rhone")
    terms = line_between(office.home, rhone, 500, 600)
    own = office.others[0]
    node.lines = [Neighbour(seal(terms, own, *rhone.officers[:2]), "http://rhone")]
    second = CreditLine(**{
        name: getattr(terms, name) for name in terms.__struct_fields__
    } | {"seq": 2})  # fmt: skip
    node.routes["/lines/waiting"] = lambda *_: ok(PAPERS.encode(Papers([seal(second, own)])))
    assert office.purse.types("office", "lines", locked=False) == 0
    assert "bretagne pourra devoir jusqu'à 5,00 SEL à rhone" in office.purse.out
    assert "Attend les signatures de rhone" in office.purse.out
    assert office.purse.types("office", "lines", "--json", locked=False) == 0
    states = [(one["version"], one["state"]) for one in json.loads(office.purse.out)["lines"]]
    assert states == [(1, "in_force"), (2, "waiting")]


# ----------------------------------------------------------------------------------------- rounds


def test_papers_of_a_round_that_are_missing_or_forged_are_not_believed() -> None:
    home = Cooperative("bretagne")
    with pytest.raises(ProofError, match="instead of one"):
        read_round([home.sealed], NET)
    assert signed_line(home, Cooperative("rhone"))
