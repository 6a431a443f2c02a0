"""Our part in joint cycles: what a position offers, and what goes into one consent."""

from collections.abc import Sequence
from typing import Any, Final

from federation.round_obligations import claims_of, owed_of
from node.desk import Desk
from node.door import Reply
from node.public import CONTAINER_KIND
from node.store.database import rows
from protocol.blinding import blind_of
from protocol.envelope import Opened
from protocol.ledger.book import Book
from protocol.ledger.joint_set_offs import part_of
from protocol.messages.joint import JointSetOff, Part
from protocol.messages.orders import Question
from protocol.messages.rounds import Convening
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
