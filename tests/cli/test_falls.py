"""What a member is told of a fallen debt is held against what was signed, whatever signed it."""

import pytest

from cli.falls import falls_in
from protocol.envelope import open_sealed
from protocol.errors import ProofError, SignatureError
from protocol.messages.invoices import Discharge
from protocol.messages.rounds import Certificate
from tests.protocol.joint_fair import JointFair
from tests.protocol.market import discharge
from tests.protocol.ring import Ring
from tests.protocol.town import ZERO


def test_a_certificate_says_which_invoice_falls_and_by_how_much() -> None:
    fair = JointFair()
    home = fair.coops[0]
    falls = falls_in(open_sealed(fair.certificate(home), Certificate).document)
    assert all(falls(inv, 300) for inv in fair.invoices)
    assert not falls(fair.invoices[0], 299)
    assert not falls(ZERO, 300)


def test_a_certificate_that_lacks_something_says_nothing() -> None:
    fair = JointFair()
    home = fair.coops[0]
    lacking = fair.certificate(home, ballots=[fair.ballot(home)])
    with pytest.raises(SignatureError):
        falls_in(open_sealed(lacking, Certificate).document)
    ring = Ring()
    plain = open_sealed(ring.certificate(ring.coops[0]), Certificate).document
    with pytest.raises(ProofError, match="lines alone"):
        falls_in(plain)


def test_a_discharge_names_its_invoices() -> None:
    fair = JointFair()
    sealed = discharge(fair.here, {ZERO: 5}, {bytes(16): 0, fair.alice.account: 0})
    falls = falls_in(open_sealed(sealed, Discharge).document)
    assert (falls(ZERO, 5), falls(ZERO, 4), falls(fair.invoices[0], 5)) == (True, False, False)
