"""What a person sees while a large file is cleared: one line on the terminal, gone at the end."""

import sys
from typing import TYPE_CHECKING, Final

from cli.choices import Language
from cli.sentences import say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LARGE_FILE_BYTES: Final = 4_000_000  # about two hundred thousand debts


class Stages:
    """The stages of a run; silent for small files, and where nobody looks."""

    def __init__(self, lang: Language, size: int) -> None:
        """Begin.

        Args:
            lang: language of the names of the stages.
            size: bytes of the file; 0 when unknown.
        """
        self._lang = lang
        self._size = size
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Stages":
        if self._size >= LARGE_FILE_BYTES and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = TextColumn("{task.description:>14}"), BarColumn(), TimeElapsedColumn()
            console = Console(file=sys.stderr)
            self._progress = Progress(*columns, console=console, transient=True)
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self, name: str) -> None:
        """Show the next stage; the one before is done.

        Args:
            name: a key of the sentences without its topic, as "reading".
        """
        if self._progress is None:
            return
        if self._task is not None:
            self._progress.update(self._task, total=1, completed=1)
        total = self._size if name == "reading" else None
        self._task = self._progress.add_task(say(f"clear.{name}", self._lang), total=total)

    def watch(self, done: int) -> None:
        """Show how many bytes of the file were read."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done)
