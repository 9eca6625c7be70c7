"""What a card's certificate says of its holder: IGC-Santé's (CPS, CPE), and the local authorities' own.

IGC-Santé names people by `CN=<national identifier>+SN=…+GN=…,title=…,C=FR`. The national identifier (IDNPS) is `8` and
the RPPS number, `0` and the ADELI number, or for an establishment's staff a digit, its FINESS, SIREN or SIRET number,
and `/` before its own number for the person. The local authorities' professionals bear `RP:FR-<RPPS>` as serial number
(EN 319 412-1 §5.1.3).
"""

import re

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from telesphore.ades import paths

_NATIONAL = re.compile(r"8[0-9]{11}|0[0-9][0-9AB][0-9]{7}|[1-6][0-9A-Z]{9,15}/[0-9A-Za-z]{1,20}")
_REGISTERED = re.compile(r"RP:FR-([0-9]{11})")
_FOR_CLIENTS = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON})


def national_identifier(certificate: bytes) -> str:
    """The holder's national identifier, as Pro Santé Connect's `SubjectNameID` has it; empty when it bears none.

    Args:
        certificate: DER.

    Raises:
        NoPathToAnchor: it can't be read.
    """
    subject = paths.load(certificate).subject
    names = [str(one.value) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) == 1 and _NATIONAL.fullmatch(names[0]):
        return names[0]
    registered = [
        _REGISTERED.fullmatch(str(one.value)) for one in subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    ]
    return f"8{registered[0][1]}" if len(registered) == 1 and registered[0] else ""


def is_for_authentication(certificate: bytes) -> bool:
    """Whether its key may prove who somebody is (RFC 5280 §4.2.1.3, §4.2.1.12): never one for signatures that commit.

    Raises:
        NoPathToAnchor: it can't be read.
    """
    parsed = paths.load(certificate)
    try:
        usage = parsed.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    if not usage.digital_signature or usage.content_commitment or usage.key_cert_sign:
        return False
    try:
        purposes = parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool(_FOR_CLIENTS & set(purposes))
