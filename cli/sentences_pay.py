"""Sentences about paying, accounts, receipts, and what a node says."""

from typing import Final

from cli.sentences_refusals import REFUSALS

PAY: Final[dict[str, tuple[str, str]]] = {
    **{f"refusal.{refusal.name}": pair for refusal, pair in REFUSALS.items()},
    "node.unreached": (
        "Le nœud {url} ne répond pas ({reason}). Rien n'est perdu : recommencez plus tard, "
        "ce qui était signé sera renvoyé tel quel.",
        "The node {url} does not answer ({reason}). Nothing is lost: try again later, "
        "what was signed will be sent again as it is.",
    ),
    "node.busy": (
        "Le nœud {url} est occupé ou s'arrête ({status}). Recommencez dans un instant.",
        "The node {url} is busy or stopping ({status}). Try again in a moment.",
    ),
    "node.peer_away": (
        "L'autre coopérative ne répond pas en ce moment. Recommencez plus tard.",
        "The other cooperative does not answer at the moment. Try again later.",
    ),
    "node.not_found": (
        "Le nœud ne connaît pas ce qui est demandé. Vérifiez l'adresse.",
        "The node does not know what is asked for. Check the address.",
    ),
    "node.conflict": (
        "Le nœud dit : déjà pris, ou déjà en cours ({reason}).",
        "The node says: taken already, or under way ({reason}).",
    ),
    "node.not_allowed": (
        "Cette clé n'a pas ce droit sur ce nœud ({reason}). Si vos clés ont changé, reprenez-les "
        "par « ronde wallet restore --node ».",
        "This key has no such right at this node ({reason}). If your keys have changed, take them "
        "back with 'ronde wallet restore --node'.",
    ),
    "node.signature": (
        "Le nœud refuse la signature ({reason}).",
        "The node refuses the signature ({reason}).",
    ),
    "node.malformed": (
        "Le nœud ne comprend pas ces octets ({reason}). Ce programme et le nœud sont peut-être "
        "de versions différentes.",
        "The node does not understand these bytes ({reason}). This program and the node may be "
        "of different versions.",
    ),
    "node.clock_ahead": (
        "L'horloge de cet ordinateur avance de {minutes} minutes sur celle du nœud. "
        "Mettez-la à l'heure, puis recommencez : rien n'a été payé.",
        "The clock of this computer is {minutes} minutes ahead of the node's. "
        "Set it right, then try again: nothing was paid.",
    ),
    "node.clock_behind": (
        "L'horloge de cet ordinateur retarde de {minutes} minutes sur celle du nœud. "
        "Mettez-la à l'heure, puis recommencez : rien n'a été payé.",
        "The clock of this computer is {minutes} minutes behind the node's. "
        "Set it right, then try again: nothing was paid.",
    ),
    "cooperative.none_member": (
        "Ce portefeuille n'est encore membre de rien. Demandez l'adhésion par « ronde wallet apply "
        "URL --name NOM », et donnez le fichier au bureau de votre coopérative.",
        "This wallet is a member of nothing yet. Apply with 'ronde wallet apply URL --name NAME' "
        "and give the file to your cooperative's office.",
    ),
    "cooperative.none_officer": (
        "Ce portefeuille ne sert encore aucune coopérative : « ronde office open URL ».",
        "This wallet serves no cooperative yet: 'ronde office open URL'.",
    ),
    "cooperative.bad_id": (
        "« {text} » n'est pas l'identifiant d'une coopérative : il commence par coop1…",
        "'{text}' is not the identifier of a cooperative: it begins with coop1…",
    ),
    "cooperative.not_expected": (
        "ce nœud est celui d'une autre coopérative que celle que vous attendez : {seen}.",
        "this node belongs to another cooperative than you expect: {seen}.",
    ),
    "cooperative.changed": (
        "ce nœud montre une autre coopérative ({seen}) que celle que ce portefeuille connaît "
        "({known}). Rien n'a été changé.",
        "this node shows another cooperative ({seen}) than the one that this wallet knows "
        "({known}). Nothing was changed.",
    ),
    "cooperative.compare": (
        "Comparez avec ce que {cooperative} affiche ailleurs que sur son nœud : {id}",
        "Compare with what {cooperative} shows elsewhere than on its node: {id}",
    ),
    "session.needs_member": (
        "Ce portefeuille est celui d'un mandataire : il n'a pas de compte. "
        "Choisissez un portefeuille de membre avec --home.",
        "This is an officer's wallet: it has no account. Choose a member's wallet with --home.",
    ),
    "session.needs_officer": (
        "Cette commande est celle du bureau. Choisissez un portefeuille de mandataire avec --home "
        "(« ronde wallet create --officer »).",
        "This command is the office's. Choose an officer's wallet with --home "
        "('ronde wallet create --officer').",
    ),
    "apply.written": (
        "Demande écrite dans {path}. Donnez ce fichier au bureau de {cooperative} ; "
        "il ne contient rien de secret.",
        "Application written to {path}. Give this file to the office of {cooperative}; "
        "nothing in it is secret.",
    ),
    "apply.account": ("Votre compte sera {account}.", "Your account will be {account}."),
    "apply.admitted": (
        "Vous êtes déjà membre de {cooperative} avec cette clé : voyez « ronde balance ».",
        "You are a member of {cooperative} with this key already: see 'ronde balance'.",
    ),
    "apply.rotated": (
        "Ces clés ont déjà servi à un compte et ont été changées. "
        "Créez un autre portefeuille pour une autre adhésion.",
        "These keys have served an account already and were rotated. "
        "Make another wallet for another membership.",
    ),
    "recovery.nothing": (
        "Aucun compte de {cooperative} n'a l'une des {count} premières clés de ces mots. "
        "Vérifiez l'adresse du nœud ; si vos clés ont été révoquées, voyez le bureau.",
        "No account of {cooperative} has one of the first {count} keys of these words. "
        "Check the address of the node; if your keys were revoked, see the office.",
    ),
    "rotate.ask": (
        "La clé n° {number} remplacera la clé en vigueur ; vos 24 mots restent les mêmes.",
        "Key number {number} will replace the key in force; your 24 words remain the same.",
    ),
    "rotate.done": (
        "La clé n° {number} est en vigueur.",
        "Key number {number} is in force.",
    ),
    "revoke.ask": (
        "Plus rien ne pourra être signé pour ce compte, même avec vos 24 mots. Il n'y a pas de "
        "retour ; le solde reste inscrit.",
        "Nothing can be signed for this account any more, not even with your 24 words. There is "
        "no way back; the balance stands.",
    ),
    "wallet.revoked": (
        "Les clés de ce compte sont révoquées.",
        "The keys of this account are revoked.",
    ),
    "account.not_admitted": (
        "{cooperative} n'a pas (encore) de compte pour cette clé. "
        "Donnez votre demande d'adhésion au bureau, ou attendez sa décision.",
        "{cooperative} has no account for this key (yet). "
        "Give your application to the office, or wait for its decision.",
    ),
    "person.bad_address": (
        "« {text} » n'est pas une adresse : écrivez par exemple alice@{place}, sans accents.",
        "'{text}' is not an address: write for example alice@{place}, without accents.",
    ),
    "person.unknown": (
        "Personne ne s'appelle {address}, ou votre coopérative n'a pas de ligne de crédit avec "
        "celle-là. Vérifiez l'adresse.",
        "Nobody is called {address}, or your cooperative has no credit line with that one. "
        "Check the address.",
    ),
    "person.card_date": (
        "La carte de {address} n'est pas valable à l'heure de cet ordinateur. "
        "Vérifiez son horloge.",
        "The card of {address} is not valid at this computer's time. Check its clock.",
    ),
    "amount.empty": ("Il manque le montant.", "The amount is missing."),
    "amount.too_long": ("Ce montant est trop long.", "This amount is too long."),
    "amount.sign": (
        "Un montant n'a pas de signe : écrivez 12,50 et non « {text} ».",
        "An amount has no sign: write 12.50 and not '{text}'.",
    ),
    "amount.character": (
        "« {text} » n'est pas un montant : seulement des chiffres et une virgule, comme 12,50.",
        "'{text}' is not an amount: digits and one decimal mark only, such as 12.50.",
    ),
    "amount.ambiguous": (
        "« {text} » peut se lire de deux façons : écrivez 1234,50, une seule virgule.",
        "'{text}' can be read in two ways: write 1234.50, with one decimal mark.",
    ),
    "amount.groups": (
        "Dans « {text} », les espaces ne séparent pas des milliers : écrivez 1 234,50.",
        "In '{text}' the spaces do not separate thousands: write 1 234.50.",
    ),
    "amount.missing_digits": (
        "Il manque un chiffre avant ou après la virgule de « {text} ».",
        "A digit is missing before or after the decimal mark of '{text}'.",
    ),
    "amount.too_many_decimals": (
        "« {text} » a trop de décimales : cette unité en a {decimals}.",
        "'{text}' has too many decimals: this unit has {decimals}.",
    ),
    "amount.zero": ("Le montant est nul.", "The amount is zero."),
    "amount.too_large": ("Ce montant est trop grand.", "This amount is too large."),
    "pay.you": ("vous", "you"),
    # Of whoever restored a wallet without a name: it stands before « donne ».
    "pay.this_wallet": ("Ce portefeuille", "This wallet"),
    "pay.declined": ("Rien n'a été fait.", "Nothing was done."),
    "pay.bad_memo": (
        "Le motif a au plus {most} caractères, sur une ligne, sans caractères invisibles.",
        "The purpose has at most {most} characters, on one line, without invisible ones.",
    ),
    "pay.same_order": (
        "Cet ordre était déjà signé : c'est lui qui compte, il n'est pas payé deux fois "
        "(--again pour payer une seconde fois).",
        "This order was signed already: that one counts, it is not paid twice "
        "(--again to pay a second time).",
    ),
    "pay.same_unclear": (
        "Cet ordre est déjà signé et le nœud n'en dit rien de sûr : rien de plus n'a été envoyé.",
        "This order is signed already and the node says nothing certain of it: nothing more was "
        "sent.",
    ),
    "pay.settled_final": ("Réglé entre-temps : {sentence}", "Settled meanwhile: {sentence}"),
    "pay.settled_held": (
        "Attend encore l'autre coopérative : {sentence}",
        "Still waits for the other cooperative: {sentence}",
    ),
    "pay.settled_refused": ("Refusé : {sentence}", "Refused: {sentence}"),
    "pay.settled_waiting": ("Sans réponse : {sentence}", "Without an answer: {sentence}"),
    "pay.held": (
        "{sentence} Accepté et mis de côté par votre coopérative ; {peer} n'a pas encore signé. "
        "Rien à refaire : l'ordre {order} part tout seul (voyez « ronde balance »).",
        "{sentence} Accepted and set aside by your cooperative; {peer} has not signed yet. "
        "Nothing to do again: order {order} goes by itself (see 'ronde balance').",
    ),
    "pay.receipt": (
        "Reçu {order} vérifié et gardé (« ronde receipt show {order} »).",
        "Receipt {order} verified and kept ('ronde receipt show {order}').",
    ),
    "pay.receipt_both": (
        "Les deux coopératives ont signé. Reçu {order} vérifié et gardé "
        "(« ronde receipt show {order} »).",
        "Both cooperatives have signed. Receipt {order} verified and kept "
        "('ronde receipt show {order}').",
    ),
    "pay.came_back": (
        "L'autre coopérative a refusé ; le montant vous est revenu.",
        "The other cooperative refused; the amount came back to you.",
    ),
    "retry.nothing": ("Rien n'attend.", "Nothing waits."),
    "document.rotation": ("Changement de clé.", "Rotation of the key."),
    "document.revocation": ("Révocation des clés.", "Revocation of the keys."),
    "document.decision": ("Décision du bureau.", "Decision of the office."),
    "document.other": ("Document.", "Document."),
    "balance.is": ("Vous avez {balance}.", "You have {balance}."),
    "balance.limits": (
        "Votre compte peut aller de {low} à {high}.",
        "Your account may go from {low} to {high}.",
    ),
    "balance.open": (
        "{count} ordre(s) attendent encore une réponse.",
        "{count} order(s) still wait for an answer.",
    ),
    "history.empty": ("Rien encore.", "Nothing yet."),
    "history.more": (
        "Il y en a d'autres : ajoutez --limit.",
        "There are more: add --limit.",
    ),
    "history.when": ("Quand", "When"),
    "history.who": ("Qui donne à qui", "Who gives to whom"),
    "history.what": ("Montant", "Amount"),
    "history.for": ("Pour", "For"),
    "history.gave": ("{giver} à {receiver}", "{giver} to {receiver}"),
    "history.somebody": ("quelqu'un d'ailleurs", "somebody elsewhere"),
    "receipt.number": ("Ordre {number}", "Order {number}"),
    "receipt.kind_order": ("Ordre de transfert.", "Transfer order."),
    "receipt.kind_other": ("Clés ou décision.", "Keys or decision."),
    "receipt.for": ("Pour « {memo} ».", "For “{memo}”."),
    "receipt.entry": (
        "Inscrit au registre de {name}, n° {entry}, le {when}.",
        "Entered in the ledger of {name}, number {entry}, on {when}.",
    ),
    "receipt.state_waiting": (
        "Sans réponse du nœud : « ronde retry ».",
        "Without an answer of the node: 'ronde retry'.",
    ),
    "receipt.state_held": (
        "Mis de côté ; l'autre coopérative n'a pas encore signé.",
        "Set aside; the other cooperative has not signed yet.",
    ),
    "receipt.state_final": ("Transfert définitif.", "The transfer is final."),
    "receipt.state_refused": ("Refusé.", "Refused."),
    "receipt.holds": (
        "✔ Vérifié : signature, inscription et registre vont ensemble.",
        "✔ Verified: signature, entry and ledger belong together.",
    ),
    "receipt.compare_id": (
        "Ce portefeuille ne connaît pas cette coopérative : comparez son identifiant {cooperative}",
        "This wallet does not know this cooperative: compare its identifier {cooperative}",
    ),
    "receipt.exported": ("Reçu écrit dans {path}.", "Receipt written to {path}."),
    "receipt.no_receipt": (
        "Ce fichier n'est pas un reçu exporté par ronde.",
        "This file is no receipt exported by ronde.",
    ),
}
