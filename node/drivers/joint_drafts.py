"""Our part in joint cycles: what a position offers, and consents that the book allows."""

from collections.abc import Sequence
from typing import Any, Final

from federation.round_obligations import claims_of, owed_of
from node.desk import Desk
from node.door import Reply
from node.ledger import Ledger, Maker
from node.public import CONTAINER_KIND
from node.store.database import rows
from protocol.blinding import blind_of
from protocol.envelope import Opened, seal_opened
from protocol.ledger.book import COOPERATIVE_SLOT, Book
from protocol.ledger.joint_set_offs import Asked, part_of, reserve
from protocol.ledger.refusals import Refusal
from protocol.messages.joint import JointSetOff, Part
from protocol.messages.orders import Question
from protocol.messages.rounds import Consent, Convening
from protocol.messages.wire import BLINDS, Blinds

PARTS_MAX: Final = 8
SECRETS_MAX: Final = 10_000
# All consents of one certificate together; its ballots and terms need the rest of 65,535 bytes.
CONSENTS_BYTES: Final = 36_000
CONSENT_BYTES_MAX: Final = 7_000
_FIXED_BYTES: Final = 450
_PART_BYTES: Final = 140
_CUT_BYTES: Final = 34


def stated(book: Book, convening: Opened[Convening], secret: bytes) -> dict[str, Any]:
    """Return the fields of a position that offer our members' obligations; none without any.

    Args:
        book: Our book.
        convening: Of the round.
        secret: Of our position, 32 bytes, kept before.
    """
    document = convening.document
    owed = owed_of(claims_of(book), secret, document.members, document.exp)
    return {"blind": blind_of(secret), "owed": owed} if owed else {}


def own_secrets(desk: Desk, question: Question) -> Reply:
    """Answer an auditor with the secrets of our positions, by the order of their rounds.

    Args:
        desk: Ours.
        question: Of an auditor; `first` is how many to pass over, `most` how many are wanted.
    """
    found = rows(
        desk.ledger.reader,
        "SELECT secret FROM blinds ORDER BY round LIMIT ? OFFSET ?",
        (min(question.most, SECRETS_MAX), question.first),
    )
    # Spec 0018: The node MUST show the secrets of its positions to its auditor.
    return Reply(200, CONTAINER_KIND, BLINDS.encode(Blinds([row[0] for row in found])))


def grouped(terms: Sequence[Opened[JointSetOff]], cooperative: bytes) -> list[list[Part]]:
    """Return our parts of some cycles, as many to a consent as leave room in every certificate."""
    groups: list[list[Part]] = []
    used, most = 0, 0
    for one in terms:
        part = part_of(one.document, one.id, cooperative)
        size = _PART_BYTES + _CUT_BYTES * len(part.cuts)
        allowed = min(CONSENTS_BYTES // len(one.document.coops) - _FIXED_BYTES, CONSENT_BYTES_MAX)
        used, most = used + size, min(most, allowed)
        if not groups or used > most or len(groups[-1]) == PARTS_MAX:
            groups.append([])
            used, most = size, allowed
        groups[-1].append(part)
    return groups


def joint_makers(
    ledger: Ledger, round_id: bytes, deadline: int, first: int, groups: list[list[Part]]
) -> list[Maker]:
    """Return makers of our consents to joint cycles, numbered from `first` on."""
    return [
        _maker(ledger, round_id, deadline, first + number, parts)
        for number, parts in enumerate(groups)
    ]


def _maker(ledger: Ledger, round_id: bytes, deadline: int, number: int, parts: list[Part]) -> Maker:
    def make(book: Book, at: int) -> Opened[Any] | Refusal:
        fitting = _fitting(book, deadline, parts)
        if not fitting:
            return Refusal.SHARE_EXCEEDS_BALANCE
        consent = Consent(
            by=book.cooperative,
            exp=deadline,
            iat=at,
            kev=book.accounts.kev[COOPERATIVE_SLOT],
            net=book.net,
            parts=fitting,
            round=round_id,
            seq=number,
            shares=[],
        )
        return seal_opened(consent, ledger.keys.document)

    return make


def _fitting(book: Book, deadline: int, parts: list[Part]) -> list[Part]:
    """Return the parts that the book still allows: members pay and cancel during a round."""
    fitting: list[Part] = []
    for part in parts:
        asked = Asked(book)
        if not any(reserve(book, deadline, one, asked)[1] for one in (*fitting, part)):
            fitting.append(part)
    return fitting
