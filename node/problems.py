"""One shape for every error that leaves the node by HTTP: RFC 9457, French and English."""

import json
from typing import Final

from node.door import Reply

PROBLEM_KIND: Final = "application/problem+json"

# slug: status, French, English. The slug is the contract; the sentences may change.
PROBLEMS: Final[dict[str, tuple[int, str, str]]] = {
    "encoding": (400, "Ces octets ne sont pas un document valable.", "No valid document."),
    "signature": (403, "La signature ne tient pas.", "The signature does not hold."),
    "not-allowed": (403, "Cette clé n'a pas ce droit ici.", "This key has no such right here."),
    "not-found": (404, "Introuvable.", "Not found."),
    "conflict": (409, "Déjà pris, ou périmé.", "Taken already, or stale."),
    "refused": (422, "Une règle le refuse.", "A rule refuses it."),
    "busy": (429, "Trop de demandes ; réessayez bientôt.", "Too many requests; try again soon."),
    "peer": (502, "Une autre coopérative ne répond pas.", "Another cooperative does not answer."),
    "stopping": (503, "Le nœud s'arrête ; réessayez.", "The node is stopping; try again."),
}


def problem(slug: str, found: str = "") -> Reply:
    """Return the reply of one kind of error.

    Args:
        slug: A key of `PROBLEMS`.
        found: What was found, in English, for a developer; never personal.
    """
    return problem_reply(slug, PROBLEMS[slug], found)


def problem_reply(
    slug: str, sentences: tuple[int, str, str], found: str, correlation: str = ""
) -> Reply:
    """Return the reply of a problem of any list, in the one shape.

    Args:
        slug: The contract's word for it.
        sentences: Status, French, English.
        found: What was found, in English, for a developer; never personal.
        correlation: Under which the node's own log tells more; absent when empty.
    """
    status, french, english = sentences
    body = {
        "type": f"urn:ronde:{slug}",
        "title": french,
        "title_en": english,
        "status": status,
        "detail": found,
    }
    if correlation:
        body["instance"] = f"urn:ronde:correlation:{correlation}"
    return Reply(status, PROBLEM_KIND, json.dumps(body, ensure_ascii=False).encode())
