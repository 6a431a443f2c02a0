"""Every sentence of the node command, in French and in English, by key."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

Language = Literal["fr", "en"]
LANGUAGE_VARIABLE: Final = "RONDE_LANG"

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "error": ("Erreur : {sentence}", "Error: {sentence}"),
    "help.usage": ("Usage :", "Usage:"),
    "help.options": ("Options\u00a0", "Options"),
    "help.commands": ("Commandes\u00a0", "Commands"),
    "help.command_metavar": ("COMMANDE …", "COMMAND …"),
    "help.help": ("Affiche cette aide.", "Shows this help."),
    "usage.no_such_option": (
        "Il n'y a pas d'option « {name} » ici.",
        "There is no option '{name}' here.",
    ),
    "usage.near": ("Vouliez-vous dire : {near} ?", "Did you mean: {near}?"),
    "usage.option_use": (
        "L'option {name} attend une valeur, ou n'en accepte pas ici.",
        "The option {name} needs a value, or takes none here.",
    ),
    "usage.missing": ("Il manque {name}.", "{name} is missing."),
    "usage.bad_value": (
        "La valeur donnée à {name} ne convient pas.",
        "The value given to {name} does not fit.",
    ),
    "usage.wants_number": (
        "La valeur donnée à {name} ne convient pas : il faut un nombre entier de {least} à {most}.",
        "The value given to {name} does not fit: a whole number from {least} to {most} is needed.",
    ),
    "usage.wrong": (
        "Il n'y a pas de telle commande, ou elle ne prend pas autant d'arguments.",
        "There is no such command, or it does not take so many arguments.",
    ),
    "usage.see_help": ("Aide : « {command} --help ».", "Help: '{command} --help'."),
    "init.ask_name": ("Nom de la coopérative", "Name of the cooperative"),
    "init.ask_url": ("Adresse publique du nœud", "Public address of the node"),
    "init.ask_unit": (
        "Unité de compte (2 à 12 lettres majuscules ou chiffres)",
        "Unit of account (2 to 12 capital letters or digits)",
    ),
    "init.ask_limit": (
        "Plafond de débit d'un nouveau compte, en unités (150,00 : il peut descendre à −150,00)",
        "Credit limit of a new account, in units (150.00: it may go down to −150.00)",
    ),
    "init.ask_officers": (
        "Clés des mandataires (key1…, séparées par des espaces ; chacun l'obtient par "
        "« ronde wallet create --officer »)",
        "Keys of the officers (key1…, with spaces between; each gets theirs from "
        "'ronde wallet create --officer')",
    ),
    "init.missing": (
        "Il manque {flag}. Ajoutez cette option, ou lancez la commande dans un terminal.",
        "{flag} is missing. Add this option, or run the command in a terminal.",
    ),
    "init.bad_amount": (
        "« {text} » n'est pas un montant en unités, comme 150,00.",
        "'{text}' is no amount in units, such as 150.00.",
    ),
    "init.bad_key": (
        "« {text} » n'est pas une clé (key1…) : {reason}.",
        "'{text}' is no key (key1…): {reason}.",
    ),
    "init.officers_needed": (
        "Il faut entre 1 et {count} signatures de mandataires ; vous demandez {needed}.",
        "Between 1 and {count} officers' signatures can be asked for; you ask for {needed}.",
    ),
    "init.folder_exists": (
        "Le dossier {folder} n'est pas vide. Rien n'a été changé. "
        "Choisissez un autre dossier avec --folder.",
        "The folder {folder} is not empty. Nothing was changed. "
        "Choose another folder with --folder.",
    ),
    "init.charter_malformed": (
        "Cette coopérative ne peut pas être fondée : {reason}.",
        "This cooperative cannot be founded: {reason}.",
    ),
    "init.charter_refused": (
        "Ces clés ne peuvent pas fonder une coopérative : {reason}.",
        "These keys cannot found a cooperative: {reason}.",
    ),
    "init.disk": (
        "Le disque a refusé : {reason}. Effacez ce dossier commencé, puis recommencez.",
        "The disk refused: {reason}. Remove the folder that was begun, then start again.",
    ),
    "init.done": (
        "{name} est fondée.\n"
        "  identifiant     {cooperative}\n"
        "  unité           {unit}, {decimals} décimales\n"
        "  nouveau compte  de −{limit} à +{ceiling} {unit}\n"
        "  décisions       {needed} signature(s) de mandataire sur {count}\n"
        "  dossier         {folder} (gardez une copie de node.key en lieu sûr)\n"
        "Ensuite : {next}",
        "{name} is founded.\n"
        "  identifier   {cooperative}\n"
        "  unit         {unit}, {decimals} decimals\n"
        "  new account  from −{limit} to +{ceiling} {unit}\n"
        "  decisions    {needed} officer signature(s) of {count}\n"
        "  folder       {folder} (keep a copy of node.key in a safe place)\n"
        "Next: {next}",
    ),
    "folder.missing": (
        "Il n'y a pas de nœud dans {folder}. Fondez-le par « ronde-node init », "
        "ou indiquez son dossier avec --folder.",
        "There is no node in {folder}. Found it with 'ronde-node init', "
        "or name its folder with --folder.",
    ),
    "settings.wrong": (
        "Un réglage ne convient pas : {reason}",
        "A setting does not fit: {reason}",
    ),
    "keyfile.exists": ("La clé {path} existe déjà.", "The key {path} exists already."),
    "keyfile.missing": (
        "La clé du nœud manque : {path}. Remettez la copie que vous avez gardée.",
        "The node's key is missing: {path}. Put back the copy that you kept.",
    ),
    "keyfile.unreadable": (
        "La clé {path} n'est pas lisible ici (droits, ou lien).",
        "The key {path} cannot be read here (rights, or a link).",
    ),
    "keyfile.open_to_others": (
        "La clé {path} est lisible par d'autres : faites « chmod 600 {path} » et demandez-vous "
        "qui a pu la lire.",
        "The key {path} is readable by others: run 'chmod 600 {path}' and ask yourself who may "
        "have read it.",
    ),
    "keyfile.malformed": (
        "{path} n'est pas une clé de nœud.",
        "{path} is no key of a node.",
    ),
    "run.locked": (
        "Un nœud tourne déjà dans {folder}. Arrêtez-le d'abord.",
        "A node runs in {folder} already. Stop it first.",
    ),
    "run.cannot_listen": (
        "Impossible d'écouter sur {listen} : {reason}.",
        "Cannot listen on {listen}: {reason}.",
    ),
    "run.store": (
        "Le disque ou la base a failli : {reason}. Le nœud s'arrête ; tout ce qui a reçu un reçu "
        "est conservé. Réparez, puis relancez.",
        "The disk or the database failed: {reason}. The node stops; everything that got a receipt "
        "is kept. Mend it, then start again.",
    ),
    "run.fault": (
        "Faute du programme : {reason}. Le nœud s'arrête et reprendra de son journal ; signalez-la "
        "avec les lignes ci-dessus.",
        "A fault of the program: {reason}. The node stops and will replay its log; report it with "
        "the lines above.",
    ),
    "run.stopping": (
        "Arrêt demandé : les demandes en cours se terminent.",
        "Asked to stop: running requests are ending.",
    ),
    "auditor.added": (
        "{key} peut lire les inscriptions. Relancez le nœud pour que cela prenne effet.",
        "{key} may read the entries. Restart the node for this to take effect.",
    ),
    "auditor.known": (
        "{key} était déjà auditeur ; rien n'a changé.",
        "{key} was an auditor already; nothing changed.",
    ),
    "doctor.well": ("Tout va bien.", "All is well."),
    "doctor.ill": ("{count} point(s) à réparer.", "{count} point(s) to mend."),
}


def say(word: str, lang: Language, **fields: str | int) -> str:
    """Return a sentence with its fields filled in.

    Args:
        word: A key of `SENTENCES`.
        lang: Which of the two languages.
        fields: The named fields of the sentence.
    """
    french, english = SENTENCES[word]
    return (french if lang == "fr" else english).format(**fields)


def language_of(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """Return the language of a run: `--lang`, else RONDE_LANG, else French.

    It must be known before the command line is parsed, since a mistake there is told in it.
    """
    wanted = environment.get(LANGUAGE_VARIABLE, "")
    for place, argument in enumerate(arguments):
        if argument == "--lang" and place + 1 < len(arguments):
            wanted = arguments[place + 1]
        elif argument.startswith("--lang="):
            wanted = argument.removeprefix("--lang=")
    return "en" if wanted.lower().startswith("en") else "fr"
