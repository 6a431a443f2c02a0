"""Amounts: what is printed is read back, and what could be read twice is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.amounts import (
    AMOUNT_MAX,
    DECIMALS_MAX,
    AmountError,
    AmountFault,
    format_amount,
    parse_amount,
    parse_decimal_text,
    to_decimal_text,
)

amounts = st.integers(1, AMOUNT_MAX)
figures = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
decimals = st.integers(0, DECIMALS_MAX)
spaces = st.sampled_from(["", " ", "\u00a0", "\u202f"])


@given(amounts, decimals, spaces, st.sampled_from(",."))
def test_a_printed_amount_is_read_back(minor: int, places: int, group: str, mark: str) -> None:
    text = format_amount(minor, places, separator=mark, group=group)
    assert parse_amount(text, places) == minor


@given(figures, decimals)
def test_decimal_text_is_read_back(minor: int, places: int) -> None:
    assert parse_decimal_text(to_decimal_text(minor, places), places) == minor


@given(figures, decimals)
def test_two_figures_never_share_a_decimal_text(minor: int, places: int) -> None:
    assert to_decimal_text(minor, places) != to_decimal_text(minor + 1, places)


@given(st.text(alphabet="0123456789,. \u00a0\u202f-+e٣", max_size=12), decimals)
def test_any_text_is_an_amount_in_bounds_or_refused(text: str, places: int) -> None:
    try:
        minor = parse_amount(text, places)
    except AmountError:
        return
    assert 1 <= minor <= AMOUNT_MAX


@given(st.text(max_size=50))
def test_any_text_is_a_decimal_text_or_refused(text: str) -> None:
    try:
        minor = parse_decimal_text(text, 2)
    except AmountError:
        return
    assert parse_decimal_text(to_decimal_text(minor, 2), 2) == minor


def test_every_reason_can_happen() -> None:
    texts = ["", "1" * 41, "-1", "x", "1,2,3", "12 34", "1,", "1,234", "0", "9" * 17]
    reasons = []
    for text in texts:
        with pytest.raises(AmountError) as caught:
            parse_amount(text, 2)
        reasons.append(caught.value.reason)
    assert reasons == list(AmountFault)


def test_an_amount_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        parse_amount("", 2)


@pytest.mark.parametrize("places", [-1, DECIMALS_MAX + 1])
def test_a_unit_outside_the_spec_is_our_own_fault(places: int) -> None:
    with pytest.raises(AssertionError):
        parse_amount("1", places)
    with pytest.raises(AssertionError):
        format_amount(1, places)
    with pytest.raises(AssertionError):
        parse_decimal_text("1", places)
