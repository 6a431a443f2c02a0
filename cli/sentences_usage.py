"""Sentences about the command line itself, about files, and about how a command ended."""

from typing import Final

USAGE: Final[dict[str, tuple[str, str]]] = {
    "usage.title": ("Usage :", "Usage:"),
    "usage.options": ("Options\u00a0", "Options"),
    "usage.arguments": ("Arguments\u00a0", "Arguments"),
    "usage.commands": ("Commandes\u00a0", "Commands"),
    "usage.examples": ("Exemples\u00a0", "Examples"),
    "usage.options_metavar": ("[OPTIONS]", "[OPTIONS]"),
    "usage.command_metavar": ("COMMANDE …", "COMMAND …"),
    "usage.see_help": (
        "Aide : « {command} --help ».",
        "Help: '{command} --help'.",
    ),
    "usage.no_such_command": (
        "Il n'y a pas de commande « {name} ».",
        "There is no command '{name}'.",
    ),
    "usage.no_such_option": (
        "Il n'y a pas d'option « {name} » ici.",
        "There is no option '{name}' here.",
    ),
    "usage.did_you_mean": ("Vouliez-vous dire : {near} ?", "Did you mean: {near}?"),
    "usage.missing_argument": ("Il manque {name}.", "{name} is missing."),
    "usage.missing_option": ("Il manque l'option {name}.", "The option {name} is missing."),
    "usage.missing_command": ("Il manque une commande.", "A command is missing."),
    "usage.extra_arguments": (
        "Arguments en trop : {arguments}.",
        "Arguments too many: {arguments}.",
    ),
    "usage.option_use": (
        "L'option {name} attend une valeur, ou n'en accepte pas ici.",
        "The option {name} needs a value, or takes none here.",
    ),
    "usage.argument_count": (
        "Un argument n'a pas le bon nombre de valeurs.",
        "An argument has the wrong number of values.",
    ),
    "usage.bad_value": (
        "La valeur donnée à {name} ne convient pas : il faut {wanted}.",
        "The value given to {name} does not fit: {wanted} is needed.",
    ),
    "usage.wants_integer": ("un nombre entier", "a whole number"),
    "usage.wants_choice": ("l'un de {choices}", "one of {choices}"),
    "usage.wants_range": ("un nombre entier de l'intervalle {range}", "a whole number in {range}"),
    "usage.wants_file": (
        "un fichier ou un dossier qui existe et qui peut être lu",
        "a file or a folder that exists and can be read",
    ),
    "usage.wants_other": ("une autre valeur", "another value"),
    "usage.not_here": (
        "La commande « {name} » n'est pas dans cette installation.",
        "The command '{name}' is not part of this installation.",
    ),
    "main.error": ("Erreur : {sentence}", "Error: {sentence}"),
    "main.verification_failed": (
        "VÉRIFICATION ÉCHOUÉE : {sentence}",
        "VERIFICATION FAILED: {sentence}",
    ),
    "main.interrupted": (
        "Interrompu. Un ordre déjà noté dans votre journal n'est jamais payé deux fois : "
        "relancez la même commande.",
        "Interrupted. An order already in your journal is never paid twice: "
        "run the same command again.",
    ),
    "main.bad_bytes": (
        "des données reçues ne sont pas celles que la règle impose ({reason}). "
        "N'y faites pas confiance ; prévenez votre coopérative ou un auditeur.",
        "received data is not what the rule demands ({reason}). "
        "Do not rely on it; tell your cooperative or an auditor.",
    ),
    "main.disk": (
        "Le système a refusé un accès à un fichier : {reason}.",
        "The system refused an access to a file: {reason}.",
    ),
    "main.version": ("ronde {version}", "ronde {version}"),
    "file.missing": ("Le fichier {path} n'existe pas.", "The file {path} does not exist."),
    "file.unreadable": (
        "Le fichier {path} ne peut pas être lu : {reason}.",
        "The file {path} cannot be read: {reason}.",
    ),
    "file.too_large": (
        "Le fichier {path} dépasse {limit} octets : ce n'est pas ce qui est attendu ici.",
        "The file {path} is larger than {limit} bytes: it is not what is expected here.",
    ),
    "file.exists": (
        "Le fichier {path} existe déjà ; rien n'a été changé.",
        "The file {path} exists already; nothing was changed.",
    ),
    "file.unwritable": (
        "Impossible d'écrire dans {path} : {reason}. Rien n'a été changé. "
        "Choisissez un autre dossier avec --home.",
        "Cannot write to {path}: {reason}. Nothing was changed. Choose another folder with --home.",
    ),
}
