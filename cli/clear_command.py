"""`ronde clear FILE.csv`: the exact optimum set-off of a debt file, without any node."""

from pathlib import Path

import click

from cli.choices import Choices
from cli.failures import ExitCode, Failure
from cli.grammar import argument, command


@command(
    fr="Calcule la meilleure compensation possible d'un fichier de dettes, sans aucun nœud.",
    en="Computes the best possible set-off of a file of debts, without any node.",
    examples=("ronde clear dettes.csv", "ronde clear dettes.csv --json"),
    json=True,
)
@argument(
    "path",
    metavar=("FICHIER", "FILE"),
    fr="Un CSV dont les colonnes sont debtor, creditor, amount.",
    en="A CSV whose columns are debtor, creditor, amount.",
    type=click.Path(path_type=Path),
)
def clear(choices: Choices, path: Path) -> int:
    """Hand the file to the computation, which loads the solver."""
    if not path.exists():
        raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(path))
    from cli.clear import run_clear

    return run_clear(path, choices.as_json, choices.lang)
