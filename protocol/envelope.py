"""Seal and open: canonical bytes, DSSE pre-authentication encoding, Ed25519 (spec 0004).

Nothing of a payload is looked at before its signatures hold.
"""

from hashlib import sha256
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import msgspec

from protocol.encoding import PAYLOAD_BYTES_MAX
from protocol.errors import EncodingError, SignatureError
from protocol.kinds import SHAPES, TYPE_OF
from protocol.shapes import Bin32, Bin64, Document, Shape
from protocol.signatures import public_key_of, sign, verify_registered

SIGNATURES_MAX: Final = 16
ENVELOPE_BYTES_MAX: Final = 68_000


class SignatureLine(Document, frozen=True, gc=False):
    """One signature: algorithm 1 (Ed25519), the raw public key, the signature."""

    a: Literal[1]
    k: Bin32
    s: Bin64


class Envelope(Document, frozen=True, gc=False):
    """Payload, signatures in strictly increasing order of key, type name."""

    p: Annotated[bytes, msgspec.Meta(min_length=1, max_length=PAYLOAD_BYTES_MAX)]
    s: Annotated[list[SignatureLine], msgspec.Meta(min_length=1, max_length=SIGNATURES_MAX)]
    t: str


ENVELOPE: Final = Shape(Envelope, ENVELOPE_BYTES_MAX)

D = TypeVar("D", bound=Document)


class Opened(msgspec.Struct, Generic[D], frozen=True, gc=False):
    """A document whose signatures hold.

    Attributes:
        document: What was signed.
        message: The signed bytes.
        sealed: The received bytes: what is stored and hashed.
        signers: The keys that signed, strictly increasing. Whether they may is the ledger's rule.
    """

    document: D
    message: bytes
    sealed: bytes
    signers: tuple[bytes, ...]

    @property
    def id(self) -> bytes:
        """The document's 32-byte identifier: SHA-256 of the signed bytes."""
        return sha256(self.message).digest()


def pre_authentication(kind: str, payload: bytes) -> bytes:
    """Return what is signed: DSSE PAE v1 of the type name and the payload."""
    prefix = _PREFIXES.get(kind) or _prefix(kind)
    return b"%b%d %b" % (prefix, len(payload), payload)


def _prefix(kind: str) -> bytes:
    return b"DSSEv1 %d %b " % (len(kind), kind.encode())


_ALL_TYPES: Final = frozenset(SHAPES)
_PREFIXES: Final = {kind: _prefix(kind) for kind in SHAPES}


def document_id(document: Document) -> bytes:
    """Return a document's 32-byte identifier, which no signature is part of."""
    kind = TYPE_OF[type(document)]
    return sha256(pre_authentication(kind, SHAPES[kind].encode(document))).digest()


def seal(document: Document, *seeds: bytes) -> bytes:
    """Sign a document with 1 to 16 keys.

    Args:
        document: Any document of `protocol.kinds`.
        seeds: Ed25519 seeds, 32 bytes each, of distinct keys.

    Returns:
        The sealed envelope.
    """
    return seal_opened(document, *seeds).sealed


def seal_opened(document: D, *seeds: bytes) -> Opened[D]:
    """Sign as `seal` does, and return the document as if it had just been opened."""
    kind = TYPE_OF[type(document)]
    payload = SHAPES[kind].encode(document)
    message = pre_authentication(kind, payload)
    lines = [SignatureLine(a=1, k=public_key_of(seed), s=sign(seed, message)) for seed in seeds]
    lines.sort(key=lambda line: line.k)
    sealed = ENVELOPE.encode(Envelope(p=payload, s=lines, t=kind))
    return Opened(document, message, sealed, tuple([line.k for line in lines]))


def merge(*sealed: bytes) -> bytes:
    """Return one envelope with all signatures of envelopes of the same payload.

    Raises:
        EncodingError: an envelope is malformed, or the payloads differ.
    """
    envelopes = [ENVELOPE.decode(data) for data in sealed]
    first = envelopes[0]
    lines: dict[bytes, SignatureLine] = {}
    for envelope in envelopes:
        if (envelope.p, envelope.t) != (first.p, first.t):
            raise EncodingError("envelopes of different documents")
        lines |= {line.k: line for line in envelope.s}
    return ENVELOPE.encode(Envelope(p=first.p, s=[lines[key] for key in sorted(lines)], t=first.t))


def open_any(sealed: bytes, allowed: frozenset[str]) -> Opened[Any]:
    """Verify, then decode.

    Args:
        sealed: At most 68,000 bytes.
        allowed: Type names that the caller expects.

    Returns:
        The document with its identifier and signers.

    Raises:
        EncodingError: the envelope or the payload is not canonical, or of another type.
        SignatureError: a signature does not hold, or two come from one key.

    Source:
        Spec 0004.
    """
    envelope = ENVELOPE.decode(sealed)
    message = _message(envelope, allowed)
    _verify(envelope, message)
    document = SHAPES[envelope.t].decode(envelope.p)
    return Opened(document, message, sealed, _signers(envelope.s))


def open_run(run: list[bytes], allowed: frozenset[str]) -> list[Opened[Any]]:
    """Open many sealed documents, as `open_any` would one by one.

    Each step runs over all of them before the next begins, so that it finds the processor's caches
    as it left them: a signature empties them, and a document is a microsecond or two cheaper so.

    Args:
        run: Sealed documents; from 32 to a few hundred serve best.
        allowed: Type names that the caller expects.

    Raises:
        ProtocolError: one of them does not hold; which one, opening them one by one tells.
    """
    envelopes = ENVELOPE.decode_run(run)
    messages = [_message(envelope, allowed) for envelope in envelopes]
    for envelope, message in zip(envelopes, messages, strict=True):
        lines = envelope.s
        if len(lines) == 1:
            verify_registered(lines[0].k, message, lines[0].s)
        else:
            _verify(envelope, message)
    kinds = {envelope.t for envelope in envelopes}
    if len(kinds) == 1:
        documents = SHAPES[kinds.pop()].decode_run([envelope.p for envelope in envelopes])
    else:
        documents = [SHAPES[envelope.t].decode(envelope.p) for envelope in envelopes]
    return [
        Opened(document, message, sealed, _signers(envelope.s))
        for document, message, sealed, envelope in zip(
            documents, messages, run, envelopes, strict=True
        )
    ]


def _message(envelope: Envelope, allowed: frozenset[str]) -> bytes:
    kind = envelope.t
    # Spec 0004: The reader MUST refuse an envelope of a type that it does not expect.
    if kind not in allowed:
        raise EncodingError(f"type {kind} is not expected here")
    payload = envelope.p
    return b"%b%d %b" % (_PREFIXES[kind], len(payload), payload)


def _verify(envelope: Envelope, message: bytes) -> None:
    last = b""
    for line in envelope.s:
        # Spec 0004: The reader MUST refuse signatures whose keys are not in strictly increasing
        # order.
        if line.k <= last:
            raise SignatureError("keys of the signatures out of order, or one twice")
        last = line.k
        verify_registered(last, message, line.s)


def _signers(lines: list[SignatureLine]) -> tuple[bytes, ...]:
    # One signature is the rule: a literal tuple is five times faster than a general one.
    return (lines[0].k,) if len(lines) == 1 else tuple([line.k for line in lines])


def open_sealed(sealed: bytes, struct: type[D]) -> Opened[D]:
    """Verify, then decode a document of one known type; errors as `open_any`."""
    return open_any(sealed, frozenset((TYPE_OF[struct],)))


def reopen_verified(sealed: bytes) -> Opened[Any]:
    """Decode what this node, or a process of its own, has verified before.

    Raises:
        EncodingError: the envelope or the payload is not canonical.
    """
    envelope = ENVELOPE.decode(sealed)
    document = SHAPES[envelope.t].decode(envelope.p)
    return Opened(document, _message(envelope, _ALL_TYPES), sealed, _signers(envelope.s))
