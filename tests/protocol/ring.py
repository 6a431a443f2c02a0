"""A ring of cooperatives, each the debtor of the next one, and the papers that set it off."""

from hashlib import sha256
from typing import Any, Final

from protocol.envelope import document_id, seal
from protocol.kinds import SHAPES, TYPE_OF
from protocol.ledger.set_offs import share_of
from protocol.messages.rounds import Ballot, Certificate, Consent, SetOff, Share
from protocol.signatures import public_key_of
from tests.protocol.town import DATED, Cooperative, connect

ROUND: Final = sha256(b"a round of tests").digest()


class Ring:
    """Cooperatives that owe one another around, with a statement that sets `amount` off.

    Args:
        size: How many cooperatives.
        debt: What each owes the next one, minor units.
        amount: What is set off.
        seats: Size of the panel; the members of the ring come first, strangers after them.
    """

    def __init__(
        self, size: int = 3, debt: int = 500, amount: int = 300, seats: int = 4, **changes: Any
    ) -> None:
        coops = [Cooperative(f"coop-{place}") for place in range(size)]
        # The smallest identifier comes first, as the statement wants it.
        first = min(range(size), key=lambda place: coops[place].id)
        self.coops = coops[first:] + coops[:first]
        witnesses = self.coops + [Cooperative(f"witness-{place}") for place in range(seats)]
        self.panel = sorted(witnesses[:seats], key=lambda coop: coop.id)
        for debtor, creditor in self.edges():
            connect(debtor, creditor, 10_000, 10_000)
        for debtor, creditor in self.edges():
            payer = debtor.admit(f"payer {debtor.name}")
            payee = creditor.admit(f"payee {creditor.name}")
            order = payer.pay((payee, debt))
            assert debtor.submit(order) is None
            answer = creditor.answer(debtor.offer(order))
            assert creditor.submit(answer) is None
            assert debtor.submit(answer) is None
        fields: dict[str, Any] = {
            "amt": amount, "by": self.coops[0].id, "cycle": [coop.id for coop in self.coops],
            "kev": 0, "keys": [public_key_of(coop.node[0]) for coop in self.coops],
            "panel": [coop.id for coop in self.panel], "round": ROUND, "seq": 0,
            "pkeys": [public_key_of(coop.node[0]) for coop in self.panel], **DATED,
        }  # fmt: skip
        self.terms = SetOff(**fields | changes)
        self.tx = document_id(self.terms)

    def edges(self) -> list[tuple[Cooperative, Cooperative]]:
        """Return debtor and creditor of each debt."""
        return list(zip(self.coops, [*self.coops[1:], self.coops[0]], strict=True))

    def share(self, coop: Cooperative, **changes: Any) -> Share:
        """Return a member's part of the cycle."""
        part = share_of(self.terms, self.tx, coop.id)
        fields: dict[str, Any] = {
            "amt": part.amt,
            "creditor": part.creditor,
            "debtor": part.debtor,
            "tx": part.tx,
        }
        return Share(**fields | changes)

    def consent(self, coop: Cooperative, *shares: Share, **changes: Any) -> bytes:
        """Return a sealed consent, to the whole cycle unless other shares are given."""
        fields: dict[str, Any] = {"by": coop.id, "kev": 0, "round": ROUND, "seq": 0, **DATED}
        fields["shares"] = list(shares) or [self.share(coop)]
        return seal(Consent(**fields | changes), *coop.node)

    def ballot(self, witness: Cooperative, **changes: Any) -> bytes:
        """Return a sealed ballot for the cycle."""
        fields: dict[str, Any] = {"by": witness.id, "kev": 0, "round": ROUND, "seq": 0, **DATED}
        return seal(Ballot(**fields | {"txs": [self.tx]} | changes), *witness.node)

    def certificate(self, coop: Cooperative, **changes: Any) -> bytes:
        """Return the sealed certificate that a cooperative would enter in its log."""
        fields: dict[str, Any] = {
            "ballots": [self.ballot(witness) for witness in self.panel], "by": coop.id, "kev": 0,
            "consents": [self.consent(member) for member in self.coops], "seq": 0,
            "terms": SHAPES[TYPE_OF[SetOff]].encode(self.terms), **DATED,
        }  # fmt: skip
        return seal(Certificate(**fields | changes), *coop.node)

    def reserve(self) -> None:
        """Enter every member's consent."""
        for coop in self.coops:
            assert coop.submit(self.consent(coop)) is None

    def owed(self) -> list[int]:
        """Return what each member owes the next, as it sees it; the next one sees the mirror."""
        amounts = []
        for debtor, creditor in self.edges():
            assert debtor.balance_of(creditor) == -creditor.balance_of(debtor)
            amounts.append(debtor.balance_of(creditor))
        return amounts
