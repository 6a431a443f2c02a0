"""The 24 words on paper: 32 bytes as words of BIP-39, and back again from what a person typed.

The French list comes first. All its 2,048 words are told apart by their first four letters once
the accents are gone, and so are the English ones, so a reader may leave accents out, shout, number
the words or shorten them.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from cli.failures import ExitCode, Failure

WordList = Literal["fr", "en"]
WORDS: Final = 24
ENTROPY_BYTES: Final = 32
LETTERS_ENOUGH: Final = 4
SUGGESTIONS_MAX: Final = 3

_NAMES: Final[dict[WordList, str]] = {"fr": "french", "en": "english"}
_ORDER: Final[tuple[WordList, ...]] = ("fr", "en")
_NUMBERING: Final = re.compile(r"(?<!\w)\d+\s*[.):/-]?")
_SEPARATORS: Final = re.compile(r"[\s,;|]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a typed text says.

    Attributes:
        entropy: 32 bytes.
        language: The list in which the words were found.
    """

    entropy: bytes
    language: WordList

    def __repr__(self) -> str:
        """Name the list only: the entropy is a secret."""
        return f"Reading(language={self.language!r})"


@cache
def _list(language: WordList) -> tuple[str, ...]:
    from mnemonic import Mnemonic

    return tuple(unicodedata.normalize("NFC", word) for word in Mnemonic(_NAMES[language]).wordlist)


@cache
def _by_bare_form(language: WordList) -> dict[str, str]:
    return {_bare(word): word for word in _list(language)}


@cache
def _by_first_letters(language: WordList) -> dict[str, str]:
    # A word of three letters cannot be shortened, and must not answer for a longer one.
    return {
        _bare(word)[:LETTERS_ENOUGH]: word
        for word in _list(language)
        if len(word) >= LETTERS_ENOUGH
    }


def _bare(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def to_words(entropy: bytes, language: WordList = "fr") -> list[str]:
    """Return the 24 words of 32 bytes, accents in place (NFC).

    Args:
        entropy: 32 bytes, the seed of a wallet.
        language: The word list.

    Source:
        BIP-39.
    """
    assert len(entropy) == ENTROPY_BYTES
    from mnemonic import Mnemonic

    text = Mnemonic(_NAMES[language]).to_mnemonic(entropy)
    return unicodedata.normalize("NFC", text).split()


def split_words(text: str) -> list[str]:
    """Return the words of a text in the order typed, without numbering and punctuation."""
    return [part for part in _SEPARATORS.split(_NUMBERING.sub(" ", text)) if _bare(part)]


def find_word(typed: str, language: WordList) -> str | None:
    """Return the word of the list that was meant, or None when none or several could be.

    Args:
        typed: One word: accents and capitals do not matter; four letters are enough.
        language: The word list.
    """
    bare = _bare(typed)
    exact = _by_bare_form(language).get(bare)
    if exact is not None or len(bare) < LETTERS_ENOUGH:
        return exact
    meant = _by_first_letters(language).get(bare[:LETTERS_ENOUGH])
    return meant if meant is not None and _bare(meant).startswith(bare) else None


def near_words(typed: str, language: WordList) -> list[str]:
    """Return up to three words of the list that look like what was typed, the likeliest first."""
    from difflib import get_close_matches

    bare = _bare(typed)
    forms = _by_bare_form(language)
    near = [forms[form] for form in get_close_matches(bare, forms, SUGGESTIONS_MAX, 0.6)]
    same_start = _by_first_letters(language).get(bare[:LETTERS_ENOUGH])
    if same_start is not None and same_start not in near:
        near.insert(0, same_start)
    return near[:SUGGESTIONS_MAX]


def read_words(text: str) -> Reading:
    """Return the 32 bytes behind 24 typed words, and the list they belong to.

    Raises:
        Failure: usage; not 24 words, a word of no list (its number and near words are named), or
            words that do not belong together.

    Source:
        BIP-39.
    """
    typed = split_words(text)
    if len(typed) != WORDS:
        raise Failure(ExitCode.USAGE, "words.count", count=len(typed))
    found = {language: [find_word(word, language) for word in typed] for language in _ORDER}
    whole = [language for language in _ORDER if None not in found[language]]
    if not whole:
        likeliest = min(_ORDER, key=lambda language: found[language].count(None))
        raise _unknown_word(typed, found[likeliest].index(None), likeliest)
    # Shortened words may be found in both lists: the checksum says which one was meant.
    for language in whole:
        entropy = _checked([word for word in found[language] if word is not None], language)
        if entropy is not None:
            return Reading(entropy, language)
    raise Failure(ExitCode.USAGE, "words.checksum")


def from_words(text: str) -> bytes:
    """Return the 32 bytes behind 24 typed words; see `read_words`."""
    return read_words(text).entropy


def _unknown_word(typed: list[str], position: int, language: WordList) -> Failure:
    near = near_words(typed[position], language)
    if not near:
        return Failure(ExitCode.USAGE, "words.unknown", number=position + 1)
    return Failure(ExitCode.USAGE, "words.unknown_near", number=position + 1, near=", ".join(near))


def _checked(words: list[str], language: WordList) -> bytes | None:
    from mnemonic import Mnemonic

    try:
        return bytes(Mnemonic(_NAMES[language]).to_entropy(words))
    except ValueError:
        return None
