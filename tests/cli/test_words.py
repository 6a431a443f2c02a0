"""The 24 words: what is written on paper comes back, however it is typed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.failures import ExitCode, Failure
from cli.words import WordList, find_word, from_words, near_words, read_words, to_words

LISTS: tuple[WordList, ...] = ("fr", "en")
ENTROPY = bytes(range(32))
entropies = st.binary(min_size=32, max_size=32)
lists = st.sampled_from(LISTS)


def bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def failure_of(text: str) -> Failure:
    with pytest.raises(Failure) as caught:
        from_words(text)
    return caught.value


@given(entropies, lists)
def test_words_and_entropy_are_two_forms_of_one_thing(entropy: bytes, language: WordList) -> None:
    words = to_words(entropy, language)
    assert len(words) == 24
    reading = read_words(" ".join(words))
    assert (reading.entropy, reading.language) == (entropy, language)


def test_the_words_are_those_of_the_standard() -> None:
    # From the published vectors of BIP-39: 32 zero bytes, 32 bytes 0xff.
    assert to_words(bytes(32), "en") == ["abandon"] * 23 + ["art"]
    assert to_words(b"\xff" * 32, "en") == ["zoo"] * 23 + ["vote"]


def test_words_are_shown_with_their_accents_in_one_form() -> None:
    words = to_words(bytes.fromhex("55" * 32), "fr")
    assert all(unicodedata.is_normalized("NFC", word) for word in words)


@given(entropies, st.data())
def test_accents_case_order_marks_and_endings_do_not_matter(
    entropy: bytes, choose: st.DataObject
) -> None:
    forms = (
        lambda n, w: w,
        lambda n, w: bare(w),
        lambda n, w: w.upper(),
        lambda n, w: unicodedata.normalize("NFD", w),
        lambda n, w: bare(w)[:4],
        lambda n, w: bare(w)[:5].capitalize(),
        lambda n, w: f"{n}. {w}",
        lambda n, w: f"{n}){w}",
        lambda n, w: f"{n} {w},",
    )
    between = choose.draw(st.sampled_from([" ", "  ", "\n", " , ", "\t", "\u00a0", ";"]))
    typed = between.join(
        choose.draw(st.sampled_from(forms))(number, word)
        for number, word in enumerate(to_words(entropy), 1)
    )
    assert from_words(typed) == entropy


@given(entropies)
def test_four_letters_of_each_english_word_are_enough(entropy: bytes) -> None:
    typed = " ".join(word[:4] for word in to_words(entropy, "en"))
    assert from_words(typed) == entropy


@pytest.mark.parametrize("count", [0, 1, 12, 23, 25])
def test_another_number_of_words_is_counted_back(count: int) -> None:
    failure = failure_of(" ".join(["abandon"] * count))
    assert (failure.code, failure.key) == (ExitCode.USAGE, "words.count")
    assert failure.fields == {"count": count}


def test_a_wrong_word_is_named_by_its_number_with_near_words() -> None:
    words = to_words(ENTROPY)
    words[6] = "abaiser"
    failure = failure_of(" ".join(words))
    assert failure.key == "words.unknown_near"
    assert failure.fields["number"] == 7
    assert "abaisser" in str(failure.fields["near"])


def test_a_word_like_no_other_is_named_by_its_number_alone() -> None:
    words = to_words(ENTROPY)
    words[23] = "xxxxxxxxxx"
    failure = failure_of(" ".join(words))
    assert (failure.key, failure.fields) == ("words.unknown", {"number": 24})


def test_a_wrong_english_word_is_told_with_english_words() -> None:
    words = to_words(ENTROPY, "en")
    words[0] = "abandonn"
    assert str(failure_of(" ".join(words)).fields["near"]).startswith("abandon")


def test_two_words_swapped_are_found_by_the_checksum() -> None:
    words = to_words(ENTROPY)
    words[0], words[1] = words[1], words[0]
    assert failure_of(" ".join(words)).key == "words.checksum"


def test_no_typed_word_is_in_the_text_of_the_exception() -> None:
    words = to_words(ENTROPY)
    words[0] = "secretword"
    failure = failure_of(" ".join(words))
    assert "secretword" not in f"{failure!r} {failure}"
    assert ENTROPY.hex() not in repr(read_words(" ".join(to_words(ENTROPY))))


def test_three_letters_do_not_name_a_longer_word() -> None:
    assert find_word("aba", "fr") is None
    assert find_word("zoo", "en") == "zoo"
    assert find_word("", "fr") is None


def test_a_word_typed_too_long_is_not_guessed_but_suggested() -> None:
    assert find_word("abandonner", "fr") is None
    assert near_words("abandonner", "fr")[0] == "abandon"
