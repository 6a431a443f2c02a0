"""What the people of the demonstration do: be admitted, open credit lines, pay; all signed."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cli import papers
from cli.asking import Asker, ask_beside, check_receipt, check_rejection, document_of, read_receipt
from cli.clock import now_s
from cli.cooperative import Cooperative, read_charter
from cli.demo_town import Node, Town
from cli.failures import ExitCode, Failure
from cli.node_client import AsyncClient, expect_ok, failure_of, refusal_failure
from protocol.envelope import Opened, open_sealed, seal, seal_opened
from protocol.messages.decisions import Charter
from protocol.messages.orders import Order, purpose_digest
from protocol.messages.wire import OUTCOME, SUBMISSION, Result, Submission
from protocol.signatures import public_key_of

BATCH: Final = 250
FINAL_S: Final = 120
POLL_S: Final = 0.03
SALT_BYTES: Final = 32
NONCE_BYTES: Final = 16

Tell = Callable[[int], None]


@dataclass(slots=True)
class Place:
    """One cooperative, as its members and officers see it.

    Attributes:
        node: Its running node.
        client: The way to it.
        cooperative: Its charter, checked.
        charter: The same, as the papers want it.
        officer: Secret seed of its officer.
        decisions: How many decisions were written.
    """

    node: Node
    client: AsyncClient
    cooperative: Cooperative
    charter: Opened[Charter]
    officer: bytes
    decisions: int = 0

    @property
    def name(self) -> str:
        """The cooperative's name."""
        return self.cooperative.name


@dataclass(slots=True)
class Member:
    """Somebody with an account and a key.

    Attributes:
        name: Before the @.
        shown: As a sentence says it.
        place: Whose member.
        seed: Secret seed of the key.
        next_digest: Digest of the key after it.
        account: 16 bytes; known once the inception is written.
        seq: How many orders were written.
    """

    name: str
    shown: str
    place: Place
    seed: bytes
    next_digest: bytes
    account: bytes = b""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """Who gives how much to whom, and for what ("" for nothing said)."""

    payer: Member
    payee: Member
    amount: int
    purpose: str = ""

    @property
    def is_foreign(self) -> bool:
        """Whether it crosses from one cooperative to another."""
        return self.payer.place is not self.payee.place


@dataclass(frozen=True, slots=True)
class Paid:
    """Payments that are all final.

    Attributes:
        count: How many.
        seconds: From the first one sent to the last one final.
    """

    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Payments a second, signed, durable and answered by both sides."""
        return self.count / max(self.seconds, 1e-6)


async def visit(town: Town, officers: Sequence[bytes], places: list[Place]) -> None:
    """Add every cooperative of the town, as its own node shows it, to `places`."""
    for node, officer in zip(town.nodes, officers, strict=True):
        client = AsyncClient(node.url)
        try:
            sealed = expect_ok(await client.request("GET", "/charter"))
            cooperative, charter = read_charter(sealed), open_sealed(sealed, Charter)
        except BaseException:
            await client.close()
            raise
        places.append(Place(node, client, cooperative, charter, officer))


async def leave(places: Iterable[Place]) -> None:
    """Close all connections."""
    for place in places:
        await place.client.close()


async def together(steps: Iterable[Awaitable[object]]) -> None:
    """Take steps at the same time; the first failure is the one that is told."""
    await asyncio.gather(*steps)


async def open_lines(pairs: Sequence[tuple[Place, Place]], limit: int) -> None:
    """Open a credit line between the two of each pair: either may owe the other so much.

    Raises:
        Failure: a node says no, or is not reached.
    """
    # One after the other: the two nodes of a line tell it to one another at once.
    for ours, theirs in pairs:
        line = papers.credit_line(
            ours.charter,
            theirs.charter,
            our_limit=limit,
            their_limit=limit,
            version=1,
            now_s=now_s(),
        )
        sealed = seal(line, *sorted({ours.officer, theirs.officer}))
        answer = await ours.client.request(
            "POST", "/lines", sealed, query={"peer": theirs.node.url}
        )
        expect_ok(answer)


async def admit(place: Place, members: Sequence[Member], limit: int) -> None:
    """Admit members by decisions that the officer signs.

    Raises:
        Failure: the node says no, or is not reached.
    """
    submissions = []
    for member in members:
        place.decisions += 1
        event = papers.sealed_inception(
            member.seed,
            public_key_of(member.seed),
            member.next_digest,
            place.charter.document.net,
            now_s=now_s(),
            nonce=secrets.token_bytes(NONCE_BYTES),
        )
        # Spec 0005: The account's identifier MUST be the first 16 bytes of its inception's
        # identifier.
        member.account = document_of(event)[:16]
        decision = papers.admission(
            place.charter,
            event,
            credit_limit=limit,
            ceiling=limit,
            seq=place.decisions,
            now_s=now_s(),
        )
        submissions.append(Submission(doc=seal(decision, place.officer), name=member.name))
    await send_batches(place, submissions, lambda _: None)


async def send_batches(place: Place, submissions: Sequence[Submission], tell: Tell) -> None:
    """Send documents to a node in batches.

    Raises:
        Failure: one of them is refused, or the node is not reached.
        ProtocolError: a rejection does not hold.
    """
    for start in range(0, len(submissions), BATCH):
        batch = list(submissions[start : start + BATCH])
        answer = await place.client.post_batch(batch)
        for submission, result in zip(batch, answer.items, strict=True):
            _check_taken(place, submission, result)
        tell(len(batch))


def _check_taken(place: Place, submission: Submission, result: Result) -> None:
    if isinstance(result.rejection, bytes):
        document = document_of(submission.doc)
        raise refusal_failure(check_rejection(place.cooperative, result.rejection, document))
    if isinstance(result.wrong, str):
        raise Failure(ExitCode.REFUSED, "node.malformed", reason=result.wrong)


def signed(payment: Payment) -> tuple[Opened[Order], Submission]:
    """Return the payer's signed order, and what travels with it."""
    payer, payee = payment.payer, payment.payee
    payer.seq += 1
    salt = secrets.token_bytes(SALT_BYTES)
    written = papers.order(
        payer.place.charter,
        payer.account,
        [
            papers.leg(
                payee.account,
                payment.amount,
                payee.place.cooperative.id if payment.is_foreign else None,
            )
        ],
        seq=payer.seq,
        now_s=now_s(),
        purpose=purpose_digest(salt, payment.purpose) if payment.purpose else None,
    )
    opened = seal_opened(written, payer.seed)
    if not payment.purpose:
        return opened, Submission(doc=opened.sealed)
    return opened, Submission(doc=opened.sealed, salt=salt, text=payment.purpose)


async def pay_one_by_one(town: Town, payments: Sequence[Payment]) -> Paid:
    """Pay as people do: each order on its own, each receipt checked against the node's log.

    Raises:
        Failure: an order is refused, or a node is not reached.
        ProtocolError: a receipt does not hold.
    """
    began = time.perf_counter()
    orders = []
    for payment in payments:
        place = payment.payer.place
        opened, submission = signed(payment)
        answer = await place.client.request("POST", "/documents", SUBMISSION.encode(submission))
        if answer.status == 422:
            raise refusal_failure(check_rejection(place.cooperative, answer.body, opened.id))
        if answer.status != 200:
            raise failure_of(answer)
        check_receipt(place.cooperative, read_receipt(answer.body), opened.sealed)
        orders.append((payment, opened.id))
    await _await_final(town, orders)
    return Paid(len(payments), time.perf_counter() - began)


async def pay_in_batches(town: Town, payments: Sequence[Payment], tell: Tell) -> Paid:
    """Pay many: the orders of each cooperative's members in batches, all cooperatives at once.

    Args:
        town: The nodes, watched meanwhile.
        payments: In any order.
        tell: Told how many more were taken.

    Raises:
        Failure: an order is refused, or a node is not reached.
    """
    began = time.perf_counter()
    last: dict[tuple[bytes, bytes], tuple[Payment, bytes]] = {}
    by_place: dict[bytes, tuple[Place, list[Submission]]] = {}
    for payment in payments:
        opened, submission = signed(payment)
        ours, theirs = payment.payer.place, payment.payee.place
        by_place.setdefault(ours.cooperative.id, (ours, []))[1].append(submission)
        if payment.is_foreign:
            # A neighbour answers in order: once the last one is final, all before it are.
            last[ours.cooperative.id, theirs.cooperative.id] = (payment, opened.id)
    await together(
        send_batches(place, submissions, tell) for place, submissions in by_place.values()
    )
    await _await_final(town, list(last.values()))
    return Paid(len(payments), time.perf_counter() - began)


async def _await_final(town: Town, orders: Sequence[tuple[Payment, bytes]]) -> None:
    """Wait until the payee's cooperative has answered each of these orders."""
    until = time.monotonic() + FINAL_S
    for payment, order in orders:
        while payment.is_foreign and await _is_held(payment, order):
            town.check()
            if time.monotonic() > until:
                raise Failure(ExitCode.PENDING, "demo.still_held", name=payment.payee.place.name)
            await asyncio.sleep(POLL_S)


async def _is_held(payment: Payment, order: bytes) -> bool:
    payer = payment.payer
    place, asker = payer.place, Asker(payer.account, 0, payer.seed)
    answer = await ask_beside(place.client, place.charter, asker, "outcome", doc=order)
    outcome = OUTCOME.decode(answer)
    if outcome.state == "refused":
        raise Failure(ExitCode.REFUSED, "demo.payment_refused", name=payment.payee.place.name)
    return outcome.state == "held"
