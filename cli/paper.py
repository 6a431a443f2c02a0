"""The 24 words between a person and the screen: shown, asked back, typed in again."""

import sys
from typing import Final

from cli.choices import Language
from cli.failures import ExitCode, Failure
from cli.screen import ask, note, result
from cli.sentences import say
from cli.words import WORDS, Reading, WordList, find_word, read_words, split_words

ATTEMPTS: Final = 3
COLUMNS: Final = 4
INPUT_CHARACTERS_MAX: Final = 65_536
_UNKNOWN: Final = frozenset({"words.unknown", "words.unknown_near"})


def show_words(words: list[str], lang: Language) -> None:
    """Print the words with their numbers, four a line, to be read across."""
    note(say("wallet.write_words", lang))
    cells = [f"{number:>2}. {word:<10}" for number, word in enumerate(words, 1)]
    for start in range(0, len(cells), COLUMNS):
        result("  ".join(cells[start : start + COLUMNS]).rstrip())


def ask_back(words: list[str], numbers: list[int], language: WordList, lang: Language) -> None:
    """Ask for some of the words; only a paper that can be read back is a backup.

    Args:
        words: The words shown.
        numbers: Which ones are asked, from 1.
        language: Their list.
        lang: Language of the questions.

    Raises:
        Failure: refused, three wrong answers to one question; usage, no terminal to ask on.
    """
    for number in numbers:
        for _ in range(ATTEMPTS):
            typed = ask(say("wallet.ask_word", lang, number=number), lang)
            if find_word(typed, language) == words[number - 1]:
                break
            note(say("wallet.wrong_word", lang, number=number))
        else:
            raise Failure(ExitCode.REFUSED, "wallet.words_not_copied")


def read_typed_words(lang: Language) -> Reading:
    """Read 24 words from the keyboard, where a wrong one is asked again, or from standard input.

    Raises:
        Failure: usage; what is wrong with the words (`cli.words.read_words`).
    """
    if not sys.stdin.isatty():
        return read_words(sys.stdin.read(INPUT_CHARACTERS_MAX))
    note(say("wallet.ask_words", lang))
    typed = _type_words()
    while True:
        try:
            return read_words(" ".join(typed))
        except Failure as failure:
            if failure.key not in _UNKNOWN:
                raise
            note(say(failure.key, lang, **failure.fields))
            number = int(failure.fields["number"])
            again = split_words(ask(say("wallet.ask_word", lang, number=number), lang))
            if not again:
                raise
            typed[number - 1 : number] = again


def _type_words() -> list[str]:
    typed: list[str] = []
    while len(typed) < WORDS:
        line = sys.stdin.readline()
        if not line.strip():
            break
        typed += split_words(line)
    return typed
