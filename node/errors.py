"""What goes wrong around the core: the disk, another node."""


class StoreError(Exception):
    """The disk failed or lies; nothing unacknowledged is kept, and the node must stop."""


class PeerError(Exception):
    """Another node did not answer, or answered nonsense; the same request may be sent again."""


class Conflict(Exception):
    """What is asked collides with something that the node keeps beside its log: a name taken."""
