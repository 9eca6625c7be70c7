"""Commands for operators: each a few lines around one action."""
