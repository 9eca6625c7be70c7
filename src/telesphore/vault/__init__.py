"""Bytes asleep: every document encrypted under the key of the person whom it is about.

A *keyset* belongs to one patient, or to an organisation for what belongs to no patient; the *master key* wraps
keysets. A *blob* is what a keyset encrypts, in a *store*. Destroying a keyset erases all that it encrypted.
"""
