"""What the demonstration says: steps as they happen, the picture, the table, the JSON object."""

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from cli.choices import Choices
from cli.clear_report import SHARE_DECIMALS, share_millionths
from cli.demo_books import Position, gross
from cli.demo_picture import ASCII, UNICODE, Arc, draw_cycle, plain, shows_unicode
from cli.demo_replay import Optimum
from cli.demo_round import Cleared, Loop
from cli.demo_trade import Paid, Payment
from cli.screen import amount, draw_table, for_json, result, waiting
from cli.sentences import say
from protocol.amounts import format_amount

LOOPS_SHOWN: Final = 8
_WIDTH_MAX: Final = 110
_COLUMNS: Final = ("name", "when", "owes", "owed", "net")


class Teller:
    """Tells a person what happens, in letters that the terminal has; a script is told nothing.

    Args:
        choices: Language, and whether the result is JSON.
        unit: Code of the unit of account.
        decimals: Its decimals.
    """

    def __init__(self, choices: Choices, unit: str, decimals: int) -> None:
        self.lang = choices.lang
        self._quiet = choices.as_json
        self._unit = unit
        self._decimals = decimals
        self._plain = not shows_unicode(sys.stdout.encoding)

    def money(self, minor: int, *, unit: bool = True) -> str:
        """Return an amount as people write it."""
        return amount(minor, self._decimals, self.lang, self._unit if unit else "")

    def count(self, number: int) -> str:
        """Return a whole number as people write it."""
        return amount(number, 0, self.lang)

    def line(self, text: str = "") -> None:
        """Print a line at once."""
        if not self._quiet:
            result(self._shown(text))
            sys.stdout.flush()

    def tell(self, key: str, **fields: str | int) -> None:
        """Print a sentence."""
        self.line(say(key, self.lang, **fields))

    def step(self, key: str, **fields: str | int) -> None:
        """Print a sentence about something that is done, behind a tick."""
        self.line(f"✔ {say(key, self.lang, **fields)}")

    def heading(self, key: str, **fields: str | int) -> None:
        """Print a heading."""
        self.line()
        self.line(say(key, self.lang, **fields))

    @contextlib.contextmanager
    def busy(self, key: str) -> Iterator[Callable[[str], None]]:
        """Show on a terminal that something takes time."""
        if not sys.stderr.isatty():
            yield lambda _: None
            return
        with waiting(say(key, self.lang)) as update:
            yield update

    def payments(self, payments: Sequence[Payment]) -> None:
        """Print who gives what to whom."""
        self.heading("demo.heading_payments")
        for payment in payments:
            sentence = say(
                "transfer.gives_for",
                self.lang,
                payer=payment.payer.shown,
                payer_cooperative=payment.payer.place.name,
                amount=self.money(payment.amount),
                payee=payment.payee.shown,
                payee_cooperative=payment.payee.place.name,
                memo=payment.purpose,
            )
            self.line(f"  {sentence}")

    def debts(self, positions: Sequence[Position]) -> None:
        """Print who owes what to whom."""
        self.heading("demo.heading_debts")
        for position in positions:
            for creditor, owed in position.owes.items():
                fields = {"debtor": position.name, "creditor": creditor}
                self.line("  " + say("demo.owes", self.lang, amount=self.money(owed), **fields))

    def round(self, cleared: Cleared, convener: str) -> None:
        """Print the round: the picture of the largest cycle, the other cycles, the table."""
        self.heading("demo.heading_round")
        count = len(cleared.loops)
        key = "demo.step_loops" if count > 1 else "demo.step_loop" if count else "demo.step_no_loop"
        self.step(key, name=convener, count=count)
        if cleared.loops:
            self._picture(cleared)
            self._other_loops(cleared.loops)
        else:
            self.tell("demo.two" if len(cleared.before) == 2 else "demo.no_loop")
        self.line()
        self._table(cleared)

    def _picture(self, cleared: Cleared) -> None:
        loop = cleared.loops[0]
        before = {position.name: position.owes for position in cleared.before}
        after = {position.name: position.owes for position in cleared.after}
        arcs = []
        for debtor, creditor in zip(loop.members, loop.members[1:] + loop.members[:1], strict=True):
            label = " → ".join(
                self.money(owes[debtor].get(creditor, 0), unit=False) for owes in (before, after)
            )
            arcs.append(Arc(self._shown(debtor), self._shown(label)))
        centre = say("demo.centre", self.lang, amount=self.money(loop.amount))
        width = min(shutil.get_terminal_size().columns, _WIDTH_MAX)
        strokes = ASCII if self._plain else UNICODE
        self.line()
        for line in draw_cycle(arcs, self._shown(centre), width, strokes):
            self.line(line)
        self.line()
        self.tell("demo.legend", arrow="→")

    def _other_loops(self, loops: Sequence[Loop]) -> None:
        if len(loops) == 1:
            return
        self.tell("demo.loops_more", count=len(loops))
        for loop in loops[1:LOOPS_SHOWN]:
            members = " → ".join([*loop.members, loop.members[0]])
            sentence = say("demo.loop", self.lang, members=members, amount=self.money(loop.amount))
            self.line(f"  {sentence}")
        if len(loops) > LOOPS_SHOWN:
            self.line("  " + say("demo.loops_hidden", self.lang, count=len(loops) - LOOPS_SHOWN))

    def _table(self, cleared: Cleared) -> None:
        if self._quiet:
            return
        rows = []
        for before, after in zip(cleared.before, cleared.after, strict=True):
            rows += self._rows(
                before.name,
                (before.debts, before.claims, before.net),
                (after.debts, after.claims, after.net),
            )
        sides = (cleared.before, cleared.after)
        rows += self._rows(
            say("demo.row_all", self.lang),
            *((gross(side), gross(side), sum(one.net for one in side)) for side in sides),
        )
        draw_table(
            [self._shown(say(f"demo.column_{column}", self.lang)) for column in _COLUMNS],
            [[self._shown(cell) for cell in row] for row in rows],
            right=range(2, len(_COLUMNS)),
        )
        self.line()
        self._summary(cleared)

    def _rows(self, name: str, before: Sequence[int], after: Sequence[int]) -> list[list[str]]:
        """Return two rows, one above the other, so that what has not moved is seen at a glance."""
        return [
            [name, say("demo.row_before", self.lang), *self._figures(before)],
            ["", say("demo.row_after", self.lang), *self._figures(after)],
        ]

    def _figures(self, minors: Sequence[int]) -> list[str]:
        return [self.money(minor, unit=False) for minor in minors]

    def _summary(self, cleared: Cleared) -> None:
        for name, moved in cleared.net_changes().items():
            if moved:
                self.tell("demo.net_moved", name=name, amount=self.money(moved))
                return
        sums = sorted({position.total for position in cleared.after})
        self.tell(
            "demo.summary" if cleared.cleared else "demo.summary_nothing",
            cleared=self.money(cleared.cleared),
            gross=self.money(cleared.gross_before),
            sum=", ".join(self.money(total) for total in sums),
        )

    def optimum(self, cleared: Cleared, best: Optimum) -> None:
        """Print what could have been cleared at best beside what was cleared."""
        share = share_millionths(best.cleared, best.gross)
        point = "," if self.lang == "fr" else "."
        percent = "\u00a0%" if self.lang == "fr" else "%"
        reached = best.cleared == cleared.cleared
        self.tell(
            "demo.optimum_reached" if reached else "demo.optimum",
            optimum=self.money(best.cleared),
            share=format_amount(share // 100, SHARE_DECIMALS - 4, separator=point) + percent,
            cleared=self.money(cleared.cleared),
        )

    def seconds(self, seconds: float) -> None:
        """Print how long all of it took."""
        text = f"{seconds:.1f}"
        self.tell("demo.seconds", seconds=text.replace(".", ",") if self.lang == "fr" else text)

    def rate(self, paid: Paid) -> str:
        """Return payments a second as people write it."""
        return self.count(max(1, round(paid.per_second)))

    def _shown(self, text: str) -> str:
        return plain(text) if self._plain else text


def as_json(
    paid: Paid,
    cleared: Cleared,
    audit: dict[str, object],
    best: Optimum | None,
    decimals: int,
    seconds: float,
) -> dict[str, object]:
    """Return the documented object, version 1: amounts are text, in decimal units."""
    session: dict[str, object] = {
        "gross_before": for_json(cleared.gross_before, decimals),
        "gross_after": for_json(cleared.gross_after, decimals),
        "cleared": for_json(cleared.cleared, decimals),
        "net_changes": {
            name: for_json(moved, decimals) for name, moved in cleared.net_changes().items()
        },
        "cycles": [
            {"members": list(loop.members), "amount": for_json(loop.amount, decimals)}
            for loop in cleared.loops
        ],
    }
    if best is not None:
        session["optimum"] = {
            "cleared": for_json(best.cleared, decimals),
            "share": for_json(share_millionths(best.cleared, best.gross), SHARE_DECIMALS),
        }
    return {
        "v": 1,
        "cooperatives": [
            {"name": position.name, "sum": for_json(position.total, decimals)}
            for position in cleared.after
        ],
        "payments": {"count": paid.count, "per_second": round(paid.per_second, 1)},
        "rounds": [session],
        "audit": audit,
        "seconds": round(seconds, 3),
    }
