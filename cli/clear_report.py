"""The outcome of a set-off as a table for a person and as the documented JSON object."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from cli.choices import Language
from cli.clear_agreed import Agreed, agreed_of, agreed_rows, agreed_shape, print_lines
from cli.clear_certificate import Certificate
from cli.clear_money import money
from cli.clear_subject import Subject
from cli.clear_tiers import TIER_LAST, Tier, tiers_of
from cli.sentences import say
from protocol.amounts import format_amount, to_decimal_text

SHARE_DECIMALS: Final = 6
TIERS_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """A set-off that was proven to be the largest.

    Attributes:
        obligations: debts in the file.
        participants: members that owe or are owed.
        gross_before: sum of the debts, minor units.
        cleared: sum of what is cancelled, minor units.
        cycles: number of cycles into which the set-off falls; None when they were not looked for.
        decimals: decimals of the unit.
        seconds: wall-clock time from the first byte read to the end of the proof.
        debts: the digest of the debts.
        salt: what broke the ties, or None.
        tiers: the tiers of the members.
        agreed: what weights and lines did; None without any.
    """

    obligations: int
    participants: int
    gross_before: int
    cleared: int
    cycles: int | None
    decimals: int
    seconds: float
    debts: bytes
    salt: bytes | None
    tiers: Sequence[Tier]
    agreed: Agreed | None = None


def outcome_of(subject: Subject, proof: Certificate, seconds: float, cycles: int | None) -> Outcome:
    """Return what a checked proof says of the debts.

    Args:
        subject: the debts, and the lines if there are any.
        proof: what was checked.
        seconds: that it took.
        cycles: how many, or None when they were not looked for.
    """
    network, has_salt = subject.network, proof.salt is not None
    fallen = proof.flow if network.terms is None else proof.flow[~network.terms.is_line]
    return Outcome(
        obligations=len(subject.table),
        participants=subject.table.participants,
        gross_before=network.gross,
        cleared=int(fallen.sum()),
        cycles=cycles,
        decimals=subject.decimals,
        seconds=seconds,
        debts=proof.debts,
        salt=proof.salt,
        tiers=tiers_of(network, proof.flow, proof.potentials, subject.step(has_salt)),
        agreed=agreed_of(subject, proof.flow),
    )


def share_millionths(cleared: int, gross_before: int) -> int:
    """Return the cleared share in millionths, rounded to the nearest, in whole numbers.

    A share that is not the whole never shows as the whole, and one that is not nothing may still
    round to nothing.

    Args:
        cleared: minor units.
        gross_before: minor units, at least `cleared`.
    """
    if not gross_before:
        return 0
    whole = 10**SHARE_DECIMALS
    nearest = (2 * cleared * whole + gross_before) // (2 * gross_before)
    return nearest if cleared == gross_before else min(nearest, whole - 1)


def percent(millionths: int, lang: Language) -> str:
    """Return a share as a percentage of four decimals."""
    separator, sign = (".", "%") if lang == "en" else (",", "\u202f%")
    return format_amount(millionths, SHARE_DECIMALS - 2, separator=separator) + sign


def as_shape(outcome: Outcome, has_cycles: bool = True) -> dict[str, object]:
    """Return the documented object, version 1; amounts are text.

    Args:
        outcome: what it says.
        has_cycles: whether cycles are a subject of it at all.
    """
    before, cleared, decimals = outcome.gross_before, outcome.cleared, outcome.decimals
    shape: dict[str, object] = {
        "v": 1,
        "obligations": outcome.obligations,
        "participants": outcome.participants,
        "gross_before": to_decimal_text(before, decimals),
        "cleared": to_decimal_text(cleared, decimals),
        "gross_after": to_decimal_text(before - cleared, decimals),
        "share": to_decimal_text(share_millionths(cleared, before), SHARE_DECIMALS),
        "optimal": True,
        "cycles": outcome.cycles,
        "seconds": round(outcome.seconds, 3),
        "debts": outcome.debts.hex(),
        "salt": None if outcome.salt is None else outcome.salt.hex(),
        "tiers": [
            {
                "tier": tier.number,
                "members": tier.members,
                "owed": to_decimal_text(tier.owed, decimals),
            }
            for tier in outcome.tiers
        ],
    }
    if not has_cycles:
        del shape["cycles"]
    if outcome.agreed is not None:
        shape |= agreed_shape(outcome.agreed, decimals)
    return shape


def print_table(
    outcome: Outcome, name: str, lang: Language, stream: TextIO, title: str = "clear.title"
) -> None:
    """Print the table for a person.

    Args:
        outcome: what is shown.
        name: of the file.
        lang: "fr" or "en".
        stream: where it goes.
        title: key of the sentence above it.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(say(title, lang, name=name)),
        box=box.SIMPLE,
        show_header=False,
        title_justify="left",
    )
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    for key, value in _rows(outcome, lang):
        table.add_row(Text(say(f"clear.{key}", lang)), Text(value))
    console = Console(file=stream, highlight=False)
    console.print(table)
    if outcome.agreed is not None and outcome.agreed.lines is not None:
        print_lines(outcome.agreed.lines, outcome.decimals, lang, console)
    if outcome.cleared == outcome.gross_before:
        return
    tiers = Table(box=box.SIMPLE)
    for key in ("tier", "tier_members", "tier_owed"):
        tiers.add_column(say(f"clear.{key}", lang), no_wrap=True, justify="right")
    for row in _tier_rows(outcome, lang):
        tiers.add_row(*row)
    console.print(tiers)
    console.print(Text(say("clear.tiers_say", lang)))


def _rows(outcome: Outcome, lang: Language) -> list[tuple[str, str]]:
    before, cleared, decimals = outcome.gross_before, outcome.cleared, outcome.decimals
    rows = [
        ("obligations", money(outcome.obligations, 0, lang)),
        ("participants", money(outcome.participants, 0, lang)),
        ("gross_before", money(before, decimals, lang)),
        ("cleared", money(cleared, decimals, lang)),
        ("gross_after", money(before - cleared, decimals, lang)),
        ("share", percent(share_millionths(cleared, before), lang)),
    ]
    if outcome.cycles is not None:
        rows.append(("cycles", money(outcome.cycles, 0, lang)))
    if outcome.agreed is not None:
        rows += agreed_rows(outcome.agreed, decimals, lang)
    return [*rows, ("optimum", say("clear.proven", lang))]


def _tier_rows(outcome: Outcome, lang: Language) -> list[tuple[str, str, str]]:
    """Return the first tiers one by one, and the others together."""
    shown = list(outcome.tiers[:TIERS_SHOWN])
    later = outcome.tiers[TIERS_SHOWN - 1 :]
    is_open = len(outcome.tiers) > TIERS_SHOWN
    if is_open:
        members, owed = sum(tier.members for tier in later), sum(tier.owed for tier in later)
        shown[-1] = Tier(TIERS_SHOWN - 1, members, owed)
    rows = []
    for tier in shown:
        number = str(tier.number)
        if (is_open and tier is shown[-1]) or tier.number == TIER_LAST:
            number = say("clear.tier_more", lang, tier=tier.number)
        owed_text = money(tier.owed, outcome.decimals, lang)
        rows.append((number, money(tier.members, 0, lang), owed_text))
    return rows
