"""How long the proofs of an organisation's signed documents stand: for its administrators and those who watch."""
