import asyncio

import pytest

from node.http import limits
from node.http.limits import Allowance, Places, is_loopback, site_of
from protocol.messages.wire import BATCH, SUBMISSION, Batch, Submission
from tests.node.paper_door import PaperDoor, sealed_order, settings
from tests.node.street import ask, front, heard, request, say


class Hours:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    hours = Hours()
    allowance = Allowance(10, 30, hours)
    assert allowance.charge("a", 30) == 0
    assert allowance.charge("a", 1) == 1
    assert allowance.charge("b", 30) == 0
    hours.now = 2.0
    assert allowance.charge("a", 21) == 1
    assert allowance.charge("a", 20) == 0
    hours.now = 1_000.0
    assert allowance.charge("a", 31) == 0


def test_the_table_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESSES_MAX", 10)
    hours = Hours()
    allowance = Allowance(1, 5, hours)
    for caller in range(100):
        hours.now += 0.01
        assert allowance.charge(str(caller), 5) == 0
    assert len(allowance._buckets) <= 10
    assert allowance.charge("99", 1) == 1
    hours.now += 100
    for caller in range(100, 112):
        allowance.charge(str(caller), 1)
    assert "99" not in allowance._buckets


def test_an_address_is_counted_as_the_site_it_belongs_to() -> None:
    assert site_of("192.0.2.7") == "192.0.2.7"
    assert site_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert site_of("2001:db8:1:2:3::4") == site_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert site_of("fe80::1%eth0") == "fe80::/64"
    assert site_of("unknown") == ""


def test_loopback_is_known_in_every_form() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("::ffff:127.0.0.9")
    assert not is_loopback("192.0.2.7")
    assert not is_loopback("2001:db8::1")
    assert not is_loopback("")


def test_places_are_counted_in_all_and_by_caller() -> None:
    places = Places(3, 2)
    assert places.take("a", exempt=False)
    assert places.take("a", exempt=False)
    assert not places.take("a", exempt=False)
    assert places.take("a", exempt=True)
    assert not places.take("b", exempt=False)
    places.leave("a")
    assert places.take("b", exempt=False)


async def test_an_address_over_its_rate_is_told_when_to_come_back() -> None:
    chosen = settings(documents_per_s=1, documents_burst=3, loopback_exempt=False)
    body = SUBMISSION.encode(Submission(doc=sealed_order()))
    async with front(PaperDoor(), chosen) as port:
        statuses = [(await ask(port, "POST", "/documents", body)).status for _ in range(5)]
        answer = await ask(port, "GET", "/")
    assert statuses == [200, 200, 200, 429, 429]
    assert answer.problem == "too-many"
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_batch_costs_one_token_an_item() -> None:
    chosen = settings(documents_per_s=1, documents_burst=5, loopback_exempt=False)
    body = BATCH.encode(Batch([Submission(doc=sealed_order(seq)) for seq in range(4)]))
    async with front(PaperDoor(), chosen) as port:
        assert (await ask(port, "POST", "/documents/batch", body)).status == 200
        assert (await ask(port, "POST", "/documents/batch", body)).status == 429


async def test_the_caller_behind_our_own_proxy_is_the_one_that_is_counted() -> None:
    chosen = settings(documents_per_s=1, documents_burst=1)
    async with front(PaperDoor(), chosen) as port:
        first = await ask(port, "GET", "/", X_Forwarded_For="192.0.2.1")
        again = await ask(port, "GET", "/", X_Forwarded_For="198.51.100.9, 192.0.2.1")
        other = await ask(port, "GET", "/", X_Forwarded_For="192.0.2.2")
        local = await ask(port, "GET", "/")
        nonsense = await ask(port, "GET", "/", X_Forwarded_For="nonsense")
    assert [first.status, again.status, other.status] == [200, 429, 200]
    assert [local.status, nonsense.status] == [200, 200]


async def test_a_full_queue_is_answered_with_429_at_once() -> None:
    door = PaperDoor()
    slow = SUBMISSION.encode(Submission(doc=sealed_order(PaperDoor.SLOW)))
    async with front(door, settings(queue_documents_max=1)) as port:
        waiting = asyncio.create_task(ask(port, "POST", "/documents", slow))
        await asyncio.sleep(0.1)
        assert (await ask(port, "POST", "/documents", slow)).problem == "busy"
        door.release.set()
        assert (await waiting).status == 200
        assert (await ask(port, "POST", "/documents", slow)).status == 200


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET / HT",),
        (b"POST /documents HTTP/1.1\r\nHost: n\r\nContent-Length: 500\r\n\r\n", b"x"),
        (b"GET / HTTP/1.1\r\n", b"A: 1\r\n", b"B: 1\r\n", b"C: 1\r\n", b"D: 1\r\n", b"E: 1\r\n"),
    ],
)
async def test_a_request_that_does_not_arrive_in_time_is_cut_off(pieces: tuple[bytes, ...]) -> None:
    async with front(PaperDoor(), settings(read_timeout_s=1)) as port:
        begin = asyncio.get_running_loop().time()
        await say(port, *pieces, pause_s=0.3)
        assert asyncio.get_running_loop().time() - begin < 6
        assert (await ask(port, "GET", "/healthz")).status == 200


async def test_an_idle_connection_may_rest_longer_than_a_request_may_take() -> None:
    kept = request("GET", "/healthz").replace(b"Connection: close\r\n", b"")
    async with front(PaperDoor(), settings(read_timeout_s=1)) as port:
        both = await say(port, kept, b"", request("GET", "/healthz"), pause_s=1.3)
    assert both.count(b"200 OK") == 2


async def test_a_caller_has_so_many_connections_and_no_more() -> None:
    chosen = settings(connections_per_address_max=2, loopback_exempt=False)
    async with front(PaperDoor(), chosen) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert await say(port, request("GET", "/healthz")) == b""
        held[0][1].close()
        await asyncio.sleep(0.05)
        assert heard(await say(port, request("GET", "/healthz"))).status == 200
        held[1][1].close()


async def test_closing_lets_a_running_request_end() -> None:
    door = PaperDoor()
    slow = SUBMISSION.encode(Submission(doc=sealed_order(PaperDoor.SLOW)))
    async with front(door, settings()) as port:
        waiting = asyncio.create_task(ask(port, "POST", "/documents", slow))
        await asyncio.sleep(0.1)
        asyncio.get_running_loop().call_later(0.2, door.release.set)
    assert (await waiting).status == 200
