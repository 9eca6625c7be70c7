"""Pro Santé Connect, as the settings have it: who answers, and what the doctor finds."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from telesphore.accounts.ports import AnswerNotTrusted, ProviderAway
from telesphore.config.findings import Finding, Level, Patient
from telesphore.config.options import PREFIX, BadSetting, Setting, check_secret, read_secret
from telesphore.config.wiring import needed

if TYPE_CHECKING:
    from telesphore.connectors.psc import Client

NEAR_ITS_END = timedelta(days=30)


def bind_identity_provider(settings: Mapping[str, Setting]) -> None:
    """Fill the accounts room's port: None where `psc_issuer` is not set.

    Raises:
        BadSetting: a setting is missing, or a file can't be used.
    """
    from telesphore.accounts import ports

    client = identity_provider(settings)
    ports.identity_provider.bind(lambda: client)


def identity_provider(settings: Mapping[str, Setting]) -> "Client | None":
    """The client of Pro Santé Connect; None where it is switched off.

    Raises:
        BadSetting
    """
    issuer: str | None = settings["psc_issuer"].value
    if issuer is None:
        return None
    from telesphore.connectors.psc import Client, Registration

    secret, key = settings["psc_secret_file"].value, settings["psc_key_file"].value
    if (secret is None) == (key is None):
        raise BadSetting(
            f"{PREFIX}PSC_SECRET_FILE and {PREFIX}PSC_KEY_FILE: set one of them, by which this instance proves itself."
        )
    return Client(
        Registration(
            issuer=issuer,
            discovery=settings["psc_discovery"].value or f"{issuer}/.well-known/wallet-openid-configuration",
            client_id=needed(settings, "psc_client"),
            credential=read_secret(secret) if secret is not None else _private_key(key),
            context=_context(settings),
            lasts=timedelta(minutes=settings["psc_session_minutes"].value),
        )
    )


def _private_key(path: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    check_secret(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise BadSetting(
        f"{PREFIX}PSC_KEY_FILE is {path}; it accepts a PEM private key, RSA of 2048 bits or more, or P-256."
    )


def _context(settings: Mapping[str, Setting]) -> ssl.SSLContext | None:
    certificate: Path | None = settings["psc_tls_certificate_file"].value
    if certificate is None:
        return None
    key = Path(needed(settings, "psc_tls_key_file"))
    check_secret(key)
    context = ssl.create_default_context()
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise BadSetting(
            f"{PREFIX}PSC_TLS_CERTIFICATE_FILE and {PREFIX}PSC_TLS_KEY_FILE: they can't be read or are no pair."
        ) from None
    return context


def professionals_identity(patient: Patient) -> Iterator[Finding]:
    """Whether Pro Santé Connect answers, and how long the certificate shown to it lasts: nobody signs in."""
    try:
        client = identity_provider(patient.settings)
    except BadSetting as bad:
        yield Finding(Level.PROBLEM, "psc", str(bad), "Correct this setting (docs/operations.md).")
        return
    if client is None:
        yield Finding(Level.OK, "psc", "Pro Santé Connect is switched off.")
        return
    try:
        client.look()
    except (ProviderAway, AnswerNotTrusted) as refused:
        yield Finding(
            Level.PROBLEM, "psc", f"Pro Santé Connect can't be used: {refused.code}.",
            "See that this machine reaches `psc_discovery`; an administrator can open the backup way meanwhile.",
        )  # fmt: skip
    else:
        yield Finding(Level.OK, "psc", "Pro Santé Connect answers.")
    yield from _certificate(patient)


def _certificate(patient: Patient) -> Iterator[Finding]:
    path: Path | None = patient.value("psc_tls_certificate_file")
    if path is None:
        return
    end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    left = end - datetime.now(UTC)
    if left < NEAR_ITS_END:
        yield Finding(
            Level.PROBLEM if left < timedelta(0) else Level.WARNING, "psc-certificate",
            f"The certificate shown to Pro Santé Connect ends on {end:%Y-%m-%d}.",
            "Ask the ANS for another, and put it in `psc_tls_certificate_file`.",
        )  # fmt: skip
