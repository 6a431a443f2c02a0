"""A node written the obvious way: the baseline of the bench, honest and not tuned.

aiohttp on asyncio's own loop, PyNaCl, aiosqlite in WAL with synchronous=FULL, one transaction a
transfer: the same bytes are unpacked and checked, the same balances and limits hold, and the
answer is a receipt that the node signs.
"""

import argparse
import asyncio
import json
import sqlite3
import time
from pathlib import Path

import aiosqlite
import msgpack
from aiohttp import web
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from node.snapshot import load_latest
from node.store.database import DATABASE_NAME, open_database

_SCHEMA = """
CREATE TABLE accounts (id BLOB PRIMARY KEY, key BLOB NOT NULL, balance INTEGER NOT NULL,
                       climit INTEGER NOT NULL, ceil INTEGER NOT NULL);
CREATE TABLE entries (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, payer BLOB NOT NULL,
                      seq INTEGER NOT NULL, payee BLOB NOT NULL, amount INTEGER NOT NULL,
                      sealed BLOB NOT NULL, UNIQUE (payer, seq));
CREATE INDEX entries_of_payee ON entries (payee);
"""


class Refused(Exception):
    """The order is refused, with a reason."""


def make_database(node_folder: Path, path: Path) -> None:
    """Write the accounts of a node's snapshot into the tables of the naive node."""
    connection = open_database(node_folder / DATABASE_NAME)
    state = load_latest(node_folder, connection)
    connection.close()
    assert state is not None
    accounts = state.book.accounts
    rows = [
        (
            accounts.identifier(slot), accounts.key[32 * slot : 32 * slot + 32],
            accounts.balance[slot], accounts.credit_limit[slot], accounts.ceiling[slot],
        )
        for slot in accounts
    ]  # fmt: skip
    with sqlite3.connect(path) as made:
        made.executescript(_SCHEMA)
        made.executemany("INSERT INTO accounts VALUES (?,?,?,?,?)", rows)
    made.close()


class Naive:
    """The node: a database connection and a key."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self.database = database
        self.key = SigningKey.generate()
        # One connection has one transaction: the transfers take turns.
        self.turn = asyncio.Lock()

    async def document(self, request: web.Request) -> web.Response:
        """Answer POST /documents."""
        try:
            sealed = msgpack.unpackb(await request.read())["doc"]
            order, key = self.opened(sealed)
            entry = await self.enter(order, key, sealed)
        except (Refused, BadSignatureError, ValueError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=422)
        receipt = msgpack.packb({"entry": entry, "at": int(time.time()), "seq": order["seq"]})
        signed = bytes(self.key.sign(receipt))
        return web.Response(body=signed, content_type="application/octet-stream")

    def opened(self, sealed: bytes) -> tuple[dict, bytes]:  # type: ignore[type-arg]
        """Return the order and its key, verified, in canonical form."""
        envelope = msgpack.unpackb(sealed)
        if msgpack.packb(envelope) != sealed:
            raise Refused("not canonical")
        kind, payload = envelope["t"].encode(), envelope["p"]
        line = envelope["s"][0]
        message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        VerifyKey(line["k"]).verify(message, line["s"])
        order = msgpack.unpackb(payload)
        if msgpack.packb(order) != payload:
            raise Refused("not canonical")
        if not order["iat"] - 300 <= time.time() <= order["exp"]:
            raise Refused("not valid now")
        return order, line["k"]

    async def enter(self, order: dict, key: bytes, sealed: bytes) -> int:  # type: ignore[type-arg]
        """Move the amount in one transaction and return the number of the entry."""
        payer, leg = order["by"], order["legs"][0]
        payee, amount = leg["acct"], leg["amt"]
        async with self.turn:
            database = self.database
            try:
                await self.check(payer, key, payee, amount)
                move = "UPDATE accounts SET balance = balance + ? WHERE id = ?"
                await database.execute(move, (-amount, payer))
                await database.execute(move, (amount, payee))
                cursor = await database.execute(
                    "INSERT INTO entries (at, payer, seq, payee, amount, sealed)"
                    " VALUES (?,?,?,?,?,?)",
                    (int(time.time()), payer, order["seq"], payee, amount, sealed),
                )
                await database.commit()
            except sqlite3.IntegrityError as error:
                await database.rollback()
                raise Refused("the number is used") from error
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    async def check(self, payer: bytes, key: bytes, payee: bytes, amount: int) -> None:
        """Refuse what limits or keys do not allow."""
        find = "SELECT key, balance, climit, ceil FROM accounts WHERE id = ?"
        async with self.database.execute(find, (payer,)) as cursor:
            paying = await cursor.fetchone()
        async with self.database.execute(find, (payee,)) as cursor:
            paid = await cursor.fetchone()
        if paying is None or paid is None or payer == payee:
            raise Refused("no such account")
        if paying[0] != key:
            raise Refused("another key")
        if paying[1] - amount < -paying[2] or paid[1] + amount > paid[3]:
            raise Refused("beyond a limit")


async def serve(path: Path) -> None:
    """Serve until the process is ended."""
    async with aiosqlite.connect(path) as database:
        await database.execute("PRAGMA journal_mode=WAL")
        await database.execute("PRAGMA synchronous=FULL")
        naive = Naive(database)
        application = web.Application()
        application.router.add_post("/documents", naive.document)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        print(json.dumps({"listening": f"http://127.0.0.1:{port}"}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Run the naive node on a database that `make_database` made."""
    parser = argparse.ArgumentParser()
    parser.add_argument("database", type=Path)
    asyncio.run(serve(parser.parse_args().database))


if __name__ == "__main__":
    main()
