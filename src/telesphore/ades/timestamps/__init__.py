"""Timestamps: asked for, given and checked (RFC 3161, RFC 5816, ETSI EN 319 422). No network here.

A *request* says a digest and a random number; a *response* bears a *token*, which is a CMS signed by a time-stamping
unit. Whoever asks checks the answer at once, since a token that is bad today is worth nothing in twenty years.
"""

from telesphore.ades.timestamps.check import TOLERANCE, check_response, read_response, verify_token
from telesphore.ades.timestamps.forms import (
    BAD_ALGORITHM,
    BAD_EXTENSION,
    BAD_FORMAT,
    BAD_POLICY,
    BAD_REQUEST,
    FAILURE,
    LARGEST_REQUEST,
    LARGEST_RESPONSE,
    NO_TIME,
    Request,
    Token,
    read_token,
)
from telesphore.ades.timestamps.give import granted, make_token, read_request, rejection, respond

__all__ = [
    "BAD_ALGORITHM",
    "BAD_EXTENSION",
    "BAD_FORMAT",
    "BAD_POLICY",
    "BAD_REQUEST",
    "FAILURE",
    "LARGEST_REQUEST",
    "LARGEST_RESPONSE",
    "NO_TIME",
    "TOLERANCE",
    "Request",
    "Token",
    "check_response",
    "granted",
    "make_token",
    "read_request",
    "read_response",
    "read_token",
    "rejection",
    "respond",
    "verify_token",
]
