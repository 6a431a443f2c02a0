"""Any document of any kind, built from the annotations of its struct."""

import types
import unicodedata
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from protocol.encoding import check_text
from protocol.errors import EncodingError

S = TypeVar("S", bound=msgspec.Struct)


def is_text(text: str) -> bool:
    """Say whether the profile takes a text."""
    try:
        check_text(text)
    except EncodingError:
        return False
    return True


def texts(most: int = 256) -> st.SearchStrategy[str]:
    """Return texts of the profile."""
    folded = st.text(max_size=most).map(lambda text: unicodedata.normalize("NFC", text))
    return folded.filter(lambda text: len(text) <= most and is_text(text))


def _bounded(kind: Any, meta: msgspec.Meta) -> st.SearchStrategy[Any]:
    low, high = meta.min_length or 0, meta.max_length
    if kind is int:
        edges = [value for value in (meta.ge, meta.le, 0, 127, 128, 65_536) if value is not None]
        fits = [int(v) for v in edges if (meta.ge or 0) <= v <= (meta.le or 0)] or [int(edges[0])]
        least = None if meta.ge is None else int(meta.ge)
        most = None if meta.le is None else int(meta.le)
        return st.sampled_from(fits) | st.integers(least, most)
    if kind is bytes:
        return st.binary(min_size=low, max_size=min(high or 300, 300))
    if kind is str:
        if meta.pattern is not None:
            return st.from_regex(meta.pattern)
        return texts(high or 64).filter(lambda text: len(text) >= low)
    item, *_ = get_args(kind)
    return st.lists(values(item), min_size=low, max_size=max(low, min(high or 4, 4)))


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return the values that an annotation allows."""
    origin = get_origin(hint)
    if origin is Annotated:
        kind, *metas = get_args(hint)
        if get_origin(kind) is Annotated:
            return values(kind)
        return _bounded(kind, next(meta for meta in metas if isinstance(meta, msgspec.Meta)))
    if origin is Literal:
        return st.sampled_from(get_args(hint))
    if origin in {Union, types.UnionType}:
        parts = [part for part in get_args(hint) if part is not msgspec.UnsetType]
        return st.one_of(st.just(msgspec.UNSET), *map(values, parts))
    if origin is list:
        return st.lists(values(get_args(hint)[0]), max_size=4)
    if hint in {str, bytes, bool}:
        return {str: texts(64), bytes: st.binary(max_size=64), bool: st.booleans()}[hint]
    return documents_of(hint)


@cache
def documents_of(struct: type[S]) -> st.SearchStrategy[S]:
    """Return the documents of one struct."""
    hints = get_type_hints(struct, include_extras=True)
    fields = {field.name: values(hints[field.name]) for field in msgspec.structs.fields(struct)}
    return st.builds(struct, **fields)


def as_map(value: Any) -> Any:
    """Return a document as the generic encoder takes it: maps, absent fields left out."""
    if isinstance(value, msgspec.Struct):
        pairs = (
            (field.encode_name, getattr(value, field.name))
            for field in msgspec.structs.fields(value)
        )
        return {name: as_map(item) for name, item in pairs if item is not msgspec.UNSET}
    return [as_map(item) for item in value] if isinstance(value, list) else value
