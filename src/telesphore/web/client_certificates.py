"""The TLS client certificate that a reverse proxy saw: believed from the configured proxies, and from nobody else.

Two spellings: RFC 9440's `Client-Cert` and `Client-Cert-Chain` (byte sequences of RFC 8941), and nginx's
`$ssl_client_escaped_cert` (PEM, percent-encoded), which the operator forwards as `X-SSL-Client-Cert`.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import HttpRequest, HttpResponse

_HEADERS = ("HTTP_CLIENT_CERT", "HTTP_CLIENT_CERT_CHAIN", "HTTP_X_SSL_CLIENT_CERT")
_LONGEST = 64 << 10
_MOST = 8


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """DER of what the client showed, whose key the proxy saw used, and of what it sent along."""

    certificate: bytes
    chain: tuple[bytes, ...]


class ClientCertificateMiddleware:
    """Takes the headers off every request; what a trusted proxy said in them is kept as `client_certificate`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = {name: request.META.pop(name) for name in _HEADERS if name in request.META}
        trusted = request.META.get("REMOTE_ADDR") in settings.TRUSTED_PROXIES
        if given and trusted and settings.CLIENT_CERTIFICATES != "off":
            request.client_certificate = _read(given)  # type: ignore[attr-defined]  # Kept with the request.
        return self.get_response(request)


def client_certificate(request: HttpRequest) -> ClientCertificate | None:
    """What a trusted proxy said of the connection; None when it said nothing, or nothing that can be read."""
    found: ClientCertificate | None = getattr(request, "client_certificate", None)
    return found


def _read(headers: dict[str, str]) -> ClientCertificate | None:
    if any(len(value) > _LONGEST for value in headers.values()):
        return None
    try:
        if settings.CLIENT_CERTIFICATES == "nginx":
            pem = unquote_to_bytes(headers["HTTP_X_SSL_CLIENT_CERT"])
            found = [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(pem)[:1]]
            return ClientCertificate(found[0], ())
        chain = headers.get("HTTP_CLIENT_CERT_CHAIN", "")
        above = [_byte_sequence(one) for one in chain.split(",")[:_MOST]] if chain.strip() else []
        return ClientCertificate(_byte_sequence(headers["HTTP_CLIENT_CERT"]), tuple(above))
    except (KeyError, ValueError):
        return None


def _byte_sequence(text: str) -> bytes:
    """`:base64:` (RFC 8941 §3.3.5)."""
    text = text.strip(" \t")
    if len(text) < 2 or not (text[0] == text[-1] == ":"):
        raise ValueError("byte sequence")
    try:
        return base64.b64decode(text[1:-1], validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error
