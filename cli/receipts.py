"""`ronde receipt show|verify|export`: a proof that convinces anybody, with no node in between."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from cli import clock, durable, wallet_file
from cli.choices import Choices, Language
from cli.cooperative import Cooperative, kept_charter, pinned, read_charter
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, option
from cli.journal import Journal, JournalledOrder
from cli.proofs import Papers, Standing, foreign_leg, prove
from cli.screen import emit_json, result
from cli.sentences import say
from protocol.envelope import reopen_verified
from protocol.errors import ProofError
from protocol.identifiers import TextKind, to_text
from protocol.log.receipts import Receipt
from protocol.messages.orders import Order, purpose_digest

FILE_BYTES_MAX: Final = 1_048_576
KIND: Final = "ronde-receipt"


@dataclass(frozen=True, slots=True)
class Dossier:
    """All papers of one document, with what is needed to check them.

    Attributes:
        papers: Document and answers.
        home: The payer's cooperative.
        peer: The payee's cooperative when it is another one.
        memo: Purpose, when the payer shows it.
        salt: Salt of the purpose.
        is_pinned: Whether `home` is the cooperative that this wallet trusts.
        names: Payer and payee as this wallet called them when it signed; nothing proves them.
    """

    papers: Papers
    home: Cooperative
    peer: Cooperative | None
    memo: str
    salt: bytes
    is_pinned: bool
    names: tuple[str, str] | None = None


_which = argument(
    "which",
    metavar=("REÇU", "RECEIPT"),
    fr="Les premiers chiffres du numéro d'un ordre, ou un fichier exporté.",
    en="The first digits of an order's number, or an exported file.",
)


@command(
    fr="Montre un reçu : qui a donné quoi à qui, et où c'est inscrit.",
    en="Shows a receipt: who gave what to whom, and where it stands.",
    examples=("ronde receipt show 3f9a",),
    json=True,
)
@_which
def show(choices: Choices, which: str) -> int:
    """Show what the papers prove; they are verified before anything is said."""
    dossier = read_dossier(choices, which)
    _tell(choices, dossier, _proven(dossier))
    return ExitCode.DONE


@command(
    fr="Vérifie un reçu hors ligne, sans se fier à aucun nœud.",
    en="Verifies a receipt offline, without trusting any node.",
    examples=("ronde receipt verify 3f9a", "ronde receipt verify recu.json"),
    json=True,
)
@_which
def verify(choices: Choices, which: str) -> int:
    """Exit 0 when the papers prove a final transfer, 7 when they prove less, 5 when they lie."""
    dossier = read_dossier(choices, which)
    standing = _proven(dossier)
    _tell(choices, dossier, standing)
    if standing.state in {"waiting", "held"}:
        return ExitCode.PENDING
    if standing.state == "refused":
        return ExitCode.REFUSED
    if not choices.as_json:
        result(say("receipt.holds", choices.lang))
        # Spec 0009: The reader MUST say so when the charter of a receipt file is not that of a
        # cooperative it trusts.
        if not dossier.is_pinned:
            result(say("receipt.compare_id", choices.lang, cooperative=dossier.home.text))
    return ExitCode.DONE


@command(
    fr="Écrit un reçu et tous ses papiers dans un fichier, pour le montrer à quelqu'un.",
    en="Writes a receipt and all its papers to a file, to be shown to somebody.",
    examples=("ronde receipt export 3f9a -o recu.json",),
)
@_which
@option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar=("FICHIER", "FILE"),
    fr="Le fichier à écrire ; il ne doit pas exister.",
    en="The file to write; it must not exist.",
)
def export(choices: Choices, which: str, output: Path) -> int:
    """Write the dossier as JSON; the purpose goes with it, since it is the owner who shows it."""
    dossier = read_dossier(choices, which)
    _proven(dossier)
    durable.write_new(output, write_file(dossier))
    result(say("receipt.exported", choices.lang, path=str(output)))
    return ExitCode.DONE


def read_dossier(choices: Choices, which: str) -> Dossier:
    """Return the papers named on the command line.

    Raises:
        Failure: not found, or no receipt in that file.
        ProtocolError: a charter does not hold.
    """
    path = Path(which)
    is_file = path.suffix or "/" in which or path.is_file()
    trusted = _trusted(choices)
    if is_file:
        return read_file(durable.read_small(path, bytes_max=FILE_BYTES_MAX), trusted)
    if trusted is None:
        raise Failure(ExitCode.NOT_FOUND, "wallet.missing", path=str(choices.home))
    with Journal(choices.home) as journal:
        entry = journal.find(which)
    return _dossier_of(choices, entry, trusted)


def _trusted(choices: Choices) -> Cooperative | None:
    try:
        return pinned(wallet_file.load(choices.home), choices.home)
    except Failure as failure:
        if failure.code is not ExitCode.NOT_FOUND:
            raise
        return None


def _dossier_of(choices: Choices, entry: JournalledOrder, home: Cooperative) -> Dossier:
    from cli.settling import papers_of

    leg = foreign_leg(reopen_verified(entry.draft.sealed).document)
    peer = None
    if leg is not None and isinstance(leg.coop, bytes):
        peer = kept_charter(choices.home, leg.coop)
    draft = entry.draft
    fields = draft.sentence_fields
    names = (fields["payer"], fields["payee"]) if "payee" in fields else None
    return Dossier(papers_of(entry), home, peer, draft.memo, draft.salt, True, names)


def _proven(dossier: Dossier) -> Standing:
    """Verify all papers and the purpose.

    Raises:
        ProtocolError: something does not hold.
    """
    # Spec 0009: The reader MUST verify the order, the receipt, the answer and the purpose before it
    # says anything of a receipt file.
    standing = prove(dossier.papers, dossier.home, dossier.peer)
    order = standing.opened.document
    digest = purpose_digest(dossier.salt, dossier.memo) if dossier.memo else None
    if digest is not None and isinstance(order, Order) and order.what != digest:
        raise ProofError("the purpose is not the one that was signed")
    return standing


def write_file(dossier: Dossier) -> bytes:
    """Return a dossier as the bytes of a file (spec 0009)."""
    papers = dossier.papers
    peer = dossier.peer
    optional = {"first": papers.first, "last": papers.last, "salt": dossier.salt or None}
    optional["peer_charter"] = None if peer is None else peer.sealed
    shape: dict[str, object] = {
        "v": 1,
        "kind": KIND,
        "charter": dossier.home.sealed.hex(),
        "document": papers.sealed.hex(),
        "for": dossier.memo or None,
    }
    shape |= {name: None if raw is None else raw.hex() for name, raw in optional.items()}
    return json.dumps(shape, ensure_ascii=False, indent=1).encode() + b"\n"


def read_file(content: bytes, trusted: Cooperative | None) -> Dossier:
    """Read an exported dossier.

    Args:
        content: The file.
        trusted: The cooperative that this wallet trusts, or None.

    Raises:
        Failure: usage, this is no exported receipt.
        ProtocolError: a charter in it does not hold.
    """
    try:
        shape: dict[str, Any] = json.loads(content)
        if (shape["v"], shape["kind"]) != (1, KIND):
            raise ValueError("another kind of file")
        raw = {
            name: None if shape[name] is None else bytes.fromhex(shape[name])
            for name in ("charter", "document", "first", "last", "peer_charter", "salt")
        }
        memo = shape["for"] or ""
        if raw["charter"] is None or raw["document"] is None or not isinstance(memo, str):
            raise ValueError("no document")
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Failure(ExitCode.USAGE, "receipt.no_receipt") from None
    home = read_charter(raw["charter"])
    peer = None if raw["peer_charter"] is None else read_charter(raw["peer_charter"])
    return Dossier(
        Papers(raw["document"], raw["first"], raw["last"]),
        home,
        peer,
        memo,
        raw["salt"] or b"",
        trusted is not None and trusted.id == home.id,
    )


def _tell(choices: Choices, dossier: Dossier, standing: Standing) -> None:
    lang, home, document = choices.lang, dossier.home, standing.opened.document
    if choices.as_json:
        emit_json(_shape(dossier, standing))
        return
    result(say("receipt.number", lang, number=standing.opened.id.hex()))
    result(say(f"receipt.kind_{_kind(document)}", lang))
    if isinstance(document, Order):
        for line in _legs(dossier, document, lang):
            result(line)
    if dossier.memo:
        result(say("receipt.for", lang, memo=dossier.memo))
    if isinstance(standing.receipt, Receipt):
        receipt = standing.receipt
        when = clock.local_time(receipt.at)
        result(say("receipt.entry", lang, name=home.name, entry=receipt.idx, when=when))
    result(say(f"receipt.state_{standing.state}", lang))
    if standing.refusal is not None:
        result(say(f"refusal.{standing.refusal.name}", lang))


def _legs(dossier: Dossier, order: Order, lang: Language) -> list[str]:
    own_words = dossier.names or (None, None)
    payer = own_words[0] or to_text(TextKind.ACCOUNT, order.by)
    lines = []
    for leg in order.legs:
        peer = dossier.peer if isinstance(leg.coop, bytes) else dossier.home
        lines.append(
            say(
                "transfer.gives",
                lang,
                payer=payer,
                payer_cooperative=dossier.home.name,
                amount=dossier.home.money(leg.amt, lang),
                payee=own_words[1] or to_text(TextKind.ACCOUNT, leg.acct),
                payee_cooperative="?" if peer is None else peer.name,
            )
        )
    return lines


def _kind(document: Any) -> str:
    return "order" if isinstance(document, Order) else "other"


def _shape(dossier: Dossier, standing: Standing) -> dict[str, object]:
    home, receipt, document = dossier.home, standing.receipt, standing.opened.document
    legs = [
        {
            "payee": to_text(TextKind.ACCOUNT, leg.acct),
            "cooperative": to_text(
                TextKind.COOPERATIVE, leg.coop if isinstance(leg.coop, bytes) else home.id
            ),
            "amount": home.decimal(leg.amt),
        }
        for leg in (document.legs if isinstance(document, Order) else [])
    ]
    return {
        "v": 1,
        "order": standing.opened.id.hex(),
        "kind": _kind(document),
        "state": standing.state,
        "cooperative": home.text,
        "trusted": dossier.is_pinned,
        "payer": to_text(TextKind.ACCOUNT, document.by) if isinstance(document, Order) else None,
        "legs": legs,
        "unit": home.charter.unit,
        "for": dossier.memo or None,
        "entry": None if receipt is None else receipt.idx,
        "at": None if receipt is None else clock.universal_time(receipt.at),
        "reason": None if standing.refusal is None else standing.refusal.name,
    }
