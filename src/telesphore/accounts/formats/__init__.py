"""The forms of what this room reads and writes: agents' messages, cards' certificates, identifiers. Pure bytes."""
