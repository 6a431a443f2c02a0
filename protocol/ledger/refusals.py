"""Why the ledger says no: one ranked, closed list (spec 0006).

The order of the lines is the order of precedence: when several apply, the first one is returned.
Numbers go over the wire and are never reused.
"""

from enum import IntEnum


class Refusal(IntEnum):
    """A refusal is a value, never an exception."""

    WRONG_NETWORK = 1
    WRONG_COOPERATIVE = 2
    NOT_YET_VALID = 3
    EXPIRED = 4
    VALIDITY_TOO_LONG = 5
    AUTHOR_UNKNOWN = 6
    KEYS_REVOKED = 7
    KEY_EVENT_NOT_CURRENT = 8
    SIGNER_NOT_ALLOWED = 9
    TOO_FEW_SIGNATURES = 10
    SEQUENCE_USED = 11
    SEQUENCE_TOO_FAR = 12
    WRONG_UNIT = 13
    FOREIGN_LEG_NOT_ALONE = 14
    LINE_UNKNOWN = 15
    PAYEE_UNKNOWN = 16
    PAYEE_IS_PAYER = 17
    CREDIT_LIMIT_EXCEEDED = 18
    CEILING_EXCEEDED = 19
    LINE_LIMIT_EXCEEDED = 20
    ACCOUNT_UNKNOWN = 21
    ACCOUNT_EXISTS = 22
    KEYS_NOT_ACCEPTABLE = 23
    NEXT_KEYS_MISMATCH = 24
    LINE_TERMS_MISMATCH = 25
    LINE_VERSION_NOT_NEXT = 26
    OFFER_UNKNOWN = 27
    OFFER_NOT_NEXT = 28
    VERDICT_WRONG = 29
    SHARE_KNOWN = 30
    SHARE_EXCEEDS_BALANCE = 31
    SHARE_UNKNOWN = 32
    CERTIFICATE_INCOMPLETE = 33
    NOT_FOR_A_LOG = 34
    DEBTOR_UNKNOWN = 35
    DEBTOR_IS_CREDITOR = 36
    TOO_MANY_WAITING = 37
    INVOICE_UNKNOWN = 38
    NOT_A_PARTY = 39
    ALREADY_ACCEPTED = 40
    NOT_ACCEPTED = 41
    CANCELLATION_NOTED = 42
    MORE_THAN_OWED = 43
    NOT_BALANCED = 44
    PROVISION_EXCEEDED = 45
    PROVISION_OUTDATED = 46

    @property
    def transient(self) -> bool:
        """Whether the same document may succeed later."""
        return self in _TRANSIENT


_TRANSIENT = frozenset(
    {
        Refusal.NOT_YET_VALID,
        Refusal.LINE_UNKNOWN,
        Refusal.PAYEE_UNKNOWN,
        Refusal.CREDIT_LIMIT_EXCEEDED,
        Refusal.CEILING_EXCEEDED,
        Refusal.LINE_LIMIT_EXCEEDED,
        Refusal.OFFER_NOT_NEXT,
        Refusal.SHARE_EXCEEDS_BALANCE,
        Refusal.TOO_MANY_WAITING,
        Refusal.NOT_ACCEPTED,
        Refusal.PROVISION_EXCEEDED,
    }
)
