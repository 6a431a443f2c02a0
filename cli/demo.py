"""`ronde demo`: everything in a minute on this machine, with real nodes; nothing is left behind."""

from pathlib import Path

import click

from cli.choices import Choices
from cli.failures import ExitCode, Failure
from cli.grammar import command, option
from cli.sentences import two


@command(
    fr="Montre tout en une minute : de vrais nœuds, des paiements signés autour de la ronde, une "
    "séance de compensation, un audit indépendant. Ne garde rien, sauf avec --keep.",
    en="Shows everything in a minute: real nodes, signed payments around the ring, a clearing "
    "round, an independent audit. Keeps nothing, unless --keep is given.",
    examples=(
        "ronde demo",
        "ronde demo --cooperatives 6 --keep",
        two(
            "ronde demo --data dettes.csv --limit 2000   # rejoue de vraies dettes",
            "ronde demo --data debts.csv --limit 2000    # replays real debts",
        ),
    ),
    json=True,
)
@option(
    "--cooperatives",
    "count",
    type=click.IntRange(2, 20),
    default=4,
    metavar=("N", "N"),
    fr="Combien de coopératives, de 2 à 20 (4 sinon).",
    en="How many cooperatives, 2 to 20 (else 4).",
)
@option(
    "--keep",
    is_flag=False,
    flag_value="",
    metavar=("[DOSSIER]", "[FOLDER]"),
    fr="Garde tout dans ce dossier (sinon ./ronde-demo).",
    en="Keeps everything in this folder (else ./ronde-demo).",
)
@option(
    "--data",
    type=click.Path(path_type=Path),
    metavar=("FICHIER", "FILE"),
    fr="Rejoue les dettes d'un CSV (debtor, creditor, amount) : chacune devient un paiement.",
    en="Replays the debts of a CSV (debtor, creditor, amount): each becomes a payment.",
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    metavar=("N", "N"),
    fr="Ne prend que les N premières dettes du fichier.",
    en="Takes the first N debts of the file only.",
)
def demo(
    choices: Choices, count: int, keep: str | None, data: Path | None, limit: int | None
) -> int:
    """Check what was typed; the rest loads only when it runs."""
    if limit is not None and data is None:
        raise Failure(ExitCode.USAGE, "demo.limit_without_file")
    from cli.demo_run import run_demo

    return run_demo(choices, count, keep, data, limit)
