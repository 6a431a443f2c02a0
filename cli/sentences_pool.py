"""Sentences about provisions: what set-offs may pay out of an account, and what they have moved."""

from typing import Final

POOL: Final[dict[str, tuple[str, str]]] = {
    "provision.allows": (
        "{own} permet aux compensations de sortir jusqu'à {amount} de son compte, "
        "uniquement pour régler ses propres dettes, échues ou non.",
        "{own} allows set-offs to take up to {amount} out of the account, "
        "only to pay {own}'s own debts, whether due or not.",
    ),
    "provision.ends": (
        "{own} retire sa provision : les compensations ne sortiront plus rien de son compte.",
        "{own} withdraws the provision: set-offs will take nothing more out of the account.",
    ),
    "provision.before": (
        "Il restait {amount} de la provision précédente ; la nouvelle la remplace.",
        "{amount} were left of the provision before; the new one replaces it.",
    ),
    "provision.left": (
        "Les compensations peuvent encore sortir {amount} de votre compte.",
        "Set-offs may still take {amount} out of your account.",
    ),
    "provision.too_large": (
        "Une provision va jusqu'à {most} au plus.",
        "A provision goes up to {most} at most.",
    ),
    "provision.paid": (
        "Votre compte a payé {amount} de vos dettes, par compensation.",
        "Your account has paid {amount} of your debts, by set-off.",
    ),
    "provision.received": (
        "Votre compte a reçu {amount} de ce qu'on vous devait, par compensation.",
        "Your account has received {amount} of what you were owed, by set-off.",
    ),
    "document.provision": ("Provision pour les compensations.", "Provision for set-offs."),
    "pool.says": (
        "{cooperative} compense {total} de dettes entre ses membres, en {count} factures, "
        "à l'aide des provisions : des soldes bougent, dans ce que chacun a permis.",
        "{cooperative} sets off {total} of debts between its members, on {count} invoices, "
        "with the help of provisions: balances move, within what each has allowed.",
    ),
    "pool.account": ("Compte", "Account"),
    "pool.moves": ("Paie ou reçoit", "Pays or receives"),
    "pool.pays": ("paie {amount}", "pays {amount}"),
    "pool.receives": ("reçoit {amount}", "receives {amount}"),
    "pool.gross": (
        "Dettes entre membres : {before} avant, {after} après. "
        "{moved} passent d'un compte à l'autre.",
        "Debts between members: {before} before, {after} after. "
        "{moved} move from account to account.",
    ),
    "pool.stale": (
        "Des soldes ont changé depuis le calcul : rien n'est compensé à l'aide des provisions. "
        "Recommencez « ronde office setoff ».",
        "Balances have changed since this was computed: nothing is set off with provisions. "
        "Run 'ronde office setoff' again.",
    ),
    "pool.later": (
        "Des provisions peuvent compenser davantage : une fois cette décision inscrite, "
        "recommencez « ronde office setoff ».",
        "Provisions may set off more: once this decision is entered, "
        "run 'ronde office setoff' again.",
    ),
}
