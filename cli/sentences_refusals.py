"""Why a node said no, and what to do next: one sentence for each refusal of spec 0006."""

from typing import Final

from protocol.ledger.refusals import Refusal

REFUSALS: Final[dict[Refusal, tuple[str, str]]] = {
    Refusal.WRONG_NETWORK: (
        "Ce document est fait pour une autre fédération. Vérifiez l'adresse de votre nœud.",
        "This document was made for another federation. Check the address of your node.",
    ),
    Refusal.WRONG_COOPERATIVE: (
        "Ce document s'adresse à une autre coopérative. Envoyez-le au nœud qui tient votre compte.",
        "This document is addressed to another cooperative. Send it to the node of your account.",
    ),
    Refusal.NOT_YET_VALID: (
        "Ce document est daté dans l'avenir. Mettez votre machine à l'heure, puis recommencez.",
        "This document is dated in the future. Set the clock of your machine, then try again.",
    ),
    Refusal.EXPIRED: (
        "Ce document est arrivé trop tard, ou l'heure de votre machine retarde. "
        "Vérifiez l'heure et refaites-le : rien n'a été payé.",
        "This document came too late, or the clock of your machine is slow. "
        "Check the time and make it again: nothing was paid.",
    ),
    Refusal.VALIDITY_TOO_LONG: (
        "Ce document serait valable trop longtemps. Refaites-le avec une échéance plus proche.",
        "This document would be valid for too long. Make it again with an earlier deadline.",
    ),
    Refusal.AUTHOR_UNKNOWN: (
        "Ce nœud ne connaît pas votre compte. "
        "Faites-vous admettre par votre coopérative, ou vérifiez l'adresse du nœud.",
        "This node does not know your account. "
        "Ask your cooperative to admit you, or check the address of the node.",
    ),
    Refusal.KEYS_REVOKED: (
        "Les clés de ce compte ont été révoquées. Voyez le bureau de votre coopérative.",
        "The keys of this account were revoked. See the office of your cooperative.",
    ),
    Refusal.KEY_EVENT_NOT_CURRENT: (
        "Vos clés ont changé depuis. Utilisez le portefeuille qui a les nouvelles clés, "
        "ou reprenez-le de vos 24 mots avec leur numéro (--key-number).",
        "Your keys have changed since. Use the wallet that has the new keys, "
        "or restore it from your 24 words with their number (--key-number).",
    ),
    Refusal.SIGNER_NOT_ALLOWED: (
        "La clé qui a signé n'a pas ce pouvoir. Faites signer une personne habilitée.",
        "The key that signed has no such power. Let an authorised person sign.",
    ),
    Refusal.TOO_FEW_SIGNATURES: (
        "Il manque des signatures. Faites signer d'autres mandataires, puis renvoyez le document.",
        "Signatures are missing. Let other officers sign, then send the document again.",
    ),
    Refusal.SEQUENCE_USED: (
        "Ce numéro d'ordre a déjà servi, peut-être depuis un autre appareil. "
        "Voyez « ronde history » avant de refaire le paiement.",
        "This order number was used already, perhaps from another device. "
        "See 'ronde history' before you pay again.",
    ),
    Refusal.SEQUENCE_TOO_FAR: (
        "Ce numéro d'ordre est trop grand. Rafraîchissez l'état du compte par « ronde balance », "
        "puis recommencez.",
        "This order number is too large. Refresh the account with 'ronde balance', then try again.",
    ),
    Refusal.WRONG_UNIT: (
        "Ce montant n'est pas dans l'unité de ce compte. Refaites-le dans l'unité du compte.",
        "This amount is not in the unit of this account. Make it again in the account's unit.",
    ),
    Refusal.FOREIGN_LEG_NOT_ALONE: (
        "Un paiement vers une autre coopérative se fait seul. "
        "Faites un ordre à part pour chaque personne d'une autre coopérative.",
        "A payment to another cooperative goes alone. "
        "Make an order of its own for each person of another cooperative.",
    ),
    Refusal.LINE_UNKNOWN: (
        "Votre coopérative n'a pas de ligne de crédit avec celle de cette personne. "
        "Demandez à votre bureau d'en ouvrir une, puis recommencez.",
        "Your cooperative has no credit line with that person's cooperative. "
        "Ask your office to open one, then try again.",
    ),
    Refusal.PAYEE_UNKNOWN: (
        "La personne à payer n'a pas de compte ici. "
        "Vérifiez son adresse avec elle, puis recommencez.",
        "The person to be paid has no account here. Check the address with her, then try again.",
    ),
    Refusal.PAYEE_IS_PAYER: (
        "On ne se paie pas soi-même. Vérifiez à qui vous voulez donner.",
        "Nobody pays herself. Check whom you want to give to.",
    ),
    Refusal.CREDIT_LIMIT_EXCEEDED: (
        "Ce paiement passerait sous votre plafond de débit. "
        "Donnez moins, attendez de recevoir, ou demandez un plafond plus haut à votre bureau.",
        "This payment would go below your credit limit. "
        "Give less, wait until you receive, or ask your office for a higher limit.",
    ),
    Refusal.CEILING_EXCEEDED: (
        "La personne à payer dépasserait son plafond de crédit. "
        "Donnez moins, ou attendez qu'elle ait dépensé.",
        "The person to be paid would go above her ceiling. Give less, or wait until she has spent.",
    ),
    Refusal.LINE_LIMIT_EXCEEDED: (
        "La ligne de crédit entre les deux coopératives est pleine. "
        "Donnez moins, ou attendez la prochaine séance de compensation.",
        "The credit line between the two cooperatives is full. "
        "Give less, or wait for the next clearing round.",
    ),
    Refusal.ACCOUNT_UNKNOWN: (
        "Ce compte n'existe pas ici. Vérifiez-le dans la liste des comptes.",
        "This account does not exist here. Check it in the list of accounts.",
    ),
    Refusal.ACCOUNT_EXISTS: (
        "Ce compte existe déjà : cette personne est déjà admise, il n'y a rien à refaire.",
        "This account exists already: this person is admitted, nothing is left to do.",
    ),
    Refusal.KEYS_NOT_ACCEPTABLE: (
        "Ces clés ne conviennent pas : en double, mal formées, ou moins nombreuses que les "
        "signatures demandées. Refaites-les par « ronde wallet create ».",
        "These keys are not acceptable: one twice, malformed, or fewer than the signatures asked "
        "for. Make new ones with 'ronde wallet create'.",
    ),
    Refusal.NEXT_KEYS_MISMATCH: (
        "Les nouvelles clés ne sont pas celles qui étaient promises. "
        "Reprenez le portefeuille de vos 24 mots, ou voyez le bureau de votre coopérative.",
        "The new keys are not the ones that were promised. "
        "Restore the wallet from your 24 words, or see the office of your cooperative.",
    ),
    Refusal.LINE_TERMS_MISMATCH: (
        "Les deux coopératives n'ont pas signé les mêmes termes de la ligne de crédit. "
        "Refaites-la à partir des deux cartes à jour.",
        "The two cooperatives did not sign the same terms of the credit line. "
        "Make it again from both current cards.",
    ),
    Refusal.LINE_VERSION_NOT_NEXT: (
        "Une autre version de cette ligne de crédit est en vigueur. "
        "Relisez-la, puis faites la version suivante.",
        "Another version of this credit line is in force. Read it, then make the next version.",
    ),
    Refusal.OFFER_NOT_NEXT: (
        "Une offre d'avant manque encore entre les deux nœuds. "
        "Elle sera renvoyée d'elle-même : attendez un peu.",
        "An earlier offer is still missing between the two nodes. "
        "It will be sent again by itself: wait a little.",
    ),
    Refusal.OFFER_UNKNOWN: (
        "Cette réponse ne va avec aucune offre en attente. "
        "Comparez les comptes miroirs des deux coopératives.",
        "This answer belongs to no offer that waits. Compare the mirrors of the two cooperatives.",
    ),
    Refusal.VERDICT_WRONG: (
        "Cette réponse n'est pas celle que donne la règle. "
        "Faites vérifier ce nœud par un auditeur.",
        "This answer is not the one that the rule gives. Have an auditor check this node.",
    ),
    Refusal.SHARE_EXCEEDS_BALANCE: (
        "Cette part de compensation dépasse ce qui est dû à cet instant. "
        "Elle sera recalculée à la prochaine séance.",
        "This share of a set-off exceeds what is due at the moment. "
        "It will be computed again in the next round.",
    ),
    Refusal.SHARE_KNOWN: (
        "Cette part de compensation est déjà inscrite : il n'y a rien à refaire.",
        "This share of a set-off is entered already: nothing is left to do.",
    ),
    Refusal.SHARE_UNKNOWN: (
        "Cette part de compensation n'a jamais été consentie ici. "
        "Attendez la prochaine séance, ou prévenez un auditeur.",
        "This share of a set-off was never consented to here. "
        "Wait for the next round, or tell an auditor.",
    ),
    Refusal.CERTIFICATE_INCOMPLETE: (
        "Le procès-verbal n'a pas encore toutes les signatures de la boucle. "
        "Attendez-les : rien n'est compensé d'ici là.",
        "The certificate lacks signatures of the cycle. "
        "Wait for them: nothing is set off until then.",
    ),
    Refusal.NOT_FOR_A_LOG: (
        "Un document de cette sorte n'entre pas au journal. "
        "Envoyez-le par la commande qui lui correspond.",
        "A document of this kind does not enter the log. "
        "Send it with the command that belongs to it.",
    ),
    Refusal.DEBTOR_UNKNOWN: (
        "Cette coopérative n'a pas de compte à ce nom. "
        "Une facture ne va qu'entre membres d'une même coopérative.",
        "This cooperative has no account of that name. "
        "An invoice goes between members of one cooperative only.",
    ),
    Refusal.DEBTOR_IS_CREDITOR: (
        "Une facture à soi-même ne veut rien dire. Vérifiez le nom du débiteur.",
        "An invoice to oneself means nothing. Check the name of the debtor.",
    ),
    Refusal.TOO_MANY_WAITING: (
        "256 de vos factures attendent encore une acceptation. "
        "Relancez vos débiteurs, ou annulez-en avec « ronde invoice cancel ».",
        "256 of your invoices still wait to be accepted. "
        "Remind your debtors, or cancel some with 'ronde invoice cancel'.",
    ),
    Refusal.INVOICE_UNKNOWN: (
        "Aucune facture en cours n'a cet identifiant : elle est réglée, annulée ou inconnue. "
        "Voyez « ronde invoice list ».",
        "No open invoice has this identifier: it is settled, cancelled or unknown. "
        "See 'ronde invoice list'.",
    ),
    Refusal.NOT_A_PARTY: (
        "Cette facture est entre d'autres personnes, ou vous n'y êtes pas le débiteur. "
        "Voyez « ronde invoice list ».",
        "This invoice is between other people, or you are not its debtor. "
        "See 'ronde invoice list'.",
    ),
    Refusal.ALREADY_ACCEPTED: (
        "Cette facture est déjà acceptée : il n'y a rien à refaire.",
        "This invoice is accepted already: nothing is left to do.",
    ),
    Refusal.NOT_ACCEPTED: (
        "Cette facture n'est pas encore acceptée. "
        "Le débiteur l'accepte d'abord avec « ronde invoice accept ».",
        "This invoice is not accepted yet. "
        "Its debtor first accepts it with 'ronde invoice accept'.",
    ),
    Refusal.CANCELLATION_NOTED: (
        "Votre annulation est déjà inscrite. Elle vaudra quand l'autre côté annulera aussi.",
        "Your cancellation is entered already. It takes effect when the other side cancels too.",
    ),
    Refusal.MORE_THAN_OWED: (
        "C'est plus que ce qui reste dû sur cette facture. "
        "Voyez le reste dans « ronde invoice list », puis recommencez.",
        "This is more than is still owed on this invoice. "
        "See what is left in 'ronde invoice list', then try again.",
    ),
    Refusal.NOT_BALANCED: (
        "Cette compensation changerait la position nette d'un membre. "
        "Refaites-la avec « ronde office setoff ».",
        "This set-off would change the net position of a member. "
        "Make it again with 'ronde office setoff'.",
    ),
    Refusal.PROVISION_EXCEEDED: (
        "Cette compensation sortirait d'un compte plus que sa provision. "
        "Refaites-la avec « ronde office setoff ».",
        "This set-off would move more out of an account than its provision. "
        "Make it again with 'ronde office setoff'.",
    ),
    Refusal.PROVISION_OUTDATED: (
        "Vous avez signé autre chose depuis cette provision : elle ne compte plus. "
        "Refaites-la avec « ronde invoice provision ».",
        "You have signed something else since this provision: it no longer counts. "
        "Make it again with 'ronde invoice provision'.",
    ),
}
