"""Which software is told of what happens to envelopes, and what became of each call: for administrators."""
