"""The HTTP door of a node: limits, the two hot routes, and a closed list of others (spec 0008)."""
