"""What is signed has one order, and what is refused has its two sentences."""

import importlib
import inspect
import pkgutil

import msgspec

import protocol.messages
from cli.sentences import REFUSALS
from protocol.ledger.refusals import Refusal


def _documents() -> list[type[msgspec.Struct]]:
    """Return every struct that a module of protocol/messages defines itself."""
    found = []
    for module in pkgutil.walk_packages(protocol.messages.__path__, "protocol.messages."):
        room = importlib.import_module(module.name)
        for _, shape in inspect.getmembers(room, inspect.isclass):
            if issubclass(shape, msgspec.Struct) and shape.__module__ == module.name:
                found.append(shape)
    return found


def test_the_fields_of_a_document_stand_in_the_order_of_their_bytes() -> None:
    orders = {
        f"{shape.__module__}.{shape.__qualname__}": [
            field.encode_name for field in msgspec.structs.fields(shape)
        ]
        for shape in _documents()
    }
    assert orders
    assert {name: keys for name, keys in orders.items() if keys != sorted(keys)} == {}


def test_every_refusal_has_a_french_and_an_english_sentence() -> None:
    assert [refusal.name for refusal in Refusal if refusal not in REFUSALS] == []
    assert [key for key in REFUSALS if key not in set(Refusal)] == []
    empty = [key.name for key, pair in REFUSALS.items() if not all(text.strip() for text in pair)]
    assert not empty, "\n".join(empty)


def test_no_two_refusals_say_the_same_sentence() -> None:
    for language in (0, 1):
        sentences = [pair[language] for pair in REFUSALS.values()]
        assert sorted(sentences) == sorted(set(sentences))
