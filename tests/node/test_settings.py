from pathlib import Path

import pytest

from node.settings import (
    NAME,
    SettingsError,
    add_auditor,
    check_url,
    first_text,
    load_settings,
    parse_listen,
    parse_settings,
)
from protocol.identifiers import TextKind, to_text

KEY = to_text(TextKind.KEY, b"k" * 32)
OTHER = to_text(TextKind.KEY, b"l" * 32)
COOPERATIVE = to_text(TextKind.COOPERATIVE, b"c" * 32)
TEXT = first_text('Île "de" France', "https://idf.example", "ile-de-france/ledger", [KEY])


def test_the_first_file_says_what_it_was_given() -> None:
    settings = parse_settings(TEXT, {})
    assert settings.name == 'Île "de" France'
    assert settings.auditors == [KEY]
    assert (settings.host, settings.port, settings.gates) == ("127.0.0.1", 8480, 0)
    assert (settings.offer_validity_s, settings.round_deadline_s) == (86_400, 60)


def test_a_flag_wins_over_the_environment_and_that_over_the_file() -> None:
    environment = {"RONDE_NODE_GATES": "2", "RONDE_NODE_LISTEN": "[::1]:0", "OTHER": "9"}
    settings = parse_settings(TEXT, environment, {"gates": 4, "listen": None})
    assert (settings.gates, settings.host, settings.port) == (4, "::1", 0)


def test_the_environment_may_set_every_kind_of_field() -> None:
    settings = parse_settings(
        TEXT,
        {
            "RONDE_NODE_LOG_JSON": "true",
            "RONDE_NODE_LOOPBACK_EXEMPT": "0",
            "RONDE_NODE_AUDITORS": f"{KEY}, {OTHER}",
            "RONDE_NODE_PEERS": f"{COOPERATIVE}=https://rhone.example",
            "RONDE_NODE_URL": "https://other.example",
        },
    )
    assert settings.log_json
    assert not settings.loopback_exempt
    assert settings.auditors == [KEY, OTHER]
    assert settings.peers == {COOPERATIVE: "https://rhone.example"}
    assert settings.url == "https://other.example"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"RONDE_NODE_GATES": "many"}, "gates"),
        ({"RONDE_NODE_GATES": "65"}, "gates"),
        ({"RONDE_NODE_LOG_JSON": "perhaps"}, "log_json"),
        ({"RONDE_NODE_LISTEN": "8480"}, "listen"),
        ({"RONDE_NODE_LISTEN": "127.0.0.1:65536"}, "listen"),
        ({"RONDE_NODE_URL": "ftp://x"}, "url"),
        ({"RONDE_NODE_AUDITORS": "key1nothing"}, "auditors"),
        ({"RONDE_NODE_PEERS": "coop1x=https://x.example"}, "peers"),
        ({"RONDE_NODE_PEERS": f"{COOPERATIVE}=x"}, "url"),
        ({"RONDE_NODE_READ_TIMEOUT_S": "0"}, "read_timeout_s"),
        ({"RONDE_NODE_ORIGIN": "Bretagne"}, "origin"),
    ],
)
def test_a_wrong_setting_is_named(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        parse_settings(TEXT, changed)


@pytest.mark.parametrize("more", ["unknown = 1", "gates = ", 'gates = "2"'])
def test_a_file_with_an_unknown_or_broken_line_is_refused(more: str) -> None:
    with pytest.raises(SettingsError):
        parse_settings(f"{more}\n{TEXT.replace('gates = 0', '')}", {})


def test_a_folder_without_a_node_is_told_apart_from_a_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_settings(tmp_path, {})
    (tmp_path / NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError):
        load_settings(tmp_path, {})


def test_an_auditor_is_added_and_every_other_line_stays(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(TEXT + f'"{COOPERATIVE}" = "https://rhone.example"\n')
    assert add_auditor(tmp_path, OTHER)
    assert not add_auditor(tmp_path, OTHER)
    text = (tmp_path / NAME).read_text()
    assert "# Secondes entre deux séances" in text
    settings = load_settings(tmp_path, {})
    assert settings.auditors == [KEY, OTHER]
    assert settings.peers == {COOPERATIVE: "https://rhone.example"}
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_an_auditor_is_added_where_there_was_no_such_line(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('name = "B"\nurl = "http://b"\norigin = "b/ledger"\n[peers]\n')
    assert add_auditor(tmp_path, KEY)
    assert load_settings(tmp_path, {}).auditors == [KEY]


def test_what_is_no_key_is_no_auditor(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(TEXT)
    with pytest.raises(SettingsError, match="auditors"):
        add_auditor(tmp_path, COOPERATIVE)


@pytest.mark.parametrize(
    ("url", "listen"),
    [
        ("http://127.0.0.1:8481", "127.0.0.1:8481"),
        ("http://localhost:9000", "localhost:9000"),
        ("https://rhone.example", "127.0.0.1:8480"),
        ("http://127.0.0.1:99999", "127.0.0.1:8480"),
    ],
)
def test_a_second_node_tried_on_one_machine_has_a_port_of_its_own(url: str, listen: str) -> None:
    assert parse_settings(first_text("Rhône", url, "rhone/ledger", []), {}).listen == listen


def test_addresses_are_read_in_one_form() -> None:
    assert parse_listen("localhost:1") == ("localhost", 1)
    assert check_url("https://a.example/") == "https://a.example"
    for wrong in ("https://a b", "javascript:x", "", "https://a.example/?q"):
        with pytest.raises(SettingsError):
            check_url(wrong)
