"""Work that must be done after commit, and the list of what could not be done.

A *job* is a row enqueued in the transaction that needs it; a *worker* runs it at least once. A *fact* is something
that happened in a room; announcing it enqueues one job per *reaction* to it.
"""
