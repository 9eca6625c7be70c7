"""The patient's record: identity, documents, consent, care team, emergency set, access decisions.

A *document* is deposited once, checked and normalised, and never changes; `access.decide` says who may see it, and on
which *ground*.
"""
