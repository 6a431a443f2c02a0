"""Writes spec/vectors/0008-member-interface: run it again and nothing changes.

The containers are packed here with `msgpack` from plain maps, so that the vectors are a second
opinion on `protocol.messages.wire` and not its echo.
"""

import hashlib
import json
from pathlib import Path

import msgpack

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "0008-member-interface"
DOC = b"sealed"
SALT = bytes(range(32))

Case = dict[str, object]


def _pack(value: object) -> str:
    packed: bytes = msgpack.packb(value)
    return packed.hex()


def _case(name: str, comment: str, shape: str, data: str, error: str = "") -> Case:
    case: Case = {"name": name, "comment": comment, "shape": shape, "bytes": data}
    if error:
        case["error"] = error
    return case


def containers() -> list[Case]:
    """Return containers that are canonical, and some that are not."""
    plain = {"doc": DOC}
    whole = {"doc": DOC, "name": "alice", "salt": SALT, "text": "miel"}
    receipt = {"at": 1_763_800_000, "head": 0, "idx": 7, "path": SALT, "salt": SALT}
    results = {
        "heads": ["note"],
        "items": [receipt, receipt | {"top": 0}, {"rejection": DOC}, {"wrong": "why"}],
        "tops": [SALT],
    }
    unordered = "82" + _pack("name") + _pack("alice") + _pack("doc") + _pack(DOC)
    twice = "82" + 2 * (_pack("doc") + _pack(DOC))
    long_header = "81" + _pack("doc") + "c50006" + DOC.hex()
    return [
        _case("submission", "a document alone", "Submission", _pack(plain)),
        _case("submission-whole", "name, salt and purpose beside it", "Submission", _pack(whole)),
        _case("batch", "two submissions", "Batch", _pack({"items": [plain, whole]})),
        _case(
            "batch-result", "two proofs, a rejection, wrong bytes", "BatchResult", _pack(results)
        ),
        _case("papers", "two sealed documents", "Papers", _pack({"papers": [DOC, DOC]})),
        _case("outcome", "an order whose hold is not ended", "Outcome", _pack({"state": "held"})),
        _case(
            "account",
            "an account",
            "AccountView",
            _pack({"acct": SALT[:16], "bal": -5, "ceil": 9, "climit": 9, "kev": 0, "seq": 3}),
        ),
        _case("keys-out-of-order_fail", "name before doc", "Submission", unordered, "encoding"),
        _case("key-twice_fail", "doc twice", "Submission", twice, "encoding"),
        _case(
            "long-header_fail", "6 bytes with a long header", "Submission", long_header, "encoding"
        ),
        _case(
            "unknown-key_fail", "a key more", "Submission", _pack({"doc": DOC, "x": 1}), "encoding"
        ),
        _case("no-document_fail", "an empty doc", "Submission", _pack({"doc": b""}), "encoding"),
        _case("no-items_fail", "an empty batch", "Batch", _pack({"items": []}), "encoding"),
        _case(
            "too-many-items_fail",
            "1,001 submissions of one byte",
            "Batch",
            _pack({"items": [{"doc": b"x"}] * 1_001}),
            "encoding",
        ),
        _case(
            "name-with-capital_fail",
            "a name outside spec 0002",
            "Submission",
            _pack({"doc": DOC, "name": "Alice"}),
            "encoding",
        ),
        _case(
            "trailing_fail", "a byte after the end", "Submission", _pack(plain) + "00", "encoding"
        ),
    ]


def networks() -> list[Case]:
    """Return the networks of some federations."""
    names = {"ronde": "plain", "coopérative interrégionale": "with accents", "": "the empty name"}
    return [
        {
            "name": name or "empty",
            "comment": comment,
            "federation": name,
            "network": hashlib.sha256(b"ronde/network/v1\x00" + name.encode()).hexdigest(),
        }
        for name, comment in names.items()
    ]


def write(name: str, about: str, cases: list[Case]) -> None:
    """Write one file of vectors."""
    content = {"spec": "0008", "about": about, "cases": cases}
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (FOLDER / name).write_text(text, encoding="utf-8")


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    write(
        "containers.json", "containers of the HTTP interface and their one encoding", containers()
    )
    write("networks.json", "how a federation's name names its network", networks())


if __name__ == "__main__":
    main()
