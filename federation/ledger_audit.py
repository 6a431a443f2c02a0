"""Replay one log from its openings alone: the figure of the auditor is the speed of this loop.

Every entry is verified, entered by the very function with which the node wrote it, and hashed into
the tree whose root the node signed. Source: spec 0015.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from federation.findings import Code, Finding
from federation.log_report import LogReport, Side, edges_of, keep, key_state_of
from federation.members_set_off import obligations_of, verify_discharge
from federation.pool import rooms_of
from protocol.envelope import Opened, open_any, open_run, open_sealed
from protocol.errors import EncodingError, ProofError, ProtocolError
from protocol.kinds import LOGGED
from protocol.ledger.book import Book
from protocol.ledger.decide import enter
from protocol.ledger.membership import found
from protocol.ledger.refusals import Refusal
from protocol.log.checkpoints import Checkpoint, open_checkpoint
from protocol.log.leaves import entry_leaf, entry_leaves
from protocol.log.merkle import HASH_BYTES
from protocol.log.tree import Tree
from protocol.messages.decisions import Charter
from protocol.messages.invoices import Discharge
from protocol.messages.orders import Order

BATCH: Final = 256

Record = tuple[int, bytes, bytes]


def audit_log(
    records: Iterable[Record],
    *,
    charter: bytes | None = None,
    checkpoint: str | None = None,
    leaves: bytes = b"",
    sizes: Mapping[bytes, Sequence[int]] | None = None,
) -> LogReport:
    """Replay a log and hold it against what its node signed.

    Args:
        records: For each entry its second, its salt of 32 bytes and its sealed document.
        charter: The sealed charter that the node publishes; None when that is not to be compared.
        checkpoint: The node's signed note; None when there is none to compare with.
        leaves: Leaf hashes noted when the log was fetched, 32 bytes each. Nobody trusts them: they
            only tell *which* entry was changed, once their own root is the one that was signed.
        sizes: For each cooperative the sizes of its log at which its accounts with the others are
            wanted, in `LogReport.positions`.

    Returns:
        The report; its first finding names the first bad record.

    Source:
        Spec 0015.
    """
    report = LogReport()
    stream = iter(records)
    tree = Tree()
    book = _found(report, stream, tree, charter)
    if book is None:
        return report
    wanted = sorted(set((sizes or {}).get(book.cooperative, ())))
    differs = _replay(report, book, stream, tree, leaves, wanted)
    report.entries, report.root = tree.size, tree.root()
    report.at, report.sum = book.head.at, book.sum()
    for slot, state in book.head.correspondents.items():
        report.sides.setdefault(state.cooperative, Side()).balance = book.accounts.balance[slot]
    # Spec 0015: The reader MUST refuse a log after which the balances do not sum to zero.
    if report.sum and report.is_sound:
        report.findings.append(_finding(report, Code.BOOK_SUM, "book", sum=report.sum))
    if checkpoint is not None:
        _compare(report, book.head.charter, checkpoint, leaves, differs)
    return report


def _finding(report: LogReport, code: Code, record: str, **fields: str | int) -> Finding:
    return Finding(code, report.name, record, fields)


def _found(
    report: LogReport, stream: Iterator[Record], tree: Tree, charter: bytes | None
) -> Book | None:
    """Open the book with entry 0, or say why it cannot be."""
    first = next(stream, None)
    if first is None:
        report.findings.append(_finding(report, Code.LOG_EMPTY, "entries"))
        return None
    at, salt, sealed = first
    tree.extend([entry_leaf(salt, at, sealed)])
    report.entries = 1
    try:
        opened = open_sealed(sealed, Charter)
        book = found(opened, at)
    except ProtocolError as error:
        report.findings.append(_broken(report, 0, error))
        return None
    document = opened.document
    report.name, report.cooperative = document.name, opened.id
    report.unit, report.decimals = document.unit, document.dec
    if isinstance(book, Refusal):
        report.findings.append(_refused(report, 0, book, at, 0))
        return None
    report.keys[opened.id] = {0: key_state_of(document)}
    report.signatures, report.replayed = len(opened.signers), 1
    # Spec 0015: The reader MUST refuse a published charter that is not entry 0 of the log.
    if charter is not None and charter != sealed:
        report.findings.append(_finding(report, Code.CHARTER_DIFFERS, "charter"))
    return book


def _replay(
    report: LogReport,
    book: Book,
    stream: Iterator[Record],
    tree: Tree,
    leaves: bytes,
    wanted: list[int],
) -> int:
    """Enter all entries after the first one.

    Returns:
        The first index whose leaf is not the one noted in `leaves`; −1 when all agree.
    """
    differs = -1 if tree.root() == leaves[:HASH_BYTES] else 0
    stops = iter([*[size for size in wanted if size > 1], 0])
    stop = next(stops)
    failing = False
    if 1 in wanted:
        report.positions[1] = {}
    while run := list(islice(stream, min(BATCH, stop - tree.size) if stop else BATCH)):
        base = tree.size
        # Spec 0015: After a bad entry the reader MUST still hash those that follow.
        hashes = entry_leaves(run)
        tree.extend(hashes)
        if differs < 0:
            differs = _first_difference(hashes, leaves, base)
        if not failing:
            failing = _enter(report, book, run, base)
        if tree.size == stop:
            if not failing:
                report.positions[stop] = edges_of(book)
            stop = next(stops)
    return differs


def _enter(report: LogReport, book: Book, run: list[Record], base: int) -> bool:
    """Verify and enter a run of entries; the hot loop.

    All are opened before the first is entered: each of the two loops then stays in the processor's
    caches, which a signature would empty (measured: 8 µs an entry of 85).

    Returns:
        True after the first bad entry, which has its finding in the report.
    """
    opened, finding = _opened(report, run, base)
    place = base
    try:
        for document, record in zip(opened, run, strict=False):
            kind = type(document.document)
            doubt = _doubt(book, document.document) if kind is Discharge else ""
            # Spec 0015: The reader MUST enter each document by the rules with which it was written.
            refusal = enter(book, document, record[0])
            if refusal is not None:
                finding = _refused(report, place, refusal, record[0], book.head.at)
                break
            if kind is not Order:
                keep(report, place, document)
            if doubt:
                wrong = _finding(report, Code.DISCHARGE_OPTIMUM, f"entry {place}", reason=doubt)
                report.findings.append(wrong)
            place += 1
    except ProtocolError as error:
        finding = _broken(report, place, error)
    report.signatures += sum([len(document.signers) for document in opened[: place - base]])
    report.replayed = place
    if finding is not None:
        report.findings.append(finding)
    return finding is not None


def _doubt(book: Book, discharge: Discharge) -> str:
    """Say why a discharge that is about to be entered is not the largest one; else nothing."""
    # Spec 0016: The auditor MUST verify a discharge on the obligations just before its entry.
    try:
        rooms = rooms_of(book, (one.acct for one in discharge.pots))
        verify_discharge(obligations_of(book), discharge, rooms)
    except ProofError as error:
        return str(error)
    return ""


def _opened(
    report: LogReport, run: list[Record], base: int
) -> tuple[list[Opened[Any]], Finding | None]:
    """Verify a run of entries, up to the first whose bytes or signatures do not hold."""
    try:
        # Spec 0015: The reader MUST verify every signature of every entry.
        return open_run([sealed for _, _, sealed in run], LOGGED), None
    except ProtocolError:
        return _opened_until(report, run, base)


def _opened_until(
    report: LogReport, run: list[Record], base: int
) -> tuple[list[Opened[Any]], Finding | None]:
    """Open the entries of a bad run one by one, to name the first bad one."""
    opened: list[Opened[Any]] = []
    put = opened.append
    try:
        for _, _, sealed in run:
            put(open_any(sealed, LOGGED))
    except ProtocolError as error:
        return opened, _broken(report, base + len(opened), error)
    return opened, None


def _broken(report: LogReport, place: int, error: ProtocolError) -> Finding:
    encoding = isinstance(error, EncodingError)
    code = Code.ENTRY_ENCODING if encoding else Code.ENTRY_SIGNATURE
    return _finding(report, code, f"entry {place}", reason=str(error))


def _refused(report: LogReport, place: int, refusal: Refusal, at: int, before: int) -> Finding:
    # Spec 0015: The reader MUST refuse an entry whose second is before that of the entry before it.
    if at < before:
        return _finding(report, Code.ENTRY_TIME, f"entry {place}", at=at, before=before)
    return _finding(report, Code.ENTRY_REFUSED, f"entry {place}", refusal=refusal.name)


def _first_difference(batch: list[bytes], leaves: bytes, base: int) -> int:
    """Return the index of the first leaf of a run that is not the one noted; −1 when none is."""
    noted = leaves[base * HASH_BYTES : (base + len(batch)) * HASH_BYTES]
    if b"".join(batch) == noted:
        return -1
    places = range(0, len(batch) * HASH_BYTES, HASH_BYTES)
    pairs = zip(batch, places, strict=True)
    return base + [leaf == noted[at : at + HASH_BYTES] for leaf, at in pairs].index(False)


def _compare(report: LogReport, charter: Charter, note: str, leaves: bytes, differs: int) -> None:
    """Hold the replayed log against the signed checkpoint."""
    try:
        # Spec 0015: The reader MUST refuse a checkpoint that the log's own key did not sign.
        signed = open_checkpoint(note, charter.origin, charter.log)
    except ProtocolError as error:
        report.findings.append(
            _finding(report, Code.CHECKPOINT_BAD, "checkpoint", reason=str(error))
        )
        return
    report.signatures += 1
    # Spec 0015: The reader MUST refuse entries whose root or number is not the signed one.
    if (signed.size, signed.root) == (report.entries, report.root):
        return
    if _is_noted(signed, leaves):
        _name_changed(report, differs if differs >= 0 else report.entries)
    elif signed.size != report.entries:
        report.findings.append(
            _finding(
                report,
                Code.CHECKPOINT_SIZE,
                "checkpoint",
                size=signed.size,
                entries=report.entries,
            )
        )
    else:
        report.findings.append(
            _finding(report, Code.CHECKPOINT_ROOT, "checkpoint", size=signed.size)
        )


def _is_noted(signed: Checkpoint, leaves: bytes) -> bool:
    """Say whether the leaves noted at the fetch are those that the checkpoint signs."""
    if len(leaves) != signed.size * HASH_BYTES:
        return False
    tree = Tree()
    tree.extend([leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)])
    return tree.root() == signed.root


def _name_changed(report: LogReport, place: int) -> None:
    """Name the first entry that is not the one signed for; what fails after it is its effect."""
    # Spec 0015: With the signed leaves the reader MUST name the first entry that differs.
    changed = _finding(report, Code.ENTRY_REPLACED, f"entry {place}", entries=report.entries)
    if report.replayed > place:
        report.findings[:] = [
            found
            for found in report.findings
            if not found.code.startswith(("entry.", "discharge."))
        ]
    report.findings.append(changed)
