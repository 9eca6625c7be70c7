"""What every kind of token checks of its certificate before it signs."""

from datetime import datetime

from cryptography.x509 import load_der_x509_certificate

from telesphore.signature.ports import CertificateExpired, CertificateNotYetValid, KeyWithoutCertificate


def check_valid(certificate: bytes, at: datetime) -> None:
    """Refuse a certificate (DER) that is not valid at this time.

    Raises:
        CertificateExpired, CertificateNotYetValid: with the day.
        KeyWithoutCertificate: it can't be read.
    """
    try:
        parsed = load_der_x509_certificate(certificate)
    except ValueError:
        raise KeyWithoutCertificate from None
    if at > parsed.not_valid_after_utc:
        raise CertificateExpired(until=parsed.not_valid_after_utc)
    if at < parsed.not_valid_before_utc:
        raise CertificateNotYetValid(since=parsed.not_valid_before_utc)
