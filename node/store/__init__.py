"""One SQLite file: the log and what the node keeps beside it."""
