"""Identifiers: texts that find typing errors, names that look like one another to nobody."""

import pytest
from bech32 import CHARSET, bech32_hrp_expand, bech32_polymod
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import EncodingError
from protocol.identifiers import (
    NAME,
    Address,
    TextKind,
    check_name,
    correspondent_account,
    from_text,
    parse_address,
    reserved_account,
    slug,
    to_text,
)

LENGTHS = {kind: 16 if kind is TextKind.ACCOUNT else 32 for kind in TextKind}
kinds = st.sampled_from(list(TextKind))
names = st.from_regex(NAME, fullmatch=True)


@given(kinds, st.binary(min_size=32, max_size=32))
def test_a_checked_text_gives_its_bytes_back(kind: TextKind, content: bytes) -> None:
    raw = content[: LENGTHS[kind]]
    text = to_text(kind, raw)
    assert from_text(kind, text) == raw
    assert from_text(kind, text.upper()) == raw
    assert len(text) == len(kind.value) + (33 if kind is TextKind.ACCOUNT else 59)


@given(kinds, st.binary(min_size=32, max_size=32), st.data())
def test_one_wrong_letter_is_always_found(
    kind: TextKind, content: bytes, data: st.DataObject
) -> None:
    text = to_text(kind, content[: LENGTHS[kind]])
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(CHARSET + "b1io!é").filter(lambda one: one != text[place]))
    with pytest.raises(EncodingError):
        from_text(kind, text[:place] + letter + text[place + 1 :])


@given(kinds, kinds, st.binary(min_size=32, max_size=32))
def test_a_text_of_one_kind_is_never_read_as_another(
    kind: TextKind, other: TextKind, content: bytes
) -> None:
    text = to_text(kind, content[: LENGTHS[kind]])
    if kind is not other:
        with pytest.raises(EncodingError):
            from_text(other, text)


@given(kinds, st.text(max_size=80))
def test_any_other_text_is_refused(kind: TextKind, text: str) -> None:
    with pytest.raises(EncodingError):
        from_text(kind, kind.value + "1" + text)


@pytest.mark.parametrize(
    "text",
    [
        "a1lqfn3a",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
    ],
)
def test_the_constant_is_that_of_bip350(text: str) -> None:
    prefix, _, symbols = text.rpartition("1")
    values = [CHARSET.index(symbol) for symbol in symbols]
    assert bech32_polymod(bech32_hrp_expand(prefix) + values) == 0x2BC830A3


def test_bytes_of_a_wrong_length_are_our_own_fault() -> None:
    with pytest.raises(AssertionError):
        to_text(TextKind.ACCOUNT, bytes(32))


@given(names, names)
def test_an_address_is_read_back(name: str, cooperative: str) -> None:
    address = Address(name, cooperative)
    assert parse_address(str(address)) == address


@given(st.text(max_size=70))
def test_a_slug_is_a_name_and_its_own_slug(title: str) -> None:
    try:
        name = slug(title)
    except EncodingError:
        return
    assert check_name(name) == name
    assert slug(name) == name


def test_accents_and_ligatures_do_not_make_another_cooperative() -> None:
    assert slug("Île-de-France") == "ile-de-france"
    assert slug("RHÔNE") == slug("Rhône") == slug("Rho\u0302ne") == "rhone"
    assert slug("Cœur de Flandre") == "coeur-de-flandre"


@given(st.binary(min_size=32, max_size=32))
def test_a_correspondent_is_no_reserved_account(coop_id: bytes) -> None:
    account = correspondent_account(coop_id)
    assert len(account) == 16
    assert account not in (reserved_account("cooperative"), reserved_account("suspense"))


def test_a_role_outside_the_spec_is_our_own_fault() -> None:
    with pytest.raises(AssertionError):
        reserved_account("treasurer")
    with pytest.raises(AssertionError):
        correspondent_account(bytes(16))
