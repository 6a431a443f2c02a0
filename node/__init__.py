"""A cooperative's node: the only writer of its ledger, and the door to it."""
