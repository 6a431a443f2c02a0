"""A server in a node's place, which says whatever a test wants: the truth, or lies."""

import contextlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from cli import wallet_file
from cli.main import main
from protocol.envelope import open_any, seal
from protocol.identifiers import TextKind, correspondent_account, to_text
from protocol.kinds import SHAPES
from protocol.log.checkpoints import Checkpoint, sign_checkpoint
from protocol.log.leaves import entry_leaf
from protocol.log.receipts import Receipt
from protocol.messages.answers import Card, Rejection
from protocol.messages.orders import Question
from protocol.messages.wire import (
    ACCOUNT_VIEW,
    NAME_ANSWER,
    NEIGHBOURS,
    SUBMISSION,
    AccountView,
    NameAnswer,
    Neighbour,
    Neighbours,
)
from tests.protocol.town import AT, NET, Cooperative, connect, line_between, seed_of

Reply = tuple[int, str, bytes]
Route = Callable[[bytes, str], Reply]
PHRASE = "quatre mots sans rapport"
SALT = bytes(range(32))
ACCOUNT = b"\x07" * 16
PAYEE = b"\x08" * 16


def ok(body: bytes) -> Reply:
    return 200, "application/vnd.ronde+msgpack", body


def problem(slug: str, status: int, detail: str = "") -> Reply:
    body = json.dumps({"type": f"urn:ronde:{slug}", "detail": detail, "status": status}).encode()
    return status, "application/problem+json", body


class _Door(BaseHTTPRequestHandler):
    server: "FakeNode"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        self.server.asked.append(path)
        if path.startswith("/names/"):
            path = "/names"
        status, kind, content = self.server.routes[path](body, query)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


class FakeNode(ThreadingHTTPServer):
    """Answers for a cooperative of `tests.protocol.town`; each route can be replaced by a lie."""

    def __init__(self, home: Cooperative) -> None:
        self.home = home
        self.asked: list[str] = []
        self.documents: list[bytes] = []
        self.lines: list[Neighbour] = []
        self.routes: dict[str, Route] = {
            "/": lambda *_: ok(json.dumps(self.card()).encode()),
            "/charter": lambda *_: ok(home.sealed),
            "/names": lambda *_: ok(name_answer(home)),
            "/lines": lambda *_: ok(NEIGHBOURS.encode(Neighbours(self.lines))),
            "/questions": lambda body, _: self.answers(body),
            "/documents": lambda body, _: self.enters(body),
        }
        super().__init__(("127.0.0.1", 0), _Door)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def card(self) -> dict[str, Any]:
        return {"cooperative": to_text(TextKind.COOPERATIVE, self.home.id), "url": self.url}

    def answers(self, body: bytes) -> Reply:
        question = open_any(body, frozenset(SHAPES)).document
        assert isinstance(question, Question)
        return ok(account_view()) if question.ask == "account" else problem("not-found", 404)

    def enters(self, body: bytes) -> Reply:
        sealed = SUBMISSION.decode(body).doc
        self.documents.append(sealed)
        return receipt_reply(self.home, sealed)


def account_view(account: bytes = ACCOUNT, kev: int = 0) -> bytes:
    return ACCOUNT_VIEW.encode(
        AccountView(acct=account, bal=0, ceil=10_000, climit=10_000, kev=kev, seq=3)
    )


def receipt_of(home: Cooperative, sealed: bytes, log: str | None = None) -> Receipt:
    """Return the receipt of a log that holds one document."""
    leaf = entry_leaf(SALT, AT, sealed)
    origin = home.charter.origin
    note = sign_checkpoint(Checkpoint(origin, 1, leaf), origin, seed_of(log or f"{home.name}/log"))
    return Receipt(at=AT, head=note, idx=0, path=b"", salt=SALT)


def receipt_reply(home: Cooperative, sealed: bytes, log: str | None = None) -> Reply:
    body = msgspec.msgpack.encode(receipt_of(home, sealed, log))
    return 200, "application/vnd.ronde.receipt+msgpack", body


def rejection_of(home: Cooperative, document: bytes, why: int, **changes: Any) -> Rejection:
    fields: dict[str, Any] = {
        "by": home.id, "doc": document, "exp": AT, "iat": AT, "kev": 0, "net": NET, "seq": 1,
        "why": why,
    }  # fmt: skip
    return Rejection(**fields | changes)


def rejection_reply(rejection: Rejection, seed: bytes) -> Reply:
    return 422, "application/octet-stream", seal(rejection, seed)


def name_answer(home: Cooperative, seed: bytes | None = None, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "acct": PAYEE, "by": home.id, "exp": AT + 600, "iat": AT, "kev": 0, "name": "bob",
        "net": NET, "seq": 1,
    }  # fmt: skip
    card = seal(Card(**fields | changes), seed or home.node[0])
    return NAME_ANSWER.encode(NameAnswer(card, home.sealed))


def signed_line(one: Cooperative, two: Cooperative) -> bytes:
    connect(one, two, 50_000, 50_000)
    assert one.book.accounts.find(correspondent_account(two.id)) >= 0
    line = line_between(one, two, 50_000, 50_000)
    return seal(line, *one.officers[:2], *two.officers[:2])


@contextlib.contextmanager
def serving(home: Cooperative) -> Iterator[FakeNode]:
    node = FakeNode(home)
    threading.Thread(target=node.serve_forever, daemon=True).start()
    try:
        yield node
    finally:
        node.shutdown()
        node.server_close()


class Purse:
    """A wallet, and somebody who types commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "wallet"
        self.phrase = folder / "phrase"
        self.phrase.write_text(PHRASE + "\n", encoding="utf-8")
        self.phrase.chmod(0o600)
        self.out = self.err = ""

    def create(self, *flags: str) -> None:
        assert self.types("wallet", "create", "--light", "--yes", *flags) == 0, self.err

    def admit(self, home: Cooperative, url: str) -> None:
        """Write into the wallet what an application and the office would have led to."""
        wallet = wallet_file.load(self.folder)
        account = to_text(TextKind.ACCOUNT, ACCOUNT)
        if wallet.role == "officer":
            admitted = replace(wallet, cooperative_card=home.sealed, node_url=url)
        else:
            admitted = replace(wallet, account=account, cooperative_card=home.sealed, node_url=url)
        wallet_file.save(self.folder, admitted)

    def types(self, *line: str, locked: bool = True) -> int:
        out, err = io.StringIO(), io.StringIO()
        given = ["--home", str(self.folder)]
        given += ["--passphrase-file", str(self.phrase)] if locked else []
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([*line, *given])
        self.out, self.err = out.getvalue(), err.getvalue()
        assert "Traceback" not in self.err
        return code
