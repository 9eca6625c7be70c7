"""Formats that this room reads and writes: drawings, the evidence page."""
