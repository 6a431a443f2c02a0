"""Sentences of the auditor: one for each code of spec 0015, and what stands around them."""

from typing import Final

from protocol.ledger.refusals import Refusal

AUDIT: Final[dict[str, tuple[str, str]]] = {
    "audit.key": (
        "Votre clé d'auditeur, à donner au bureau de chaque nœud (« auditors » de node.toml) :",
        'Your auditor\'s key, for the office of each node ("auditors" of node.toml):',
    ),
    "audit.fetching": ("Je rapporte les papiers de {count} nœud(s)…", "Fetching {count} node(s)…"),
    "audit.fetched_so_far": (
        "{name} : {have} écritures sur {size}",
        "{name}: {have} entries of {size}",
    ),
    "audit.fetched": (
        "✔ Rapporté dans {path} : {names}. À vérifier par : ronde audit verify {path}",
        "✔ Fetched into {path}: {names}. To verify: ronde audit verify {path}",
    ),
    "audit.not_a_url": (
        "« {url} » n'est pas l'adresse d'un nœud (http://… ou https://…).",
        "'{url}' is not the address of a node (http://… or https://…).",
    ),
    "audit.nothing_here": (
        "Il n'y a rien à vérifier dans {path}. Rapportez d'abord les papiers par "
        "« ronde audit fetch NŒUD… -o {path} ».",
        "There is nothing to verify in {path}. Fetch the papers first with "
        "'ronde audit fetch NODE… -o {path}'.",
    ),
    "audit.verifying": ("Je vérifie {name}…", "Verifying {name}…"),
    "audit.log": (
        "{name} : {entries} écritures, {signatures} signatures",
        "{name}: {entries} entries, {signatures} signatures",
    ),
    "audit.signatures": ("{count} signatures vérifiées", "{count} signatures verified"),
    "audit.chains": (
        "journaux entiers, égaux à ce que leurs nœuds ont signé",
        "logs whole, equal to what their nodes have signed",
    ),
    "audit.sum": ("Σ = 0 à chaque écriture", "Σ = 0 at every entry"),
    "audit.mirrors": (
        "comptes miroirs opposés : {count} paire(s)",
        "mirror accounts opposite: {count} pair(s)",
    ),
    "audit.rounds": (
        "séances de compensation : {count}, soldes nets inchangés, optimum prouvé",
        "clearing rounds: {count}, net positions unchanged, optimum proven",
    ),
    "audit.notice": ("à savoir : {text}", "note: {text}"),
    "audit.failed": ("VÉRIFICATION ÉCHOUÉE", "VERIFICATION FAILED"),
    "audit.failed_count": (
        "{count} manquement(s) ; le premier de chaque coopérative :",
        "{count} failure(s); the first of each cooperative:",
    ),
    "audit.passed": ("Tout est vérifié.", "Everything is verified."),
}

FINDINGS: Final[dict[str, tuple[str, str]]] = {
    "file.missing": (
        "le fichier {record} manque ; si la collecte a été interrompue, recommencez-la",
        "the file {record} is missing; if the fetch was interrupted, run it again",
    ),
    "file.broken": ("le fichier {record} est abîmé", "the file {record} is damaged"),
    "charter.differs": (
        "la charte publiée n'est pas la première écriture du journal",
        "the published charter is not the first entry of the log",
    ),
    "log.empty": ("le journal est vide", "the log is empty"),
    "log.twice": (
        "le dossier {record} contient un second journal de la même coopérative",
        "the folder {record} holds a second log of the same cooperative",
    ),
    "entry.encoding": (
        "{record} : ce ne sont pas les octets d'un document ({reason})",
        "{record}: these are not the bytes of a document ({reason})",
    ),
    "entry.signature": (
        "{record} : une signature ne tient pas",
        "{record}: a signature does not hold",
    ),
    "entry.time": (
        "{record} : datée avant celle qui la précède",
        "{record}: dated before the one that precedes it",
    ),
    "entry.refused": (
        "{record} : contraire aux règles, {why}",
        "{record}: against the rules, {why}",
    ),
    "entry.replaced": (
        "{record} : ce n'est pas l'écriture que le nœud a signée (remplacée, ôtée ou ajoutée)",
        "{record}: not the entry that the node signed for (replaced, dropped or added)",
    ),
    "book.sum": ("la somme des soldes est {sum}, pas 0", "the balances sum to {sum}, not 0"),
    "checkpoint.bad": (
        "l'état signé n'est pas signé par la clé de ce journal",
        "the checkpoint is not signed by the key of this log",
    ),
    "checkpoint.size": (
        "{entries} écritures, mais le nœud en a signé {size}",
        "{entries} entries, but the node signed for {size}",
    ),
    "checkpoint.root": (
        "ces {size} écritures ne sont pas celles que le nœud a signées",
        "these {size} entries are not those that the node signed for",
    ),
    "line.unlogged": (
        "une ligne de crédit publiée n'est pas dans le journal ({record})",
        "a published credit line is not in the log ({record})",
    ),
    "line.differs": (
        "{record} : la ligne de crédit avec {other}, version {version}, y est une autre "
        "(écriture {place})",
        "{record}: the credit line with {other}, version {version}, is another one there "
        "(entry {place})",
    ),
    "line.missing": (
        "{record} : la ligne de crédit avec {other}, version {version}, n'est pas dans son journal",
        "{record}: the credit line with {other}, version {version}, is not in its log",
    ),
    "line.lag": (
        "{record} : {other} n'a pas encore inscrit la version {version} de la ligne de crédit",
        "{record}: {other} has not entered version {version} of the credit line yet",
    ),
    "mirror.answer": (
        "{record} : la réponse n° {number} de {other} n'est pas celle de son propre journal "
        "(écriture {place})",
        "{record}: answer number {number} of {other} is not the one of its own log (entry {place})",
    ),
    "mirror.withheld": (
        "{record} : {other} a signé {count} réponse(s) que son journal ne porte pas",
        "{record}: {other} signed {count} answer(s) that its log does not hold",
    ),
    "mirror.balance": (
        "{record} : {here} ici et {there} chez {other} ; aucun document n'explique l'écart",
        "{record}: {here} here and {there} at {other}; no document explains the difference",
    ),
    "mirror.keys": (
        "{record} : {other} connaît d'autres clés que celles du journal",
        "{record}: {other} knows other keys than those of the log",
    ),
    "mirror.lag": (
        "{record} : {count} réponse(s) pas encore inscrite(s) chez {other}",
        "{record}: {count} answer(s) not entered at {other} yet",
    ),
    "mirror.absent": (
        "{record} : le journal de l'autre coopérative n'est pas dans ce dossier",
        "{record}: the other cooperative's log is not in this folder",
    ),
    "mirror.skipped": (
        "comptes avec {other} non comparés : un des deux journaux a un manquement",
        "accounts with {other} not compared: one of the two logs has a failure",
    ),
    "setoff.twice": (
        "{record} : la compensation {tx} y est une seconde fois",
        "{record}: the set-off {tx} stands there a second time",
    ),
    "setoff.missing": (
        "{record} : la compensation {tx} n'est pas chez {other}, pas plus que son accord",
        "{record}: the set-off {tx} is not in the log of {other}, nor is its consent",
    ),
    "setoff.key": (
        "{record} : dans la compensation {tx}, une clé n'est pas celle de {by}",
        "{record}: in the set-off {tx}, a key is not that of {by}",
    ),
    "setoff.lag": (
        "{record} : {other} n'a pas encore inscrit la compensation {tx}",
        "{record}: {other} has not entered the set-off {tx} yet",
    ),
    "key.unknown": (
        "{record} : les clés de {by} ne sont dans aucun journal de ce dossier",
        "{record}: the keys of {by} are in no log of this folder",
    ),
    "round.paper": (
        "{record} : ce papier ne tient pas ({reason})",
        "{record}: this paper does not hold ({reason})",
    ),
    "round.key": (
        "{record} : signé d'une clé qui n'est pas celle de {by}",
        "{record}: signed with a key that is not that of {by}",
    ),
    "round.convening": (
        "{record} : convocation absente, ou jury qui n'est pas celui du tirage",
        "{record}: the convening is absent, or its panel is not the one drawn",
    ),
    "round.manifest": (
        "{record} : manifeste absent, ou contraire à la convocation ({reason})",
        "{record}: the manifest is absent or against its convening ({reason})",
    ),
    "round.quorum": (
        "{record} : {have} signature(s) du jury, il en faut {need}",
        "{record}: {have} signature(s) of the panel, {need} are needed",
    ),
    "round.position": (
        "{record} : position absente ou mal formée",
        "{record}: the position is absent or malformed",
    ),
    "round.two_positions": (
        "{record} : deux positions différentes d'une même coopérative",
        "{record}: two different positions of one cooperative",
    ),
    "round.position_differs": (
        "{record} : déclare {stated}, mais le journal dit {written} à {size} écritures",
        "{record}: states {stated}, but the log says {written} at {size} entries",
    ),
    "round.solution": (
        "{record} : {count} solution(s), il en faut une, du meneur",
        "{record}: {count} solution(s), there must be one, by the leader",
    ),
    "round.flow": (
        "{record} : compense {amount} sur une dette de {owed}",
        "{record}: sets off {amount} of a debt of {owed}",
    ),
    "round.conservation": (
        "{record} : le solde net changerait de {net}",
        "{record}: the net position would change by {net}",
    ),
    "discharge.optimum": (
        "{record} : cette compensation entre membres n'est pas la plus grande ({reason})",
        "{record}: this set-off between members is not the largest one ({reason})",
    ),
    "round.optimum": (
        "{record} : ce n'est pas l'optimum ({reason})",
        "{record}: this is not the optimum ({reason})",
    ),
    "round.terms": (
        "{record} : jury ou échéance autres que ceux de la séance",
        "{record}: another panel or deadline than the round's",
    ),
    "round.cycle": (
        "{record} : cette boucle n'est pas dans la solution",
        "{record}: this cycle is not in the solution",
    ),
    "round.excess": (
        "{record} : {excess} compensé de trop",
        "{record}: {excess} set off in excess",
    ),
    "round.ballot": (
        "{record} : bulletin d'un étranger au jury, ou après l'échéance",
        "{record}: a ballot of a stranger to the panel, or after the deadline",
    ),
    "round.edge": (
        "{record} : laissée de côté, les deux bouts ne disaient pas la même chose",
        "{record}: left out, its two ends did not say the same",
    ),
    "round.unplaced": (
        "{record} : déclarée à {size} écritures, le journal rapporté en a {entries}",
        "{record}: stated at {size} entries, the log fetched has {entries}",
    ),
    "round.absent": (
        "{record} : personne n'a montré les papiers de la séance {round}",
        "{record}: nobody has shown the papers of round {round}",
    ),
}

# A record is named in English in the JSON; these are its words for a French reader.
RECORD_WORDS: Final = {
    "entry": "écriture",
    "checkpoint": "état signé",
    "charter": "charte",
    "book": "livre",
    "line": "ligne",
    "lines": "lignes",
    "key": "clé",
    "event": "nº",
    "round": "séance",
    "paper": "papier",
    "manifest": "manifeste",
    "convening": "convocation",
    "position": "position",
    "solution": "solution",
    "consent": "accord",
    "ballot": "bulletin",
    "flow": "flux",
    "member": "membre",
    "edge": "compte",
    "debt": "dette",
    "set-off": "compensation",
}

BREACHES: Final[dict[Refusal, tuple[str, str]]] = {
    Refusal.WRONG_NETWORK: ("document d'une autre fédération", "document of another federation"),
    Refusal.WRONG_COOPERATIVE: (
        "document d'une autre coopérative",
        "another cooperative's document",
    ),
    Refusal.NOT_YET_VALID: ("document daté dans l'avenir", "document dated in the future"),
    Refusal.EXPIRED: ("document échu", "document expired"),
    Refusal.VALIDITY_TOO_LONG: ("validité trop longue", "validity too long"),
    Refusal.AUTHOR_UNKNOWN: ("auteur inconnu", "author unknown"),
    Refusal.KEYS_REVOKED: ("clés révoquées", "keys revoked"),
    Refusal.KEY_EVENT_NOT_CURRENT: ("clés qui n'étaient pas en vigueur", "keys not in force"),
    Refusal.SIGNER_NOT_ALLOWED: ("signataire sans droit", "signer not entitled"),
    Refusal.TOO_FEW_SIGNATURES: ("trop peu de signatures", "too few signatures"),
    Refusal.SEQUENCE_USED: ("numéro déjà employé", "number already used"),
    Refusal.SEQUENCE_TOO_FAR: ("numéro trop lointain", "number too far ahead"),
    Refusal.WRONG_UNIT: ("autre unité de compte", "another unit of account"),
    Refusal.FOREIGN_LEG_NOT_ALONE: (
        "paiement au-dehors mêlé à d'autres",
        "payment abroad mixed with others",
    ),
    Refusal.LINE_UNKNOWN: ("ligne de crédit inconnue", "credit line unknown"),
    Refusal.PAYEE_UNKNOWN: ("bénéficiaire inconnu", "payee unknown"),
    Refusal.PAYEE_IS_PAYER: ("paiement à soi-même", "payment to oneself"),
    Refusal.CREDIT_LIMIT_EXCEEDED: ("limite de crédit dépassée", "credit limit exceeded"),
    Refusal.CEILING_EXCEEDED: ("plafond dépassé", "ceiling exceeded"),
    Refusal.LINE_LIMIT_EXCEEDED: ("ligne de crédit dépassée", "credit line exceeded"),
    Refusal.ACCOUNT_UNKNOWN: ("compte inconnu", "account unknown"),
    Refusal.ACCOUNT_EXISTS: ("compte déjà ouvert", "account already open"),
    Refusal.KEYS_NOT_ACCEPTABLE: ("clés inacceptables", "keys not acceptable"),
    Refusal.NEXT_KEYS_MISMATCH: ("clés qui n'étaient pas annoncées", "keys not announced"),
    Refusal.LINE_TERMS_MISMATCH: ("termes de ligne incohérents", "inconsistent terms of a line"),
    Refusal.LINE_VERSION_NOT_NEXT: (
        "version de ligne hors d'ordre",
        "version of a line out of order",
    ),
    Refusal.OFFER_NOT_NEXT: ("offre hors d'ordre", "offer out of order"),
    Refusal.OFFER_UNKNOWN: ("offre inconnue", "offer unknown"),
    Refusal.VERDICT_WRONG: ("réponse contraire aux règles", "answer against the rules"),
    Refusal.SHARE_EXCEEDS_BALANCE: ("accord au-delà du solde", "consent beyond the balance"),
    Refusal.SHARE_KNOWN: ("accord donné deux fois", "consent given twice"),
    Refusal.SHARE_UNKNOWN: ("compensation sans accord", "set-off without consent"),
    Refusal.CERTIFICATE_INCOMPLETE: (
        "certificat sans tous les accords ou sans quorum du jury",
        "certificate without all consents or without a quorum of the panel",
    ),
    Refusal.NOT_FOR_A_LOG: ("document étranger à un journal", "document that no log takes"),
    Refusal.DEBTOR_UNKNOWN: ("débiteur inconnu", "unknown debtor"),
    Refusal.DEBTOR_IS_CREDITOR: ("facture à soi-même", "invoice to oneself"),
    Refusal.TOO_MANY_WAITING: (
        "trop de factures en attente d'acceptation",
        "too many invoices that nobody has accepted",
    ),
    Refusal.INVOICE_UNKNOWN: ("facture inconnue ou éteinte", "invoice unknown or gone"),
    Refusal.NOT_A_PARTY: ("facture entre d'autres personnes", "invoice between others"),
    Refusal.ALREADY_ACCEPTED: ("facture acceptée deux fois", "invoice accepted twice"),
    Refusal.NOT_ACCEPTED: ("facture que personne ne doit encore", "invoice that nobody owes yet"),
    Refusal.CANCELLATION_NOTED: (
        "annulée deux fois par le même côté",
        "cancelled twice by one side",
    ),
    Refusal.MORE_THAN_OWED: ("plus que le reste dû", "more than is still owed"),
    Refusal.NOT_BALANCED: (
        "compensation qui change une position nette",
        "set-off that changes a net position",
    ),
    Refusal.PROVISION_EXCEEDED: (
        "compensation qui dépasse une provision",
        "set-off beyond a provision",
    ),
    Refusal.PROVISION_OUTDATED: ("provision périmée", "outdated provision"),
}
