"""The wallet, the office and the auditor's bench: a shell that knows only what the spec says."""
