"""Sentences of the demonstration."""

from typing import Final

DEMO: Final[dict[str, tuple[str, str]]] = {
    "demo.title": (
        "{count} coopératives, un nœud chacune, un journal signé chacune, et personne au milieu.",
        "{count} cooperatives, a node each, a signed log each, and nobody in the middle.",
    ),
    "demo.founding": ("Les coopératives se fondent…", "The cooperatives are being founded…"),
    "demo.starting": ("Les nœuds démarrent…", "The nodes are starting…"),
    "demo.opening": (
        "Lignes de crédit et admissions se signent…",
        "Credit lines and admissions are being signed…",
    ),
    "demo.paying": ("Les membres paient…", "Members are paying…"),
    "demo.paying_some": ("Paiements : {done} sur {count}…", "Payments: {done} of {count}…"),
    "demo.clearing": ("La ronde compense…", "The round is clearing…"),
    "demo.auditing": (
        "L'auditeur rapporte les papiers et les vérifie…",
        "The auditor fetches the papers and verifies them…",
    ),
    "demo.step_nodes": (
        "{count} nœuds fondés et lancés sur cette machine : {names}",
        "{count} nodes founded and started on this machine: {names}",
    ),
    "demo.step_lines": (
        "{count} lignes de crédit, signées des deux côtés : chacune peut devoir à l'autre jusqu'à "
        "{limit}",
        "{count} credit lines, signed by both sides: either may owe the other up to {limit}",
    ),
    "demo.step_line": (
        "Une ligne de crédit, signée des deux côtés : chacune peut devoir à l'autre jusqu'à "
        "{limit}",
        "One credit line, signed by both sides: either may owe the other up to {limit}",
    ),
    "demo.step_members": (
        "{count} membres admis par décision signée, avec chacun ses clés",
        "{count} members admitted by signed decisions, each with their own keys",
    ),
    "demo.step_paid": (
        "{count} paiements signés, inscrits aux journaux et définitifs",
        "{count} payments signed, entered in the logs and final",
    ),
    "demo.step_paid_rate": (
        "{count} paiements signés, inscrits aux journaux et définitifs : {rate} par seconde",
        "{count} payments signed, entered in the logs and final: {rate} a second",
    ),
    "demo.step_no_loop": (
        "Le nœud de {name} a convoqué une séance de compensation ; aucune boucle de dettes",
        "The node of {name} convened a clearing round; no cycle of debts",
    ),
    "demo.step_loop": (
        "Le nœud de {name} a convoqué une séance de compensation ; une boucle de dettes, effacée "
        "par la signature de tous ses membres",
        "The node of {name} convened a clearing round; one cycle of debts, let go by the "
        "signatures of all its members",
    ),
    "demo.step_loops": (
        "Le nœud de {name} a convoqué une séance de compensation ; {count} boucles de dettes, "
        "chacune effacée par la signature de tous ses membres",
        "The node of {name} convened a clearing round; {count} cycles of debts, each let go by "
        "the signatures of all its members",
    ),
    "demo.heading_audit": ("L'audit", "The audit"),
    "demo.step_audit": (
        "Un auditeur indépendant a tout vérifié d'après les papiers, dans un processus à part : "
        "{signatures} signatures, aucune anomalie",
        "An independent auditor has verified everything from the papers, in a process of its own: "
        "{signatures} signatures, no anomaly",
    ),
    "demo.step_audit_notices": (
        "Un auditeur indépendant a tout vérifié d'après les papiers, dans un processus à part : "
        "{signatures} signatures, rien de faux, à noter toutefois :",
        "An independent auditor has verified everything from the papers, in a process of its own: "
        "{signatures} signatures, nothing wrong, to be noted though:",
    ),
    "demo.audit_failed": (
        "L'auditeur refuse (code {exit}) :",
        "The auditor refuses (exit code {exit}):",
    ),
    "demo.heading_payments": ("Qui donne quoi à qui", "Who gives what to whom"),
    "demo.heading_debts": ("Qui doit quoi à qui", "Who owes what to whom"),
    "demo.owes": ("{debtor} doit {amount} à {creditor}.", "{debtor} owes {creditor} {amount}."),
    "demo.heading_round": ("La ronde", "The round"),
    "demo.no_loop": (
        "De dette en dette, on ne revient jamais à son point de départ : "
        "les dettes restent comme elles sont.",
        "From debt to debt one never comes back to where one began: the debts remain as they are.",
    ),
    "demo.two": (
        "À deux coopératives, les paiements opposés se compensent d'eux-mêmes dans leur compte "
        "commun : une boucle demande trois coopératives (--cooperatives 4).",
        "With two cooperatives, opposite payments net out by themselves in their common account: "
        "a cycle takes three cooperatives (--cooperatives 4).",
    ),
    "demo.legend": (
        "La flèche va de qui doit à qui l'on doit ; avant {arrow} après la séance.",
        "The arrow goes from who owes to who is owed; before {arrow} after the round.",
    ),
    "demo.centre": ("chacune efface {amount}", "each lets go of {amount}"),
    "demo.loops_more": (
        "La plus grande des {count} boucles. Les autres :",
        "The largest of {count} cycles. The others:",
    ),
    "demo.loop": (
        "{members} : {amount} effacés sur chaque dette",
        "{members}: {amount} taken off each debt",
    ),
    "demo.loops_hidden": ("… et {count} autres.", "… and {count} more."),
    "demo.column_name": ("coopérative", "cooperative"),
    "demo.column_when": ("séance", "round"),
    "demo.column_owes": ("doit", "owes"),
    "demo.column_owed": ("on lui doit", "is owed"),
    "demo.column_net": ("position nette", "net position"),
    "demo.row_before": ("avant", "before"),
    "demo.row_after": ("après", "after"),
    "demo.row_all": ("ensemble", "together"),
    "demo.summary": (
        "{cleared} de dettes effacées sur {gross}. Aucune position nette n'a bougé, "
        "et la somme de chaque livre est {sum}.",
        "{cleared} of debts gone out of {gross}. No net position has moved, "
        "and the sum of each book is {sum}.",
    ),
    "demo.summary_nothing": (
        "Rien n'a été effacé sur {gross} de dettes. Aucune position nette n'a bougé, "
        "et la somme de chaque livre est {sum}.",
        "Nothing is gone out of {gross} of debts. No net position has moved, "
        "and the sum of each book is {sum}.",
    ),
    "demo.net_moved": (
        "La position nette de {name} a bougé de {amount} : c'est une faute.",
        "The net position of {name} has moved by {amount}: that is a fault.",
    ),
    "demo.step_file": (
        "{count} dettes lues dans {path} : {people} comptes, {gross} en tout",
        "{count} debts read from {path}: {people} accounts, {gross} in all",
    ),
    "demo.netting": (
        "Chaque dette est devenue un paiement : {local} restent à l'intérieur d'une coopérative, "
        "{foreign} traversent. Entre deux coopératives, les paiements opposés se compensent dans "
        "leur compte commun : de {crossed} traversés, il reste {gross} de dettes.",
        "Each debt became a payment: {local} stay inside a cooperative, {foreign} cross. Between "
        "two cooperatives opposite payments net out in their common account: of {crossed} that "
        "crossed, {gross} of debts remain.",
    ),
    "demo.optimum": (
        "Le meilleur résultat possible, calculé à part du seul fichier, est de {optimum}, "
        "soit {share} des dettes entre coopératives ; les nœuds ont effacé {cleared}.",
        "The best possible result, computed apart from the file alone, is {optimum}, or {share} "
        "of the debts between cooperatives; the nodes cleared {cleared}.",
    ),
    "demo.optimum_reached": (
        "C'est exactement le meilleur résultat possible, calculé à part du seul fichier : "
        "{optimum}, soit {share} des dettes entre coopératives.",
        "That is exactly the best possible result, computed apart from the file alone: "
        "{optimum}, or {share} of the debts between cooperatives.",
    ),
    "demo.seconds": ("{seconds} secondes en tout.", "{seconds} seconds in all."),
    "demo.interrupted": (
        "Interrompu : les nœuds sont arrêtés, leurs dossiers effacés.",
        "Interrupted: the nodes are stopped, their folders removed.",
    ),
    "demo.interrupted_kept": (
        "Interrompu : les nœuds sont arrêtés ; ce qui a été fait est gardé dans {folder}.",
        "Interrupted: the nodes are stopped; what was done is kept in {folder}.",
    ),
    "demo.failed_kept": (
        "Ce qui a été fait est gardé dans {folder}.",
        "What was done is kept in {folder}.",
    ),
    "demo.nothing_kept": (
        "Rien n'a été gardé : les nœuds sont arrêtés, leurs dossiers effacés "
        "(--keep pour les garder).",
        "Nothing was kept: the nodes are stopped, their folders removed (--keep to keep them).",
    ),
    "demo.kept": (
        "Les nœuds sont arrêtés ; tout est gardé dans {folder}. Pour regarder :",
        "The nodes are stopped; everything is kept in {folder}. To look around:",
    ),
    "demo.node_died": (
        "Le nœud de {name} s'est arrêté (code {status}). Ses dernières lignes :\n{lines}",
        "The node of {name} has ended (exit code {status}). Its last lines:\n{lines}",
    ),
    "demo.node_silent": (
        "Le nœud de {name} ne répond pas après 30 secondes.",
        "The node of {name} does not answer after 30 seconds.",
    ),
    "demo.still_held": (
        "Des paiements ou des boucles restent en attente chez {name} : rien n'est perdu, "
        "rien n'est deviné.",
        "Payments or cycles are still pending at {name}: nothing is lost, nothing is guessed.",
    ),
    "demo.payment_refused": (
        "{name} a refusé un paiement : l'argent est revenu à qui payait.",
        "{name} has refused a payment: the money is back with who paid.",
    ),
    "demo.fetch_failed": (
        "L'auditeur n'a pas pu rapporter les papiers (code {status}) :\n{lines}",
        "The auditor could not fetch the papers (exit code {status}):\n{lines}",
    ),
    "demo.verdict_unreadable": (
        "L'auditeur n'a pas rendu de verdict lisible (code {status}) :\n{lines}",
        "The auditor gave no readable verdict (exit code {status}):\n{lines}",
    ),
    "demo.keep_not_empty": (
        "Le dossier {path} n'est pas vide. Rien n'a été changé ; choisissez-en un autre.",
        "The folder {path} is not empty. Nothing was changed; choose another one.",
    ),
    "demo.limit_without_file": (
        "--limit ne va qu'avec --data.",
        "--limit goes with --data only.",
    ),
    "demo.file_empty": (
        "Le fichier {path} ne contient aucune dette.",
        "The file {path} holds no debt.",
    ),
    "demo.too_large": (
        "Les dettes du fichier dépassent ce qu'un registre peut tenir (2^53 unités minimales). "
        "Prenez-en moins avec --limit.",
        "The debts of the file exceed what a ledger can hold (2^53 minor units). "
        "Take fewer with --limit.",
    ),
    "demo.debt_file": ("{sentence}", "{sentence}"),
}
