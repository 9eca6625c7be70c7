"""Pages of the signature book and of envelopes."""
