"""Sentences of the office: admissions, limits, credit lines, clearing rounds."""

from typing import Final

OFFICE: Final[dict[str, tuple[str, str]]] = {
    "letter.not_application": (
        "{path} n'est pas une demande d'adhésion, ou elle a été abîmée en route.",
        "{path} is no application for membership, or it was damaged on its way.",
    ),
    "letter.not_decision": (
        "{path} n'est pas une décision à signer, ou elle a été abîmée en route.",
        "{path} is no decision to be signed, or it was damaged on its way.",
    ),
    "office.no_officer": (
        "La charte de {cooperative} ne nomme pas la clé de ce portefeuille : "
        "elle n'a aucun mandat.",
        "The charter of {cooperative} does not name the key of this wallet: it has no mandate.",
    ),
    "office.opened": (
        "Ce portefeuille sert {cooperative} : {needed} signature(s) sur {count} par décision.",
        "This wallet serves {cooperative}: {needed} signature(s) of {count} for a decision.",
    ),
    "office.no_name": (
        "La demande ne dit pas de nom : ajoutez --name NOM.",
        "The application says no name: add --name NAME.",
    ),
    "office.application_old": (
        "Cette demande a plus de trente jours. Demandez-en une nouvelle.",
        "This application is more than thirty days old. Ask for a new one.",
    ),
    "office.admits": (
        "{cooperative} admet {name}, compte {account}, de {low} à {high}.",
        "{cooperative} admits {name}, account {account}, from {low} to {high}.",
    ),
    "office.limits": (
        "{name} : le compte pourra aller de {low} à {high}.",
        "The account of {name} may go from {low} to {high}.",
    ),
    "office.dry_run": (
        "Essai : tout est lisible, rien n'est signé.",
        "Dry run: all can be read, nothing is signed.",
    ),
    "office.entered": ("Décidé et inscrit : {sentence}", "Decided and entered: {sentence}"),
    "office.pass_on": (
        "Il manque {left} signature(s). Faites suivre {path} : « ronde office cosign {path} ».",
        "{left} signature(s) are missing. Pass {path} on: 'ronde office cosign {path}'.",
    ),
    "office.name_taken": (
        "Ce nom est déjà pris dans la coopérative : choisissez-en un autre avec --name.",
        "This name is taken in the cooperative: choose another one with --name.",
    ),
    "line.says": (
        "{home} pourra devoir jusqu'à {ours} à {peer} ; "
        "{peer} pourra devoir jusqu'à {theirs} à {home}.",
        "{home} may owe {peer} up to {ours}; {peer} may owe {home} up to {theirs}.",
    ),
    "line.in_force": ("En vigueur : {sentence}", "In force: {sentence}"),
    "line.with_itself": (
        "C'est notre propre nœud : une ligne va d'une coopérative à une autre.",
        "That is our own node: a line goes from one cooperative to another.",
    ),
    "line.other_network": (
        "{peer} est d'une autre fédération.",
        "{peer} belongs to another federation.",
    ),
    "line.other_unit": (
        "{peer} compte en {unit} ; une ligne demande la même unité, avec autant de décimales.",
        "{peer} counts in {unit}; a line needs one unit with the same decimals.",
    ),
    "line.peer_away": (
        "Le nœud de {peer} ne répond pas : la proposition attend sur le nôtre. "
        "Refaites la même commande plus tard.",
        "The node of {peer} does not answer: the proposal waits at ours. "
        "Run the same command again later.",
    ),
    "lines.none": (
        "Aucune ligne de crédit. Proposez-en une : « ronde office line URL --limit … ».",
        "No credit line. Propose one: 'ronde office line URL --limit …'.",
    ),
    "lines.waits": (
        "Attend les signatures de {missing} : {sentence}",
        "Waits for the signatures of {missing}: {sentence}",
    ),
    "accept.nothing": (
        "Aucune ligne avec {name} n'attend de signature ici.",
        "No line with {name} waits for a signature here.",
    ),
    "round.title": ("Avant et après la séance, en {unit}", "Before and after the round, in {unit}"),
    "round.cooperative": ("Coopérative", "Cooperative"),
    "round.when": ("Séance", "Round"),
    "round.before": ("avant", "before"),
    "round.after": ("après", "after"),
    "round.owes": ("Doit", "Owes"),
    "round.owed": ("On lui doit", "Is owed"),
    "round.cycle": ("Boucle effacée : {path}, {amount}", "Cycle cleared: {path}, {amount}"),
    "round.cycle_pending": (
        "Boucle en attente de signatures : {path}, {amount}",
        "Cycle waiting for signatures: {path}, {amount}",
    ),
    "round.joint": (
        "Boucle de {count} dettes entre membres effacée ({names}) : {amount} sur chacune",
        "Cycle of {count} debts between members cleared ({names}): {amount} on each",
    ),
    "round.joint_pending": (
        "Boucle de {count} dettes entre membres en attente de signatures ({names}) : "
        "{amount} sur chacune",
        "Cycle of {count} debts between members waiting for signatures ({names}): {amount} on each",
    ),
    "round.obligations_total": (
        "Dettes entre membres : {before}, puis {after} ({cleared} effacés).",
        "Debts between members: {before}, then {after} ({cleared} cleared).",
    ),
    "round.total": (
        "Dettes en tout : {before}, puis {after} ({cleared} effacés) ; "
        "ce que chacun a en net n'a pas changé.",
        "Debts in all: {before}, then {after} ({cleared} cleared); nobody's net changed.",
    ),
    "round.total_lines": (
        "Dettes sur les lignes : {before}, puis {after} ({cleared} effacés).",
        "Debts on lines: {before}, then {after} ({cleared} cleared).",
    ),
    "round.pending": (
        "Une boucle attend encore des signatures : elle n'est ni effacée ni abandonnée.",
        "A cycle still waits for signatures: it is neither cleared nor given up.",
    ),
}
