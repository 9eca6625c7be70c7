"""Algorithms that sign and digest, how DER names them, and until when each may be relied on (ETSI TS 119 312).

A *policy* is a dated table, not code: what was strong when a file was signed may be weak when it is judged, and the
table can be amended without a new release.
"""

from telesphore.ades.algorithms.keys import (
    SMALLEST_EXPONENT,
    SMALLEST_RSA,
    PrivateKey,
    algorithm_for,
    check,
    check_key,
    key_of,
    public_key,
    sign_with,
)
from telesphore.ades.algorithms.naming import Algorithm, Digest, Scheme
from telesphore.ades.algorithms.policy import TS_119_312, AlgorithmPolicy

__all__ = [
    "SMALLEST_EXPONENT",
    "SMALLEST_RSA",
    "TS_119_312",
    "Algorithm",
    "AlgorithmPolicy",
    "Digest",
    "PrivateKey",
    "Scheme",
    "algorithm_for",
    "check",
    "check_key",
    "key_of",
    "public_key",
    "sign_with",
]
