"""Advanced electronic signatures (PAdES): pure, knows no Django and no network.

*Prepare* gives the bytes to be signed; a *token* signs them, now or in an hour; *complete* makes the signed file.
"""
