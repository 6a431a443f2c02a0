"""A circle of one line and three invoices through two cooperatives, and the papers that set it off.

Bretagne owes Rhône 800 on the line, Rhône owes bob 500, bob owes alice of Bretagne 450, and alice
owes Bretagne 300.
"""

from hashlib import sha256
from typing import Any, Final

from protocol.blinding import obligation_ref
from protocol.envelope import document_id, seal
from protocol.identifiers import reserved_account
from protocol.kinds import SHAPES, TYPE_OF
from protocol.ledger.joint_set_offs import part_of
from protocol.messages.joint import JointCut, JointLine, JointSetOff, Part
from protocol.messages.rounds import Ballot, Certificate, Consent
from protocol.signatures import public_key_of
from tests.protocol.fair import Fair, far_pay
from tests.protocol.market import owe
from tests.protocol.town import DATED, Cooperative, Member

ROUND: Final = sha256(b"a round of lines and obligations").digest()
DEADLINE: Final[int] = DATED["exp"]


class OwnAccount(Member):
    """The cooperative itself as a party of invoices: its node signs."""

    def __init__(self, home: Cooperative) -> None:
        self.home, self.name, self.kev = home, home.name, 0
        self.account = reserved_account("cooperative")

    @property
    def seq(self) -> int:
        """The cooperative's counter, which its officers' decisions use too."""
        return self.home.seq

    @seq.setter
    def seq(self, value: int) -> None:
        self.home.seq = value

    @property
    def seeds(self) -> list[bytes]:
        return self.home.node


class JointFair(Fair):
    """The circle; `amount` of it is set off."""

    def __init__(self, amount: int = 300, limit: int = 1_000, **changes: Any) -> None:
        super().__init__()
        self.own = {home.id: OwnAccount(home) for home in (self.here, self.there)}
        for home in (self.here, self.there):
            account = reserved_account("cooperative")
            decision = home.limits(account, climit=limit, ceil=1_000_000)
            assert home.submit(seal(decision, *home.officers[:2])) is None
        assert self.sends(self.alice, far_pay(self.alice, self.bob, 800)) is None
        self.settle()
        self.invoices = [
            owe(self.own[self.there.id], self.bob, 500),
            self.owe(self.bob, self.alice, 450),
            owe(self.alice, self.own[self.here.id], 300),
        ]
        self.coops = sorted((self.here, self.there), key=lambda home: home.id)
        self.refs = [obligation_ref(DEADLINE, inv) for inv in self.invoices]
        here, there = (self.coops.index(home) for home in (self.here, self.there))
        keys = [public_key_of(home.node[0]) for home in self.coops]
        ids = [home.id for home in self.coops]
        fields: dict[str, Any] = {
            "amt": amount, "by": ids[0], "coops": ids, "kev": 0, "keys": keys, "panel": ids,
            "pkeys": keys, "round": ROUND, "seq": 0, **DATED,
            "cuts": [
                JointCut(there, self.refs[0]),
                JointCut(there, self.refs[1], here),
                JointCut(here, self.refs[2]),
            ],
            "lines": [JointLine(creditor=there, debtor=here)],
        }  # fmt: skip
        self.terms = JointSetOff(**fields | changes)
        self.tx = document_id(self.terms)

    def part(self, home: Cooperative, **changes: Any) -> Part:
        """Return a cooperative's part of the circle."""
        part = part_of(self.terms, self.tx, home.id)
        fields = {name: getattr(part, name) for name in part.__struct_fields__}
        return Part(**fields | changes)

    def consent(self, home: Cooperative, *parts: Part, **changes: Any) -> bytes:
        """Return a sealed consent, to the whole circle unless other parts are given."""
        fields: dict[str, Any] = {"by": home.id, "kev": 0, "round": ROUND, "seq": 0, **DATED}
        fields |= {"parts": list(parts) or [self.part(home)], "shares": []}
        return seal(Consent(**fields | changes), *home.node)

    def ballot(self, witness: Cooperative, **changes: Any) -> bytes:
        """Return a sealed ballot for the circle."""
        fields: dict[str, Any] = {"by": witness.id, "kev": 0, "round": ROUND, "seq": 0, **DATED}
        return seal(Ballot(**fields | {"txs": [self.tx]} | changes), *witness.node)

    def certificate(self, home: Cooperative, **changes: Any) -> bytes:
        """Return the sealed certificate that a cooperative would enter in its log."""
        fields: dict[str, Any] = {
            "ballots": [self.ballot(witness) for witness in self.coops], "by": home.id, "kev": 0,
            "consents": [self.consent(member) for member in self.coops], "seq": 0,
            "terms": SHAPES[TYPE_OF[JointSetOff]].encode(self.terms), **DATED,
        }  # fmt: skip
        return seal(Certificate(**fields | changes), *home.node)

    def reserve(self) -> None:
        """Enter both consents."""
        for home in self.coops:
            assert home.submit(self.consent(home)) is None

    def owed(self) -> list[int]:
        """Return what is owed on each invoice; both books of one abroad say the same."""
        first, second, third = self.invoices
        here, there = self.here.book.head.invoices, self.there.book.head.invoices

        def left(invoices: dict[bytes, Any], inv: bytes) -> int:
            return invoices[inv].owed if inv in invoices else 0

        assert left(here, second) == left(there, second)
        return [left(there, first), left(here, second), left(here, third)]

    def positions(self) -> list[int]:
        """Return what each member has and is owed, less what it owes."""
        found = []
        for member in (self.alice, self.ada, self.bob, self.ben):
            book = member.home.book
            slot = book.accounts.find(member.account)
            invoices = [one for one in book.head.invoices.values() if one.accepted]
            owed = sum(one.owed for one in invoices if one.creditor == slot)
            owes = sum(one.owed for one in invoices if one.debtor == slot)
            found.append(member.balance + owed - owes)
        return found
