"""Sentences about set-offs of debt files: the table, the stages, certificates and pictures."""

from typing import Final

CLEAR: Final[dict[str, tuple[str, str]]] = {
    "clear.title": ("Compensation de {name}", "Set-off of {name}"),
    "clear.verify_title": ("Certificat de {name}", "Certificate of {name}"),
    "clear.obligations": ("dettes", "debts"),
    "clear.participants": ("participants", "participants"),
    "clear.gross_before": ("brut avant", "gross before"),
    "clear.cleared": ("compensé", "cleared"),
    "clear.gross_after": ("brut après", "gross after"),
    "clear.share": ("part", "share"),
    "clear.cycles": ("boucles", "cycles"),
    "clear.optimum": ("optimum", "optimum"),
    "clear.proven": ("prouvé", "proven"),
    "clear.tier": ("rang", "tier"),
    "clear.tier_members": ("membres", "members"),
    "clear.tier_owed": ("reste dû", "still owed"),
    "clear.tier_more": ("{tier} et plus", "{tier} and more"),
    "clear.tiers_say": (
        "Ce qui reste dû va toujours d'un rang vers un rang plus élevé : plus rien ne tourne en"
        " rond.",
        "What stays owed always leads from a tier to a higher one: no circle is left.",
    ),
    "clear.reading": ("lecture", "reading"),
    "clear.merging": ("réunion", "merging"),
    "clear.clearing": ("compensation", "clearing"),
    "clear.proving": ("preuve", "proving"),
    "clear.circling": ("boucles", "cycles"),
    "clear.writing": ("écriture", "writing"),
    "clear.unproven": (
        "VÉRIFICATION ÉCHOUÉE : la compensation calculée n'est pas l'optimum ({reason})",
        "VERIFICATION FAILED: the set-off found is not the optimum ({reason})",
    ),
    "clear.wrote": ("Écrit : {path}", "Written: {path}"),
    "clear.memory": (
        "la mémoire ne suffit pas pour autant de dettes",
        "there is not enough memory for so many debts",
    ),
    "clear.salt": (
        "un sel est fait de 64 chiffres hexadécimaux",
        "a salt is 64 hexadecimal digits",
    ),
    "clear.salt_members": (
        "avec un sel, un fichier a au plus {limit} membres",
        "with a salt, a file has at most {limit} members",
    ),
    "clear.same_file": (
        "{path} est nommé deux fois ; chaque fichier demande son propre nom",
        "{path} is named twice; each file needs a name of its own",
    ),
    "clear.not_a_certificate": (
        "{path} n'est pas un certificat de compensation",
        "{path} is not a certificate of a set-off",
    ),
    "clear.wrong_version": (
        "{path} est un certificat d'une autre version ({version})",
        "{path} is a certificate of another version ({version})",
    ),
    "clear.wrong": (
        "VÉRIFICATION ÉCHOUÉE : {reason}",
        "VERIFICATION FAILED: {reason}",
    ),
    "clear.other_debts": (
        "ce certificat est celui d'autres dettes",
        "this certificate is of other debts",
    ),
    "clear.flow_out_of_bounds": (
        "{debtor} → {creditor} : on ne peut compenser ni moins que rien ni plus que la dette",
        "{debtor} → {creditor}: neither less than nothing nor more than the debt can be cancelled",
    ),
    "clear.asks_none": (
        "{debtor} → {creditor} : la preuve demande de ne rien compenser",
        "{debtor} → {creditor}: the proof asks to cancel nothing",
    ),
    "clear.asks_all": (
        "{debtor} → {creditor} : la preuve demande de tout compenser",
        "{debtor} → {creditor}: the proof asks to cancel all",
    ),
    "clear.line_out_of_bounds": (
        "ligne {debtor} → {creditor} : on ne peut en utiliser ni moins que rien ni plus que la"
        " limite",
        "line {debtor} → {creditor}: neither less than nothing nor more than the limit can be used",
    ),
    "clear.line_asks_none": (
        "ligne {debtor} → {creditor} : la preuve demande de ne pas l'utiliser",
        "line {debtor} → {creditor}: the proof asks not to use it",
    ),
    "clear.line_asks_all": (
        "ligne {debtor} → {creditor} : la preuve demande de l'utiliser en entier",
        "line {debtor} → {creditor}: the proof asks to use all of it",
    ),
    "clear.lines_refused": ("{path}, {reason}", "{path}, {reason}"),
    "clear.asks_lines": (
        "{path} est le certificat d'une compensation avec des lignes ; ajoutez --lines et leur"
        " fichier",
        "{path} is the certificate of a set-off with lines; add --lines and their file",
    ),
    "clear.without_lines": (
        "ce certificat est celui d'une compensation sans lignes ; vérifiez-le sans --lines",
        "this certificate is of a set-off without lines; verify it without --lines",
    ),
    "clear.other_lines": (
        "ce certificat est celui d'autres lignes",
        "this certificate is of other lines",
    ),
    "clear.weights_bound": (
        "les poids sont trop grands : la somme, membre par membre, du plus grand poids est de"
        " {found}, et pour {members} membres elle ne doit pas dépasser {limit} ; divisez tous les"
        " poids par un même nombre",
        "the weights are too large: the sum, member by member, of the largest weight is {found},"
        " and for {members} members it must not exceed {limit}; divide all weights by one number",
    ),
    "clear.weights_bound_salt": (
        "les poids sont trop grands : la somme, membre par membre, du plus grand poids est de"
        " {found}, et pour {members} membres avec un sel elle ne doit pas dépasser {limit} ;"
        " divisez tous les poids par un même nombre, ou renoncez au sel",
        "the weights are too large: the sum, member by member, of the largest weight is {found},"
        " and for {members} members with a salt it must not exceed {limit}; divide all weights by"
        " one number, or do without the salt",
    ),
    "clear.value": ("valeur pondérée", "weighted value"),
    "clear.lines": ("lignes utilisées", "lines used"),
    "clear.lines_of": ("{used} sur {count}", "{used} of {count}"),
    "clear.lent": ("prêté sur ces lignes", "lent on these lines"),
    "clear.nets": ("soldes nets", "net positions"),
    "clear.nets_same": ("inchangés", "unchanged"),
    "clear.line_from": ("ligne de", "line from"),
    "clear.line_to": ("vers", "to"),
    "clear.line_used": ("utilisé", "used"),
    "clear.line_limit": ("limite", "limit"),
    "clear.lines_more": ("et {count} autres", "and {count} others"),
    "clear.lines_say": (
        "Ce qui est utilisé d'une ligne, le second le doit au premier en plus ; d'un pot commun,"
        " le solde change d'autant.",
        "What is used of a line, the second owes the first in addition; of a common pool"
        " the balance changes by as much.",
    ),
    "clear.picture_lines": (
        "{count} lignes utilisées, {used} prêtés ; en tirets : une ligne",
        "{count} lines used, {used} lent; dashed: a line",
    ),
    "clear.picture_by_line": ("ligne", "line"),
    "clear.net_moved": (
        "{member} : le solde net change de {change}",
        "{member}: the net position changes by {change}",
    ),
    "clear.other_graph": (
        "la preuve est celle d'un autre graphe",
        "the proof is of another graph",
    ),
    "clear.not_only": (
        "sous ce sel, une autre compensation serait aussi bonne",
        "under this salt another set-off would be as good",
    ),
    "clear.potential_bounds": (
        "un potentiel dépasse les bornes",
        "a potential is out of bounds",
    ),
    "clear.picture_title": (
        "Compensation : {cleared} effacés sur {before}",
        "Set-off: {cleared} let go of {before}",
    ),
    "clear.picture_before": ("avant", "before"),
    "clear.picture_after": ("après", "after"),
    "clear.picture_cleared": ("compensé", "cleared"),
    "clear.picture_owed": ("reste dû", "still owed"),
    "clear.picture_rings": ("Les plus grandes boucles", "The largest cycles"),
    "clear.picture_ring": ("chacun doit {amount} de moins", "each owes {amount} less"),
    "clear.picture_others": ("+ {count} autres", "+ {count} others"),
    "clear.picture_none": ("Aucune dette ne tourne en rond.", "No debt runs in a circle."),
    "clear.picture_desc": (
        "Le total des dettes passe de {before} à {after}, soit {share} de moins, sans qu'aucun"
        " solde net ne bouge.",
        "The sum of all debts falls from {before} to {after}, {share} less, and no net position"
        " moves.",
    ),
    "clear.picture_desc_ring": (
        "Boucle {number}, {amount} : {members}.",
        "Cycle {number}, {amount}: {members}.",
    ),
}
