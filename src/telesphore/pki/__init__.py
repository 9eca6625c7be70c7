"""Issuing: the local authority and the certificates that it gives, each issue in the trail.

An *authority* signs certificates with a key that the vault keeps. A *profile* says what a certificate is for: a
professional, an organisation's seal, a patient's one signature (minutes). None of them is qualified.
"""
