"""Problems that the HTTP door finds itself, in the one shape of `node.problems`."""

from typing import Final

from node.door import Reply
from node.problems import PROBLEMS, problem_reply

# slug: status, French, English.
FAULTS: Final[dict[str, tuple[int, str, str]]] = {
    "http": (400, "Ce n'est pas une requête HTTP correcte.", "This is no proper HTTP request."),
    "method": (405, "Cette adresse n'a pas cette méthode.", "This address has no such method."),
    "too-slow": (408, "La requête arrive trop lentement.", "The request arrives too slowly."),
    "too-large": (413, "Le corps de la requête est trop grand.", "The request body is too large."),
    "target": (414, "L'adresse est trop longue.", "The address is too long."),
    "compressed": (
        415,
        "Le corps ne doit pas être compressé.",
        "The body must not be compressed.",
    ),
    "too-many": (
        429,
        "Trop de documents depuis cette adresse ; réessayez bientôt.",
        "Too many documents from this address; try again soon.",
    ),
    "fault": (
        500,
        "Faute du nœud ; elle est dans son journal technique.",
        "The node's own fault; it is in its technical log.",
    ),
    "unreached": (
        503,
        "Le registre ne répond pas ; renvoyez la même demande.",
        "The ledger does not answer; send the same request again.",
    ),
}


def fault(slug: str, found: str = "", correlation: str = "") -> Reply:
    """Return the reply of a problem of either list.

    Args:
        slug: A key of `FAULTS` or of `node.problems.PROBLEMS`.
        found: What was found, in English, for a developer; never personal.
        correlation: Under which the node's own log tells more.
    """
    sentences = FAULTS[slug] if slug in FAULTS else PROBLEMS[slug]
    return problem_reply(slug, sentences, found, correlation)
