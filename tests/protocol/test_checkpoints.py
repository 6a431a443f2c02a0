"""Signed notes and checkpoints: other people's notes, and every byte that may be changed."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import signatures
from protocol.errors import EncodingError, ProtocolError, SignatureError
from protocol.log.checkpoints import (
    Checkpoint,
    VerifierKey,
    open_checkpoint,
    open_note,
    parse_body,
    parse_verifier_key,
    sign_checkpoint,
    sign_note,
    verifier_key,
)

ORIGIN = "bretagne.example/ledger"
SEED = bytes(range(32))
KEY = signatures.public_key_of(SEED)
HEAD = Checkpoint(ORIGIN, 12_345, bytes(range(32)))
NOTE = sign_checkpoint(HEAD, ORIGIN, SEED)


@given(st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_is_read_back(size: int, root: bytes) -> None:
    head = Checkpoint(ORIGIN, size, root)
    assert parse_body(head.to_body()) == head
    assert open_checkpoint(sign_checkpoint(head, ORIGIN, SEED), ORIGIN, KEY) == head


def test_every_flipped_bit_is_refused() -> None:
    raw = NOTE.encode()
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            try:
                note = changed.decode()
            except UnicodeDecodeError:
                continue
            with pytest.raises(ProtocolError):
                open_checkpoint(note, ORIGIN, KEY)


@given(st.text(max_size=200))
def test_any_text_ends_in_a_protocol_error(text: str) -> None:
    for note in (text, NOTE + text[:1] if text else text, f"{text}\n\n{text}\n"):
        if note != NOTE:
            with pytest.raises(ProtocolError):
                open_checkpoint(note, ORIGIN, KEY)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(EncodingError):
        open_checkpoint(NOTE + "\ud800", ORIGIN, KEY)


def test_a_key_counts_once_even_under_two_names() -> None:
    text = "a text\n"
    first = sign_note(text, "one", SEED)
    both = first + sign_note(text, "two", SEED).partition("\n\n")[2]
    keys = [VerifierKey("one", KEY), VerifierKey("two", KEY)]
    assert open_note(both, keys) == (text, [keys[0]])


def test_two_keys_count_twice_and_strangers_not_at_all() -> None:
    text = "first line\n\nthird line\n"
    seeds = [bytes([number]) * 32 for number in range(3)]
    notes = [sign_note(text, f"key{place}", seed) for place, seed in enumerate(seeds)]
    note = notes[0] + "".join(other.rpartition("\n\n")[2] for other in notes[1:])
    keys = [VerifierKey(f"key{place}", signatures.public_key_of(seeds[place])) for place in (2, 0)]
    assert open_note(note, keys) == (text, [keys[1], keys[0]])
    assert open_note(note, []) == (text, [])


def test_a_log_that_speaks_for_another_is_refused() -> None:
    other = Checkpoint("rhone.example/ledger", 1, bytes(32))
    with pytest.raises(EncodingError, match="not of bretagne"):
        open_checkpoint(sign_checkpoint(other, ORIGIN, SEED), ORIGIN, KEY)


def test_a_verifier_key_is_read_back() -> None:
    assert parse_verifier_key(verifier_key(ORIGIN, KEY)) == VerifierKey(ORIGIN, KEY)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("+", " ", 1),
        lambda text: text.replace("ef1fa24b", "EF1FA24B"),
        lambda text: text.replace("ef1fa24b", "ef1fa24c"),
        lambda text: text.replace("ef1fa24b", "ef1fa24"),
        lambda text: text.replace("bretagne", "rhone"),
        lambda text: text[:-1],
        lambda text: text + "=",
        lambda text: text.replace("+AQ", "+Ag"),
        lambda text: text[text.index("+") :],
        lambda text: "a" * 256 + text,
        lambda text: "a b" + text,
        lambda text: "a\u2028b" + text,
        lambda text: "a\u3000b" + text,
        lambda text: "",
    ],
)
def test_a_changed_verifier_key_is_refused(change: Any) -> None:
    text = verifier_key(ORIGIN, KEY)
    assert change(text) != text
    with pytest.raises(EncodingError):
        parse_verifier_key(change(text))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "x" * 256])
def test_a_name_that_notes_cannot_carry_is_never_signed(name: str) -> None:
    with pytest.raises(EncodingError):
        sign_note("text\n", name, SEED)
    with pytest.raises(EncodingError):
        Checkpoint(name, 0, bytes(32)).to_body()


def test_a_checkpoint_out_of_bounds_is_our_own_fault() -> None:
    for head in (HEAD._replace(size=-1), HEAD._replace(size=2**53), HEAD._replace(root=b"")):
        with pytest.raises(AssertionError):
            head.to_body()
    with pytest.raises(AssertionError):
        sign_note("no line feed", ORIGIN, SEED)


def test_the_published_notes_are_judged_alike(shared_dir: Path) -> None:
    stored = json.loads((shared_dir / "vectors/c2sp-notes/notes.json").read_text())
    assert len(stored["notes"]) == 15
    for case in stored["notes"]:
        keys = [parse_verifier_key(text) for text in case["vkeys"]]
        raw = base64.b64decode(case["note_b64"])
        verified: list[VerifierKey] = []
        error = ""
        try:
            _, verified = open_note(raw.decode(), keys)
            error = "" if verified else "no verifiable signatures"
        except SignatureError:
            error = "invalid signature"
        except (EncodingError, UnicodeDecodeError):
            error = "malformed"
        assert (len(verified), error) == (case["verified"], case.get("error", "")), case["name"]
    for text in stored["bad_vkeys"]:
        with pytest.raises(EncodingError):
            parse_verifier_key(text)


def test_a_real_checkpoint_of_another_log_is_opened(shared_dir: Path) -> None:
    stored = json.loads((shared_dir / "vectors/c2sp-notes/notes.json").read_text())
    case = next(one for one in stored["notes"] if one["name"].startswith("sum.golang.org"))
    text, verified = open_note(
        base64.b64decode(case["note_b64"]).decode(), [parse_verifier_key(case["vkeys"][0])]
    )
    assert [key.name for key in verified] == ["sum.golang.org"]
    # Its origin has spaces: a name that our profile does not take.
    with pytest.raises(EncodingError, match="space"):
        parse_body(text)
