"""Jobs that stopped, with the reason."""
