"""Sentences about who gives what to whom; names and amounts come already written out."""

from typing import Final

TRANSFER: Final[dict[str, tuple[str, str]]] = {
    "transfer.gives": (
        "{payer} ({payer_cooperative}) donne {amount} à {payee} ({payee_cooperative}).",
        "{payer} ({payer_cooperative}) gives {amount} to {payee} ({payee_cooperative}).",
    ),
    "transfer.gives_for": (
        "{payer} ({payer_cooperative}) donne {amount} à {payee} ({payee_cooperative}) "
        "pour « {memo} ».",
        "{payer} ({payer_cooperative}) gives {amount} to {payee} ({payee_cooperative}) "
        "for “{memo}”.",
    ),
    "transfer.gave": (
        "{payer} ({payer_cooperative}) a donné {amount} à {payee} ({payee_cooperative}).",
        "{payer} ({payer_cooperative}) gave {amount} to {payee} ({payee_cooperative}).",
    ),
    "transfer.gave_for": (
        "{payer} ({payer_cooperative}) a donné {amount} à {payee} ({payee_cooperative}) "
        "pour « {memo} ».",
        "{payer} ({payer_cooperative}) gave {amount} to {payee} ({payee_cooperative}) "
        "for “{memo}”.",
    ),
}
