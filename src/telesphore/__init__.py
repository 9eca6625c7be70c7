"""Telesphore carries a health document from the hand that writes it to the people it concerns, and proves every step.

The house is drawn in `docs/map.md`; each room's plate is the docstring of its package.
"""
