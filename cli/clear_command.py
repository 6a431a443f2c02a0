"""`ronde clear FILE` and `ronde clear verify FILE CERTIFICATE`: set-offs of debt files, offline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from cli.choices import Choices
from cli.failures import ExitCode, Failure
from cli.grammar import SpokenCommand, argument, command, option
from cli.sentences import two

VERIFY: Final = "verify"
_FILE = click.Path(path_type=Path)


@command(
    fr="Vérifie un certificat avec son fichier de dettes, sans rien chercher ; faux : code 5.",
    en="Verifies a certificate with its file of debts, without any search: code 5 when wrong.",
    examples=(
        two(
            "ronde clear verify dettes.csv dettes.cert",
            "ronde clear verify debts.csv debts.cert",
        ),
    ),
    json=True,
)
@argument(
    "path",
    metavar=("FICHIER", "FILE"),
    fr="Les dettes, comme pour « ronde clear ».",
    en="The debts, as for 'ronde clear'.",
    type=_FILE,
)
@argument(
    "proof",
    metavar=("CERTIFICAT", "CERTIFICATE"),
    fr="Ce que « ronde clear --certificate » a écrit.",
    en="What 'ronde clear --certificate' wrote.",
    type=_FILE,
)
@option(
    "--lines",
    metavar=("LIGNES", "LINES"),
    fr="Les lignes avec lesquelles on a compensé, comme pour « ronde clear ».",
    en="The lines that the set-off was made with, as for 'ronde clear'.",
    type=_FILE,
)
def verify(choices: Choices, path: Path, proof: Path, lines: Path | None) -> int:
    """Hand both files to the check, which loads no solver."""
    if not path.exists():
        raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(path))
    from cli.clear_verify import run_verify

    return run_verify(path, proof, choices.as_json, choices.lang, lines)


@command(
    fr="Calcule la meilleure compensation possible d'un fichier de dettes, sans aucun nœud ; "
    "« ronde clear verify » en vérifie le certificat.",
    en="Computes the best possible set-off of a file of debts, without any node; "
    "'ronde clear verify' checks its certificate.",
    examples=(
        two("ronde clear dettes.csv", "ronde clear debts.csv"),
        two(
            "ronde clear dettes.csv --cycles boucles.csv --picture image.svg",
            "ronde clear debts.csv --cycles cycles.csv --picture picture.svg",
        ),
        two(
            "ronde clear dettes.csv --certificate dettes.cert",
            "ronde clear debts.csv --certificate debts.cert",
        ),
        two(
            "ronde clear verify dettes.csv dettes.cert",
            "ronde clear verify debts.csv debts.cert",
        ),
        two(
            "ronde clear dettes.csv --lines lignes.csv",
            "ronde clear debts.csv --lines lines.csv",
        ),
    ),
    json=True,
)
@argument(
    "path",
    metavar=("FICHIER", "FILE"),
    fr="Un CSV dont les colonnes sont debtor, creditor, amount, et weight si des dettes comptent "
    "plus que d'autres ; ou .msgpack, .arrow, .feather.",
    en="A CSV whose columns are debtor, creditor, amount, and weight if some debts count more "
    "than others; or .msgpack, .arrow, .feather.",
    type=_FILE,
)
@option(
    "--certificate",
    metavar=("SORTIE", "OUT"),
    fr="Écrit ce qui prouve, avec le fichier, que rien de mieux n'existe.",
    en="Writes what proves, with the file, that nothing better exists.",
    type=_FILE,
)
@option(
    "--cycles",
    metavar=("SORTIE", "OUT"),
    fr="Écrit les boucles : .json en JSON, sinon en CSV.",
    en="Writes the cycles: .json as JSON, else as CSV.",
    type=_FILE,
)
@option(
    "--picture",
    metavar=("SORTIE", "OUT"),
    fr="Écrit une image SVG : les dettes qui baissent, les plus grandes boucles.",
    en="Writes an SVG picture: the debts falling, the largest cycles.",
    type=_FILE,
)
@option(
    "--salt",
    metavar=("HEX", "HEX"),
    fr="64 chiffres hexadécimaux qui ne laissent qu'une réponse, la même pour tous.",
    en="64 hexadecimal digits that leave one answer, the same for everybody.",
)
@option(
    "--lines",
    metavar=("LIGNES", "LINES"),
    fr="Un CSV de lignes de crédit ou de soldes utilisables : from, to, limit, weight (de, vers, "
    "limite, poids).",
    en="A CSV of credit lines or usable balances: from, to, limit, weight.",
    type=_FILE,
)
def _search(
    choices: Choices,
    path: Path,
    certificate: Path | None,
    cycles: Path | None,
    picture: Path | None,
    salt: str | None,
    lines: Path | None,
) -> int:
    """Hand the file to the computation, which loads the engine."""
    if not path.exists():
        raise Failure(ExitCode.NOT_FOUND, "file.missing", path=str(path))
    from cli.clear import Wanted, run_clear
    from cli.clear_certificate import salt_of

    wanted = Wanted(certificate, cycles, picture, salt_of(salt), lines)
    return run_clear(path, choices.as_json, choices.lang, wanted)


class _ClearCommand(SpokenCommand):
    """The search, unless its first argument is the word `verify`: then the check."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of the command that is meant."""
        place = self._first_argument(args)
        if place is None or args[place] != VERIFY:
            return super().make_context(info_name, args, parent, **extra)
        rest = args[:place] + args[place + 1 :]
        return verify.make_context(f"{info_name} {VERIFY}", rest, parent, **extra)

    def _first_argument(self, args: Sequence[str]) -> int | None:
        """Return the place of the first word that is neither an option nor its value."""
        valued = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and not parameter.is_flag
            for name in parameter.opts
        }
        is_value = False
        for place, word in enumerate(args):
            if is_value:
                is_value = False
            elif word == "--":
                return None
            elif word.startswith("-") and word != "-":
                is_value = word in valued
            else:
                return place
        return None


clear = _ClearCommand(
    name="clear",
    callback=_search.callback,
    params=_search.params,
    help=_search.help,
    examples=_search.examples,
)
