"""The way from a certificate to an anchor, for answers that must be believed at once: timestamps, OCSP, CRLs.

Shorter than a full path validation (RFC 5280 §6), which the verdict makes with revocation and policies: names, keys,
validity, what an authority may sign, and no critical extension that is not understood.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import count

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from telesphore.ades.errors import NoPathToAnchor

LONGEST = 8
MOST_CHECKS = 200
"""Signatures on certificates checked for one path: certificates that all sign one another make countless ones."""
UNREADABLE = (
    ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType, UserWarning,
)  # fmt: skip
"""What the library makes of a certificate, CRL or OCSP response that it can't read. It warns of some faults, such as a
serial number of zero, which is refused like the others where warnings are errors."""
_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
}  # fmt: skip


@lru_cache(maxsize=512)
def load(certificate: bytes) -> x509.Certificate:
    """A certificate (DER), kept for the next call.

    Raises:
        NoPathToAnchor: it can't be read.
    """
    try:
        one = x509.load_der_x509_certificate(certificate)
        # Read here, so that what is malformed inside is refused here.
        one.extensions  # noqa: B018 - as said.
        one.issuer, one.subject, one.signature_hash_algorithm  # noqa: B018 - as said.
        one.public_key()
    except UNREADABLE:
        raise NoPathToAnchor from None
    return one


def path_to_anchor(
    certificate: bytes, *, pool: Sequence[bytes], anchors: Sequence[bytes], at: datetime
) -> tuple[bytes, ...]:
    """From this certificate to an anchor, both included; all DER.

    Args:
        pool: certificates that may lie between.
        at: when all of them must be valid; anchors are trusted because we say so, whatever their dates.

    Raises:
        NoPathToAnchor
    """
    found = _climb((certificate,), tuple(dict.fromkeys((*anchors, *pool))), frozenset(anchors), at, count(1))
    if found is None:
        raise NoPathToAnchor
    return found


def _climb(
    path: tuple[bytes, ...], pool: tuple[bytes, ...], anchors: frozenset[bytes], at: datetime, checks: Iterator[int]
) -> tuple[bytes, ...] | None:
    below = load(path[-1])
    if path[-1] in anchors:
        return path
    if len(path) == LONGEST or not valid_at(below, at) or not _understood(below):
        return None
    for candidate in pool:
        if candidate in path:
            continue
        try:
            above = load(candidate)
        except NoPathToAnchor:
            continue
        if above.subject != below.issuer or not may_issue(above, len(path) - 1):
            continue
        if next(checks) > MOST_CHECKS:
            return None
        if issued(above, below):
            found = _climb((*path, candidate), pool, anchors, at, checks)
            if found is not None:
                return found
    return None


def valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Whether its dates hold."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    """Whether the signature of one verifies with the key of the other."""
    try:
        below.verify_directly_issued_by(above)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    # SHA-1 and MD5 sign nothing here (TS 119 312).
    hashed = below.signature_hash_algorithm
    return hashed is None or hashed.digest_size >= 32


def may_issue(certificate: x509.Certificate, authorities_below: int) -> bool:
    """Whether it is an authority's, with so many other authorities under it."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    if not constraints.ca:
        return False
    if constraints.path_length is not None and authorities_below > constraints.path_length:
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _understood(certificate: x509.Certificate) -> bool:
    return all(one.oid in _UNDERSTOOD for one in certificate.extensions if one.critical)
