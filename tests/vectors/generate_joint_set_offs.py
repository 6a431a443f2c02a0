"""Writes spec/vectors/0018-joint-set-offs: run it again and nothing changes."""

from hashlib import sha256
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from federation.joint_cycles import Frame, pieces, terms_of
from federation.log_report import edges_of
from federation.obligations import Graph
from federation.round_obligations import claims_of, obligations, owed_of
from federation.round_papers import agreed_debts
from federation.tie_break import unique_optimum
from protocol.blinding import blind_of, obligation_ref, pseudonym_of
from protocol.identifiers import correspondent_account, reserved_account
from protocol.kinds import SHAPES, TYPE_OF
from protocol.messages.joint import Owed
from protocol.messages.rounds import Convening, Position
from protocol.signatures import public_key_of
from tests.protocol.joint_fair import DEADLINE, ROUND, JointFair
from tests.protocol.market import cancellation, identifier, invoice, owe
from tests.protocol.town import AT, DATED, NET, ZERO, Cooperative
from tests.vectors.papers import Case, Step, logs_of, story, write

FOLDER = "0018-joint-set-offs"
FAIR = JointFair()
ONE = FAIR.coops[0]
HERE, THERE = FAIR.here, FAIR.there
OWN, SUSPENSE = reserved_account("cooperative"), reserved_account("suspense")


def _balances(line: int, here: int, there: int, held: int) -> dict[str, dict[bytes, int]]:
    return {
        HERE.name: {correspondent_account(THERE.id): line, OWN: here, SUSPENSE: 0},
        THERE.name: {correspondent_account(HERE.id): -line, OWN: there, SUSPENSE: held},
    }


def _circles() -> list[Case]:
    consents: list[Step] = [(home, FAIR.consent(home), 0) for home in FAIR.coops]
    settled: list[Step] = [(home, FAIR.certificate(home), 0) for home in FAIR.coops]
    third = FAIR.invoices[2]
    ending: Step = (HERE, cancellation(FAIR.alice, third), 0)
    ended: Step = (HERE, cancellation(FAIR.own[HERE.id], third), 60)
    again: Step = (ONE, FAIR.certificate(ONE), 32)
    untouched = _balances(800, 0, 0, 0)
    return [
        story("reserved", "300 of the own account of rhone are held, nothing else moves",
              consents, _balances(800, 0, -300, 300)),
        story("certified", "line and invoices fall by 300", [*consents, *settled],
              _balances(500, 300, -300, 0)) | {"invoices": _left()},
        story("certified-twice_fail", "settled already", [*consents, *settled, again], {}),
        story("cancelled_fail", "a part of the invoice is reserved", [*consents, ending, ended],
              _balances(800, 0, -300, 300)),
        story("no-consent_fail", "we did not consent", [(ONE, FAIR.certificate(ONE), 32)],
              untouched),
        story("consent-missing_fail", "of the other cooperative",
              [consents[0], (ONE, FAIR.certificate(ONE, consents=[FAIR.consent(ONE)]), 33)], {}),
    ]  # fmt: skip


def _left() -> dict[str, dict[str, int]]:
    first, second, _ = FAIR.invoices
    return {HERE.name: {second.hex(): 150}, THERE.name: {first.hex(): 200, second.hex(): 150}}


def _parts() -> list[Case]:
    part = FAIR.part(THERE)
    waiting = invoice(FAIR.bob, FAIR.ben, 40)
    loose = obligation_ref(DEADLINE, identifier(waiting))
    samples = [
        ("no-line", "with a stranger", [replace(part, debtor=ZERO)], 15),
        ("own-limit", "below the credit limit of the own account", [replace(part, amt=1_001)], 18),
        ("twice", "one circle two times", [part, part], 30),
        ("line-beyond", "more than the line has", [replace(part, amt=801)], 31),
        ("unknown", "an invoice that is not here", [replace(part, cuts=[*part.cuts, ZERO])], 38),
        ("unaccepted", "an invoice that waits", [replace(part, cuts=[*part.cuts, loose])], 41),
        ("beyond", "more than is owed", [replace(part, amt=451)], 43),
        ("one-sided", "an account is let off more than it lets off",
         [replace(part, cuts=part.cuts[:1])], 44),
        ("nothing", "neither line nor invoice", [replace(part, cuts=[], debtor=UNSET)], 61),
    ]  # fmt: skip
    first: Step = (THERE, waiting, 0)
    return [
        story(f"{name}_fail", comment, [first, (THERE, FAIR.consent(THERE, *parts), refusal)],
              _balances(800, 0, 0, 0))
        for name, comment, parts, refusal in samples
    ]  # fmt: skip


def _names() -> list[Case]:
    secret = sha256(b"a secret").digest()
    account, inv = FAIR.alice.account, FAIR.invoices[1]
    return [
        {"name": "one", "comment": "how a round names an account and an obligation"}
        | {"secret": secret.hex(), "blind": blind_of(secret).hex()}
        | {"account": account.hex(), "pseudonym": pseudonym_of(secret, account).hex()}
        | {"deadline": DEADLINE, "inv": inv.hex(), "ref": obligation_ref(DEADLINE, inv).hex()}
    ]


def _position(home: Cooperative, ids: list[bytes]) -> Position:
    secret = sha256(home.id).digest()
    edges = edges_of(home.book)
    return Position(
        blind=blind_of(secret), by=home.id, edges=[edges[peer] for peer in sorted(edges)],
        kev=0, owed=owed_of(claims_of(home.book), secret, ids, DEADLINE), round=ZERO,
        seq=len(home.log), **DATED,
    )  # fmt: skip


def _round(name: str, comment: str, fair: JointFair, positions: list[Position]) -> Case:
    """Return a case: positions, then the graph, its optimum, and the terms of its pieces."""
    ids = [home.id for home in fair.coops]
    keys = {home.id: public_key_of(home.node[0]) for home in fair.coops}
    owed = [(one.debtor, one.creditor, one.amount) for one in obligations(positions)]
    graph = Graph.from_debts(agreed_debts(positions) + owed, members=ids)
    answer = unique_optimum(graph, ROUND)
    convening = Convening(by=ids[0], kev=0, members=ids, panel=ids, seq=1, **DATED)
    frame = Frame(convening, ROUND, keys, ids[0], 0, AT)
    terms = [
        terms_of(piece, number, frame)
        for number, piece in enumerate(pieces(graph, answer.flow, positions))
    ]
    assert convening.net == NET
    return {
        "name": name,
        "comment": comment,
        "salt": ROUND.hex(),
        "members": {member.hex(): key.hex() for member, key in keys.items()},
        "positions": [SHAPES[TYPE_OF[Position]].encode(one).hex() for one in positions],
        "names": [one.hex() for one in graph.names],
        "debts": [[a.hex(), b.hex(), amount] for a, b, amount in graph.debts()],
        "flow": answer.flow,
        "potentials": answer.potentials,
        "skip": answer.skipped,
        "terms": [
            {"type": TYPE_OF[type(one)], "payload": SHAPES[TYPE_OF[type(one)]].encode(one).hex()}
            for one in terms
        ],
    }


def _rounds() -> list[Case]:
    ids = [home.id for home in FAIR.coops]
    plain = [_position(home, ids) for home in FAIR.coops]
    busy = JointFair()
    for debtor, creditor, amount in (
        (busy.alice, busy.ada, 60), (busy.ada, busy.alice, 20), (busy.ada, busy.alice, 25),
        (busy.ben, busy.bob, 80),
    ):  # fmt: skip
        owe(debtor, creditor, amount)
    busy.owe(busy.alice, busy.ben, 70)
    full = [_position(home, ids) for home in busy.coops]
    alone = [replace(one, owed=_halved(one), edges=one.edges) for one in plain]
    return [
        _round("circle", "line and invoices close one circle", FAIR, plain),
        _round("circles", "pieces of parallel invoices, circles inside and across", busy, full),
        _round("unlike", "the two sides state an invoice with 200 and 450: 200 count", FAIR, alone),
    ]


def _halved(position: Position) -> list[Owed]:
    assert isinstance(position.owed, list)
    least = 200 if position.by == HERE.id else 450
    return [
        replace(one, amt=min(one.amt, least)) if one.peer is not UNSET else one
        for one in position.owed
    ]


if __name__ == "__main__":
    given: Any = logs_of(*FAIR.coops)
    everything = _circles() + _parts()
    write(FOLDER, "entries.json", "Consents to a joint circle, and its certificate", everything,
          given=given)  # fmt: skip
    write(FOLDER, "names.json", "Names for one round", _names())
    write(FOLDER, "rounds.json", "From positions to the terms of every piece", _rounds())
