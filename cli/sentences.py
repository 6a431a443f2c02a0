"""Every sentence that a person reads, in French and in English, by key.

A topic has its own file; this one puts them together and fills in the fields.
"""

from typing import Final

from cli.choices import Language
from cli.sentences_audit import AUDIT
from cli.sentences_clear import CLEAR
from cli.sentences_demo import DEMO
from cli.sentences_invoice import INVOICE
from cli.sentences_office import OFFICE
from cli.sentences_pay import PAY
from cli.sentences_pool import POOL
from cli.sentences_refusals import REFUSALS
from cli.sentences_transfer import TRANSFER
from cli.sentences_usage import USAGE
from cli.sentences_wallet import WALLET
from protocol.ledger.refusals import Refusal

Pair = tuple[str, str]
__all__ = ["REFUSALS", "SENTENCES", "pick", "say", "say_refusal", "two"]

SENTENCES: Final[dict[str, Pair]] = {
    **USAGE,
    **WALLET,
    **TRANSFER,
    **PAY,
    **INVOICE,
    **POOL,
    **OFFICE,
    **AUDIT,
    **DEMO,
    **CLEAR,
}


def say(key: str, lang: Language, **fields: str | int) -> str:
    """Return a sentence with its fields filled in.

    Args:
        key: A key of `SENTENCES`.
        lang: Which of the two languages.
        fields: The named fields of the sentence, already in the form that a person reads.
    """
    french, english = SENTENCES[key]
    return (french if lang == "fr" else english).format(**fields)


def say_refusal(refusal: Refusal, lang: Language) -> str:
    """Return why a node said no, and what to do next."""
    french, english = REFUSALS[refusal]
    return french if lang == "fr" else english


def two(french: str, english: str) -> str:
    """Return both languages of a help text in one string, for `pick`."""
    return f"{french}{_BETWEEN}{english}"


def pick(text: str, lang: Language) -> str:
    """Return one language of a text made by `two`; any other text as it is."""
    french, between, english = text.partition(_BETWEEN)
    return english if between and lang == "en" else french


# The unit separator of ASCII: in no sentence.
_BETWEEN: Final = "\x1f"
