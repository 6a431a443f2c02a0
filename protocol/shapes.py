"""Documents of a fixed shape to and from their canonical bytes (spec 0003).

A shape is a msgspec struct whose fields stand in alphabetical order, so that what msgspec writes is
the canonical map of `protocol.encoding`; the comparison with the encoding of the decoded document
catches duplicate keys, unordered keys, unknown fields and over-long headers, as it does there.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_type_hints

import msgspec

from protocol.encoding import INT_MAX, PAYLOAD_BYTES_MAX, check_text
from protocol.errors import EncodingError

Bin16 = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Bin32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Bin64 = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
Identity = Annotated[bytes, msgspec.Meta(min_length=16, max_length=32)]
Embedded = Annotated[bytes, msgspec.Meta(min_length=1, max_length=8_192)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=INT_MAX)]
Level = Annotated[int, msgspec.Meta(ge=0, le=INT_MAX)]
Signed = Annotated[int, msgspec.Meta(ge=-INT_MAX, le=INT_MAX)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=INT_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=INT_MAX)]
Small = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
UnitCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9]{2,12}\Z")]
NameText = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{0,30}\Z")]
OriginText = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9./_-]{0,99}\Z")]
_FREE_TEXT: Final = "free text"
FreeText = Annotated[str, msgspec.Meta(min_length=1, max_length=256, extra={"text": _FREE_TEXT})]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What every document is: immutable, closed to unknown fields, written as a map."""


T = TypeVar("T", bound=msgspec.Struct)


def _is_free_text(hint: Any) -> bool:
    metas = [m for m in get_args(hint) if isinstance(m, msgspec.Meta)]
    metas += [m for part in get_args(hint) for m in get_args(part) if isinstance(m, msgspec.Meta)]
    return any(m.extra and m.extra.get("text") == _FREE_TEXT for m in metas)


class Shape(Generic[T]):
    """The canonical encoder and decoder of one struct.

    Args:
        struct: The class; its fields stand in alphabetical order.
        bytes_max: Bound on what `decode` looks at, in bytes.
    """

    def __init__(self, struct: type[T], bytes_max: int = PAYLOAD_BYTES_MAX) -> None:
        hints = get_type_hints(struct, include_extras=True)
        names = [field.encode_name for field in msgspec.structs.fields(struct)]
        assert names == sorted(names), f"{struct.__name__}: fields out of alphabetical order"
        self.struct = struct
        self._texts = tuple(field for field in hints if _is_free_text(hints[field]))
        self._bytes_max = bytes_max
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(struct).decode

    def encode(self, document: T) -> bytes:
        """Return the canonical bytes of a document."""
        return self._encode(document)

    def decode(self, data: bytes) -> T:
        """Return the document of which `data` is the canonical form.

        Raises:
            EncodingError: too large, of another shape, out of a bound, or not canonical.

        Source:
            Spec 0003.
        """
        if len(data) > self._bytes_max:
            raise EncodingError(f"{len(data)} bytes, at most {self._bytes_max}")
        try:
            document = self._decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise EncodingError(f"{self.struct.__name__}: {error}") from error
        # Spec 0003: The reader MUST refuse bytes that differ from the encoding of the decoded
        # value.
        if self._encode(document) != data:
            raise EncodingError(f"{self.struct.__name__}: not the canonical form")
        self._check_texts((document,))
        return document

    def decode_run(self, run: list[bytes]) -> list[T]:
        """Return what `decode` returns for each; a step over all of them costs less than over one.

        Raises:
            EncodingError: one of them does not hold; which one, decoding them one by one tells.
        """
        if max(map(len, run)) > self._bytes_max:
            raise EncodingError(f"at most {self._bytes_max} bytes each")
        try:
            documents = list(map(self._decode, run))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise EncodingError(f"{self.struct.__name__}: {error}") from error
        if list(map(self._encode, documents)) != run:
            raise EncodingError(f"{self.struct.__name__}: not the canonical form")
        self._check_texts(documents)
        return documents

    def _check_texts(self, documents: Iterable[T]) -> None:
        for name in self._texts:
            for document in documents:
                text = getattr(document, name)
                if text is not msgspec.UNSET:
                    check_text(text)
