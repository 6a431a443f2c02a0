"""Amounts of a set-off as people write them in files."""

from cli.choices import Language
from protocol.amounts import format_amount


def money(minor: int, decimals: int, lang: Language) -> str:
    """Return an amount as people write it in files: narrow spaces in French, commas in English."""
    separator, group = (".", ",") if lang == "en" else (",", "\u202f")
    return format_amount(minor, decimals, separator=separator, group=group)
