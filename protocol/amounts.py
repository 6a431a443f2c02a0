"""Amounts as whole minor units: read what a person types, print it, and the text form of JSON."""

import re
from enum import StrEnum
from typing import Final

AMOUNT_MAX: Final = 2**53 - 1
DECIMALS_MAX: Final = 12
TEXT_CHARACTERS_MAX: Final = 40

# Minor units in one unit, by number of decimals.
_SCALES: Final[tuple[int, ...]] = tuple(10**decimals for decimals in range(DECIMALS_MAX + 1))

# What French keyboards, spreadsheets and web pages put between groups of three digits.
_SPACES: Final = " \u00a0\u202f"
_SIGNS: Final = "+-\u2010\u2011\u2012\u2013\u2014\u2212"
_DIGITS: Final = "0123456789"
_GROUPED = re.compile(r"[0-9]{1,3}( [0-9]{3})+")
_DECIMAL_TEXT = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")


class AmountFault(StrEnum):
    """Why a text is not an amount; screens turn each one into a sentence."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    SIGN = "sign"
    CHARACTER = "character"
    AMBIGUOUS = "ambiguous"
    GROUPS = "groups"
    MISSING_DIGITS = "missing_digits"
    TOO_MANY_DECIMALS = "too_many_decimals"
    ZERO = "zero"
    TOO_LARGE = "too_large"


class AmountError(ValueError):
    """A text is not an amount of this unit.

    Attributes:
        reason: The first rule of spec 0002 that the text breaks.
    """

    def __init__(self, reason: AmountFault) -> None:
        """Keep the reason; the message is its name, for logs and tests only."""
        super().__init__(reason.value)
        self.reason = reason


def parse_amount(text: str, decimals: int) -> int:
    """Read an amount as people in France type it, and refuse whatever could be read twice.

    Args:
        text: "12", "12,50", "12.50", "1 234,50"; the space may be U+0020, U+00A0 or U+202F.
        decimals: Number of decimals of the unit, 0 to 12.

    Returns:
        Minor units, 1 to 2^53−1.

    Raises:
        AmountError: with the reason; the order of the checks is the order of `AmountFault`.

    Source:
        Spec 0002, amounts typed by a person.
    """
    assert 0 <= decimals <= DECIMALS_MAX
    kept = text.strip(_SPACES)
    if not kept:
        raise AmountError(AmountFault.EMPTY)
    if len(kept) > TEXT_CHARACTERS_MAX:
        raise AmountError(AmountFault.TOO_LONG)
    # Spec 0002: The reader MUST refuse an amount with a sign.
    if any(character in _SIGNS for character in kept):
        raise AmountError(AmountFault.SIGN)
    # Spec 0002: The reader MUST refuse digits other than ASCII 0 to 9.
    if any(character not in _DIGITS + ",." + _SPACES for character in kept):
        raise AmountError(AmountFault.CHARACTER)
    # Spec 0002: The reader MUST refuse a text with more than one comma or point.
    if kept.count(",") + kept.count(".") > 1:
        raise AmountError(AmountFault.AMBIGUOUS)
    whole, mark, fraction = kept.replace(".", ",").partition(",")
    minor = _minor_units(_ungrouped(whole, fraction), fraction, bool(mark), decimals)
    # Spec 0002: The reader MUST refuse an amount of zero.
    if minor == 0:
        raise AmountError(AmountFault.ZERO)
    # Spec 0002: The reader MUST refuse an amount above 2^53−1 minor units.
    if minor > AMOUNT_MAX:
        raise AmountError(AmountFault.TOO_LARGE)
    return minor


def _ungrouped(whole: str, fraction: str) -> str:
    """Return the integer part without its spaces, which must make groups of three."""
    for space in _SPACES[1:]:
        whole = whole.replace(space, " ")
        fraction = fraction.replace(space, " ")
    # Spec 0002: The reader MUST refuse spaces that do not make groups of three digits.
    if " " in fraction or (" " in whole and not _GROUPED.fullmatch(whole)):
        raise AmountError(AmountFault.GROUPS)
    return whole.replace(" ", "")


def _minor_units(whole: str, fraction: str, marked: bool, decimals: int) -> int:
    # Spec 0002: The reader MUST refuse a comma or a point without a digit on both sides.
    if not whole or (marked and not fraction):
        raise AmountError(AmountFault.MISSING_DIGITS)
    # Spec 0002: The reader MUST refuse more decimals than the unit has.
    if len(fraction) > decimals:
        raise AmountError(AmountFault.TOO_MANY_DECIMALS)
    return int(whole) * _SCALES[decimals] + int(fraction.ljust(decimals, "0") or "0")


def format_amount(minor: int, decimals: int, *, separator: str = ",", group: str = "") -> str:
    """Print an amount or a balance for a person, always with all the decimals of its unit.

    Args:
        minor: Minor units; negative for a balance below zero, printed with an ASCII "-".
        decimals: Number of decimals of the unit, 0 to 12.
        separator: Put before the decimals.
        group: Put between groups of three digits, for example U+202F; empty for none.

    Source:
        Spec 0002, printed amounts.
    """
    assert 0 <= decimals <= DECIMALS_MAX
    whole, rest = divmod(abs(minor), _SCALES[decimals])
    text = f"{whole:,}".replace(",", group)
    if decimals:
        text += separator + str(rest).rjust(decimals, "0")
    return "-" + text if minor < 0 else text


def to_decimal_text(minor: int, decimals: int) -> str:
    """Return the JSON form: a point, all the decimals, no groups ("-1234.50")."""
    # Spec 0002: The writer MUST write all the decimals of the unit.
    return format_amount(minor, decimals, separator=".")


def parse_decimal_text(text: str, decimals: int) -> int:
    """Read the JSON form back; zero and negative figures are allowed, since balances use it too.

    Args:
        text: "12.50", "12.5", "12", "0.00", "-3.20".
        decimals: Number of decimals of the unit, 0 to 12.

    Returns:
        Minor units, −(2^53−1) to 2^53−1.

    Raises:
        AmountError: not of this form, too many decimals, minus zero, or too large.

    Source:
        Spec 0002, decimal text.
    """
    assert 0 <= decimals <= DECIMALS_MAX
    if not text:
        raise AmountError(AmountFault.EMPTY)
    if len(text) > TEXT_CHARACTERS_MAX:
        raise AmountError(AmountFault.TOO_LONG)
    # Spec 0002: The reader MUST refuse a decimal text outside this grammar.
    match = _DECIMAL_TEXT.fullmatch(text)
    if match is None:
        raise AmountError(AmountFault.CHARACTER)
    minus, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    minor = _minor_units(whole, fraction, False, decimals)
    # Spec 0002: The reader MUST refuse minus zero.
    if minus and minor == 0:
        raise AmountError(AmountFault.SIGN)
    if minor > AMOUNT_MAX:
        raise AmountError(AmountFault.TOO_LARGE)
    return -minor if minus else minor
