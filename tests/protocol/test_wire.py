"""Containers of the interface: what several receipts share is said once, and nothing is lost."""

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import EncodingError
from protocol.log.receipts import Receipt
from protocol.messages.orders import purpose_digest
from protocol.messages.wire import BATCH_RESULT, BatchResult, Result, batch_result, receipts

PATHS = st.lists(st.binary(min_size=32, max_size=32), max_size=14).map(b"".join)
RECEIPTS = st.builds(
    Receipt,
    at=st.integers(0, 2**40),
    head=st.sampled_from(["one head", "another head"]),
    idx=st.integers(0, 2**40),
    path=PATHS,
    salt=st.binary(min_size=32, max_size=32),
)
REASONS = st.builds(Result, rejection=st.binary(min_size=1, max_size=40))
REASONS |= st.builds(Result, wrong=st.text(max_size=20))


@given(st.lists(RECEIPTS | REASONS, max_size=8))
def test_a_batch_gives_back_each_receipt_and_each_reason(verdicts: list[Receipt | Result]) -> None:
    result = batch_result(verdicts + verdicts)
    assert len(set(result.heads)) == len(result.heads)
    assert len(set(result.tops)) == len(result.tops)
    read = BATCH_RESULT.decode(BATCH_RESULT.encode(result))
    assert receipts(read) == verdicts + verdicts


GOOD: dict[str, Any] = {"at": 1, "head": 0, "idx": 2, "path": b"p", "salt": b"s", "top": 0}


@pytest.mark.parametrize("change", [
    {"head": 1}, {"top": 1}, {"at": msgspec.UNSET}, {"idx": msgspec.UNSET},
    {"path": msgspec.UNSET}, {"salt": msgspec.UNSET},
])  # fmt: skip
def test_a_result_that_names_what_is_not_there_is_refused(change: dict[str, Any]) -> None:
    whole = BatchResult(["head"], [Result(**GOOD)], [b"t"])
    assert receipts(whole) == [Receipt(at=1, head="head", idx=2, path=b"pt", salt=b"s")]
    with pytest.raises(EncodingError):
        receipts(BatchResult(["head"], [Result(**GOOD | change)], [b"t"]))


def test_a_purpose_is_hashed_with_its_salt() -> None:
    salt = bytes(range(32))
    expected = hashlib.sha256(b"ronde/what/v1\x00" + salt + b"miel").digest()
    assert purpose_digest(salt, "miel") == expected
    assert purpose_digest(bytes(32), "miel") != expected
