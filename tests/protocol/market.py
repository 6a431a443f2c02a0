"""Members who invoice one another, for tests: documents made short."""

from typing import Any

from protocol.envelope import open_any, seal
from protocol.kinds import LOGGED
from protocol.messages.invoices import (
    Acceptance,
    Cancellation,
    Cut,
    Discharge,
    Invoice,
    Potential,
)
from protocol.messages.provisions import Provision
from tests.protocol.town import AT, DATED, UNIT, Cooperative, Member

DUE = AT + 30 * 86_400


def invoice(creditor: Member, debtor: Member, amount: int, /, **changes: Any) -> bytes:
    """Return a sealed invoice."""
    creditor.seq += 1
    fields: dict[str, Any] = {
        "amt": amount, "by": creditor.account, "debtor": debtor.account, "due": DUE,
        "home": creditor.home.id, "kev": creditor.kev, "seq": creditor.seq, "unit": UNIT, **DATED,
    }  # fmt: skip
    seeds = changes.pop("seeds", creditor.seeds)
    return seal(Invoice(**fields | changes), *seeds)


def identifier(sealed: bytes) -> bytes:
    """Return the identifier of a sealed document."""
    return open_any(sealed, LOGGED).id


def _about(member: Member, inv: bytes, changes: dict[str, Any]) -> dict[str, Any]:
    member.seq += 1
    fields: dict[str, Any] = {"by": member.account, "home": member.home.id, "inv": inv}
    return fields | {"kev": member.kev, "seq": member.seq, **DATED} | changes


def acceptance(debtor: Member, inv: bytes, **changes: Any) -> bytes:
    """Return a sealed acceptance."""
    return seal(Acceptance(**_about(debtor, inv, changes)), *debtor.seeds)


def cancellation(side: Member, inv: bytes, **changes: Any) -> bytes:
    """Return a sealed cancellation."""
    return seal(Cancellation(**_about(side, inv, changes)), *side.seeds)


def provision(member: Member, amount: int, /, **changes: Any) -> bytes:
    """Return a sealed provision."""
    member.seq += 1
    fields: dict[str, Any] = {
        "amt": amount, "by": member.account, "home": member.home.id, "kev": member.kev,
        "seq": member.seq, "unit": UNIT, **DATED,
    }  # fmt: skip
    seeds = changes.pop("seeds", member.seeds)
    return seal(Provision(**fields | changes), *seeds)


def owe(debtor: Member, creditor: Member, amount: int, **changes: Any) -> bytes:
    """Enter an invoice and its acceptance, and return the invoice's identifier."""
    sealed = invoice(creditor, debtor, amount, **changes)
    assert creditor.home.submit(sealed) is None
    inv = identifier(sealed)
    assert creditor.home.submit(acceptance(debtor, inv)) is None
    return inv


def discharge(
    home: Cooperative, falls: dict[bytes, int], proof: dict[bytes, int], **changes: Any
) -> bytes:
    """Return a discharge sealed by two officers; cuts and potentials in the right order."""
    seeds = changes.pop("seeds", home.officers[:2])
    home.seq += 1
    fields: dict[str, Any] = {
        "by": home.id, "kev": 0, "seq": home.seq, **DATED,
        "cuts": [Cut(amount, inv) for inv, amount in sorted(falls.items())],
        "pots": [Potential(account, pot) for account, pot in sorted(proof.items())],
    }  # fmt: skip
    return seal(Discharge(**fields | changes), *seeds)
