"""The papers that our node writes in a round, on the book as it is (spec 0014)."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from msgspec import UNSET

from node.clock import now_s
from node.drivers.joint_drafts import grouped, stated
from node.ledger import Ledger, Maker
from protocol.envelope import Opened, seal_opened
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.joint_set_offs import Asked, reserve
from protocol.ledger.refusals import Refusal
from protocol.ledger.set_offs import reserve_share, share_of
from protocol.messages.joint import Part
from protocol.messages.rounds import (
    Ballot,
    Certificate,
    Consent,
    Convening,
    Edge,
    Position,
    SetOff,
    Share,
)

# A certificate holds every consent and ballot of its cycle in 65,535 bytes: both must stay small.
SHARES_MAX = 8
TXS_MAX = 16

One = TypeVar("One", Share, Part)


def own_position(
    ledger: Ledger, convening: Opened[Convening], secret: bytes = b""
) -> Opened[Position]:
    """State our accounts with the other members of the round, and our members' obligations.

    Args:
        ledger: Ours.
        convening: Of the round.
        secret: Of the pseudonyms, 32 bytes, kept before; empty to state no obligations.
    """
    book = ledger.book
    balance = book.accounts.balance
    edges = []
    for slot, state in book.head.correspondents.items():
        if state.cooperative not in convening.document.members:
            continue
        # Only what is not reserved in another round may be offered in this one.
        free = balance[slot] - state.down if balance[slot] > 0 else -balance[slot] - state.up
        edges.append(
            Edge(
                bal=balance[slot],
                ghead=state.ghead,
                got=state.got,
                peer=state.cooperative,
                sent=state.sent,
                shead=state.shead,
                top=max(0, free),
            )
        )
    position = Position(
        by=book.cooperative,
        edges=sorted(edges, key=lambda edge: edge.peer),
        exp=convening.document.exp,
        iat=now_s(),
        kev=book.accounts.kev[COOPERATIVE_SLOT],
        net=book.net,
        round=convening.id,
        seq=ledger.tree.size,
        **(stated(book, convening, secret) if secret else {}),
    )
    return seal_opened(position, ledger.keys.document)


def draft_consents(
    ledger: Ledger, round_id: bytes, deadline: int, terms: list[Opened[Any]]
) -> list[Maker]:
    """Return makers of our consents: each takes the cycles that the book allows at its turn."""
    ours = ledger.book.cooperative
    shares, joint = [], []
    for one in terms:
        if isinstance(one.document, SetOff):
            shares.append(share_of(one.document, one.id, ours))
        else:
            joint.append(one)
    groups: list[tuple[list[Share], list[Part]]] = [
        (shares[at : at + SHARES_MAX], []) for at in range(0, len(shares), SHARES_MAX)
    ]
    groups += [([], parts) for parts in grouped(joint, ours)]
    return [
        _consent_maker(ledger, round_id, deadline, number, group)
        for number, group in enumerate(groups)
    ]


def _consent_maker(
    ledger: Ledger,
    round_id: bytes,
    deadline: int,
    number: int,
    group: tuple[list[Share], list[Part]],
) -> Maker:
    def make(book: Book, at: int) -> Opened[Any] | Refusal:
        shares = _fitting(book, group[0], partial(reserve_share, book))
        parts = _fitting(book, group[1], partial(reserve, book, deadline))
        if not shares and not parts:
            return Refusal.SHARE_EXCEEDS_BALANCE
        consent = Consent(
            by=book.cooperative,
            exp=deadline,
            iat=at,
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            net=book.net,
            parts=parts or UNSET,
            round=round_id,
            seq=number,
            shares=shares,
        )
        return seal_opened(consent, ledger.keys.document)

    return make


def _fitting(
    book: Book, asked_for: list[One], ask: Callable[[One, Asked], tuple[Any, list[Refusal]]]
) -> list[One]:
    """Return what the book still allows: members pay and cancel during a round."""
    fitting: list[One] = []
    for one in asked_for:
        # Whoever is refused has asked all the same: what fits is asked for anew.
        asked = Asked(book)
        against = [refusal for each in chain(fitting, (one,)) for refusal in ask(each, asked)[1]]
        if not against:
            fitting.append(one)
    return fitting


def own_ballots(
    ledger: Ledger, round_id: bytes, deadline: int, voted: list[bytes]
) -> list[Opened[Ballot]]:
    """Write our ballots 0 for cycles whose consents we have checked, as many as they need."""
    txs = sorted(voted)
    groups = [txs[at : at + TXS_MAX] for at in range(0, len(txs), TXS_MAX)]
    return [_own_ballot(ledger, round_id, deadline, group) for group in groups]


def _own_ballot(ledger: Ledger, round_id: bytes, deadline: int, txs: list[bytes]) -> Opened[Ballot]:
    book = ledger.book
    ballot = Ballot(
        by=book.cooperative,
        exp=deadline,
        iat=now_s(),
        kev=book.accounts.kev[COOPERATIVE_SLOT],
        net=book.net,
        round=round_id,
        seq=0,
        txs=txs,
    )
    return seal_opened(ballot, ledger.keys.document)


def own_certificate(ledger: Ledger, certificate: Certificate) -> Opened[Certificate]:
    """Wrap the papers of a certified cycle for our own log."""
    book = ledger.book
    own = Certificate(
        ballots=certificate.ballots,
        by=book.cooperative,
        consents=certificate.consents,
        exp=certificate.exp,
        iat=now_s(),
        kev=book.accounts.kev[COOPERATIVE_SLOT],
        net=book.net,
        seq=certificate.seq,
        terms=certificate.terms,
    )
    return seal_opened(own, ledger.keys.document)
