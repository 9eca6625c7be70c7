"""The card agent, run as its holder runs it: a program of its own, with real PKCS#11 tokens and real PC/SC readers."""
