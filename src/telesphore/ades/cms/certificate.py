"""What a SignedData says of a certificate: who issued it, and its number."""

from functools import lru_cache

from telesphore.ades import der
from telesphore.ades.errors import MalformedSignature, NotDer


@lru_cache(maxsize=256)
def issuer_and_serial(certificate: bytes) -> tuple[bytes, int]:
    """DER of the issuer's Name and the serial number of a certificate (DER).

    Raises:
        MalformedSignature: it is not a certificate.
    """
    fields = certificate_fields(certificate)
    return der.encoding(certificate, fields[2]), der.read_integer(certificate, fields[0])


def certificate_fields(certificate: bytes) -> list[der.Node]:
    """What is in the TBSCertificate of a certificate (DER), from its serial number on.

    Raises:
        MalformedSignature: it is not a certificate.
    """
    try:
        to_be_signed, _, _ = der.whole(certificate, der.SEQUENCE)
        fields = der.inside(certificate, to_be_signed, der.SEQUENCE)
        fields = fields[1:] if fields and fields[0][0] == 0xA0 else fields
        der.read_integer(certificate, fields[0])
        if [one[0] for one in fields[1:6]] != [der.SEQUENCE] * 5:
            raise MalformedSignature
    except (NotDer, ValueError, IndexError):
        raise MalformedSignature from None
    return fields
