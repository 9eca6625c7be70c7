"""Notices to people by e-mail, SMS and push: one row and one status per recipient.

A notice says what its recipient must do; it carries no health data. Its text is encrypted until it is delivered,
then forgotten.
"""
