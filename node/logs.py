"""Log lines for the operator: what happened to the machine, never who gave what to whom.

No name, purpose, amount, address or key is logged; a problem is found again by its correlation id.
"""

import json
import logging
import re
import sys
from contextvars import ContextVar
from typing import Final

from node.clock import random_bytes

CORRELATION: ContextVar[str] = ContextVar("correlation", default="")
_ACCEPTED: Final = re.compile(r"[A-Za-z0-9-]{1,36}")
# What aiohttp would say of a stranger's malformed request, with a traceback each time.
_STRANGERS_FAULTS: Final = ("BadHttpMessage", "ConnectionError", "ConnectionResetError")


def correlation_of(given: str | None) -> str:
    """Return the caller's correlation id when it has an innocent form, else a new one."""
    if given is not None and _ACCEPTED.fullmatch(given):
        return given
    return random_bytes(8).hex()


class JsonLines(logging.Formatter):
    """One JSON object a line: time in UTC, level, logger, message, correlation id, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "at": int(record.created),
            "level": record.levelname.lower(),
            "from": record.name,
            "says": record.getMessage(),
        }
        if correlation := CORRELATION.get():
            line["correlation"] = correlation
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class StrangersAreQuiet(logging.Filter):
    """Drops records about requests that were malformed or broken off: those have their 400."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is worth a line."""
        if not record.exc_info or record.exc_info[0] is None:
            return True
        names = {kind.__name__ for kind in record.exc_info[0].__mro__}
        return not names.intersection(_STRANGERS_FAULTS)


def configure(as_json: bool, level: str = "INFO") -> None:
    """Send the process's log lines to stderr.

    Args:
        as_json: One JSON object a line, else plain text.
        level: The least level that is shown.
    """
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(
        JsonLines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    out.addFilter(StrangersAreQuiet())
    logging.basicConfig(level=level, handlers=[out], force=True)
    # aiohttp's access lines hold addresses of people.
    logging.getLogger("aiohttp.access").disabled = True
