"""Unsigned containers of the HTTP interface (spec 0008): they carry sealed documents and proofs."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from protocol.errors import EncodingError
from protocol.log.receipts import Receipt
from protocol.shapes import (
    Amount,
    Bin16,
    Bin32,
    Count,
    Document,
    FreeText,
    Level,
    NameText,
    Seconds,
    Shape,
    Signed,
)

BATCH_MAX: Final = 1_000
# Leaves of one block of 256 share everything above these eight steps.
LOW_BYTES: Final = 8 * 32
BATCH_BYTES_MAX: Final = 8_000_000
SUBMISSION_BYTES_MAX: Final = 72_000

Sealed = Annotated[bytes, msgspec.Meta(min_length=1, max_length=68_000)]


class Submission(Document, frozen=True, gc=False):
    """A sealed document on its way into a log, with what the node keeps beside the log.

    Attributes:
        doc: The sealed document.
        name: Name of the member that an admission admits.
        salt: Salt of the purpose, 32 bytes.
        text: Purpose of an order, as people read it; `what` of the order is its salted hash.
    """

    doc: Sealed
    name: NameText | msgspec.UnsetType = msgspec.UNSET
    salt: Bin32 | msgspec.UnsetType = msgspec.UNSET
    text: FreeText | msgspec.UnsetType = msgspec.UNSET


class Batch(Document, frozen=True, gc=False):
    """Up to 1,000 submissions; each gets its own result."""

    items: Annotated[list[Submission], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]


class Result(Document, frozen=True, gc=False):
    """The result of one item: a proof, or why not.

    Attributes:
        at: Second of the entry.
        head: Place of the checkpoint in the batch's heads.
        idx: Index of the entry.
        path: The first 256 bytes of the inclusion path, 32 bytes a step.
        rejection: The sealed `Rejection`; the other fields are then absent.
        salt: Salt of the entry, 32 bytes.
        top: Place of the rest of the path in the batch's tops; absent when there is no rest.
        wrong: What is wrong with the bytes, when they are no document at all.
    """

    at: Seconds | msgspec.UnsetType = msgspec.UNSET
    head: Count | msgspec.UnsetType = msgspec.UNSET
    idx: Count | msgspec.UnsetType = msgspec.UNSET
    path: bytes | msgspec.UnsetType = msgspec.UNSET
    rejection: bytes | msgspec.UnsetType = msgspec.UNSET
    salt: bytes | msgspec.UnsetType = msgspec.UNSET
    top: Count | msgspec.UnsetType = msgspec.UNSET
    wrong: str | msgspec.UnsetType = msgspec.UNSET


class BatchResult(Document, frozen=True, gc=False):
    """Checkpoints and upper parts of paths, each once, and one result an item, in their order."""

    heads: list[str]
    items: list[Result]
    tops: list[bytes]


def batch_result(verdicts: Sequence[Receipt | Result]) -> BatchResult:
    """Return the result of a batch: what several receipts share is said once.

    Args:
        verdicts: A receipt, or the result that says why not, for each item.
    """
    heads: dict[str, int] = {}
    tops: dict[bytes, int] = {}
    items = []
    for verdict in verdicts:
        if type(verdict) is not Receipt:
            assert isinstance(verdict, Result)
            items.append(verdict)
            continue
        path = verdict.path
        rest = path[LOW_BYTES:]
        items.append(
            Result(
                at=verdict.at,
                head=heads.setdefault(verdict.head, len(heads)),
                idx=verdict.idx,
                path=path[:LOW_BYTES],
                salt=verdict.salt,
                top=tops.setdefault(rest, len(tops)) if rest else msgspec.UNSET,
            )
        )
    return BatchResult(list(heads), items, list(tops))


def receipts(result: BatchResult) -> list[Receipt | Result]:
    """Return the receipt of each item of a batch, or the result that says why not.

    Raises:
        EncodingError: a result names a checkpoint or a path that the batch does not have.
    """
    found: list[Receipt | Result] = []
    for item in result.items:
        if item.head is msgspec.UNSET:
            found.append(item)
            continue
        try:
            top = b"" if item.top is msgspec.UNSET else result.tops[item.top]
            head = result.heads[item.head]
        except IndexError as error:
            raise EncodingError("a result names what its batch does not have") from error
        if item.at is msgspec.UNSET or item.idx is msgspec.UNSET:
            raise EncodingError("a result without its place")
        if not isinstance(item.path, bytes) or not isinstance(item.salt, bytes):
            raise EncodingError("a result without its path")
        found.append(
            Receipt(at=item.at, head=head, idx=item.idx, path=item.path + top, salt=item.salt)
        )
    return found


class AccountView(Document, frozen=True, gc=False, kw_only=True):
    """What a member is told of an account: identifier, minor units, counters, key event.

    `prov` is what set-offs may still move out of it; absent when that is nothing.
    """

    acct: Bin16
    bal: Signed
    ceil: Level
    climit: Level
    kev: Count
    prov: Amount | msgspec.UnsetType = msgspec.UNSET
    seq: Count


class Opening(Document, frozen=True, gc=False):
    """One entry of a log, opened: second, index, salt, sealed document."""

    at: Seconds
    idx: Count
    salt: Bin32
    sealed: bytes


class Fall(Document, frozen=True, gc=False):
    """What a discharge did to one obligation of a member (spec 0016).

    Attributes:
        amt: By how much it fell, minor units.
        inv: Identifier of the invoice.
        owed: What was owed before.
        owes: Whether the reader is the debtor; else the creditor.
        who: The other side as `name@cooperative`, when it is known here.
    """

    amt: Amount
    inv: Bin32
    owed: Amount
    owes: bool
    who: str | msgspec.UnsetType = msgspec.UNSET


class HistoryLine(Document, frozen=True, gc=False):
    """One line of a member's history.

    Attributes:
        amount: Change of the account by this entry, minor units.
        entry: The entry, opened.
        falls: What a discharge did to the member's obligations.
        text: Purpose, when it is kept here.
        who: Other side's name as `name@cooperative`, when it is known here.
    """

    amount: Signed
    entry: Opening
    falls: list[Fall] | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    who: str | msgspec.UnsetType = msgspec.UNSET


class History(Document, frozen=True, gc=False):
    """Lines from the newest; `more` is the index to ask with for older ones, absent at the end."""

    lines: list[HistoryLine]
    more: Count | msgspec.UnsetType = msgspec.UNSET


class InvoiceLine(Document, frozen=True, gc=False):
    """An open invoice of a member.

    Attributes:
        accepted: Whether it is an obligation.
        ending: Which side has cancelled an obligation.
        entry: The entry of the invoice, opened.
        owed: What is still owed, or asked for, minor units.
        text: Purpose, when it is kept here.
        who: The other side as `name@cooperative`, when it is known here.
    """

    accepted: bool
    ending: Literal["creditor", "debtor", "nobody"]
    entry: Opening
    owed: Amount
    text: str | msgspec.UnsetType = msgspec.UNSET
    who: str | msgspec.UnsetType = msgspec.UNSET


class Invoices(Document, frozen=True, gc=False):
    """Open invoices in the order of their identifiers; `more` is the `doc` to go on with."""

    lines: list[InvoiceLine]
    more: Bin32 | msgspec.UnsetType = msgspec.UNSET


class ObligationLine(Document, frozen=True, gc=False, kw_only=True):
    """An obligation as an office sees it; `cwho` and `dwho` name the two sides when known."""

    creditor: Bin16
    cwho: str | msgspec.UnsetType = msgspec.UNSET
    debtor: Bin16
    due: Seconds
    dwho: str | msgspec.UnsetType = msgspec.UNSET
    inv: Bin32
    owed: Amount


class RoomLine(Document, frozen=True, gc=False):
    """What set-offs may move out of the account of a member, and into it, minor units."""

    acct: Bin16
    gives: Level
    takes: Level


class Obligations(Document, frozen=True, gc=False):
    """Obligations in the order of their identifiers; `more` is the `doc` to go on with.

    `rooms` are those of the members of the lines, increasing; absent when nobody provides anything.
    """

    lines: list[ObligationLine]
    more: Bin32 | msgspec.UnsetType = msgspec.UNSET
    rooms: list[RoomLine] | msgspec.UnsetType = msgspec.UNSET


class Openings(Document, frozen=True, gc=False):
    """Entries in order, at most 1,000, and the size of the log."""

    entries: list[Opening]
    size: Count


class Outcome(Document, frozen=True, gc=False, kw_only=True):
    """What became of an order.

    Attributes:
        answer: The sealed `Answer` that ended its hold.
        receipt: Proof that the answer stands in the log.
        state: "final", "held" or "refused".
    """

    answer: bytes | msgspec.UnsetType = msgspec.UNSET
    receipt: Receipt | msgspec.UnsetType = msgspec.UNSET
    state: Literal["final", "held", "refused"]


class NameAnswer(Document, frozen=True, gc=False):
    """A name's sealed card and the sealed charter of the cooperative that signed it."""

    card: bytes
    charter: bytes


class Neighbour(Document, frozen=True, gc=False):
    """A credit line as its node publishes it: the sealed line, the other node's address."""

    line: bytes
    url: str


class Neighbours(Document, frozen=True, gc=False):
    """All credit lines of a node."""

    lines: list[Neighbour]


class Papers(Document, frozen=True, gc=False):
    """Sealed papers of a round, or several sealed documents in one answer."""

    papers: list[bytes]


SUBMISSION: Final = Shape(Submission, SUBMISSION_BYTES_MAX)
BATCH: Final = Shape(Batch, BATCH_BYTES_MAX)
BATCH_RESULT: Final = Shape(BatchResult, BATCH_BYTES_MAX)
ACCOUNT_VIEW: Final = Shape(AccountView)
HISTORY: Final = Shape(History, BATCH_BYTES_MAX)
INVOICES: Final = Shape(Invoices, BATCH_BYTES_MAX)
OBLIGATIONS: Final = Shape(Obligations, BATCH_BYTES_MAX)
OPENINGS: Final = Shape(Openings, 10 * BATCH_BYTES_MAX)
OUTCOME: Final = Shape(Outcome)
NAME_ANSWER: Final = Shape(NameAnswer)
NEIGHBOURS: Final = Shape(Neighbours, BATCH_BYTES_MAX)
PAPERS: Final = Shape(Papers, BATCH_BYTES_MAX)
