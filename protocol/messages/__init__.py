"""The documents that people and nodes sign."""
