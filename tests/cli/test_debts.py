"""Files of debts, as people save them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import debts
from cli.debt_faults import DebtFileError, DebtFileFault
from cli.debts import DebtFile, parse_debts, read_debts
from federation.obligations import Graph

HEADER = "debtor,creditor,amount\n"
AB = [("a", "b", 1250), ("b", "a", 300)]


def read(text: str, limit: int | None = None) -> DebtFile:
    return parse_debts(text.encode(), limit)


def fault(content: str | bytes) -> tuple[DebtFileFault, int]:
    with pytest.raises(DebtFileError) as caught:
        parse_debts(content if isinstance(content, bytes) else content.encode())
    return caught.value.fault, caught.value.line


@pytest.mark.parametrize(
    "text",
    [
        "a,b,12.50\nb,a,3\n",
        HEADER + "a,b,12.50\nb,a,3.00\n",
        "Debtor ; Creditor ; Amount\na;b;12,50\nb;a;3\n",
        "montant;créancier;débiteur\r\n12,50;b;a\r\n3;a;b\r\n",
        "amount,debtor,creditor\r12.50,a,b\r3,b,a",
        "\n\na,b,12.50\n , ,\n\nb,a,3\n",
        '"a","b","12.50"\n"b","a","3"\n',
        ' a , b , 12.50 \n"b",a,3\n',
        "no,amount,debtor,date,creditor\n1,12.50,a,x,b\n2,3,b,y,a\n",
        'a;b;"12,50"\nb;a;"3,0"\n',
        "\ufeffa;b;12.50\nb;a;3\n",
    ],
)
def test_a_file_is_read_however_it_was_saved(text: str) -> None:
    assert read(text) == DebtFile(AB, 2)


@pytest.mark.parametrize("text", ["", "\ufeff", "\n \n,,\n", HEADER, "débiteur;créancier;montant"])
def test_a_file_without_debts_holds_none(text: str) -> None:
    assert read(text) == DebtFile([], 0)


def test_the_decimals_are_the_most_found_in_the_file() -> None:
    assert read("a,b,1\nb,c,2.5\nc,d,0.001000\n") == DebtFile(
        [("a", "b", 1_000_000), ("b", "c", 2_500_000), ("c", "d", 1_000)], 6
    )
    assert read("a,b,007\n") == DebtFile([("a", "b", 7)], 0)


def test_a_member_may_be_called_like_a_column() -> None:
    assert read("amount,b,1\n").debts == [("amount", "b", 1)]
    assert read("debtor,creditor,amount\ndebtor,creditor,1\n").debts == [("debtor", "creditor", 1)]


def test_a_name_may_hold_the_other_delimiter() -> None:
    assert read('"x;y;z",b,1\n').debts == [("x;y;z", "b", 1)]
    assert read("x,y;b;1\n").debts == [("x,y", "b", 1)]


def test_a_limit_reads_the_first_debts_only() -> None:
    text = HEADER + "a,b,1\nb,c,2\nthis line is not a debt\n"
    assert read(text, 2).debts == [("a", "b", 1), ("b", "c", 2)]
    assert read(text, 0).debts == []
    assert fault(text) == ("columns", 4)


def test_debts_beyond_2_53_are_exact() -> None:
    assert read("a,b,9007199254740.993\n") == DebtFile([("a", "b", 2**53 + 1)], 3)
    assert read("a,b,9223372036854775807\n").debts == [("a", "b", 2**63 - 1)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n", ("columns", 1)),
        ("a,b,1,2\n", ("columns", 1)),
        ("a,b,1\na,b\n", ("columns", 2)),
        ("amount,debtor,creditor\n1,a\n", ("columns", 2)),
        ("debtor,creditor\na,b\n", ("no_column", 1)),
        ("debtor,debtor,creditor,amount\n", ("no_column", 1)),
        ("a,,1\n", ("name", 1)),
        ("a,b,1\n ,b,1\n", ("name", 2)),
        (f"a,{'x' * 201},1\n", ("name", 1)),
        ("a,b,\n", ("amount", 1)),
        ("a,b,1e3\n", ("amount", 1)),
        ("a,b,1 000\n", ("amount", 1)),
        ("a,b,1.\n", ("amount", 1)),
        ("a,b,.5\n", ("amount", 1)),
        ("a,b,+1\n", ("amount", 1)),
        ("a,b,٣\n", ("amount", 1)),
        ("a;b;1.234,50\n", ("amount", 1)),
        ("a,b,99999999999999999999\n", ("amount", 1)),
        ("a,b,euros\n", ("amount", 1)),
        ('a,b,"12,50"\n', ("comma", 1)),
        ("a;b;12,50\nb;a;3.10\n", ("mixed_marks", 2)),
        ("a,b,0.0000001\n", ("decimals", 1)),
        ("a,b,-1\n", ("not_positive", 1)),
        ("a,b,1\n\nb,a,0.0\n", ("not_positive", 3)),
        ("a,b,1\nc,c,1\n", ("self_debt", 2)),
        ("a,b,9223372036854775807\nb,a,1\n", ("total", 2)),
        ("a,b,9223372036854775807\nb,a,0.1\n", ("total", 1)),
        ('a,b,1\n"a,b,1\n', ("bad_csv", 2)),
        (f"a,b,1\n{'x' * 200_000},b,1\n", ("bad_csv", 2)),
        (b"a,b,1\n\xff\xfe", ("not_utf8", 2)),
        (b"\xef\xbb\xbfa,b,1\n\xe9,b,1\n", ("not_utf8", 2)),
        ("a,b,1\n".encode("utf-16"), ("not_utf8", 1)),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_with_its_line(
    content: str | bytes, expected: tuple[str, int]
) -> None:
    assert fault(content) == expected


def test_every_fault_has_a_sentence_in_both_languages() -> None:
    said = {
        lang: [DebtFileError(each, 3, "xyz").sentence(lang) for each in DebtFileFault]
        for lang in ("fr", "en")
    }
    assert all(sentence.startswith("ligne 3 : ") for sentence in said["fr"])
    assert all(sentence.startswith("line 3: ") for sentence in said["en"])
    assert len(set(said["fr"] + said["en"])) == 2 * len(DebtFileFault)


def test_what_is_shown_of_a_bad_file_cannot_write_on_the_screen() -> None:
    with pytest.raises(DebtFileError) as caught:
        read(f"a,b,\x1b[2J{'9' * 100}\n")
    assert caught.value.found.startswith("?[2J999")
    assert len(caught.value.found) == 40


def test_a_file_that_is_not_there_is_told_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DebtFileError) as missing:
        read_debts(tmp_path / "none.csv")
    assert (missing.value.fault, missing.value.exit_code) == ("missing", 3)
    with pytest.raises(DebtFileError) as folder:
        read_debts(tmp_path)
    assert (folder.value.fault, folder.value.exit_code) == ("unreadable", 2)
    with pytest.raises(DebtFileError) as odd:
        read_debts(Path("a\0b"))
    assert (odd.value.fault, odd.value.exit_code) == ("unreadable", 2)


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "debts.csv"
    path.write_text("a;b;12,50\nb;a;3\n", encoding="utf-8-sig")
    assert read_debts(path) == DebtFile(AB, 2)


def test_a_file_that_never_ends_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debts, "FILE_BYTES_MAX", 1000)
    with pytest.raises(DebtFileError) as caught:
        read_debts(Path("/dev/zero"))
    assert caught.value.fault == "file_too_large"


PIECES = st.sampled_from(
    ["a", "b", "debtor", "creditor", "amount", "1", "12.50", "12,50", "0", "-1", ",", ";", '"',
     "\n", "\r", "\r\n", " ", "\0", "\ufeff", "é", "9" * 19, "."]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(
    lambda pieces: "".join(pieces).encode())))  # fmt: skip
def test_any_bytes_are_sound_debts_or_refused_with_a_sentence(content: bytes) -> None:
    try:
        file = parse_debts(content)
    except DebtFileError as refusal:
        said = [refusal.sentence("fr"), refusal.sentence("en")]
    else:
        said = []
        assert 0 <= file.decimals <= 6
        assert Graph.from_debts(file.debts).gross == sum(amount for _, _, amount in file.debts)
    assert all(said)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 10**9)),
        min_size=1,
    ),
    st.integers(0, 6),
    st.sampled_from([(",", "."), (";", "."), (";", ",")]),
)
def test_what_is_written_is_read_back(
    rows: list[tuple[str, str, int]], decimals: int, marks: tuple[str, str]
) -> None:
    delimiter, mark = marks
    lines = []
    for debtor, creditor, minor in rows:
        digits = str(minor).rjust(decimals + 1, "0")
        cut = len(digits) - decimals
        amount = digits[:cut] + (mark + digits[cut:] if decimals else "")
        lines.append(delimiter.join((debtor, creditor, amount)))
    assert read("\n".join(lines)) == DebtFile(rows, decimals)


def test_what_comes_through_a_pipe_is_read() -> None:
    code = (
        "import sys; from cli.main import main; sys.exit(main(['clear', '/dev/stdin', '--json']))"
    )
    line = [sys.executable, "-c", code]
    run = subprocess.run(line, input=b"a,b,1\nb,a,1\n", capture_output=True, check=True)
    assert json.loads(run.stdout)["cleared"] == "2"


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debts, "FILE_BYTES_MAX", 10)
    path = tmp_path / "debts.csv"
    path.write_text("a,b,1\nb,a,1\n", encoding="utf-8")
    with pytest.raises(DebtFileError) as caught:
        read_debts(path)
    assert caught.value.fault == "file_too_large"
    assert fault(path.read_bytes()) == ("file_too_large", 0)
