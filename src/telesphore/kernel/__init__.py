"""The words that every room shares: who acts, how we refuse, how a row is named, how the outside is asked.

Imports nothing of ours.
"""
