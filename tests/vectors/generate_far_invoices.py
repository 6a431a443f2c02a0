"""Writes spec/vectors/0017-far-invoices: run it again and nothing changes."""

from collections.abc import Callable
from typing import Any

from protocol.envelope import open_any, seal
from protocol.ledger.refusals import Refusal
from protocol.ledger.relays import RELAYED
from protocol.messages.relaying import Relay
from tests.protocol.fair import (
    Fair,
    acknowledge,
    acknowledge_as,
    far_invoice,
    far_pay,
    relay_of,
)
from tests.protocol.market import acceptance, cancellation, discharge
from tests.protocol.town import AT, NET, ZERO, Cooperative
from tests.vectors.papers import Case, Step, logs_of, story, write

FOLDER = "0017-far-invoices"


class Scene:
    """A fair where bob owes alice 100, and every later document is written down."""

    def __init__(self) -> None:
        self.fair = Fair()
        self.owed = self.fair.owe(self.fair.bob, self.fair.alice, 100)
        self.steps: list[Step] = []
        for home in (self.fair.here, self.fair.there):
            home.submit = self._recording(home)  # type: ignore[method-assign]

    def _recording(self, home: Cooperative) -> Callable[..., Refusal | None]:
        enter = home.submit

        def submit(sealed: bytes, at: int = AT) -> Refusal | None:
            refusal = enter(sealed, at)
            self.steps.append((home, sealed, int(refusal or 0)))
            return refusal

        return submit

    def ask(self, amount: int = 50, **changes: Any) -> bytes:
        """Let alice ask bob, known to both; return the invoice's identifier."""
        sealed = far_invoice(self.fair.alice, self.fair.bob, amount, **changes)
        self.fair.sends(self.fair.alice, sealed)
        self.fair.settle()
        return open_any(sealed, RELAYED).id


def _accepted(s: Scene) -> None:
    inv = s.ask()
    s.fair.sends(s.fair.bob, acceptance(s.fair.bob, inv))
    s.fair.settle()


def _withdrawn(s: Scene) -> None:
    inv = s.ask()
    s.fair.sends(s.fair.alice, cancellation(s.fair.alice, inv))
    s.fair.settle()


def _crossed(s: Scene) -> None:
    inv = s.ask()
    s.fair.sends(s.fair.bob, acceptance(s.fair.bob, inv))
    s.fair.sends(s.fair.alice, cancellation(s.fair.alice, inv))
    s.fair.forth.tell()
    s.fair.forth.hear()
    s.fair.settle()


def _withdrawn_unseen(s: Scene) -> None:
    sealed = far_invoice(s.fair.alice, s.fair.bob, 50)
    s.fair.sends(s.fair.alice, sealed)
    inv = open_any(sealed, RELAYED).id
    s.fair.sends(s.fair.alice, cancellation(s.fair.alice, inv))
    s.fair.settle()
    s.fair.there.submit(acceptance(s.fair.bob, inv))


def _declined(s: Scene) -> None:
    inv = s.ask()
    s.fair.sends(s.fair.bob, cancellation(s.fair.bob, inv))
    s.fair.settle()


def _declined_crossed(s: Scene) -> None:
    inv = s.ask()
    s.fair.sends(s.fair.bob, cancellation(s.fair.bob, inv))
    s.fair.sends(s.fair.alice, cancellation(s.fair.alice, inv))
    s.fair.settle()


def _both(s: Scene) -> None:
    s.fair.sends(s.fair.bob, cancellation(s.fair.bob, s.owed))
    s.fair.sends(s.fair.alice, cancellation(s.fair.alice, s.owed))
    s.fair.settle()


def _refused_abroad(s: Scene) -> None:
    s.ask(debtor=bytes(16))


def _paid(s: Scene) -> None:
    for amount in (60, 40):
        s.fair.sends(s.fair.bob, far_pay(s.fair.bob, s.fair.alice, amount, s.owed))
        s.fair.settle()


def _paid_back(s: Scene) -> None:
    limits = s.fair.here.limits(s.fair.alice.account, 0, 10)
    s.fair.here.submit(seal(limits, *s.fair.here.officers[:2]))
    s.fair.sends(s.fair.bob, far_pay(s.fair.bob, s.fair.alice, 100, s.owed))
    s.fair.settle()
    # All of it may be paid again.
    s.fair.there.submit(far_pay(s.fair.bob, s.fair.alice, 100, s.owed))


def _paid_while_cancelled(s: Scene) -> None:
    s.fair.sends(s.fair.bob, far_pay(s.fair.bob, s.fair.alice, 60, s.owed))
    _both(s)


def _too_much(s: Scene) -> None:
    s.fair.there.submit(far_pay(s.fair.bob, s.fair.alice, 60, s.owed))
    s.fair.there.submit(far_pay(s.fair.bob, s.fair.alice, 41, s.owed))


def _early(s: Scene) -> None:
    inv = s.ask()
    s.fair.sends(s.fair.bob, acceptance(s.fair.bob, inv))
    order = far_pay(s.fair.bob, s.fair.alice, 50, inv)
    s.fair.there.submit(order)
    s.fair.here.submit(s.fair.here.answer_as(s.fair.there.offer(order, inv=inv), 0))


def _owed(*homes: Cooperative) -> dict[str, dict[str, int]]:
    """Return what each book says is owed in the end, by invoice."""
    return {
        home.name: {
            inv.hex(): one.owed
            for inv, one in sorted(home.book.head.invoices.items())
            if one.accepted
        }
        for home in homes
    }


def _lives() -> list[Case]:
    table: list[tuple[str, str, Callable[[Scene], None], int]] = [
        ("accepted", "waiting in both, then owed in both", _accepted, 0),
        ("withdrawn", "noted, ended by the debtor's book, then here", _withdrawn, 0),
        ("withdrawn-crossed", "accepted before: the withdrawal is noted on what is owed",
         _crossed, 0),
        ("withdrawn-unseen_fail", "gone before bob could accept", _withdrawn_unseen, 0),
        ("declined", "by the debtor, at once", _declined, 0),
        ("declined-crossed", "while alice withdraws it", _declined_crossed, 0),
        ("cancelled-crossed", "both at once: gone in both", _both, 0),
        ("refused-abroad", "no such debtor: it ends at home", _refused_abroad, 0),
        ("paid", "in two parts", _paid, 100),
        ("paid-back", "alice's ceiling: all is owed as before", _paid_back, 0),
        ("paid-while-cancelled", "the creditor's book ended it first: the money comes back",
         _paid_while_cancelled, 0),
        ("paid-too-much_fail", "60 are on their way, 41 are too many", _too_much, 0),
        ("paid-early_fail", "the acceptance has not arrived: not answered yet", _early, 0),
    ]  # fmt: skip
    cases = []
    for name, comment, live, alice in table:
        scene = Scene()
        live(scene)
        balances = {"bretagne": {scene.fair.alice.account: alice}}
        case = story(name, comment, scene.steps, balances)
        cases.append(case | {"invoices": _owed(scene.fair.here, scene.fair.there)})
    return cases


def _members() -> list[Case]:
    fair = Scene().fair
    owed = Scene().owed
    far = Cooperative("alsace")
    lost = far_invoice(fair.alice, fair.bob, 5, coop=far.id)
    samples = [
        ("no-line", "to a cooperative without a line", fair.here, lost, 15),
        ("accept-abroad", "by the creditor", fair.here, acceptance(fair.alice, owed), 39),
        ("pay-others", "to another than its creditor", fair.there,
         far_pay(fair.bob, fair.ada, 1, owed), 39),
        ("pay-unknown", "no such invoice", fair.there, far_pay(fair.bob, fair.alice, 1, ZERO), 38),
        ("discharge", "not between members of one cooperative", fair.there,
         discharge(fair.there, {owed: 1}, {fair.bob.account: 0, fair.ben.account: 0}), 39),
    ]  # fmt: skip
    return [
        story(f"{name}_fail", comment, [(home, sealed, refusal)], {})
        for name, comment, home, sealed, refusal in samples
    ]


def _papers() -> list[Case]:
    """Acknowledgements that do not fit: at the one that is told, then at the one that told."""
    cases: list[Case] = []

    def add(name: str, comment: str, steps: list[Step]) -> None:
        cases.append(story(f"{name}_fail", comment, steps, {}))

    scene = Scene()
    fair = scene.fair
    sealed, second = (far_invoice(fair.alice, fair.bob, amount) for amount in (5, 6))
    for document in (sealed, second):
        fair.here.submit(document)
    begin = list(scene.steps)
    relay = relay_of(fair.here, sealed)
    good = seal(relay, *fair.here.node)
    told = acknowledge(fair.there, good)
    for name, comment, refusal, change in (
        ("why", "says that bob is unknown", 29, {"why": 35}),
        ("ends", "an invoice cannot end by being issued", 29, {"ends": True}),
        ("by", "by somebody else", 50, {"by": ZERO}),
        ("number", "of another relay", 50, {"seq": 9}),
        ("signer", "a stranger", 9, {"seeds": fair.alice.seeds}),
        ("network", "of another one", 1, {"net": ZERO}),
    ):
        wrong = acknowledge(fair.there, good, **change)
        add(f"told-{name}", comment, [*begin, (fair.there, wrong, refusal)])
    for name, comment, refusal, fields in (
        ("next", "a number is left out", 51, {"seq": relay.seq + 1}),
        ("prev", "after another one", 51, {"prev": ZERO}),
        ("to", "to another cooperative", 50, {"to": ZERO}),
    ):
        odd = seal(relay_of(fair.here, sealed, **fields), *fair.here.node)
        add(f"relay-{name}", comment, [*begin, (fair.there, acknowledge_as(fair.there, odd, 0),
                                                refusal)])  # fmt: skip
    twice = Relay(
        by=fair.here.id, doc=sealed, exp=AT, iat=AT, kev=0, net=NET,
        prev=open_any(good, frozenset({"application/vnd.ronde.relay.v1+msgpack"})).id,
        seq=relay.seq + 1, to=fair.there.id,
    )  # fmt: skip
    again = acknowledge_as(fair.there, seal(twice, *fair.here.node), 0)
    add("relay-again", "an open invoice", [*begin, (fair.there, told, 0), (fair.there, again, 52)])
    late = seal(relay_of(fair.here, second), *fair.here.node)
    strange = seal(
        relay_of(fair.here, sealed, doc=far_invoice(fair.alice, fair.bob, 7)), *fair.here.node
    )
    for name, comment, refusal, paper in (
        ("order", "the one before is missing", 51, late),
        ("document", "of what is not in the log", 50, strange),
    ):
        answer = acknowledge_as(fair.there, paper, 0)
        add(f"heard-{name}", comment, [*begin, (fair.here, answer, refusal)])
    return cases


if __name__ == "__main__":
    first = Scene().fair
    about = "Invoices between cooperatives: documents, acknowledgements and payments in both books"
    given = logs_of(first.here, first.there)
    write(FOLDER, "entries.json", about, _lives() + _members() + _papers(), given=given)
