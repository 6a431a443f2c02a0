"""What an auditor keeps of one log after its replay: enough to hold it against the other logs.

Of ordinary orders nothing is kept but their number; of what two cooperatives share, one line each.
"""

from array import array
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET

from federation.findings import Finding, Level
from federation.relay_report import FarLedger
from federation.round_obligations import Claims
from protocol.envelope import ENVELOPE, Opened, reopen_verified
from protocol.ledger.accounts import KeyState
from protocol.ledger.book import Book
from protocol.ledger.set_offs import members_of, read_terms
from protocol.messages.decisions import Admission, Charter, CreditLine
from protocol.messages.invoices import Acceptance, Cancellation, Invoice
from protocol.messages.joint import JointSetOff
from protocol.messages.keyevents import Rotation
from protocol.messages.peering import Answer, Offer
from protocol.messages.relaying import Acknowledgement
from protocol.messages.rounds import Certificate, Consent, Edge, SetOff

ID_BYTES: Final = 32
KeyHistory = dict[int, KeyState]


class Journal(msgspec.Struct):
    """The answers of one direction of a pair, in their order; one column a property.

    Attributes:
        ids: Identifier of each answer, 32 bytes, one after the other.
        amounts: Minor units accepted; 0 when refused.
        dates: Second at which each was signed.
        places: Index of each in the log.
    """

    ids: bytearray
    amounts: "array[int]"
    dates: "array[int]"
    places: "array[int]"

    def __len__(self) -> int:
        return len(self.amounts)

    def id(self, number: int) -> bytes:
        """Return the identifier of an answer, counted from 0."""
        return bytes(self.ids[number * ID_BYTES : (number + 1) * ID_BYTES])


def _journal() -> Journal:
    return Journal(bytearray(), array("q"), array("q"), array("q"))


class LineEntry(msgspec.Struct, frozen=True):
    """A credit line in a log: index, version, identifier of the document, last second of entry."""

    place: int
    version: int
    id: bytes
    exp: int


class Side(msgspec.Struct):
    """What one log says of another cooperative.

    Attributes:
        balance: Of the other's account in this book, minor units.
        given: Our answers to its offers.
        received: Its answers to ours.
        set_off: What the certificates of cycles have added to the balance, minor units.
        lines: The credit lines, in the order of the log.
    """

    balance: int = 0
    given: Journal = msgspec.field(default_factory=_journal)
    received: Journal = msgspec.field(default_factory=_journal)
    set_off: int = 0
    lines: list[LineEntry] = []


class Claim(msgspec.Struct, frozen=True):
    """A certificate says that a key spoke for a cooperative; `iat` is when it signed."""

    by: bytes
    kev: int
    key: bytes
    iat: int


class Applied(msgspec.Struct, frozen=True):
    """A certificate in a log.

    Attributes:
        place: Index in the log.
        tx: Identifier of the set-off.
        round: Identifier of the round's manifest.
        exp: The deadline that it names.
        panel: The witness panel that it names.
        amt: Minor units.
        cycle: The cooperatives, each one the debtor of the next; of a joint cycle those involved.
        consents: Who signed for each of them.
        ballots: Who signed for each witness.
        joint: The terms of a joint cycle (spec 0018).
    """

    place: int
    tx: bytes
    round: bytes
    exp: int
    panel: tuple[bytes, ...]
    amt: int
    cycle: tuple[bytes, ...]
    consents: tuple[Claim, ...]
    ballots: tuple[Claim, ...]
    joint: JointSetOff | None = None

    @property
    def debts(self) -> int:
        """How many debts fall by the amount."""
        joint = self.joint
        return len(self.cycle) if joint is None else len(joint.cuts) + len(joint.lines)


class LogReport(msgspec.Struct):
    """One log, replayed.

    Attributes:
        name: The cooperative's name; empty when its charter cannot be read.
        cooperative: Its identifier, 32 bytes.
        unit: Code of its unit.
        decimals: Decimals of the unit.
        entries: Number of entries in the file.
        replayed: How many of them hold, from the first on.
        signatures: Signatures verified, those inside documents included.
        at: Second of the last entry that holds.
        sum: Sum of all balances, minor units.
        root: 32-byte root over all entries of the file.
        findings: In the order of the records.
        sides: By the other cooperative's identifier.
        keys: Key events, by cooperative, then by number.
        consents: Index of the consent to each set-off.
        applied: The certificates.
        positions: At the sizes asked for, the accounts with other cooperatives.
        far: Invoices with other cooperatives.
        claims: At the sizes asked for, the obligations that a position could state.
    """

    name: str = ""
    cooperative: bytes = b""
    unit: str = ""
    decimals: int = 0
    entries: int = 0
    replayed: int = 0
    signatures: int = 0
    at: int = 0
    sum: int = 0
    root: bytes = b""
    findings: list[Finding] = []
    sides: dict[bytes, Side] = {}
    keys: dict[bytes, KeyHistory] = {}
    consents: dict[bytes, int] = {}
    applied: list[Applied] = []
    positions: dict[int, dict[bytes, Edge]] = {}
    far: FarLedger = msgspec.field(default_factory=FarLedger)
    claims: dict[int, Claims] = {}

    @property
    def is_sound(self) -> bool:
        """Whether every entry holds, so that the other logs may be held against this one."""
        return not any(finding.level is Level.FAILURE for finding in self.findings)


def key_state_of(charter: Charter) -> KeyState:
    """Return the keys with which a cooperative begins."""
    return KeyState(0, charter.keys, charter.thr, charter.next, charter.nthr)


def edges_of(book: Book) -> dict[bytes, Edge]:
    """Return what a book says of each other cooperative, as a position would state it."""
    balance = book.accounts.balance
    return {
        state.cooperative: Edge(
            bal=balance[slot],
            ghead=state.ghead,
            got=state.got,
            peer=state.cooperative,
            sent=state.sent,
            shead=state.shead,
            top=abs(balance[slot]),
        )
        for slot, state in book.head.correspondents.items()
    }


def keep(report: LogReport, place: int, opened: Opened[Any]) -> None:
    """Keep what other logs will be asked about; the document has just been entered.

    Args:
        report: Of the log.
        place: Index of the entry.
        opened: A document other than an order.
    """
    keeper = _KEEPERS.get(type(opened.document))
    if keeper is not None:
        keeper(report, place, opened)


def _side(report: LogReport, cooperative: bytes) -> Side:
    side = report.sides.get(cooperative)
    if side is None:
        side = report.sides[cooperative] = Side()
    return side


def _count(report: LogReport, *sealed: bytes) -> None:
    """Count the signatures of documents inside a document, which its rule has verified."""
    report.signatures += sum(len(ENVELOPE.decode(inner).s) for inner in sealed)


def _keep_admission(report: LogReport, _: int, opened: Opened[Admission]) -> None:
    _count(report, opened.document.event)


def _keep_rotation(report: LogReport, _: int, opened: Opened[Rotation]) -> None:
    rotation = opened.document
    if len(rotation.by) == ID_BYTES:
        state = KeyState(rotation.kev, rotation.keys, rotation.thr, rotation.next, rotation.nthr)
        report.keys.setdefault(rotation.by, {})[rotation.kev] = state


def _keep_line(report: LogReport, place: int, opened: Opened[CreditLine]) -> None:
    line = opened.document
    _count(report, line.achart, line.bchart)
    peer, sealed = (line.b, line.bchart) if line.a == report.cooperative else (line.a, line.achart)
    charter: Charter = reopen_verified(sealed).document
    report.keys.setdefault(peer, {}).setdefault(0, key_state_of(charter))
    _side(report, peer).lines.append(LineEntry(place, line.seq, opened.id, line.exp))


def _keep_answer(report: LogReport, place: int, opened: Opened[Answer]) -> None:
    answer = opened.document
    _count(report, answer.offer)
    offer: Offer = reopen_verified(answer.offer).document
    if answer.by == report.cooperative:
        journal = _side(report, offer.by).given
        report.far.keep_answer(offer.by, opened, offer)
    else:
        journal = _side(report, answer.by).received
        report.far.keep_answer(answer.by, opened, offer)
    journal.ids += opened.id
    journal.amounts.append(0 if answer.why else offer.amt)
    journal.dates.append(answer.iat)
    journal.places.append(place)


def _keep_invoice(report: LogReport, place: int, opened: Opened[Invoice]) -> None:
    report.far.keep_invoice(place, opened)


def _keep_word(report: LogReport, place: int, opened: Opened[Any]) -> None:
    report.far.keep_word(place, opened)


def _keep_told(report: LogReport, place: int, opened: Opened[Acknowledgement]) -> None:
    _count(report, *report.far.keep_acknowledgement(report.cooperative, place, opened))


def _keep_consent(report: LogReport, place: int, opened: Opened[Consent]) -> None:
    consent = opened.document
    for one in (*consent.shares, *(() if consent.parts is UNSET else consent.parts)):
        report.consents[one.tx] = place


def _claim(sealed: bytes) -> Claim:
    opened = reopen_verified(sealed)
    return Claim(opened.document.by, opened.document.kev, opened.signers[0], opened.document.iat)


def _keep_certificate(report: LogReport, place: int, opened: Opened[Certificate]) -> None:
    certificate = opened.document
    _count(report, *certificate.consents, *certificate.ballots)
    terms, tx = read_terms(certificate.terms)
    if isinstance(terms, JointSetOff):
        _keep_joint(report, terms, tx)
    else:
        _keep_cycle(report, terms)
    report.applied.append(
        Applied(
            place,
            tx,
            terms.round,
            terms.exp,
            tuple(terms.panel),
            terms.amt,
            tuple(members_of(terms)),
            tuple([_claim(sealed) for sealed in certificate.consents]),
            tuple([_claim(sealed) for sealed in certificate.ballots]),
            terms if isinstance(terms, JointSetOff) else None,
        )
    )


def _keep_cycle(report: LogReport, terms: SetOff) -> None:
    seat = terms.cycle.index(report.cooperative)
    # Our debt to the next one of the cycle falls, and so does what the one before owes us.
    _side(report, terms.cycle[(seat + 1) % len(terms.cycle)]).set_off -= terms.amt
    _side(report, terms.cycle[seat - 1]).set_off += terms.amt


def _keep_joint(report: LogReport, terms: JointSetOff, tx: bytes) -> None:
    seat = terms.coops.index(report.cooperative)
    for line in terms.lines:
        if line.debtor == seat:
            _side(report, terms.coops[line.creditor]).set_off -= terms.amt
        if line.creditor == seat:
            _side(report, terms.coops[line.debtor]).set_off += terms.amt
    for cut in terms.cuts:
        if cut.to is not UNSET and seat in (cut.at, cut.to):
            peer = terms.coops[cut.to if cut.at == seat else cut.at]
            report.far.side(peer).cuts[tx, cut.ref] = terms.exp


_KEEPERS: Final[dict[type, Callable[[LogReport, int, Opened[Any]], None]]] = {
    Acceptance: _keep_word,
    Acknowledgement: _keep_told,
    Admission: _keep_admission,
    Answer: _keep_answer,
    Cancellation: _keep_word,
    Certificate: _keep_certificate,
    Consent: _keep_consent,
    CreditLine: _keep_line,
    Invoice: _keep_invoice,
    Rotation: _keep_rotation,
}
