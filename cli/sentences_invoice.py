"""Sentences about invoices: who owes what to whom, until when, and what a set-off did to it."""

from typing import Final

INVOICE: Final[dict[str, tuple[str, str]]] = {
    "invoice.asks": (
        "{creditor} demande {amount} à {debtor}, à régler avant le {due}.",
        "{creditor} asks {debtor} for {amount}, due on {due}.",
    ),
    "invoice.asks_for": (
        "{creditor} demande {amount} à {debtor} pour « {memo} », à régler avant le {due}.",
        "{creditor} asks {debtor} for {amount} for “{memo}”, due on {due}.",
    ),
    "invoice.accepts": (
        "{debtor} accepte de devoir {amount} à {creditor}{memo}, à régler avant le {due}.",
        "{debtor} accepts to owe {amount} to {creditor}{memo}, due on {due}.",
    ),
    "invoice.declines": (
        "{debtor} décline : {creditor} ne recevra pas les {amount} demandés{memo}.",
        "{debtor} declines: {creditor} will not get the {amount} asked for{memo}.",
    ),
    "invoice.withdraws": (
        "{creditor} retire sa demande de {amount} à {debtor}{memo}.",
        "{creditor} withdraws the request of {amount} to {debtor}{memo}.",
    ),
    "invoice.withdraws_far": (
        "{creditor} retire sa demande de {amount} à {debtor}{memo}, à moins que {debtor} "
        "ne l'ait déjà acceptée.",
        "{creditor} withdraws the request of {amount} to {debtor}{memo}, unless {debtor} has "
        "accepted it already.",
    ),
    "invoice.ends_first": (
        "{own} propose d'annuler les {amount} que {debtor} doit à {creditor}{memo} ; "
        "ils restent dus tant que {other} n'annule pas aussi.",
        "{own} proposes to cancel the {amount} that {debtor} owes to {creditor}{memo}; "
        "they stay owed until {other} cancels too.",
    ),
    "invoice.ends_both": (
        "Les deux annulent : {debtor} ne doit plus {amount} à {creditor}{memo}.",
        "Both cancel: {debtor} no longer owes {amount} to {creditor}{memo}.",
    ),
    "invoice.entered": ("Inscrit : {sentence}", "Entered: {sentence}"),
    "invoice.tell_debtor": (
        "Facture {id}. Rien n'est dû avant « ronde invoice accept {id} » de l'autre côté.",
        "Invoice {id}. Nothing is owed before 'ronde invoice accept {id}' on the other side.",
    ),
    "invoice.state_reserved": (
        "{state}, {amount} réservés par une séance",
        "{state}, {amount} reserved by a round",
    ),
    "invoice.far_held": (
        "{peer} ne l'a pas encore inscrit : votre nœud le répète jusqu'à ce que ce soit fait. "
        "Voyez « ronde invoice list ».",
        "{peer} has not entered it yet: your node repeats it until that is done. "
        "See 'ronde invoice list'.",
    ),
    "invoice.far_peer": ("L'autre coopérative", "The other cooperative"),
    "invoice.far_known": ("{peer} l'a inscrit aussi.", "{peer} has entered it too."),
    "invoice.far_ended": (
        "La facture a pris fin des deux côtés.",
        "The invoice has ended on both sides.",
    ),
    "invoice.far_noted": (
        "L'autre côté l'avait acceptée : elle reste due tant qu'il n'annule pas aussi.",
        "The other side had accepted it: it stays owed until that side cancels too.",
    ),
    "invoice.far_full": (
        "trop de factures de votre coopérative y attendent une acceptation",
        "too many invoices of your cooperative wait there to be accepted",
    ),
    "invoice.far_refused_invoice": (
        "{peer} n'a pas pris la facture, qui prend fin ici : {reason}",
        "{peer} did not take the invoice, which ends here: {reason}",
    ),
    "invoice.far_refused_acceptance": (
        "{peer} n'a pas pris l'acceptation : {reason}",
        "{peer} did not take the acceptance: {reason}",
    ),
    "invoice.far_refused_cancellation": (
        "Chez {peer}, la facture avait déjà pris fin ou l'annulation était inscrite.",
        "At {peer} the invoice had ended already, or the cancellation was entered.",
    ),
    "invoice.untaken": (
        "La facture {id} n'a pas été prise par l'autre coopérative : {reason}",
        "The invoice {id} was not taken by the other cooperative: {reason}",
    ),
    "invoice.state_under_way": (
        "{state}, en route vers l'autre coopérative",
        "{state}, on its way to the other cooperative",
    ),
    "invoice.pays": (
        "Sur la facture {id}, {debtor} devra encore {left} à {creditor}.",
        "On the invoice {id}, {debtor} will still owe {left} to {creditor}.",
    ),
    "invoice.pays_all": (
        "La facture {id} sera réglée : {debtor} ne devra plus rien à {creditor} dessus.",
        "The invoice {id} will be settled: {debtor} will owe {creditor} nothing more on it.",
    ),
    "invoice.none": ("Aucune facture en cours.", "No open invoice."),
    "invoice.not_found": (
        "Aucune de vos factures en cours ne commence par {prefix}. Voyez « ronde invoice list ».",
        "None of your open invoices begins with {prefix}. See 'ronde invoice list'.",
    ),
    "invoice.several": (
        "Plusieurs factures commencent par {prefix} : donnez plus de chiffres.",
        "Several invoices begin with {prefix}: give more digits.",
    ),
    "invoice.too_large": (
        "Une facture va jusqu'à {most} au plus.",
        "An invoice goes up to {most} at most.",
    ),
    "invoice.somebody": ("quelqu'un", "somebody"),
    "invoice.line_owes": (
        "{debtor} doit {amount} à {creditor}",
        "{debtor} owes {amount} to {creditor}",
    ),
    "invoice.line_asks": (
        "{creditor} demande {amount} à {debtor}",
        "{creditor} asks {debtor} for {amount}",
    ),
    "invoice.id": ("Facture", "Invoice"),
    "invoice.who": ("Qui doit quoi à qui", "Who owes what to whom"),
    "invoice.due": ("Échéance", "Due"),
    "invoice.state": ("État", "State"),
    "invoice.for": ("Pour", "For"),
    "invoice.state_issued": ("à accepter", "to be accepted"),
    "invoice.state_accepted": ("acceptée", "accepted"),
    "invoice.state_ending": ("annulée d'un côté", "cancelled by one side"),
    "invoice.fell_debt": (
        "Votre dette de {before} envers {who} est réduite de {amount}.",
        "Your debt of {before} to {who} is reduced by {amount}.",
    ),
    "invoice.fell_claim": (
        "Ce que {who} vous doit, {before}, est réduit de {amount}.",
        "What {who} owes you, {before}, is reduced by {amount}.",
    ),
    "document.invoice": ("Facture.", "Invoice."),
    "document.acceptance": ("Acceptation d'une facture.", "Acceptance of an invoice."),
    "document.setoff": ("Compensation entre membres.", "Set-off between members."),
    "document.cancellation": ("Annulation d'une facture.", "Cancellation of an invoice."),
    "setoff.nothing": (
        "Il n'y a rien à compenser : aucune dette ne fait le tour.",
        "There is nothing to set off: no debt comes around.",
    ),
    "setoff.says": (
        "{cooperative} compense {total} de dettes entre ses membres, en {count} factures : "
        "personne ne paie rien, aucun solde ne bouge.",
        "{cooperative} sets off {total} of debts between its members, on {count} invoices: "
        "nobody pays anything, no balance moves.",
    ),
    "setoff.stale": (
        "Des dettes ont changé depuis le calcul : rien n'est compensé. "
        "Recommencez « ronde office setoff ».",
        "Debts have changed since this was computed: nothing is set off. "
        "Run 'ronde office setoff' again.",
    ),
    "setoff.who": ("Qui doit à qui", "Who owes whom"),
    "setoff.before": ("Avant", "Before"),
    "setoff.fell": ("Réduit de", "Reduced by"),
    "setoff.after": ("Après", "After"),
    "setoff.pair": ("{debtor} à {creditor}", "{debtor} to {creditor}"),
    "setoff.gross": (
        "Dettes entre membres : {before} avant, {after} après. Positions nettes : inchangées.",
        "Debts between members: {before} before, {after} after. Net positions: unchanged.",
    ),
    "setoff.more": (
        "Tout ne tient pas dans une compensation : recommencez ensuite pour la suite.",
        "Not all fits into one set-off: run this again afterwards for the rest.",
    ),
}
