"""How a command ends: the exit codes, and the one exception that carries a sentence to the screen.

Only `cli.main` turns a `Failure` into text. The text of the exception itself is its key and
nothing more, so that a traceback or a log can never show what a person typed.
"""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What a script may rely on (decision 13)."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_FOUND = 3
    NETWORK = 4  # also a full disk: nothing was sent, the same command may be typed again
    VERIFICATION_FAILED = 5
    LOCKED = 6
    PENDING = 7


# Outside the list on purpose: these two say what the shell did to us, as every program does.
INTERRUPTED: Final = 130  # 128 + SIGINT
BROKEN_PIPE: Final = 141  # 128 + SIGPIPE


class Failure(Exception):
    """A command cannot go on, and knows which sentence says why.

    Attributes:
        code: The exit code of the program.
        key: A key of `cli.sentences.SENTENCES`.
        fields: The named fields of that sentence; for the screen only.
    """

    def __init__(self, code: ExitCode, key: str, **fields: str | int) -> None:
        super().__init__(key)
        self.code = code
        self.key = key
        self.fields = fields
