"""The transparency log of a node: tree, leaves, signed checkpoints and receipts (spec 0007)."""
