"""The door for software that sends documents to be signed: JSON under `/api/v1/`, described by an OpenAPI document.

A program acts as the person who answers for its token, narrowed to the token's scopes; it never signs.
"""
