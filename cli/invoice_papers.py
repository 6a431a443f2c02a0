"""A member's open invoices as the node tells them, each held against its signed document."""

from dataclasses import dataclass
from typing import Any, Final

from cli import clock
from cli.asking import ask
from cli.choices import Language
from cli.cooperative import Cooperative
from cli.failures import ExitCode, Failure
from cli.far_invoices import signed_invoice
from cli.papers import NO_DOCUMENT
from cli.sentences import say
from cli.session import Session
from protocol.errors import EncodingError, ProofError
from protocol.identifiers import slug
from protocol.messages.invoices import Invoice
from protocol.messages.wire import INVOICES, InvoiceLine

PAGE_LINES: Final = 100
PREFIX_CHARACTERS_MIN: Final = 4
SHOWN_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class OwnInvoice:
    """An open invoice of the reader.

    Attributes:
        id: Identifier, 32 bytes.
        document: What its creditor signed.
        is_debtor: Whether the reader owes it, or is asked for it.
        owed: What is still owed, or asked for, minor units.
        accepted: Whether it is an obligation.
        ending: Which side has cancelled it: "creditor", "debtor" or "nobody".
        who: The other side's address, or None when it is not known.
        memo: Purpose, or "".
        peer: The other side's cooperative, 32 bytes, or None when it is the reader's own.
        is_under_way: Whether the other cooperative does not know yet all that was signed here.
        held: How much is on its way to the creditor at the other cooperative, minor units.
        reserved: How much a clearing round has reserved, minor units.
    """

    id: bytes
    document: Invoice
    is_debtor: bool
    owed: int
    accepted: bool
    ending: str
    who: str | None
    memo: str
    peer: bytes | None = None
    is_under_way: bool = False
    held: int = 0
    reserved: int = 0

    @property
    def short(self) -> str:
        """The first digits of the identifier, enough to type."""
        return self.id.hex()[:SHOWN_DIGITS]

    @property
    def is_ending_here(self) -> bool:
        """Whether the reader has cancelled it already."""
        return self.ending == ("debtor" if self.is_debtor else "creditor")


def open_invoices(run: Session) -> list[OwnInvoice]:
    """Ask for all open invoices of the reader, those due first at the beginning.

    Raises:
        Failure: the node refuses, or is not reached.
        ProtocolError: an invoice does not hold, or is not what the node says of it.
    """
    found: list[OwnInvoice] = []
    after = NO_DOCUMENT
    while True:
        raw = ask(run.client, run.home, run.asker, "invoices", doc=after, most=PAGE_LINES)
        page = INVOICES.decode(raw)
        found += [read_invoice(line, run.home, run.account) for line in page.lines]
        if not isinstance(page.more, bytes) or page.more <= after:
            return sorted(found, key=lambda one: (one.document.due, one.id))
        after = page.more


def read_invoice(line: InvoiceLine, home: Cooperative, account: bytes) -> OwnInvoice:
    """Check what a node says of an invoice against what its creditor signed.

    Raises:
        ProtocolError: the document does not hold, or says something else.
    """
    opened, peer = signed_invoice(line.entry.sealed, home)
    document = opened.document
    if document.net != home.charter.net:
        raise ProofError("the invoice was made for another network")
    # Abroad only one of the two sides is an account of ours.
    is_creditor = document.by == account and (peer is None or document.home == home.id)
    is_debtor = document.debtor == account and (peer is None or document.home != home.id)
    if not (is_creditor or is_debtor):
        raise ProofError("the invoice is between other people")
    if line.owed > document.amt or (line.owed != document.amt and not line.accepted):
        raise ProofError("the node says another amount than the signed invoice")
    return OwnInvoice(
        id=opened.id,
        document=document,
        is_debtor=is_debtor,
        owed=line.owed,
        accepted=line.accepted,
        ending=line.ending,
        who=address_of(line.who) if isinstance(line.who, str) else None,
        memo=line.text if isinstance(line.text, str) else "",
        peer=peer,
        is_under_way=line.way is True,
        held=line.held if isinstance(line.held, int) else 0,
        reserved=line.reserved if isinstance(line.reserved, int) else 0,
    )


def find_invoice(run: Session, prefix: str) -> OwnInvoice:
    """Return the one open invoice whose identifier begins so.

    Raises:
        Failure: not found; usage, too short or several begin so.
    """
    digits = prefix.strip().lower()
    if len(digits) < PREFIX_CHARACTERS_MIN or set(digits) - set("0123456789abcdef"):
        raise Failure(ExitCode.USAGE, "journal.bad_prefix", least=PREFIX_CHARACTERS_MIN)
    found = [one for one in open_invoices(run) if one.id.hex().startswith(digits)]
    if not found:
        raise Failure(ExitCode.NOT_FOUND, "invoice.not_found", prefix=digits)
    if len(found) > 1:
        raise Failure(ExitCode.USAGE, "invoice.several", prefix=digits)
    return found[0]


def address_of(who: str) -> str:
    """Return `name@place` of what a node calls somebody: `bob@Rhône` becomes `bob@rhone`."""
    name, _, place = who.partition("@")
    try:
        return f"{name}@{slug(place)}" if place else name
    except EncodingError:
        return name


def name_of(address: str | None, lang: Language) -> str:
    """Return how a sentence calls somebody: Bob for `bob@bretagne`."""
    name = address.partition("@")[0] if address else ""
    if not name:
        return say("invoice.somebody", lang)
    return name[:1].upper() + name[1:]


def parties(one: OwnInvoice, own: str, lang: Language) -> dict[str, str]:
    """Return the two names of an invoice, for a sentence that says who owes what to whom."""
    other = name_of(one.who, lang)
    if one.peer is not None and one.who:
        other = f"{other} ({one.who.removeprefix('@')})"
    debtor, creditor = (own, other) if one.is_debtor else (other, own)
    return {"debtor": debtor, "creditor": creditor, "other": other, "own": own}


def shape_of_invoice(home: Cooperative, one: OwnInvoice) -> dict[str, Any]:
    """Return an invoice for JSON (spec 0009)."""
    return {
        "invoice": one.id.hex(),
        "state": "accepted" if one.accepted else "issued",
        "role": "debtor" if one.is_debtor else "creditor",
        "with": one.who,
        "amount": home.decimal(one.document.amt),
        "owed": home.decimal(one.owed),
        "due": clock.universal_time(one.document.due),
        "for": one.memo or None,
        "cancelled_by": None if one.ending == "nobody" else one.ending,
        "known_there": None if one.peer is None else not one.is_under_way,
        "on_its_way": None if one.peer is None else home.decimal(one.held),
        "reserved": home.decimal(one.reserved),
    }
