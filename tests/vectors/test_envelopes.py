"""Runs spec/vectors/0004-envelopes."""

from typing import Any

import pytest

from protocol import errors
from protocol.envelope import open_any, pre_authentication, seal
from protocol.errors import SignatureError
from protocol.kinds import LOGGED
from protocol.signatures import verify
from tests.vectors.papers import cases

VECTORS = "0004-envelopes"


@pytest.mark.parametrize("case", cases(VECTORS, "envelopes.json"))
def test_an_envelope_opens_as_the_vectors_say(case: dict[str, Any]) -> None:
    sealed = bytes.fromhex(case["sealed"])
    if "error" in case:
        with pytest.raises(getattr(errors, case["error"])):
            open_any(sealed, frozenset({case["type"]}))
        return
    opened = open_any(sealed, LOGGED)
    assert opened.id.hex() == case["id"]
    assert opened.message.hex() == case["message"]
    assert pre_authentication(case["type"], bytes.fromhex(case["payload"])) == opened.message
    assert seal(opened.document, *map(bytes.fromhex, case["seeds"])) == sealed


@pytest.mark.parametrize("case", cases(VECTORS, "signatures.json"))
def test_a_signature_holds_as_the_vectors_say(case: dict[str, Any]) -> None:
    triple = tuple(bytes.fromhex(case[name]) for name in ("key", "message", "signature"))
    if case["name"].endswith("_fail"):
        with pytest.raises(SignatureError):
            verify(*triple)
    else:
        verify(*triple)
