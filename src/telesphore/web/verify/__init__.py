"""Verify a document: drop a file, read what it is worth; nothing is kept."""
