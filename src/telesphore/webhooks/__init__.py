"""Calls to other software: what happened, told at once to the addresses that an administrator wrote down.

A *subscription* is an address, the *events* that it wants and a secret; a *delivery* is one event for one address:
tried again with growing delays, then dead, until somebody sends it again.
"""
