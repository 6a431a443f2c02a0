"""`ronde audit key|fetch|verify`: the auditor's bench, without an account and without trust."""

from pathlib import Path

import click

from cli import wallet_file
from cli.choices import Choices
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command, option
from cli.screen import amount, emit_json, note, result, waiting
from cli.sentences import say
from protocol.identifiers import TextKind, to_text

_SCHEMES = ("http://", "https://")


@command(
    fr="Montre la clé de l'auditeur : chaque nœud doit la connaître pour lui ouvrir son journal.",
    en="Shows the auditor's key: each node must know it to open its log to the auditor.",
    examples=("ronde wallet create --officer --home auditeur", "ronde audit key --home auditeur"),
    json=True,
)
def key(choices: Choices) -> int:
    """Print the public key of the wallet in the form that a node's settings take."""
    text = to_text(TextKind.KEY, wallet_file.load(choices.home).key)
    if choices.as_json:
        emit_json({"v": 1, "key": text})
        return ExitCode.DONE
    note(say("audit.key", choices.lang))
    result(text)
    return ExitCode.DONE


@command(
    fr="Rapporte les papiers de nœuds dans un dossier. Peut être interrompu et recommencé.",
    en="Fetches the papers of nodes into a folder. May be interrupted and run again.",
    examples=("ronde audit fetch https://bretagne.example https://rhone.example -o mars",),
    json=True,
    key=True,
)
@argument(
    "nodes",
    metavar=("NŒUD", "NODE"),
    fr="Adresses des nœuds.",
    en="Addresses of the nodes.",
    nargs=-1,
    required=True,
)
@option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar=("DOSSIER", "FOLDER"),
    type=click.Path(file_okay=False, path_type=Path),
    fr="Où poser les papiers.",
    en="Where the papers go.",
)
def fetch(choices: Choices, nodes: tuple[str, ...], folder: Path) -> int:
    """Fetch every node; a node that is away is told at the end, with exit code 4."""
    import asyncio

    from cli.audit_fetch import fetch_nodes
    from cli.signing import unlock_signer

    for url in nodes:
        if not url.startswith(_SCHEMES):
            raise Failure(ExitCode.USAGE, "audit.not_a_url", url=url)
    signer = unlock_signer(choices)
    lang = choices.lang
    with waiting(say("audit.fetching", lang, count=len(nodes))) as update:

        def tell(name: str, have: int, size: int) -> None:
            counts = {"have": amount(have, 0, lang), "size": amount(size, 0, lang)}
            update(say("audit.fetched_so_far", lang, name=name, **counts))

        names = asyncio.run(fetch_nodes(nodes, folder, signer.key_seed, tell))
    if choices.as_json:
        emit_json({"v": 1, "folder": str(folder), "nodes": names})
    else:
        result(say("audit.fetched", lang, path=str(folder), names=", ".join(names)))
    return ExitCode.DONE


@command(
    fr="Vérifie un dossier de papiers, hors ligne, sans se fier à personne.",
    en="Verifies a folder of papers, offline, trusting nobody.",
    examples=("ronde audit verify mars", "ronde audit verify mars --json; echo $?"),
    json=True,
)
@argument(
    "folder",
    metavar=("DOSSIER", "FOLDER"),
    fr="Ce que « ronde audit fetch » a rapporté.",
    en="What 'ronde audit fetch' has brought.",
    type=click.Path(path_type=Path),
)
@option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    metavar=("N", "N"),
    fr="Combien de processus se partagent les journaux.",
    en="How many processes share the logs.",
)
def verify(choices: Choices, folder: Path, jobs: int) -> int:
    """Verify, print, and return 5 when anything fails."""
    from cli.audit_report import show, show_json
    from cli.audit_verify import verify_folder

    lang = choices.lang
    with waiting(say("audit.verifying", lang, name=str(folder))) as update:
        verdict = verify_folder(
            folder, jobs, lambda name: update(say("audit.verifying", lang, name=name))
        )
    if choices.as_json:
        show_json(verdict, lang)
    else:
        show(verdict, lang)
    return verdict.exit_code
