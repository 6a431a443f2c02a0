"""Receipts: what a node gives in a commit convinces anybody, and nothing else does."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import signatures
from protocol.errors import ProtocolError
from protocol.log.checkpoints import Checkpoint, sign_checkpoint
from protocol.log.leaves import entry_leaf
from protocol.log.receipts import Receipt, split_path, verify_receipt
from protocol.log.tree import Tree

ORIGIN = "bretagne.example/ledger"
SEED = bytes(range(32))
KEY = signatures.public_key_of(SEED)
COUNT = 300


def documents() -> list[tuple[bytes, int, bytes]]:
    return [
        (number.to_bytes(32, "big"), 1_000 + number, b"document %d" % number)
        for number in range(COUNT)
    ]


def committed() -> list[Receipt]:
    """Return the receipts of two commits, as a node gives them."""
    tree = Tree()
    receipts = []
    entries = documents()
    for first, count in ((0, 120), (120, 180)):
        new = entries[first : first + count]
        tree.extend([entry_leaf(*entry) for entry in new])
        head = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), ORIGIN, SEED)
        for place, path in enumerate(tree.paths(first, count)):
            salt, at, _ = new[place]
            receipts.append(Receipt(at=at, head=head, idx=first + place, path=path, salt=salt))
    return receipts


RECEIPTS = committed()


def test_every_receipt_of_a_commit_verifies() -> None:
    for receipt, (_, _, sealed) in zip(RECEIPTS, documents(), strict=True):
        head = verify_receipt(receipt, sealed, ORIGIN, KEY)
        assert head.size == (120 if receipt.idx < 120 else 300)


def test_no_receipt_fits_another_document() -> None:
    entries = documents()
    for place in range(0, COUNT, 13):
        with pytest.raises(ProtocolError):
            verify_receipt(RECEIPTS[place], entries[place - 1][2], ORIGIN, KEY)


@given(st.integers(0, COUNT - 1), st.data())
def test_every_flipped_bit_of_a_path_or_salt_is_found(number: int, data: st.DataObject) -> None:
    receipt, sealed = RECEIPTS[number], documents()[number][2]
    field = data.draw(st.sampled_from(["path", "salt"]))
    raw = bytearray(getattr(receipt, field))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = msgspec.structs.replace(receipt, **{field: bytes(raw)})
    with pytest.raises(ProtocolError):
        verify_receipt(changed, sealed, ORIGIN, KEY)


@given(
    at=st.integers(-(2**60), 2**60),
    head=st.text(max_size=50),
    idx=st.integers(-(2**60), 2**60),
    path=st.binary(max_size=100),
    salt=st.binary(max_size=40),
)
def test_any_receipt_ends_in_a_protocol_error(
    at: int, head: str, idx: int, path: bytes, salt: bytes
) -> None:
    receipt, sealed = RECEIPTS[7], documents()[7][2]
    changes: list[dict[str, object]] = [
        {"at": at},
        {"head": head},
        {"idx": idx},
        {"path": path},
        {"salt": salt},
    ]
    for change in changes:
        changed = msgspec.structs.replace(receipt, **change)
        if changed != receipt:
            with pytest.raises(ProtocolError):
                verify_receipt(changed, sealed, ORIGIN, KEY)


def test_a_path_comes_apart_into_its_hashes() -> None:
    assert split_path(b"") == []
    assert split_path(b"a" * 32 + b"b" * 32) == [b"a" * 32, b"b" * 32]


def test_the_fields_are_in_alphabetical_order() -> None:
    names = [field.name for field in msgspec.structs.fields(Receipt)]
    assert names == sorted(names)
