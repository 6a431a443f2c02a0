import json
import logging

import pytest

from node.logs import CORRELATION, JsonLines, StrangersAreQuiet, configure, correlation_of


def record(message: str, error: BaseException | None = None) -> logging.LogRecord:
    trace = (type(error), error, None) if error is not None else None
    return logging.LogRecord("ronde.test", logging.WARNING, "", 0, message, (), trace)


def test_a_line_is_one_json_object_with_its_correlation() -> None:
    token = CORRELATION.set("abc")
    try:
        line = json.loads(JsonLines().format(record("é\n2", ValueError("x"))))
    finally:
        CORRELATION.reset(token)
    assert (line["level"], line["from"], line["says"]) == ("warning", "ronde.test", "é\n2")
    assert line["correlation"] == "abc"
    assert "ValueError" in line["trace"]
    assert "correlation" not in json.loads(JsonLines().format(record("x")))


def test_the_faults_of_strangers_make_no_line() -> None:
    quiet = StrangersAreQuiet()
    assert quiet.filter(record("plain"))
    assert quiet.filter(record("ours", KeyError("x")))
    assert not quiet.filter(record("theirs", ConnectionResetError()))


@pytest.mark.parametrize("given", [None, "", "a b", "é", 37 * "a"])
def test_a_correlation_id_of_another_form_is_replaced(given: str | None) -> None:
    found = correlation_of(given)
    assert found != given
    assert len(found) == 16


def test_an_innocent_correlation_id_is_kept() -> None:
    assert correlation_of("Abc-9") == "Abc-9"


@pytest.mark.parametrize("as_json", [True, False])
def test_lines_go_to_standard_error(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    # Whatever ran before in this process may have silenced loggers: here they speak.
    logging.disable(logging.NOTSET)
    logger = logging.getLogger("ronde.node")
    logger.disabled = False
    logger.setLevel(logging.NOTSET)
    try:
        configure(as_json)
        logger.warning("hello")
        said = capsys.readouterr()
    finally:
        logging.getLogger().handlers[:] = before
    assert said.out == ""
    assert "hello" in said.err
    assert said.err.startswith("{") is as_json
