"""CAdES signatures as CMS SignedData (RFC 5652, ETSI EN 319 122-1), written by hand and read within bounds.

Writing copies certificates as they are and joins a few dozen bytes around them; what depends on a certificate only is
kept from one signature to the next. Reading gives one frozen value and judges nothing but the form.
"""

from telesphore.ades.cms.certificate import certificate_fields, issuer_and_serial
from telesphore.ades.cms.names import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    REVOCATION_OCSP,
    SIGNATURE_TIME_STAMP,
    SIGNED_DATA,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    TST_INFO,
)
from telesphore.ades.cms.read import LARGEST, Attribute, Bones, Parsed, Reference, bones, parse
from telesphore.ades.cms.write import (
    add_unsigned,
    add_validation_values,
    assemble,
    ess_cert_id,
    set_unsigned,
    signed_attributes,
)

__all__ = [
    "CONTENT_TYPE",
    "DATA",
    "LARGEST",
    "MESSAGE_DIGEST",
    "REVOCATION_OCSP",
    "SIGNATURE_TIME_STAMP",
    "SIGNED_DATA",
    "SIGNING_CERTIFICATE",
    "SIGNING_CERTIFICATE_V2",
    "SIGNING_TIME",
    "TST_INFO",
    "Attribute",
    "Bones",
    "Parsed",
    "Reference",
    "add_unsigned",
    "add_validation_values",
    "assemble",
    "bones",
    "certificate_fields",
    "ess_cert_id",
    "issuer_and_serial",
    "parse",
    "set_unsigned",
    "signed_attributes",
]
