"""What members, nodes and auditors must agree on, byte for byte; pure."""
