"""Pro Santé Connect by its settings: off by default, strict, looked at by the doctor."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from telesphore.config.catalogue import read_settings
from telesphore.config.findings import Level, Patient
from telesphore.config.identity import identity_provider, professionals_identity
from telesphore.config.options import BadSetting
from tests.connectors.psc.provider import Provider, provide

ISSUER = "https://auth.example/realms/wallet"


def read(tmp_path: Path, **given: object) -> Any:
    return read_settings(
        {f"TELESPHORE_{name.upper()}": str(said) for name, said in {"home": tmp_path, **given}.items()}
    )


def secret(tmp_path: Path, content: bytes = b"secret", name: str = "secret") -> Path:
    path = tmp_path / name
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def pem(key: Any) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def certificate(key: ec.EllipticCurvePrivateKey, days: int) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "telesphore")])
    at = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, at - timedelta(days=90), at + timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def findings(settings: Any) -> dict[str, Level]:
    patient = Patient(settings=settings, databases={}, insert_only=())
    return {finding.name: finding.level for finding in professionals_identity(patient)}


def test_it_is_off_by_default(tmp_path: Path) -> None:
    assert identity_provider(read(tmp_path)) is None
    assert findings(read(tmp_path)) == {"psc": Level.OK}


@pytest.mark.parametrize(
    "issuer", ["http://auth.example", "auth.example", "https://auth.example/", "http://localhost.evil.example"]
)
def test_an_issuer_is_reached_over_tls(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(BadSetting, match="PSC_ISSUER"):
        read(tmp_path, psc_issuer=issuer)


def test_one_proof_of_who_this_instance_is_and_one_only(tmp_path: Path) -> None:
    file = secret(tmp_path)
    with pytest.raises(BadSetting, match="PSC_SECRET_FILE"):
        identity_provider(read(tmp_path, psc_issuer=ISSUER, psc_client="us"))
    with pytest.raises(BadSetting, match="PSC_KEY_FILE"):
        identity_provider(read(tmp_path, psc_issuer=ISSUER, psc_client="us", psc_secret_file=file, psc_key_file=file))
    with pytest.raises(BadSetting, match="PSC_CLIENT"):
        identity_provider(read(tmp_path, psc_issuer=ISSUER, psc_secret_file=file))
    assert identity_provider(read(tmp_path, psc_issuer=ISSUER, psc_client="us", psc_secret_file=file)) is not None
    file.chmod(0o644)
    with pytest.raises(BadSetting, match="open to other users"):
        identity_provider(read(tmp_path, psc_issuer=ISSUER, psc_client="us", psc_secret_file=file))


@pytest.mark.parametrize(
    "content", [b"no key", pem(ed25519.Ed25519PrivateKey.generate()), pem(ec.generate_private_key(ec.SECP384R1()))]
)
def test_a_key_that_can_not_sign_what_is_asked_stops_the_start(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadSetting, match="PSC_KEY_FILE"):
        identity_provider(read(tmp_path, psc_issuer=ISSUER, psc_client="us", psc_key_file=secret(tmp_path, content)))


def test_a_certificate_and_its_key_are_a_pair(tmp_path: Path) -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    given = {"psc_issuer": ISSUER, "psc_client": "us", "psc_secret_file": secret(tmp_path)}
    shown = secret(tmp_path, certificate(key, 10), "certificate")
    with pytest.raises(BadSetting, match="PSC_TLS_KEY_FILE"):
        identity_provider(read(tmp_path, **given, psc_tls_certificate_file=shown))
    with pytest.raises(BadSetting, match="no pair"):
        identity_provider(
            read(
                tmp_path,
                **given,
                psc_tls_certificate_file=shown,
                psc_tls_key_file=secret(tmp_path, pem(other), "other"),
            )
        )
    settings = read(
        tmp_path, **given | {"psc_issuer": "http://127.0.0.1:9"}, psc_tls_certificate_file=shown,
        psc_tls_key_file=secret(tmp_path, pem(key), "key"),
    )  # fmt: skip
    assert identity_provider(settings) is not None
    assert findings(settings) == {"psc": Level.PROBLEM, "psc-certificate": Level.WARNING}


def test_the_doctor_asks_whether_it_answers(tmp_path: Path) -> None:
    def settings(provider: Provider) -> Any:
        return read(tmp_path, psc_issuer=provider.issuer, psc_client="secret", psc_secret_file=secret(tmp_path))

    with provide() as provider:
        assert findings(settings(provider)) == {"psc": Level.OK}
    assert findings(settings(provider)) == {"psc": Level.PROBLEM}
