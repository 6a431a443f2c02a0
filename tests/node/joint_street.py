"""Houses whose members owe one another across the street, for rounds of lines and obligations."""

from typing import Any

from federation.joint_audit import secrets_by_blind
from federation.ledger_audit import audit_log
from federation.log_report import LogReport
from federation.mirrors import check_pairs, check_set_offs, key_ring
from federation.relay_mirrors import check_relays
from federation.round_audit import check_round
from federation.round_report import RoundReport, open_papers, sizes_of
from protocol.identifiers import reserved_account
from protocol.messages.invoices import Acceptance
from tests.node.test_invoices import about, invoice
from tests.node.test_relays import quiet, records
from tests.node.village import House, Villager, papers_of, until
from tests.protocol.market import identifier


class OwnAccount(Villager):
    """The cooperative itself as a party of invoices: its node signs."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.name = home.name
        self.kev = 0
        self.account = reserved_account("cooperative")

    @property
    def seq(self) -> int:
        """The cooperative's counter, which its officers' decisions use too."""
        return int(self.home.seq)

    @seq.setter
    def seq(self, value: int) -> None:
        self.home.seq = value

    @property
    def seeds(self) -> list[bytes]:
        return [self.home.live.ledger.keys.document]


async def owes(debtor: Villager, creditor: Villager, amount: int) -> bytes:
    """Let somebody owe somebody, at home or across the street; returns the invoice."""
    far: dict[str, Any] = {} if debtor.home is creditor.home else {"coop": debtor.home.id}
    sealed = invoice(creditor, debtor, amount, **far)
    await creditor.home.enter(sealed)
    inv = identifier(sealed)
    await until(lambda: inv in debtor.home.book.head.invoices)
    await debtor.home.enter(about(Acceptance, debtor, inv))
    await until(lambda: quiet(debtor.home, creditor.home))
    return inv


def position(member: Villager) -> int:
    """Return what an account has and is owed, less what it owes, minor units."""
    book = member.home.book
    slot = book.accounts.find(member.account)
    sides = [
        one.owed if one.creditor == slot else -one.owed
        for one in book.head.invoices.values()
        if one.accepted and slot in (one.creditor, one.debtor)
    ]
    return int(book.accounts.balance[slot] + sum(sides))


def owed(house: House) -> dict[bytes, int]:
    """Return what is owed on each obligation of a book."""
    return {inv: one.owed for inv, one in house.book.head.invoices.items() if one.accepted}


def is_idle(*houses: House) -> bool:
    """Say whether nothing is reserved and everything is on the disk."""
    return all(
        house.is_synced() and not house.book.head.parts and not house.book.head.shares
        for house in houses
    )


async def audited(*houses: House) -> tuple[list[RoundReport], dict[bytes, LogReport], list[str]]:
    """Audit the houses as their auditors would, from what is on the disks.

    Returns:
        A report a round, a report a log, and the codes of every finding.
    """
    shown: dict[bytes, list[tuple[str, bytes]]] = {}
    for house in houses:
        for (name,) in house.rows("SELECT DISTINCT round FROM papers WHERE kind='paper'"):
            reply = await house.call("GET", f"/rounds/{name.hex()}")
            shown.setdefault(name, []).extend((house.name, one) for one in papers_of(reply))
    opened = [open_papers(name, papers) for name, papers in sorted(shown.items())]
    sizes = sizes_of(opened)
    logs = {house.id: audit_log(records(house), sizes=sizes) for house in houses}
    ring = key_ring(logs.values())
    secrets = [row[0] for house in houses for row in house.rows("SELECT secret FROM blinds")]
    rounds = [check_round(one, logs, ring, secrets_by_blind(secrets)) for one in opened]
    findings = [one for log in logs.values() for one in log.findings]
    findings += [one for report in rounds for one in report.findings]
    findings += check_pairs(logs) + check_relays(logs) + check_set_offs(logs, ring)
    return rounds, logs, [str(finding.code) for finding in findings]
