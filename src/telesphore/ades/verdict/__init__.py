"""The verdict on a signed file: three independent looks (AdES validation, changes between revisions, pixels), and what
follows from them, as facts."""
