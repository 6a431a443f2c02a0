"""What strangers send: whatever it is, the node answers in its one shape, stays small, goes on."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.founding import network_of
from protocol.envelope import (
    ENVELOPE,
    Envelope,
    SignatureLine,
    document_id,
    open_sealed,
    pre_authentication,
    seal,
)
from protocol.kinds import TYPE_OF
from protocol.ledger.refusals import Refusal
from protocol.messages.answers import Rejection
from protocol.messages.orders import Leg, Order
from protocol.messages.wire import BATCH, SUBMISSION, Batch, Submission
from protocol.signatures import public_key_of, sign
from tests.conformance.storm import PROBLEM, Heard, Member, Place, Wire, found, seed_of

SEED = 20
GROWTH_MB = 20
GIGABYTE = 10**9
CHUNK = bytes(65_536)
ANSWERED = {400, 403, 422}
_ORDER = TYPE_OF[Order]


@pytest.fixture(scope="module", params=[0, 1], ids=["alone", "gate"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("hostile")
    built = found(folder, "Bretagne", read_timeout_s=2, connections_max=400)
    try:
        built.node.stop()
        built.node.flags = ["--gates", str(request.param)] if request.param else []
        built.node.start()
        built.admit(3)
        yield built
    finally:
        built.node.kill()


@pytest.fixture
def same(place: Place) -> Iterator[Place]:
    """The log is afterwards what it was before, and the node still takes a good order."""
    before = place.right("GET", "/checkpoint")
    yield place
    assert place.right("GET", "/checkpoint") == before
    place.enter(good(place))


def good(place: Place, **changes: Any) -> bytes:
    payer, payee = place.members[:2]
    return seal(place.order(payer, Leg(payee.account, 5), **changes), payer.seed)


def post(place: Place, document: bytes) -> Heard:
    return place.ask("POST", "/documents", SUBMISSION.encode(Submission(doc=document)))


def refusal(place: Place, heard: Heard, document: bytes) -> Refusal:
    """Verify a rejection: signed by the node's key, about this very document."""
    assert heard.status == 422, heard
    opened = open_sealed(heard.body, Rejection)
    assert opened.signers == (place.charter.document.keys[0],)
    assert opened.document.doc == document
    return Refusal(opened.document.why)


def family(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def peak_mb(place: Place) -> dict[int, float]:
    """Return the greatest memory so far of each process of a node."""
    assert place.node.process is not None
    found = {}
    for pid in family(place.node.process.pid):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith("VmHWM:")]
        found[pid] = int(line.split()[1]) * 1_024 / 1e6
    return found


def stays_small(place: Place, before: dict[int, float]) -> None:
    after = peak_mb(place)
    assert after.keys() == before.keys(), "a process died"
    assert all(after[pid] - before[pid] < GROWTH_MB for pid in after), (before, after)


def poured(place: Place, head: str, piece: bytes, whole: int) -> tuple[int, bytes]:
    """Send a body until the node stops reading; return what was sent of it and the answer."""
    sent = 0
    answer = b""
    with socket.create_connection(("127.0.0.1", place.node.port), 5) as wire:
        wire.sendall(head.encode())
        try:
            while sent < whole:
                sent += wire.send(piece)
        except OSError:
            pass
        try:
            while part := wire.recv(65_536):
                answer += part
        except OSError:
            pass
    return sent, answer


PATHS = [
    "/documents",
    "/documents/batch",
    "/questions",
    "/lines",
    "/offers",
    "/relays",
    "/rounds/manifest",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_gigabyte_is_refused_and_leaves_no_trace_in_memory(
    same: Place, path: str, framing: str
) -> None:
    before = peak_mb(same)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n"
    if framing == "length":
        head += f"Content-Length: {GIGABYTE}\r\n\r\n"
        piece = CHUNK
    else:
        head += "Transfer-Encoding: chunked\r\n\r\n"
        piece = b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK)
    sent, answer = poured(same, head, piece, GIGABYTE)
    assert sent < GIGABYTE // 10
    assert answer.startswith(b"HTTP/1.1 413 ") or answer == b"", answer[:100]
    stays_small(same, before)


def test_the_refusal_of_a_gigabyte_can_be_read(same: Place) -> None:
    with socket.create_connection(("127.0.0.1", same.node.port), 5) as wire:
        wire.sendall(b"POST /documents HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        answer = b""
        while part := wire.recv(65_536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"urn:ronde:too-large" in answer


def nonsense(dice: random.Random, order: bytes) -> Iterator[bytes]:
    """Yield bodies that are no container, or containers of no document."""
    yield b""
    for size in (1, 5, 60, 3_000):
        yield dice.randbytes(size)
    yield b"\x91" * 70_000
    yield b"\x81\xa3doc" * 14_000
    yield b"\xdd\xff\xff\xff\xff"
    yield b"\xdf\xff\xff\xff\xff"
    yield b"\xc6\xff\xff\xff\xff"
    yield b"\x81\xa5items\xdd\x7f\xff\xff\xff"
    whole = SUBMISSION.encode(Submission(doc=order))
    for _ in range(20):
        yield whole[: dice.randrange(len(whole))]
    yield whole + b"\0"
    yield whole + whole
    # The same map, not canonical: keys twice, a longer head, an unknown key.
    document = msgspec.msgpack.encode(order)
    yield b"\x82\xa3doc" + document + b"\xa3doc" + document
    yield b"\xde\x00\x01\xa3doc" + document
    yield b"\x82\xa3doc" + document + b"\xa1x\x01"
    yield b"\x81\xd9\x03doc" + document
    for inner in (b"", b"\x80", b"\x93\x01\x02\x03", order[:-1], order + b"\0"):
        yield b"\x81\xa3doc" + msgspec.msgpack.encode(inner)


@pytest.mark.parametrize("path", PATHS)
def test_nonsense_is_a_problem_and_never_our_fault(same: Place, path: str) -> None:
    dice = random.Random(f"{SEED} {path}")
    before = peak_mb(same)
    wire = Wire(same.node.port)
    order = good(same)
    same.members[0].seq -= 1
    for body in nonsense(dice, order):
        heard = wire.call("POST", path, body)
        assert heard.status in ANSWERED | {404, 413}, (body[:80], heard)
        assert heard.problem["type"].startswith("urn:ronde:")
        assert heard.problem["status"] == heard.status
    wire.close()
    stays_small(same, before)


def test_flipped_bits_of_a_good_order_never_enter(same: Place) -> None:
    dice = random.Random(SEED)
    order = good(same)
    same.members[0].seq -= 1
    wire = Wire(same.node.port)
    for _ in range(400):
        flipped = bytearray(order)
        for _ in range(dice.choice([1, 1, 1, 2, 8])):
            flipped[dice.randrange(len(order))] ^= 1 << dice.randrange(8)
        if flipped == order:
            continue
        body = SUBMISSION.encode(Submission(doc=bytes(flipped)))
        heard = wire.call("POST", "/documents", body)
        assert heard.status in ANSWERED, heard
        if heard.status == 422:
            open_sealed(heard.body, Rejection)
        else:
            assert heard.kind == PROBLEM
    around = bytearray(SUBMISSION.encode(Submission(doc=order)))
    for place in range(12):
        around[place] ^= 0x10
        assert wire.call("POST", "/documents", bytes(around)).status in ANSWERED
        around[place] ^= 0x10
    wire.close()


def test_a_batch_of_the_good_and_the_bad_answers_each(place: Place) -> None:
    fine, other = good(place), good(place, net=network_of("ailleurs"))
    broken = fine[:-1] + bytes([fine[-1] ^ 1])
    items = [Submission(doc=one) for one in (b"\x80", fine, other, broken, fine)]
    wrong, receipt, rejected, unsigned, again = place.batch(items)
    assert isinstance(wrong.wrong, str) and isinstance(unsigned.wrong, str)
    assert receipt == again
    assert open_sealed(rejected.rejection, Rejection).document.why == Refusal.WRONG_NETWORK
    assert place.ask("POST", "/documents/batch", BATCH.encode(Batch(items[:1]))).status == 200


def test_the_same_order_a_hundred_times_is_paid_once(place: Place) -> None:
    order = good(place)
    first = place.enter(order)
    size = place.right("GET", "/checkpoint")
    payer = place.members[0]
    balance = place.view(payer).bal
    for _ in range(60):
        assert place.enter(order) == first
    assert place.batch([Submission(doc=order)] * 100) == [first] * 100
    assert place.view(payer).bal == balance
    assert place.right("GET", "/checkpoint") == size


def stranger(place: Place) -> Member:
    return Member("nobody", seed_of("nobody"), bytes(range(16)))


def hour(place: Place, hours: int) -> dict[str, int]:
    now = int(time.time())
    return {"iat": now + 3_600 * hours, "exp": now + 3_600 * hours + 600}


def paying(place: Place, payee: int, amount: int) -> dict[str, list[Leg]]:
    return {"legs": [Leg(place.members[payee].account, amount)]}


RULES: list[tuple[str, Refusal, Callable[[Place], dict[str, Any]]]] = [
    ("another network", Refusal.WRONG_NETWORK, lambda _: {"net": network_of("ailleurs")}),
    ("another cooperative", Refusal.WRONG_COOPERATIVE, lambda _: {"home": bytes(32)}),
    ("a clock ahead", Refusal.NOT_YET_VALID, lambda place: hour(place, 1)),
    ("a clock behind", Refusal.EXPIRED, lambda place: hour(place, -1)),
    ("for years", Refusal.VALIDITY_TOO_LONG, lambda _: {"exp": int(time.time()) + 10**8}),
    ("nobody", Refusal.AUTHOR_UNKNOWN, lambda place: {"by": stranger(place).account}),
    ("another key event", Refusal.KEY_EVENT_NOT_CURRENT, lambda _: {"kev": 7}),
    ("far ahead", Refusal.SEQUENCE_TOO_FAR, lambda _: {"seq": 2**50}),
    ("another unit", Refusal.WRONG_UNIT, lambda _: {"unit": "EUR"}),
    ("to nobody", Refusal.PAYEE_UNKNOWN, lambda _: {"legs": [Leg(bytes(16), 1)]}),
    (
        "to oneself",
        Refusal.PAYEE_IS_PAYER,
        lambda place: paying(place, 0, 1),
    ),
    (
        "too much",
        Refusal.CREDIT_LIMIT_EXCEEDED,
        lambda place: paying(place, 1, 2**53 - 1),
    ),
    ("without a line", Refusal.LINE_UNKNOWN, lambda _: {"legs": [Leg(bytes(16), 1, bytes(32))]}),
]


@pytest.mark.parametrize(
    ("why", "changes"), [one[1:] for one in RULES], ids=[one[0] for one in RULES]
)
def test_an_order_against_a_rule_is_rejected_with_the_node_s_signature(
    same: Place, why: Refusal, changes: Callable[[Place], dict[str, Any]]
) -> None:
    payer, payee = same.members[:2]
    order = same.order(payer, Leg(payee.account, 5), **changes(same))
    payer.seq -= 1
    heard = post(same, seal(order, payer.seed))
    assert refusal(same, heard, document_id(order)) is why


def test_an_order_signed_by_a_stranger_is_rejected(same: Place) -> None:
    payer, payee = same.members[:2]
    order = same.order(payer, Leg(payee.account, 5))
    payer.seq -= 1
    heard = post(same, seal(order, stranger(same).seed))
    assert refusal(same, heard, document_id(order)) is Refusal.SIGNER_NOT_ALLOWED
    heard = post(same, seal(order, payer.seed, stranger(same).seed))
    assert refusal(same, heard, document_id(order)) is Refusal.SIGNER_NOT_ALLOWED


AMOUNTS = [b"\x00", b"\xff", b"\xd3" + (-(2**63)).to_bytes(8, "big", signed=True),
           b"\xd0\x80", b"\xcf" + b"\xff" * 8, b"\xcf" + (2**53).to_bytes(8, "big"),
           b"\xcb\x40\x14" + bytes(6), b"\xa15", b"\xc0", b"\xc3", b"\xcc\x05"]  # fmt: skip


@pytest.mark.parametrize("amount", AMOUNTS, ids=[amount[:3].hex() for amount in AMOUNTS])
def test_an_amount_that_is_none_is_no_document_though_well_signed(
    same: Place, amount: bytes
) -> None:
    payer, payee = same.members[:2]
    order = same.order(payer, Leg(payee.account, 5))
    payer.seq -= 1
    sealed = seal(order, payer.seed)
    payload = ENVELOPE.decode(sealed).p
    assert payload.count(b"\xa3amt\x05") == 1
    payload = payload.replace(b"\xa3amt\x05", b"\xa3amt" + amount)
    signature = sign(payer.seed, pre_authentication(_ORDER, payload))
    line = SignatureLine(a=1, k=public_key_of(payer.seed), s=signature)
    heard = post(same, ENVELOPE.encode(Envelope(p=payload, s=[line], t=_ORDER)))
    assert (heard.status, heard.problem["type"]) == (400, "urn:ronde:encoding")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "GET"])
def test_a_wrong_method_is_told_which_ones_there_are(same: Place, method: str) -> None:
    wire = Wire(same.node.port)
    for path in ("/documents", "/documents/batch", "/questions"):
        heard = wire.call(method, path)
        assert (heard.status, heard.problem["type"]) == (405, "urn:ronde:method")
    assert wire.call(method, "/wp-admin.php").status in {404, 405}
    wire.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /documents HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /documents HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST /documents HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST /documents HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"POST /documents HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"BREW /documents HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n" * 5_000,
        bytes(range(256)) * 40,
    ],
    ids=range(13),
)
def test_what_is_no_request_is_answered_400_or_dropped(same: Place, head: bytes) -> None:
    before = peak_mb(same)
    with socket.create_connection(("127.0.0.1", same.node.port), 8) as wire:
        answer = b""
        try:
            wire.sendall(head)
            while part := wire.recv(65_536):
                answer += part
        except ConnectionError:
            pass
    assert answer == b"" or answer.split()[1] in {b"400", b"404", b"413", b"414", b"431"}, answer
    stays_small(same, before)
