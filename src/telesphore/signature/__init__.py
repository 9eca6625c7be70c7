"""Envelopes, circuits, the signature book, evidence.

An *envelope* holds documents and a *circuit* of *steps*; a step completes when k of its n *recipients* have acted.
"""
