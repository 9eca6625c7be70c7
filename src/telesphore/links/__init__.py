"""Capability links and one-time codes: landing, limits, expiry, receipts.

A *link* lets its bearer see one landing page; the *code*, sent by another channel, opens what is behind it. Opening
a link consumes nothing; a link bears five wrong codes in its life.
"""
