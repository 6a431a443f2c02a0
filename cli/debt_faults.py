"""Why a file of debts cannot be read, said to a person in French and English."""

from enum import StrEnum
from typing import Final

from cli.failures import ExitCode
from federation.obligations import DebtFault


class DebtFileFault(StrEnum):
    """Why a file of debts cannot be read; `_SENTENCES` says each one in French and English."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    FILE_TOO_LARGE = "file_too_large"
    NOT_UTF8 = "not_utf8"
    BAD_CSV = "bad_csv"
    NO_COLUMN = "no_column"
    COLUMNS = "columns"
    NAME = "name"
    AMOUNT = "amount"
    COMMA = "comma"
    MIXED_MARKS = "mixed_marks"
    DECIMALS = "decimals"
    WEIGHT = "weight"
    TWO_WEIGHTS = "two_weights"
    SELF_DEBT = "self_debt"
    NOT_POSITIVE = "not_positive"
    TOTAL = "total"
    PACKED = "packed"
    PLACES = "places"
    ARROW_ABSENT = "arrow_absent"
    ARROW = "arrow"
    ARROW_AMOUNT = "arrow_amount"
    LINE_NO_COLUMN = "line_no_column"
    LINE_COLUMNS = "line_columns"
    LINE_WEIGHT = "line_weight"
    SELF_LINE = "self_line"
    LIMIT_NEGATIVE = "limit_negative"
    LIMITS_TOTAL = "limits_total"


_SENTENCES: Final[dict[DebtFileFault, tuple[str, str]]] = {
    DebtFileFault.MISSING: (
        "le fichier « {found} » n'existe pas",
        "there is no file “{found}”",
    ),
    DebtFileFault.UNREADABLE: (
        "le fichier ne peut pas être lu ({found})",
        "the file cannot be read ({found})",
    ),
    DebtFileFault.FILE_TOO_LARGE: (
        "le fichier dépasse 1 Gio",
        "the file is larger than 1 GiB",
    ),
    DebtFileFault.NOT_UTF8: (
        "le texte n'est pas en UTF-8 ; enregistrez le fichier au format « CSV UTF-8 »",
        "the text is not UTF-8; save the file as “CSV UTF-8”",
    ),
    DebtFileFault.BAD_CSV: (
        "les guillemets ne sont pas ceux d'un fichier CSV, ou une case est trop longue",
        "the quotes are not those of a CSV file, or a field is too long",
    ),
    DebtFileFault.NO_COLUMN: (
        "il faut une colonne de chaque nom : debtor, creditor, amount (débiteur, créancier,"
        " montant)",
        "one column of each name is needed: debtor, creditor, amount",
    ),
    DebtFileFault.COLUMNS: (
        "trois colonnes attendues (débiteur, créancier, montant), {found} trouvées",
        "three columns expected (debtor, creditor, amount), {found} found",
    ),
    DebtFileFault.NAME: (
        "un nom est vide ou dépasse 200 caractères",
        "a name is empty or longer than 200 characters",
    ),
    DebtFileFault.AMOUNT: (
        "« {found} » n'est pas un montant ; écrivez par exemple 1234.50, sans espace",
        "“{found}” is not an amount; write for example 1234.50, without spaces",
    ),
    DebtFileFault.COMMA: (
        "« {found} » : la virgule décimale demande des colonnes séparées par « ; »",
        "“{found}”: a decimal comma needs columns separated by “;”",
    ),
    DebtFileFault.MIXED_MARKS: (
        "« {found} » : le fichier mêle virgules et points décimaux, gardez l'un des deux",
        "“{found}”: the file mixes decimal commas and points, keep one of them",
    ),
    DebtFileFault.DECIMALS: (
        "« {found} » a plus de 6 décimales",
        "“{found}” has more than 6 decimals",
    ),
    DebtFileFault.WEIGHT: (
        "« {found} » n'est pas un poids : écrivez un nombre entier de 1 à 1000000000, ou rien"
        " pour 1",
        "“{found}” is no weight: write a whole number from 1 to 1000000000, or nothing for 1",
    ),
    DebtFileFault.TWO_WEIGHTS: (
        "il y a deux colonnes de poids ; renommez celle qui n'en est pas une",
        "there are two columns of weights; rename the one that is none",
    ),
    DebtFileFault.SELF_DEBT: (
        "« {found} » se doit de l'argent à lui-même",
        "“{found}” owes money to itself",
    ),
    DebtFileFault.NOT_POSITIVE: (
        "« {found} » : une dette doit être supérieure à zéro",
        "“{found}”: a debt must be above zero",
    ),
    DebtFileFault.TOTAL: (
        "le total des dettes dépasse 9 223 372 036 854 775 807 unités minimales",
        "the sum of all debts exceeds 9,223,372,036,854,775,807 minor units",
    ),
    DebtFileFault.PACKED: (
        "ce n'est pas un fichier de dettes MessagePack ({found}) ; voir la spécification 0019, § 1",
        "this is no MessagePack file of debts ({found}); see spec 0019, section 1",
    ),
    DebtFileFault.PLACES: (
        "le numéro {found} n'est celui d'aucun nom",
        "the number {found} is that of no name",
    ),
    DebtFileFault.ARROW_ABSENT: (
        "lire un fichier Arrow demande pyarrow : installez ronde avec le complément « arrow »",
        "reading an Arrow file needs pyarrow: install ronde with the extra “arrow”",
    ),
    DebtFileFault.ARROW: (
        "ce n'est pas un fichier Arrow lisible ({found})",
        "this is no Arrow file that can be read ({found})",
    ),
    DebtFileFault.ARROW_AMOUNT: (
        "la colonne des montants est du type « {found} » ; il faut des entiers ou des décimaux"
        " exacts",
        "the column of amounts has the type “{found}”; whole numbers or exact decimals are needed",
    ),
    DebtFileFault.LINE_NO_COLUMN: (
        "il faut une colonne de chaque nom : from, to, limit (de, vers, limite) ; weight (poids)"
        " est facultatif",
        "one column of each name is needed: from, to, limit; weight is optional",
    ),
    DebtFileFault.LINE_COLUMNS: (
        "trois ou quatre colonnes attendues (de, vers, limite, poids), {found} trouvées",
        "three or four columns expected (from, to, limit, weight), {found} found",
    ),
    DebtFileFault.LINE_WEIGHT: (
        "« {found} » n'est pas un poids de ligne : écrivez 0 ou rien, ou un nombre négatif (jusqu'à"
        " -1000000000) pour une ligne à n'utiliser qu'en dernier",
        "“{found}” is no weight of a line: write 0 or nothing, or a negative number (down to"
        " -1000000000) for a line that is used last",
    ),
    DebtFileFault.SELF_LINE: (
        "« {found} » se prête à lui-même ; supprimez cette ligne",
        "“{found}” lends to itself; remove this line",
    ),
    DebtFileFault.LIMIT_NEGATIVE: (
        "« {found} » : une limite ne peut pas être négative ; pour l'autre sens, échangez les deux"
        " noms",
        "“{found}”: a limit cannot be negative; for the other direction exchange the two names",
    ),
    DebtFileFault.LIMITS_TOTAL: (
        "les dettes et les limites font ensemble plus de 9 223 372 036 854 775 807 unités"
        " minimales ; baissez les limites, aucune ne sert au-delà du total des dettes",
        "debts and limits together exceed 9,223,372,036,854,775,807 minor units; lower the limits,"
        " none is of use beyond the sum of all debts",
    ),
}

OF_DEBT: Final = {
    DebtFault.SELF_DEBT: DebtFileFault.SELF_DEBT,
    DebtFault.AMOUNT_NOT_POSITIVE: DebtFileFault.NOT_POSITIVE,
    DebtFault.TOTAL_TOO_LARGE: DebtFileFault.TOTAL,
}


class DebtFileError(Exception):
    """A file of debts cannot be read.

    Attributes:
        fault: what is wrong.
        line: line of the file, counted from 1; 0 when the fault is of the whole file.
        row: number of the debt, counted from 1, in a file that has no lines; else 0.
        found: what stood there, shortened, without control characters.
    """

    def __init__(self, fault: DebtFileFault, line: int = 0, found: str = "", row: int = 0) -> None:
        super().__init__(f"{fault} at {f'row {row}' if row else f'line {line}'}")
        self.fault = fault
        self.line = line
        self.row = row
        shown = "".join(letter if letter.isprintable() else "?" for letter in found)
        self.found = shown if len(shown) <= 40 else shown[:39] + "…"

    @property
    def exit_code(self) -> ExitCode:
        """Return 3 for a file that is not there, 2 for everything else."""
        return ExitCode.NOT_FOUND if self.fault is DebtFileFault.MISSING else ExitCode.USAGE

    def sentence(self, lang: str) -> str:
        """Say it to a person.

        Args:
            lang: "fr" or "en".
        """
        french, english = _SENTENCES[self.fault]
        text = (english if lang == "en" else french).format(found=self.found)
        if self.row:
            return f"debt {self.row}: {text}" if lang == "en" else f"dette {self.row} : {text}"
        if not self.line:
            return text
        return f"line {self.line}: {text}" if lang == "en" else f"ligne {self.line} : {text}"
