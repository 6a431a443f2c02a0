"""What the command line and the environment chose for this run: language, folder, passphrase."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Language = Literal["fr", "en"]
HOME_VARIABLE: Final = "RONDE_HOME"
LANGUAGE_VARIABLE: Final = "RONDE_LANG"


@dataclass(slots=True)
class Choices:
    """Given to every command as its first argument.

    Attributes:
        lang: The language of everything a person reads.
        folder: The wallet's folder, or None for the usual place; read it through `home`.
        as_json: Whether the result is printed as JSON.
        passphrase_fd: A file descriptor whose first line is the passphrase, or None.
        passphrase_file: A private file whose first line is the passphrase, or None.
    """

    lang: Language = "fr"
    folder: Path | None = None
    as_json: bool = False
    passphrase_fd: int | None = None
    passphrase_file: Path | None = None

    @property
    def home(self) -> Path:
        """The wallet's folder: `--home`, else RONDE_HOME, else the system's usual place."""
        if self.folder is None:
            from platformdirs import user_data_path

            self.folder = user_data_path("ronde")
        return self.folder.expanduser().absolute()


def first_choices(arguments: Sequence[str], environment: Mapping[str, str]) -> Choices:
    """Return what must be known before the command line is parsed.

    A mistake in the command line is told in the language that the same line asks for.

    Args:
        arguments: The command line without the program.
        environment: The process's variables.
    """
    folder = environment.get(HOME_VARIABLE, "")
    return Choices(
        lang=_language(arguments, environment),
        folder=Path(folder) if folder else None,
    )


def _language(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    wanted = environment.get(LANGUAGE_VARIABLE, "")
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--lang" and position + 1 < len(arguments):
            wanted = arguments[position + 1]
        elif argument.startswith("--lang="):
            wanted = argument.removeprefix("--lang=")
    return "en" if wanted.lower().startswith("en") else "fr"


def uses_colour(is_terminal: bool) -> bool:
    """Return whether colours may be used: on a terminal, unless NO_COLOR or TERM=dumb says no."""
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
