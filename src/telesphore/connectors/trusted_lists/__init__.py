"""Anchors from outside: certificates in a folder, and EU trusted lists, fetched daily and kept.

The last good copy of each list stays on disk, as it was signed, and is verified again when it is read. A list that is
damaged, unsigned, late or older than the one kept is refused by name, and the one kept is used, with a warning.
"""
