"""The trail: who did what, when, to whose record, and a seal that an outsider can check.

An *event* is recorded in the transaction of the act it tells, and can't be changed by the application. The *sealer*
gives each event its place in a Merkle tree (RFC 6962); a *checkpoint* is the signed root of that tree.
"""
