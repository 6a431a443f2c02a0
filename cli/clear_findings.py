"""What is wrong with a proof, said with the names of the members instead of their numbers."""

import re
from collections.abc import Sequence
from typing import Final

from cli.choices import Language
from cli.sentences import say
from protocol.amounts import to_decimal_text
from protocol.errors import ProofError

_ARC: Final = re.compile(r"(arc|line) [0-9]+ \(([0-9]+) -> ([0-9]+)\): (.*)")
_MEMBER: Final = re.compile(r"member ([0-9]+): net position changed by (-?[0-9]+)")
_OF_ARC: Final = {
    "flow out of bounds": "clear.flow_out_of_bounds",
    "proof asks for no flow": "clear.asks_none",
    "proof asks for all": "clear.asks_all",
}
_OF_LINE: Final = {
    "flow out of bounds": "clear.line_out_of_bounds",
    "proof asks for no flow": "clear.line_asks_none",
    "proof asks for all": "clear.line_asks_all",
}
_OF_ALL: Final = {
    "the proof is of another graph": "clear.other_graph",
    "a potential is out of bounds": "clear.potential_bounds",
    "another set-off is as good": "clear.not_only",
}


def reason_of(error: ProofError, names: Sequence[str], decimals: int, lang: Language) -> str:
    """Return what does not hold, and where.

    Args:
        error: raised by `federation.certificate.verify`, or by a check of ours.
        names: of the members, by their numbers.
        decimals: of the amounts.
        lang: "fr" or "en".
    """
    said = str(error)
    arc, member = _ARC.fullmatch(said), _MEMBER.fullmatch(said)
    if arc is not None and arc[4] in _OF_ARC:
        debtor, creditor = (_shown(names[int(number)]) for number in (arc[2], arc[3]))
        sentences = _OF_LINE if arc[1] == "line" else _OF_ARC
        return say(sentences[arc[4]], lang, debtor=debtor, creditor=creditor)
    if member is not None:
        change = to_decimal_text(int(member[2]), decimals)
        return say("clear.net_moved", lang, member=_shown(names[int(member[1])]), change=change)
    if said in _OF_ALL:
        return say(_OF_ALL[said], lang)
    return said


def _shown(name: str) -> str:
    """Return a name that cannot write on the screen."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
