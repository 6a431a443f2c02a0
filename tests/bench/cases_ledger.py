"""Legs: what one signature carries through the ledger core, without HTTP, durable."""

import shutil
import time
from pathlib import Path

from node.http.app import SUBMITTED
from node.keyfile import load_keys
from node.ledger import Item, Ledger
from node.store.database import commit
from protocol.envelope import open_any
from protocol.log.receipts import Receipt
from tests.bench.reference import verify_us
from tests.bench.scale import Figures, Scale
from tests.bench.world import World, samples

GROUP = 256
LEGS = 100


def _enter(folder: Path, orders: list[bytes], now_s: int) -> float:
    """Return CPU seconds to verify and enter orders, group by group, and make them durable."""
    ledger = Ledger.open(folder, load_keys(folder))
    begin = time.process_time()
    for at in range(0, len(orders), GROUP):
        items = [Item(open_any(order, SUBMITTED)) for order in orders[at : at + GROUP]]
        decided = ledger.decide_group(items, now_s)
        if decided.group:
            commit(ledger.connection)
        ledger.answer(decided)
        assert all(isinstance(item.verdict, Receipt) for item in items)
    spent = time.process_time() - begin
    ledger.close()
    return spent


def legs(scratch: Path, world: World, scale: Scale) -> Figures:
    """Measure legs a CPU second: orders of 100 legs ÷ orders of one."""
    spent: dict[int, float] = {}
    cost: dict[int, float] = {}
    for count, width in zip(scale.legs_orders, (1, LEGS), strict=True):
        orders = world.orders(count, width)
        folder = scratch / f"legs-{width}"
        shutil.copytree(world.folder, folder)
        cost[width] = verify_us(samples(orders, 500))
        spent[width] = _enter(folder, orders, world.now_s) / (count * width)
        shutil.rmtree(folder)
    return {
        "ratio": spent[1] / spent[LEGS],
        "us_a_leg_1": spent[1] * 1e6,
        "us_a_leg_100": spent[LEGS] * 1e6,
        "legs_per_s_100": 1 / spent[LEGS],
        "v_us_1": cost[1],
        "v_us_100": cost[LEGS],
    }
