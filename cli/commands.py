"""The table of all commands: what each does in one line, and where it is.

Nothing here is imported before it is asked for; `ronde --help` reads this table alone.
"""

from collections.abc import Mapping
from typing import Final

from cli.grammar import Entry

_WALLET: Final = {
    "create": Entry(
        "Crée des clés neuves et montre les 24 mots.",
        "Makes new keys and shows the 24 words.",
        "cli.wallet:create",
    ),
    "restore": Entry(
        "Reprend les clés des 24 mots.",
        "Takes the keys back from the 24 words.",
        "cli.wallet:restore",
    ),
    "show": Entry(
        "Montre à qui est ce portefeuille, et sa clé publique.",
        "Shows whose wallet this is, and its public key.",
        "cli.wallet:show",
    ),
    "passphrase": Entry(
        "Change la phrase de passe.", "Changes the passphrase.", "cli.wallet:passphrase"
    ),
    "apply": Entry(
        "Demande l'adhésion à une coopérative.",
        "Applies for membership of a cooperative.",
        "cli.apply:apply",
    ),
    "rotate": Entry(
        "Remplace la clé par la suivante.", "Replaces the key by the next.", "cli.apply:rotate"
    ),
    "revoke": Entry("Révoque les clés, sans retour.", "Revokes the keys.", "cli.apply:revoke"),
}
_RECEIPT: Final = {
    "show": Entry("Montre un reçu.", "Shows a receipt.", "cli.receipts:show"),
    "verify": Entry(
        "Vérifie un reçu sans se fier au nœud.",
        "Verifies a receipt without trusting the node.",
        "cli.receipts:verify",
    ),
    "export": Entry(
        "Écrit un reçu dans un fichier.", "Writes a receipt to a file.", "cli.receipts:export"
    ),
}
_INVOICE: Final = {
    "issue": Entry(
        "Demande un montant à quelqu'un.", "Asks somebody for an amount.", "cli.invoices:issue"
    ),
    "accept": Entry(
        "Accepte une facture : vous la devez à partir de là.",
        "Accepts an invoice: you owe it from then on.",
        "cli.invoices:accept",
    ),
    "list": Entry(
        "Montre qui vous doit quoi, et à qui vous devez.",
        "Shows who owes you what, and whom you owe.",
        "cli.invoices:list_",
    ),
    "cancel": Entry(
        "Retire, décline ou annule une facture.",
        "Withdraws, declines or cancels an invoice.",
        "cli.invoices:cancel",
    ),
    "provision": Entry(
        "Fixe ce que les compensations peuvent payer depuis votre compte.",
        "Sets what set-offs may pay out of your account.",
        "cli.provisions:provision",
    ),
}
_OFFICE: Final = {
    "open": Entry(
        "Dit quelle coopérative ce portefeuille sert.",
        "Tells which cooperative this wallet serves.",
        "cli.office:open_office",
    ),
    "admit": Entry(
        "Admet un coopérateur ou une coopératrice.", "Admits a member.", "cli.office:admit"
    ),
    "limit": Entry(
        "Fixe les plafonds d'un compte.", "Sets the limits of an account.", "cli.office:limit"
    ),
    "line": Entry(
        "Ouvre ou change une ligne de crédit avec une autre coopérative.",
        "Opens or changes a credit line with another cooperative.",
        "cli.office_lines:line",
    ),
    "lines": Entry(
        "Montre qui peut devoir combien à qui.",
        "Shows who may owe how much to whom.",
        "cli.office_lines:lines",
    ),
    "accept": Entry(
        "Signe une ligne de crédit proposée.",
        "Signs a credit line that was proposed.",
        "cli.office_lines:accept",
    ),
    "cosign": Entry(
        "Ajoute sa signature à une décision.",
        "Adds a signature to a decision.",
        "cli.office_decisions:cosign",
    ),
    "round": Entry(
        "Tient une séance de compensation.", "Holds a clearing round.", "cli.office_round:round_"
    ),
    "setoff": Entry(
        "Compense les factures entre membres, puis à l'aide des provisions.",
        "Sets off invoices between members, then with provisions.",
        "cli.office_setoff:setoff",
    ),
}
_AUDIT: Final = {
    "key": Entry("Montre la clé de l'auditeur.", "Shows the auditor's key.", "cli.audit:key"),
    "fetch": Entry(
        "Rapporte les papiers publiés par des nœuds.",
        "Fetches the papers that nodes publish.",
        "cli.audit:fetch",
    ),
    "verify": Entry(
        "Vérifie ces papiers, hors ligne, sans se fier à personne.",
        "Verifies these papers, offline, trusting nobody.",
        "cli.audit:verify",
    ),
}

COMMANDS: Final[Mapping[str, Entry]] = {
    "pay": Entry("Paie quelqu'un.", "Pays somebody.", "cli.pay:pay"),
    "balance": Entry("Montre le solde.", "Shows the balance.", "cli.account:balance"),
    "history": Entry(
        "Montre qui a donné quoi à qui.", "Shows who gave what to whom.", "cli.account:history"
    ),
    "retry": Entry(
        "Renvoie ce qui attend encore une réponse.",
        "Sends again what still waits for an answer.",
        "cli.pay:retry",
    ),
    "receipt": Entry("Montre et vérifie les reçus.", "Shows and verifies receipts.", "", _RECEIPT),
    "invoice": Entry(
        "Factures entre membres : qui doit quoi à qui.",
        "Invoices between members: who owes what to whom.",
        "",
        _INVOICE,
    ),
    "wallet": Entry("Clés, 24 mots, phrase de passe.", "Keys, 24 words, passphrase.", "", _WALLET),
    "office": Entry(
        "Bureau de la coopérative : admissions, plafonds, lignes de crédit.",
        "The cooperative's office: admissions, limits, credit lines.",
        "",
        _OFFICE,
    ),
    "audit": Entry(
        "Vérifie tout d'après les papiers publiés.",
        "Verifies everything from published papers.",
        "",
        _AUDIT,
    ),
    "clear": Entry(
        "Calcule la meilleure compensation d'un fichier de dettes.",
        "Computes the best set-off of a file of debts.",
        "cli.clear_command:clear",
    ),
    "demo": Entry(
        "Montre tout en une minute : nœuds, paiements, compensation, audit.",
        "Shows everything in a minute: nodes, payments, clearing, audit.",
        "cli.demo:demo",
    ),
}
