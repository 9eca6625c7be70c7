"""Read and write people's PKCS#12 files."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12, serialize_key_and_certificates
from cryptography.x509 import load_der_x509_certificate

from telesphore.ades.algorithms import Algorithm, PrivateKey, algorithm_for, sign_with
from telesphore.connectors.validity import check_valid
from telesphore.kernel.clock import now
from telesphore.signature.ports import KeyWithoutCertificate, NoToken, PersonalToken, TokenGone, WrongPin

LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class _FileToken:
    certificate: bytes
    chain: Sequence[bytes]
    algorithm: Algorithm
    _path: Path
    _key: PrivateKey

    def sign(self, to_be_signed: bytes) -> bytes:
        # The same promise as a card's: taken out, it signs no more.
        if not self._path.exists():
            raise TokenGone
        return sign_with(self._key, self.algorithm, to_be_signed)

    def sign_many(self, contents: Sequence[bytes]) -> list[bytes]:
        return [self.sign(content) for content in contents]


class Pkcs12Reader:
    """A `signature.ports.TokenReader` over `folder`/<person id>.p12.

    With `pss`, RSA keys sign by RSASSA-PSS rather than PKCS#1 v1.5.
    """

    def __init__(self, folder: Path, *, pss: bool = False, clock: Callable[[], datetime] = now) -> None:
        self._folder = folder
        self._pss = pss
        self._clock = clock

    def open(self, *, person_id: UUID, pin: str, code: str = "") -> AbstractContextManager[PersonalToken]:
        return self.open_file(f"{person_id}.p12", pin=pin)

    @contextmanager
    def open_file(self, name: str, *, pin: str) -> Iterator[PersonalToken]:
        """The file of this name in the folder; see `signature.ports.TokenReader.open`."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST)
        except FileNotFoundError:
            raise NoToken from None
        try:
            loaded = load_pkcs12(content, pin.encode())
        except ValueError:
            # A damaged file and a wrong passphrase can't be told apart: the file is authenticated by the passphrase.
            raise WrongPin from None
        if loaded.cert is None or loaded.key is None:
            raise KeyWithoutCertificate
        certificate = loaded.cert.certificate.public_bytes(Encoding.DER)
        check_valid(certificate, self._clock())
        chain = tuple(above.certificate.public_bytes(Encoding.DER) for above in loaded.additional_certs)
        algorithm = algorithm_for(certificate, pss=self._pss)
        assert isinstance(loaded.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
        yield _FileToken(certificate, chain, algorithm, path, loaded.key)


def write(
    folder: Path,
    *,
    person_id: UUID,
    pin: str,
    key: PrivateKey,
    certificate: bytes | None,
    chain: Sequence[bytes],
) -> Path:
    """Write a person's file, mode 0600, over an earlier one; returns its path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = serialize_key_and_certificates(
        b"telesphore",
        key,
        load_der_x509_certificate(certificate) if certificate else None,
        list(map(load_der_x509_certificate, chain)) or None,
        BestAvailableEncryption(pin.encode()),
    )
    path = folder / f"{person_id}.p12"
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)
    return path
