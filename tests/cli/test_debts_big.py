"""Big files of debts: many lines, MessagePack columns, Arrow."""

import decimal
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import debts_csv
from cli.debt_faults import DebtFileError
from cli.debt_table import DebtTable, first_fault, in_order
from cli.debts import parse_debts, read_debts, read_table
from cli.debts_packed import read_packed
from federation.obligations import MAX_GROSS, DebtFault, debt_fault

HAS_ARROW = importlib.util.find_spec("pyarrow") is not None
ROW = st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 10**9))


def fault(read: Callable[[], object]) -> tuple[str, int, int]:
    with pytest.raises(DebtFileError) as caught:
        read()
    assert caught.value.sentence("fr")
    assert caught.value.sentence("en")
    return caught.value.fault, caught.value.line, caught.value.row


LINES = st.lists(
    st.sampled_from(
        ["a,b,1", "b,c,2.50", "c,a,0.125", ' d , e ,"3"', "", ",,", '"x\r\ny",b,4', "a,a,1", "a,b",
         "a,b,x", '"a,b,1', "a,b,0", "a,b,9223372036854775807", "a,b,1234567890123456789",
         "a,b,99999999999999.5", "amount,debtor,creditor"]
    ),
    max_size=30,
)  # fmt: skip


@given(
    LINES, st.integers(1, 7), st.sampled_from(["\n", "\r\n", "\r"]), st.none() | st.integers(0, 9)
)
def test_how_many_lines_are_read_at_once_changes_nothing(
    lines: list[str], at_once: int, end: str, limit: int | None
) -> None:
    content = end.join(lines).encode()
    answers: list[object] = []
    usual = debts_csv.LINES_AT_ONCE
    for count in (usual, at_once):
        debts_csv.LINES_AT_ONCE = count  # type: ignore[misc]
        try:
            answers.append(parse_debts(content, limit))
        except DebtFileError as error:
            answers.append((error.fault, error.line, error.found))
        finally:
            debts_csv.LINES_AT_ONCE = usual  # type: ignore[misc]
    assert answers[0] == answers[1]


def test_many_lines_are_read_and_the_last_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "debts.csv"
    lines = [f"m{n % 999},n{n % 1000},{n % 90 + 1}.{n % 100:02}" for n in range(50_000)]
    path.write_text("\n".join(lines), encoding="utf-8")
    seen: list[int] = []
    table = read_table(path, watch=seen.append)
    assert (len(table), table.participants, table.decimals) == (50_000, 1_999, 2)
    assert seen[-1] == path.stat().st_size
    assert seen == sorted(seen)
    first = table.debts()[49_999]
    assert first == ("m49", "n999", (49_999 % 90 + 1) * 100 + 99)
    wrong = {"m1,n1,x": "amount", "m1,m1,1": "self_debt", "m1,n1,0": "not_positive"}
    for last, expected in {**wrong, 'm1,n1,"1': "bad_csv"}.items():
        path.write_text("\n".join([*lines, last]), encoding="utf-8")
        assert fault(lambda: read_table(path)) == (expected, 50_001, 0)
    path.write_bytes("\n".join(lines).encode() + b"\n\xff,b,1\n")
    assert fault(lambda: read_table(path)) == ("not_utf8", 50_001, 0)


def packed(**other: Any) -> bytes:
    fields: dict[str, Any] = {
        "v": 1,
        "decimals": 2,
        "names": ["b", "a"],
        "debtors": np.array([0, 1], "<i4").tobytes(),
        "creditors": np.array([1, 0], "<i4").tobytes(),
        "amounts": np.array([5, 7], "<i8").tobytes(),
    }
    return msgspec.msgpack.encode(fields | other)


def test_packed_columns_are_read_from_disk_and_limited(tmp_path: Path) -> None:
    path = tmp_path / "debts.msgpack"
    path.write_bytes(packed())
    assert read_debts(path).debts == [("b", "a", 5), ("a", "b", 7)]
    assert read_debts(path, 1).debts == [("b", "a", 5)]
    assert fault(lambda: read_packed(packed(decimals=7))) == ("packed", 0, 0)
    assert fault(lambda: read_packed(packed()[:-1])) == ("packed", 0, 0)


@given(st.lists(ROW), st.integers(0, 6))
def test_packed_columns_and_lines_are_the_same_debts(
    rows: list[tuple[str, str, int]], decimals: int
) -> None:
    names = sorted({name for row in rows for name in row[:2]}, reverse=True)
    content = packed(
        decimals=decimals,
        names=names,
        debtors=np.array([names.index(row[0]) for row in rows], "<i4").tobytes(),
        creditors=np.array([names.index(row[1]) for row in rows], "<i4").tobytes(),
        amounts=np.array([row[2] for row in rows], "<i8").tobytes(),
    )
    table = read_packed(content)
    assert table.debts() == rows
    assert list(table.names) == sorted(names)


@given(st.binary(max_size=120) | st.tuples(st.integers(0, 200), st.binary(max_size=3)))
def test_any_packed_bytes_are_debts_or_a_sentence(content: bytes | tuple[int, bytes]) -> None:
    if isinstance(content, tuple):
        place, put = content
        sound = packed()
        content = sound[:place] + put + sound[place + len(put) :]
    try:
        table = read_packed(content)
    except DebtFileError as error:
        assert error.sentence("fr") and error.sentence("en")
    else:
        assert len(table.debts()) == len(table)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.one_of(
    st.integers(-1, 2), st.integers(MAX_GROSS // 3, MAX_GROSS))), max_size=8))  # fmt: skip
def test_the_first_unsound_debt_is_the_one_that_reading_one_by_one_finds(
    rows: list[tuple[int, int, int]],
) -> None:
    expected: tuple[int, DebtFault] | None = None
    gross = 0
    for place, (debtor, creditor, amount) in enumerate(rows):
        found = debt_fault(str(debtor), str(creditor), amount, gross)
        if found is not None:
            expected = place, found
            break
        gross += amount
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    places = [np.array(column, np.int32) for column in columns[:2]]
    assert first_fault(places[0], places[1], np.array(columns[2], np.int64)) == expected


def test_names_are_numbered_in_their_order() -> None:
    assert in_order(["a", "b"]) == (["a", "b"], None)
    names, numbers = in_order(["b", "Z", "a"])
    assert list(names) == ["Z", "a", "b"]
    assert numbers is not None
    assert numbers.tolist() == [2, 0, 1]
    none = np.zeros(0, np.int32)
    table = DebtTable(["a"], none, none, np.zeros(0, np.int64), 0)
    assert (len(table), table.participants) == (0, 0)


@pytest.mark.parametrize("name", ["debts.arrow", "debts.feather"])
def test_without_pyarrow_an_arrow_file_says_what_is_missing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / name
    path.write_bytes(b"ARROW1")
    assert fault(lambda: read_table(path)) == ("arrow_absent", 0, 0)


@pytest.mark.skipif(not HAS_ARROW, reason="pyarrow is not installed (the extra arrow)")
class TestArrow:
    """Where pyarrow is installed."""

    names = ("b", "a", "c"), ("c", "b", "a")

    def write(self, path: Path, stream: bool = False, **columns: Any) -> Path:
        import pyarrow

        table = pyarrow.table(columns)
        make = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
        with make(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
        return path

    @pytest.mark.parametrize("stream", [False, True])
    def test_whole_numbers_and_exact_decimals_are_read(self, tmp_path: Path, stream: bool) -> None:
        path = tmp_path / "debts.arrow"
        exact = [decimal.Decimal(text) for text in ("1.50", "2.00", "3.25")]
        debtor, creditor = (list(column) for column in self.names)
        for amounts, expected in ((exact, [150, 200, 325]), ([1, 2, 3], [1, 2, 3])):
            self.write(path, stream, debtor=debtor, Montant=amounts, créancier=creditor)
            assert [amount for _, _, amount in read_debts(path).debts] == expected

    @pytest.mark.parametrize(
        ("amounts", "expected"),
        [
            ([1.5, 2.0, 3.0], ("arrow_amount", 0, 0)),
            ([1, None, 3], ("amount", 0, 2)),
            ([1, 0, 3], ("not_positive", 0, 2)),
            ([decimal.Decimal("9" * 30), 1, 1], ("total", 0, 1)),
            ([decimal.Decimal("0.0000001")] * 3, ("decimals", 0, 0)),
        ],
    )
    def test_what_is_no_amount_is_refused(
        self, tmp_path: Path, amounts: list[Any], expected: tuple[str, int, int]
    ) -> None:
        debtor, creditor = (list(column) for column in self.names)
        path = self.write(
            tmp_path / "debts.arrow", debtor=debtor, creditor=creditor, amount=amounts
        )
        assert fault(lambda: read_table(path)) == expected

    def test_what_is_no_arrow_file_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "debts.arrow"
        for content in (b"", b"ARROW1 and more", b"debtor,creditor,amount\n"):
            path.write_bytes(content)
            assert fault(lambda: read_table(path)) == ("arrow", 0, 0)
