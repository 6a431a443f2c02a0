"""The rules of one cooperative's book."""
