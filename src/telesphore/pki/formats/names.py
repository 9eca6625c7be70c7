"""Names in certificates (RFC 5280 §4.1.2.4; ETSI EN 319 412-1 §5, 412-2 §4.2, 412-3 §4.2)."""

from cryptography import x509
from cryptography.x509.oid import NameOID

LONGEST_COMMON_NAME = 64
"""RFC 5280 appendix A, ub-common-name."""
_LONGEST = {
    NameOID.ORGANIZATION_NAME: 64,
    NameOID.TITLE: 64,
    NameOID.GIVEN_NAME: 64,
    NameOID.SURNAME: 64,
    NameOID.SERIAL_NUMBER: 64,
    NameOID.COMMON_NAME: LONGEST_COMMON_NAME,
    NameOID.ORGANIZATION_IDENTIFIER: 64,
}
"""RFC 5280 allows surnames and given names of 32768 characters; what shows them does not."""

UNQUALIFIED = "Telesphore, autorité locale non qualifiée"


def subject(
    common_name: str,
    *,
    given_name: str = "",
    family_name: str = "",
    serial_number: str = "",
    title: str = "",
    organisation: str = "",
    organisation_identifier: str = "",
) -> x509.Name:
    """A distinguished name, in France; what is empty is left out, what is too long is cut.

    Args:
        organisation_identifier: with its semantics, as `NTRFR-123456789` (EN 319 412-1 §5.1.4).
    """
    parts = (
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.ORGANIZATION_IDENTIFIER, organisation_identifier),
        (NameOID.TITLE, title),
        (NameOID.GIVEN_NAME, given_name),
        (NameOID.SURNAME, family_name),
        (NameOID.SERIAL_NUMBER, serial_number),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value[: _LONGEST.get(oid, len(value))]) for oid, value in parts if value])


def natural_identifier(rpps: str) -> str:
    """A professional's national number as EN 319 412-1 §5.1.3 spells a national scheme: `RP:FR-10101234567`."""
    return f"RP:FR-{rpps}" if rpps else ""
