"""What is wrong with somebody else's bytes: the only exceptions that the core raises on purpose."""


class ProtocolError(Exception):
    """Bytes from outside broke a rule of the spec; the message says what was found."""


class EncodingError(ProtocolError):
    """The bytes are not the one canonical form, or exceed a bound (spec 0003)."""


class SignatureError(ProtocolError):
    """A signature, a key or a document type does not hold (spec 0004)."""


class ProofError(ProtocolError):
    """A path, a root or a checkpoint of a log does not hold (spec 0007)."""
