"""Names in certificates (RFC 5280 §4.1.2.4; ETSI EN 319 412-1 §5, 412-2 §4.2, 412-3 §4.2)."""

from cryptography import x509
from cryptography.x509.oid import NameOID

LONGEST = 64
"""RFC 5280 appendix A, ub-common-name and its like. It allows longer surnames and given names; what shows them does
not."""

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
    return x509.Name([x509.NameAttribute(oid, _cut(value)) for oid, value in parts if value])


def _cut(value: str) -> str:
    """At most `LONGEST` octets, whole characters: the standard counts characters, programs count octets."""
    return value.encode()[:LONGEST].decode(errors="ignore")


def natural_identifier(rpps: str) -> str:
    """A professional's national number as EN 319 412-1 §5.1.3 spells a national scheme: `RP:FR-10101234567`."""
    return f"RP:FR-{rpps}" if rpps else ""
