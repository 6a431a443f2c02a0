"""Writes spec/vectors/0007-log: run it again and nothing changes.

Roots, paths and commitments are computed here from the definitions, by slow recursion, so that the
vectors are a second opinion on `protocol.log` and not its echo.
"""

import base64
import hashlib
import json
from pathlib import Path

from protocol import signatures
from protocol.log.checkpoints import (
    Checkpoint,
    key_id,
    sign_checkpoint,
    sign_note,
    verifier_key,
)

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "0007-log"
ORIGIN = "bretagne.example/ledger"
SEED = bytes(range(32))
OTHER_SEED = bytes(range(1, 33))
AT = 1_763_800_000

Case = dict[str, object]


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _leaf(entry: bytes) -> bytes:
    return _sha256(b"\x00" + entry)


def _half(count: int) -> int:
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def _root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return _sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    half = _half(len(leaves))
    return _sha256(b"\x01" + _root(leaves[:half]) + _root(leaves[half:]))


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    if index < half:
        return [*_path(index, leaves[:half]), _root(leaves[half:])]
    return [*_path(index - half, leaves[half:]), _root(leaves[:half])]


def _subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [_root(leaves)]
    half = _half(len(leaves))
    if old <= half:
        return [*_subproof(old, leaves[:half], whole), _root(leaves[half:])]
    return [*_subproof(old - half, leaves[half:], False), _root(leaves[:half])]


def _commitment(salt: bytes, at: int, sealed: bytes) -> bytes:
    figures = at.to_bytes(8, "big") + len(sealed).to_bytes(4, "big")
    return b"\x01" + _sha256(b"ronde/leaf/v1" + b"\x00" + salt + figures + sealed)


def _entries(count: int) -> list[tuple[bytes, int, bytes]]:
    """Return salts, times and documents; each differs from the others in all three."""
    return [
        (_sha256(b"salt %d" % number), AT + number, b"document %d" % number)
        for number in range(count)
    ]


LEAVES = [_leaf(_commitment(*entry)) for entry in _entries(600)]


def _tree_cases() -> list[Case]:
    cases: list[Case] = []
    for size in (0, 1, 2, 3, 7, 8, 255, 256, 257, 600):
        case: Case = {"name": f"root-{size}", "comment": "leaves of leaves.json, continued"}
        cases.append(case | {"size": size, "root": _root(LEAVES[:size]).hex()})
    for index, size in ((0, 1), (0, 2), (2, 3), (6, 7), (5, 8), (0, 257), (256, 257), (599, 600)):
        path = [hashed.hex() for hashed in _path(index, LEAVES[:size])]
        case = {"name": f"inclusion-{index}-of-{size}", "comment": "from the bottom to the top"}
        case |= {"index": index, "size": size, "leaf": LEAVES[index].hex(), "path": path}
        cases.append(case | {"root": _root(LEAVES[:size]).hex()})
    for old, new in ((1, 2), (1, 8), (3, 7), (4, 7), (6, 8), (255, 257), (256, 600), (300, 600)):
        path = [hashed.hex() for hashed in _subproof(old, LEAVES[:new], True)]
        case = {"name": f"consistency-{old}-to-{new}", "comment": "in the order of RFC 6962"}
        case |= {"old_size": old, "new_size": new, "path": path}
        case["old_root"] = _root(LEAVES[:old]).hex()
        cases.append(case | {"new_root": _root(LEAVES[:new]).hex()})
    return cases + _tree_failures()


def _tree_failures() -> list[Case]:
    good = [hashed.hex() for hashed in _path(5, LEAVES[:7])]
    base: Case = {"index": 5, "size": 7, "leaf": LEAVES[5].hex(), "root": _root(LEAVES[:7]).hex()}
    wrong: list[tuple[str, str, Case]] = [
        ("short", "the last hash is missing", {"path": good[:-1]}),
        ("long", "one hash more", {"path": [*good, good[0]]}),
        ("swapped", "two hashes in another order", {"path": [good[1], good[0], *good[2:]]}),
        ("index", "of the neighbour", {"path": good, "index": 4}),
        ("outside", "the index is the size", {"path": good, "index": 7}),
        ("negative", "the index is below zero", {"path": good, "index": -1}),
        ("hash-length", "31 bytes", {"path": [good[0][:-2], *good[1:]]}),
        ("leaf", "another leaf", {"path": good, "leaf": LEAVES[6].hex()}),
        ("root", "another root", {"path": good, "root": _root(LEAVES[:8]).hex()}),
    ]
    cases = [
        {"name": f"inclusion-{name}_fail", "comment": comment} | base | change
        for name, comment, change in wrong
    ]
    path = [hashed.hex() for hashed in _subproof(3, LEAVES[:7], True)]
    roots: Case = {"old_root": _root(LEAVES[:3]).hex(), "new_root": _root(LEAVES[:7]).hex()}
    base = {"old_size": 3, "new_size": 7, "path": path} | roots
    changed = [*LEAVES[:2], LEAVES[9], *LEAVES[3:7]]
    wrong = [
        ("short", "the last hash is missing", {"path": path[:-1]}),
        ("long", "one hash more", {"path": [*path, path[0]]}),
        ("backwards", "from a larger size to a smaller", {"old_size": 7, "new_size": 3}),
        ("same-size", "two roots for one size", {"old_size": 7, "path": []}),
        ("rewritten", "a leaf of the earlier tree was changed", {"new_root": _root(changed).hex()}),
        ("old-root", "another earlier root", {"old_root": _root(changed[:3]).hex()}),
    ]
    return cases + [
        {"name": f"consistency-{name}_fail", "comment": comment} | base | change
        for name, comment, change in wrong
    ]


def _leaf_cases() -> list[Case]:
    samples = [("example", bytes(range(32)), AT, b"Alice donne 12,50")]
    samples += [("empty", bytes(32), 0, b""), ("long", b"\xff" * 32, 2**53 - 1, b"\x00" * 1_000)]
    samples += [(f"number-{place}", *entry) for place, entry in enumerate(_entries(8))]
    return [
        {"name": name, "comment": "commitment, then RFC 6962 leaf hash", "salt": salt.hex()}
        | {"at": at, "sealed": sealed.hex(), "commitment": _commitment(salt, at, sealed).hex()}
        | {"leaf": _leaf(_commitment(salt, at, sealed)).hex()}
        for name, salt, at, sealed in samples
    ]


def _signed(body: str, name: str = ORIGIN, seed: bytes = SEED) -> str:
    return sign_note(body, name, seed)


def _note_failures(good: str) -> list[tuple[str, str, str, str]]:
    root = base64.b64encode(_root(LEAVES[:8])).decode()
    body, _, line = good.partition("\n\n")
    body += "\n"
    key = signatures.public_key_of(SEED)
    flipped = base64.b64encode(key_id(ORIGIN, key) + bytes(64)).decode()
    cut = base64.b64encode(key_id(ORIGIN, key)).decode()
    bad, forged = "EncodingError", "SignatureError"
    stranger = _signed(body, "rhone.example/ledger", OTHER_SEED)
    return [
        ("two-lines", "no root", bad, _signed(f"{ORIGIN}\n8\n")),
        ("four-lines", "an extension line", bad, _signed(f"{body}extension\n")),
        ("leading-zero", "size 08", bad, _signed(f"{ORIGIN}\n08\n{root}\n")),
        ("plus-size", "size +8", bad, _signed(f"{ORIGIN}\n+8\n{root}\n")),
        ("empty-size", "no size", bad, _signed(f"{ORIGIN}\n\n{root}\n")),
        ("exotic-size", "an Arabic digit", bad, _signed(f"{ORIGIN}\n\u0668\n{root}\n")),
        ("large-size", "2^53", bad, _signed(f"{ORIGIN}\n{2**53}\n{root}\n")),
        ("short-root", "31 bytes", bad, _signed(f"{ORIGIN}\n8\n{root[:-4]}\n")),
        ("loose-root", "bits after the end", bad, _signed(f"{ORIGIN}\n8\n{root[:-2]}h=\n")),
        ("origin", "of another log", bad, _signed(f"rhone.example/ledger\n8\n{root}\n")),
        ("spaced-origin", "a space in it", bad, _signed(f"bretagne ledger\n8\n{root}\n")),
        ("no-gap", "no empty line", bad, f"{body}{line}"),
        ("no-end", "no last line feed", bad, good[:-1]),
        ("no-signature", "nothing after the empty line", bad, f"{body}\n"),
        ("hyphen", "a hyphen instead of the dash", bad, good.replace("— ", "- ")),
        ("no-name", "a signature without a name", bad, good.replace(f"— {ORIGIN} ", "— ")),
        ("plus-name", "a + in a name", bad, f"{good}— a+b {flipped}\n"),
        ("not-base64", "a signature with a *", bad, f"{good}— other *{flipped[1:]}\n"),
        ("no-bytes", "a key id and no signature", bad, f"{good}— other {cut}\n"),
        ("control", "a carriage return", bad, good.replace("\n\n", "\r\n\n")),
        ("too-large", "4,097 bytes", bad, good + "— o " + "A" * (4_097 - len(good.encode()) - 7)),
        ("stranger", "signed by another log only", forged, stranger),
        ("forged", "a signature of zeros", forged, f"{body}\n— {ORIGIN} {flipped}\n"),
        ("changed", "another size under the signature", forged, good.replace("\n8\n", "\n9\n")),
    ]


def _checkpoint_cases() -> list[Case]:
    head = Checkpoint(ORIGIN, 8, _root(LEAVES[:8]))
    good = sign_checkpoint(head, ORIGIN, SEED)
    key = signatures.public_key_of(SEED)
    body, _, line = good.partition("\n\n")
    other = _signed(body + "\n", "rhone.example/ledger", OTHER_SEED).partition("\n\n")[2]
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, _root([])), ORIGIN, SEED)
    base: Case = {"origin": ORIGIN, "public_key": key.hex()}
    notes = [
        ("signed", "as a node writes it", good, 8),
        ("empty-log", "no leaf yet", empty, 0),
        ("cosigned", "an unknown signature is ignored", good + other, 8),
        ("cosigned-first", "in any order", f"{body}\n\n{other}{line}", 8),
        ("twice", "a key counts once", good + line, 8),
    ]
    cases = [
        {"name": name, "comment": comment}
        | base
        | {"note": note, "size": size}
        | {"root": _root(LEAVES[:size]).hex()}
        for name, comment, note, size in notes
    ]
    cases[0] |= {"seed": SEED.hex(), "verifier_key": verifier_key(ORIGIN, key)}
    return cases + [
        {"name": f"{name}_fail", "comment": comment} | base | {"note": note, "error": error}
        for name, comment, error, note in _note_failures(good)
    ]


def _receipt_cases() -> list[Case]:
    entries = _entries(600)
    head = sign_checkpoint(Checkpoint(ORIGIN, 300, _root(LEAVES[:300])), ORIGIN, SEED)
    salt, at, sealed = entries[270]
    path = b"".join(_path(270, LEAVES[:300]))
    good: Case = {"at": at, "head": head, "idx": 270, "path": path.hex(), "salt": salt.hex()}
    key = signatures.public_key_of(SEED).hex()
    base: Case = {"origin": ORIGIN, "log_key": key, "sealed": sealed.hex()}
    proof, bad = "ProofError", "EncodingError"
    other_key = signatures.public_key_of(OTHER_SEED).hex()
    wrong: list[tuple[str, str, str, Case, Case]] = [
        ("document", "one byte more", proof, {}, {"sealed": sealed.hex() + "00"}),
        ("time", "one second later", proof, {"at": at + 1}, {}),
        ("salt", "another entry's", proof, {"salt": entries[0][0].hex()}, {}),
        ("index", "the neighbour's", proof, {"idx": 271}, {}),
        ("index-outside", "the size", proof, {"idx": 300}, {}),
        ("path-short", "one hash less", proof, {"path": path[:-32].hex()}, {}),
        ("path-cut", "one byte less", bad, {"path": path[:-1].hex()}, {}),
        ("path-54", "54 hashes", bad, {"path": "00" * 54 * 32}, {}),
        ("salt-short", "31 bytes", bad, {"salt": salt[:-1].hex()}, {}),
        ("time-negative", "before 1970", bad, {"at": -1}, {}),
        ("time-large", "2^53", bad, {"at": 2**53}, {}),
        ("head", "not a note", bad, {"head": "bretagne"}, {}),
        ("origin", "asked of another log", "SignatureError", {}, {"origin": "x.example"}),
        ("key", "another log's key", "SignatureError", {}, {"log_key": other_key}),
    ]
    case: Case = {"name": "whole", "comment": "leaf 270 of 300", "receipt": good, "size": 300}
    return [case | base] + [
        {"name": f"{name}_fail", "comment": comment, "receipt": good | change}
        | base
        | around
        | {"error": error}
        for name, comment, error, change, around in wrong
    ]


def documents() -> dict[str, dict[str, object]]:
    """Return every vector file by its name."""
    about = {
        "leaves.json": ("Commitments of entries and their leaf hashes", _leaf_cases()),
        "tree.json": ("Roots, inclusion paths and consistency proofs", _tree_cases()),
        "checkpoints.json": ("Signed heads of a log", _checkpoint_cases()),
        "receipts.json": ("Receipts and what is wrong with them", _receipt_cases()),
    }
    return {
        file: {"spec": "0007", "about": words, "cases": cases}
        for file, (words, cases) in about.items()
    }


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, document in documents().items():
        text = json.dumps(document, ensure_ascii=True, indent=1)
        (FOLDER / file).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
