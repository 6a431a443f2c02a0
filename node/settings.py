"""What an operator may choose: `node.toml` in the node's folder, overridden by the environment.

Precedence: flag, RONDE_NODE_<FIELD>, file, default. Units stand in the names.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from protocol.errors import EncodingError
from protocol.identifiers import TextKind, from_text

NAME: Final = "node.toml"
PREFIX: Final = "RONDE_NODE_"
LISTEN: Final = "127.0.0.1:8480"
_LISTEN: Final = re.compile(r"(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})")
_URL: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~/-]*)?")
_HERE: Final = re.compile(r"http://((?:127\.0\.0\.1|localhost):(\d{1,5}))")
_AUDITORS: Final = re.compile(r"^auditors\s*=\s*\[[^\]]*\]", re.MULTILINE)

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Natural = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
Gates = Annotated[int, msgspec.Meta(ge=0, le=64)]


class SettingsError(Exception):
    """A setting is missing, of a wrong kind, or unknown; the message names it."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that an operator may choose.

    Attributes:
        name: The cooperative's name, as people read it.
        url: Public address of the node, as others reach it.
        origin: Name of the log in its checkpoints.
        listen: Host and port; port 0 lets the system choose.
        gates: Processes that verify; 0 for everything in one process.
        auditors: Keys (`key1…`) to which entries are opened.
        peers: Neighbours: `coop1…` to the address of its node.
        round_every_s: Seconds between clearing rounds; 0 for rounds on demand alone.
        round_obligations: Whether positions state what members owe one another.
        setoff_every_s: Seconds between set-offs of members' invoices; 0 leaves them to officers.
        round_deadline_s: Seconds in which a round gathers positions and consents.
        offer_validity_s: Seconds for which an offer to a neighbour may be answered.
        snapshot_every_entries: Entries after which the book is kept again for a quick start.
        documents_per_s: Documents a second that one address may send, to each process.
        documents_burst: Documents that one address may send at once.
        loopback_exempt: Whether callers on this machine have no rate limit.
        forwarded_from_loopback: Whether a proxy on this machine names the caller's address in
            X-Forwarded-For.
        connections_max: Open connections of one process.
        connections_per_address_max: Of these, from one address.
        queue_documents_max: Documents that may wait for the ledger.
        read_timeout_s: Seconds in which a request must have arrived whole.
        keep_alive_s: Seconds that an idle connection stays open.
        log_json: Whether log lines are JSON.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    url: str
    origin: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9./_-]{0,99}\Z")]
    listen: str = LISTEN
    gates: Gates = 0
    auditors: list[str] = []
    peers: dict[str, str] = {}
    round_every_s: Natural = 0
    round_obligations: bool = True
    setoff_every_s: Natural = 0
    round_deadline_s: Positive = 60
    offer_validity_s: Positive = 86_400
    snapshot_every_entries: Positive = 250_000
    documents_per_s: Positive = 200
    documents_burst: Positive = 2_000
    loopback_exempt: bool = True
    forwarded_from_loopback: bool = True
    connections_max: Positive = 2_000
    connections_per_address_max: Positive = 100
    queue_documents_max: Positive = 20_000
    read_timeout_s: Positive = 10
    keep_alive_s: Positive = 75
    log_json: bool = False

    @property
    def host(self) -> str:
        """Where the node listens, without the port."""
        return parse_listen(self.listen)[0]

    @property
    def port(self) -> int:
        """Port on which the node listens; 0 lets the system choose."""
        return parse_listen(self.listen)[1]


def parse_listen(text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8480` or `[::1]:8480`.

    Raises:
        SettingsError: another form, or a port above 65,535.
    """
    match = _LISTEN.fullmatch(text)
    if match is None or int(match[3]) > 65_535:
        raise SettingsError(f"listen = {text!r}: 127.0.0.1:8480")
    return match[1] or match[2], int(match[3])


def check_url(text: str) -> str:
    """Return an http(s) address without its last slash.

    Raises:
        SettingsError: another form.
    """
    if _URL.fullmatch(text) is None:
        raise SettingsError(f"url = {text!r}: https://bretagne.example")
    return text.rstrip("/")


def _checked(settings: Settings) -> Settings:
    parse_listen(settings.listen)
    check_url(settings.url)
    for text in settings.auditors:
        _check_identifier("auditors", TextKind.KEY, text)
    for text, url in settings.peers.items():
        _check_identifier("peers", TextKind.COOPERATIVE, text)
        check_url(url)
    return settings


def _check_identifier(field: str, kind: TextKind, text: str) -> None:
    try:
        from_text(kind, text)
    except EncodingError as error:
        raise SettingsError(f"{field}: {text!r}: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment sets; lists by commas, peers as coop1…=https://…,…."""
    chosen: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        text = environment.get(PREFIX + field.name.upper())
        if text is None:
            continue
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if field.name == "auditors":
            chosen[field.name] = parts
        elif field.name == "peers":
            chosen[field.name] = dict(part.partition("=")[::2] for part in parts)
        elif isinstance(field.default, bool):
            chosen[field.name] = {"true": True, "1": True, "false": False, "0": False}.get(
                text.lower(), text
            )
        elif isinstance(field.default, int):
            chosen[field.name] = int(text) if text.isascii() and text.isdigit() else text
        else:
            chosen[field.name] = text
    return chosen


def parse_settings(
    text: str, environment: Mapping[str, str], flags: Mapping[str, Any] | None = None
) -> Settings:
    """Return the settings of a file's text, the environment and the command line.

    Args:
        text: TOML.
        environment: Variables of the process.
        flags: Fields that the command line set; a None sets nothing.

    Raises:
        SettingsError: not TOML, an unknown field, or a value out of its bounds.
    """
    try:
        chosen = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{NAME}: {error}") from error
    chosen |= _from_environment(environment)
    chosen |= {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return _checked(msgspec.convert(chosen, Settings))
    except msgspec.ValidationError as error:
        raise SettingsError(f"{NAME}: {error}") from error


def load_settings(
    folder: Path,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings of a node's folder; errors as `parse_settings`.

    Raises:
        FileNotFoundError: there is no node in this folder.
        SettingsError: see `parse_settings`.
    """
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{NAME}: {error}") from error
    return parse_settings(text, os.environ if environment is None else environment, flags)


def _quoted(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's."""
    return msgspec.json.encode(text).decode()


def first_text(name: str, url: str, origin: str, auditors: list[str]) -> str:
    """Return the first `node.toml` of a node, with a word of explanation a line."""
    keys = ", ".join(_quoted(text) for text in auditors)
    return f"""\
# Réglages du nœud ; chaque ligne peut aussi venir de l'environnement
# ({PREFIX}LISTEN, {PREFIX}GATES…).
# Settings of the node; each line may also come from the environment.

name = {_quoted(name)}
url = {_quoted(url)}
origin = {_quoted(origin)}

# Adresse d'écoute ; le nœud attend un relais HTTPS devant lui (Caddy, nginx).
listen = {_quoted(_first_listen(url))}
# Processus de vérification : 0 = tout dans un seul, sinon un par cœur.
gates = 0
# Clés (key1…) des auditeurs à qui les inscriptions sont ouvertes.
auditors = [{keys}]
# Secondes entre deux séances de compensation ; 0 = à la demande.
round_every_s = 0

[peers]
# "coop1…" = "https://rhone.example"
"""


def _first_listen(url: str) -> str:
    """Return where a new node listens: at its own address when that is on this very machine.

    Two cooperatives tried on one machine would else ask for the same port.
    """
    here = _HERE.fullmatch(url)
    return here[1] if here is not None and 0 < int(here[2]) < 65_536 else LISTEN


def write_text(folder: Path, text: str) -> None:
    """Replace `node.toml` at once, durably: a reader sees the old one or the new one."""
    file, temporary = tempfile.mkstemp(dir=folder, prefix=f".{NAME}.")
    try:
        with os.fdopen(file, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(temporary, 0o640)
        os.replace(temporary, folder / NAME)
    except OSError:
        os.unlink(temporary)
        raise


def add_auditor(folder: Path, key: str) -> bool:
    """Write one more auditor into `node.toml`; the rest of the file stays as it was written.

    Args:
        folder: The node's folder.
        key: `key1…`.

    Returns:
        False when this auditor was there already.

    Raises:
        FileNotFoundError: there is no node in this folder.
        SettingsError: not a key, or the file is malformed.
    """
    _check_identifier("auditors", TextKind.KEY, key)
    before = load_settings(folder, {})
    if key in before.auditors:
        return False
    wanted = [*before.auditors, key]
    line = "auditors = [{}]".format(", ".join(_quoted(text) for text in wanted))
    text = (folder / NAME).read_text(encoding="utf-8")
    changed, count = _AUDITORS.subn(line, text, count=1)
    if count == 0:
        changed = f"{line}\n{text}"
    assert parse_settings(changed, {}) == msgspec.structs.replace(before, auditors=wanted)
    write_text(folder, changed)
    return True
