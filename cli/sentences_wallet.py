"""Sentences about the wallet: its words, its lock, its journal."""

from typing import Final

WALLET: Final[dict[str, tuple[str, str]]] = {
    "words.count": (
        "Il faut 24 mots ; il y en a {count}.",
        "24 words are needed; there are {count}.",
    ),
    "words.unknown": (
        "Le mot n° {number} n'est pas dans la liste. Relisez-le sur votre papier ; "
        "les accents ne comptent pas et les quatre premières lettres suffisent.",
        "Word number {number} is not in the list. Read it again on your paper; "
        "accents do not matter and the first four letters are enough.",
    ),
    "words.unknown_near": (
        "Le mot n° {number} n'est pas dans la liste. Serait-ce : {near} ?",
        "Word number {number} is not in the list. Could it be: {near}?",
    ),
    "words.checksum": (
        "Ces 24 mots existent tous, mais ils ne vont pas ensemble : un mot a été pris pour un "
        "autre, ou deux mots sont intervertis. Comparez-les un à un avec votre papier.",
        "All these 24 words exist, but they do not belong together: one was taken for another, "
        "or two were swapped. Compare them one by one with your paper.",
    ),
    "keystore.exists": (
        "Il y a déjà un coffre de clés dans {path}. Rien n'a été changé. "
        "Pour un second portefeuille, choisissez un autre dossier avec --home.",
        "There is a keystore in {path} already. Nothing was changed. "
        "For a second wallet, choose another folder with --home.",
    ),
    "keystore.missing": (
        "Il n'y a pas de coffre de clés dans {path}. Créez-le par « ronde wallet create », "
        "ou reprenez-le de vos 24 mots par « ronde wallet restore ».",
        "There is no keystore in {path}. Make one with 'ronde wallet create', "
        "or take it back from your 24 words with 'ronde wallet restore'.",
    ),
    "keystore.wrong_passphrase": (
        "Cette phrase de passe n'ouvre pas le coffre. Rien n'a été fait ; essayez encore.",
        "This passphrase does not open the keystore. Nothing was done; try again.",
    ),
    "keystore.damaged": (
        "Le coffre {path} est abîmé. Mettez-le de côté et reprenez vos clés de vos 24 mots : "
        "« ronde wallet restore --home AUTRE_DOSSIER ».",
        "The keystore {path} is damaged. Put it aside and take your keys back from your 24 words: "
        "'ronde wallet restore --home OTHER_FOLDER'.",
    ),
    "keystore.weak": (
        "Le coffre {path} est verrouillé trop faiblement pour être accepté. "
        "Reprenez vos clés de vos 24 mots : « ronde wallet restore --home AUTRE_DOSSIER ».",
        "The keystore {path} is locked too weakly to be accepted. "
        "Take your keys back from your 24 words: 'ronde wallet restore --home OTHER_FOLDER'.",
    ),
    "keystore.no_memory": (
        "Cette machine n'a pas les {mebibytes} Mio de mémoire libre qu'il faut pour ouvrir le "
        "coffre. Fermez d'autres programmes ; pour un coffre neuf, ajoutez --light.",
        "This machine lacks the {mebibytes} MiB of free memory that the keystore needs. "
        "Close other programs; for a new keystore, add --light.",
    ),
    "keystore.unknown_version": (
        "Le coffre {path} vient d'une version plus récente de ronde : mettez ronde à jour.",
        "The keystore {path} comes from a later version of ronde: please update ronde.",
    ),
    "passphrase.ask": ("Phrase de passe :", "Passphrase:"),
    "passphrase.ask_new": (
        "Nouvelle phrase de passe (8 caractères au moins) :",
        "New passphrase (at least 8 characters):",
    ),
    "passphrase.ask_again": ("La même, encore une fois :", "The same once more:"),
    "passphrase.differ": (
        "Les deux phrases de passe ne sont pas les mêmes.",
        "The two passphrases are not the same.",
    ),
    "passphrase.short": (
        "La phrase de passe doit avoir au moins {least} caractères ; "
        "quatre mots sans rapport font très bien l'affaire.",
        "The passphrase needs at least {least} characters; four unrelated words do very well.",
    ),
    "passphrase.empty": ("La phrase de passe est vide.", "The passphrase is empty."),
    "passphrase.too_long": (
        "La phrase de passe dépasse {limit} octets.",
        "The passphrase is longer than {limit} bytes.",
    ),
    "passphrase.two_sources": (
        "Donnez --passphrase-fd ou --passphrase-file, pas les deux.",
        "Give --passphrase-fd or --passphrase-file, not both.",
    ),
    "passphrase.bad_fd": (
        "Le descripteur {fd} n'est pas ouvert en lecture.",
        "The descriptor {fd} is not open for reading.",
    ),
    "passphrase.not_private": (
        "Le fichier {path} peut être lu par d'autres que vous : "
        "faites d'abord « chmod 600 {path} ».",
        "The file {path} can be read by others: first do 'chmod 600 {path}'.",
    ),
    "passphrase.no_terminal": (
        "Il faut une phrase de passe, et il n'y a pas de clavier pour la demander : "
        "donnez --passphrase-file FICHIER ou --passphrase-fd N.",
        "A passphrase is needed, and there is no keyboard to ask for it: "
        "give --passphrase-file FILE or --passphrase-fd N.",
    ),
    "screen.confirm": ("On y va ? [o/N]", "Go ahead? [y/N]"),
    "screen.no_terminal": (
        "Il faut une réponse, et il n'y a pas de clavier pour la donner. "
        "Ajoutez --yes si vous avez déjà tout vérifié.",
        "An answer is needed, and there is no keyboard to give it. "
        "Add --yes if you have checked everything already.",
    ),
    "wallet.missing": (
        "Il n'y a pas de portefeuille dans {path}. Créez-le par « ronde wallet create ».",
        "There is no wallet in {path}. Make one with 'ronde wallet create'.",
    ),
    "wallet.exists": (
        "Il y a déjà un portefeuille dans {path}. Rien n'a été changé. "
        "Pour un second portefeuille, choisissez un autre dossier avec --home.",
        "There is a wallet in {path} already. Nothing was changed. "
        "For a second wallet, choose another folder with --home.",
    ),
    "wallet.damaged": (
        "Le fichier {path} est abîmé. Vos clés sont dans le coffre, à côté : "
        "renommez ce fichier et faites « ronde wallet restore » dans un autre dossier.",
        "The file {path} is damaged. Your keys are in the keystore beside it: "
        "rename this file and run 'ronde wallet restore' in another folder.",
    ),
    "wallet.other_key": (
        "Le coffre et le fichier wallet.json de {path} ne vont pas ensemble : l'un des deux vient "
        "d'un autre portefeuille. Rien n'a été signé.",
        "The keystore and the file wallet.json in {path} do not belong together: one of them comes "
        "from another wallet. Nothing was signed.",
    ),
    "wallet.bad_name": (
        "Un nom a 1 à 31 caractères parmi a-z 0-9 . _ - et commence par une lettre ou un chiffre. "
        "Par exemple : {example}.",
        "A name is 1 to 31 of a-z 0-9 . _ - and begins with a letter or a digit. "
        "For example: {example}.",
    ),
    "wallet.bad_node": (
        "L'adresse d'un nœud commence par https:// (ou http:// sur cette machine).",
        "The address of a node begins with https:// (or http:// on this machine).",
    ),
    "wallet.bad_account": (
        "« {text} » n'est pas un compte : il commence par memb1… Recopiez-le sans faute.",
        "'{text}' is not an account: it begins with memb1… Copy it without a mistake.",
    ),
    "wallet.write_words": (
        "Écrivez ces 24 mots sur du papier, dans l'ordre, et gardez-le en lieu sûr.\n"
        "Qui les lit peut payer à votre place ; qui les perd ne retrouve pas ses clés.",
        "Write these 24 words on paper, in order, and keep it in a safe place.\n"
        "Whoever reads them can pay in your name; whoever loses them cannot get the keys back.",
    ),
    "wallet.ask_word": ("Vérifions. Mot n° {number} :", "Let us check. Word number {number}:"),
    "wallet.wrong_word": (
        "Ce n'est pas le mot n° {number}. Relisez votre papier.",
        "That is not word number {number}. Read your paper again.",
    ),
    "wallet.words_not_copied": (
        "Les mots ne sont pas encore bien notés : rien n'a été créé. "
        "Recommencez quand vous voulez.",
        "The words are not copied well yet: nothing was created. Start again when you like.",
    ),
    "wallet.ask_words": (
        "Tapez vos 24 mots (sans accents si vous voulez, quatre lettres suffisent), "
        "puis une ligne vide :",
        "Type your 24 words (without accents if you like, four letters are enough), "
        "then an empty line:",
    ),
    "wallet.created": (
        "Le portefeuille est créé dans {path}.",
        "The wallet is made in {path}.",
    ),
    "wallet.restored": (
        "Vos clés sont reprises de vos 24 mots, dans {path}.",
        "Your keys are taken back from your 24 words, in {path}.",
    ),
    "wallet.give_key": (
        "Donnez votre clé publique à votre coopérative : elle n'est pas secrète.",
        "Give your public key to your cooperative: it is no secret.",
    ),
    "wallet.passphrase_changed": (
        "La phrase de passe est changée. Vos 24 mots restent les mêmes.",
        "The passphrase is changed. Your 24 words remain the same.",
    ),
    "wallet.label_role": ("Rôle", "Role"),
    "wallet.role_member": ("coopérateur ou coopératrice", "member"),
    "wallet.role_officer": (
        "mandataire ou auditeur (sans compte)",
        "officer or auditor (no account)",
    ),
    "wallet.label_name": ("Nom", "Name"),
    "wallet.label_account": ("Compte", "Account"),
    "wallet.no_account": ("pas encore admis", "not admitted yet"),
    "wallet.label_node": ("Nœud", "Node"),
    "wallet.no_node": ("aucun pour l'instant", "none yet"),
    "wallet.label_key": ("Clé", "Key"),
    "wallet.label_key_number": ("Numéro de clé", "Key number"),
    "wallet.label_next": ("Clé suivante (empreinte)", "Next key (digest)"),
    "wallet.label_folder": ("Dossier", "Folder"),
    "journal.seq_taken": (
        "Un autre ordre porte déjà le numéro {seq} ; rien n'a été envoyé. Recommencez.",
        "Another order has the number {seq} already; nothing was sent. Try again.",
    ),
    "journal.bad_prefix": (
        "Un ordre se désigne par au moins les {least} premiers chiffres (0-9 a-f) de son numéro.",
        "An order is named by at least the first {least} digits (0-9 a-f) of its number.",
    ),
    "journal.not_found": (
        "Aucun ordre de votre journal ne commence par {prefix}. Voyez « ronde history ».",
        "No order of your journal begins with {prefix}. See 'ronde history'.",
    ),
    "journal.several": (
        "Plusieurs ordres commencent par {prefix} : donnez quelques chiffres de plus.",
        "Several orders begin with {prefix}: give a few more digits.",
    ),
    "journal.both_answers": (
        "le nœud a signé un reçu et un rejet pour le même ordre {order}. "
        "Gardez votre dossier tel quel et prévenez un auditeur.",
        "the node signed a receipt and a rejection of the same order {order}. "
        "Keep your folder as it is and tell an auditor.",
    ),
    "journal.full": (
        "Le disque est plein : l'ordre n'a pas pu être noté dans {path}, et rien n'a été envoyé. "
        "Faites de la place et recommencez.",
        "The disk is full: the order could not be written to {path}, and nothing was sent. "
        "Make some room and try again.",
    ),
    "journal.busy": (
        "Une autre commande tient le journal {path} depuis dix secondes ; rien n'a été envoyé. "
        "Recommencez.",
        "Another command has held the journal {path} for ten seconds; nothing was sent. Try again.",
    ),
    "journal.damaged": (
        "Le journal {path} est abîmé ; rien n'a été envoyé. Mettez-le de côté : "
        "votre coopérative sait tous les ordres qu'elle a reçus.",
        "The journal {path} is damaged; nothing was sent. Put it aside: "
        "your cooperative knows all the orders that it received.",
    ),
    "journal.unusable": (
        "Le journal {path} ne peut pas être utilisé ({reason}) ; rien n'a été envoyé.",
        "The journal {path} cannot be used ({reason}); nothing was sent.",
    ),
    "journal.unknown_version": (
        "Le journal {path} vient d'une version plus récente de ronde : mettez ronde à jour.",
        "The journal {path} comes from a later version of ronde: please update ronde.",
    ),
}
