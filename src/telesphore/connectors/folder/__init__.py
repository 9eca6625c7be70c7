"""Encrypted bytes in a folder of this machine."""
