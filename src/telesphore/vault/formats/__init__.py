"""Tink's formats: keysets, and the streaming AEAD wire format."""
