"""What a signed set-off says of one obligation: a discharge by name, a certificate by reference."""

from collections.abc import Callable
from typing import Final

from protocol.blinding import obligation_ref
from protocol.errors import ProofError
from protocol.kinds import TYPE_OF
from protocol.ledger.set_offs import check_certificate
from protocol.messages.invoices import Discharge
from protocol.messages.joint import JointSetOff
from protocol.messages.rounds import Certificate

SET_OFFS: Final = frozenset((TYPE_OF[Certificate], TYPE_OF[Discharge]))


def falls_in(document: Discharge | Certificate) -> Callable[[bytes, int], bool]:
    """Return what says whether an invoice falls by an amount in a signed set-off.

    Args:
        document: Its signatures hold.

    Raises:
        ProtocolError: the certificate lacks a consent or a quorum, or is of lines alone.
    """
    if isinstance(document, Discharge):
        cuts = {cut.inv: cut.amt for cut in document.cuts}
        return lambda invoice, amount: cuts.get(invoice) == amount
    terms, _ = check_certificate(document)
    if not isinstance(terms, JointSetOff):
        raise ProofError("a set-off of lines alone lets no invoice fall")
    refs = frozenset(cut.ref for cut in terms.cuts)

    def falls(invoice: bytes, amount: int) -> bool:
        return amount == terms.amt and obligation_ref(terms.exp, invoice) in refs

    return falls
