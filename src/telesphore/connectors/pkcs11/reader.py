"""People's cards and tokens: the key stays inside, and hashes by itself where the token can."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pkcs11
from cryptography.x509 import BasicConstraints, ExtensionNotFound, KeyUsage, load_der_x509_certificate
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import AttributeTypeInvalid, PKCS11Error
from pkcs11.types import SignMixin

from telesphore.ades.algorithms import Algorithm, algorithm_for
from telesphore.connectors.pkcs11.mechanisms import Way, choose
from telesphore.connectors.pkcs11.module import Module, load
from telesphore.connectors.validity import check_valid
from telesphore.kernel.clock import now
from telesphore.signature.ports import KeyWithoutCertificate, PersonalToken, TokenGone

MOST_CERTIFICATES = 32


def label_of(person_id: UUID) -> str:
    """The label that a person's token bears; 23 of the 32 characters that PKCS#11 has."""
    # A UUIDv7 begins with its time: two people made in one millisecond would share a label. Its end is random.
    return f"telesphore-{person_id.hex[-12:]}"


@dataclass(frozen=True, slots=True)
class _CardToken:
    certificate: bytes
    chain: Sequence[bytes]
    algorithm: Algorithm
    _way: Way
    _key: SignMixin
    _pin: str | None = field(repr=False)
    """For a key that asks for it at each signature (CKA_ALWAYS_AUTHENTICATE), as those of some cards do."""
    _module: Module

    def sign(self, to_be_signed: bytes) -> bytes:
        try:
            with self._module.calls:
                signature: bytes = self._key.sign(
                    self._way.given(to_be_signed),
                    mechanism=self._way.mechanism,
                    mechanism_param=self._way.parameter,
                    pin=self._pin,
                )
        except PKCS11Error:
            raise TokenGone from None
        return self._way.encoded(signature)

    def sign_many(self, contents: Sequence[bytes]) -> list[bytes]:
        return [self.sign(content) for content in contents]


class Pkcs11Reader:
    """A `signature.ports.TokenReader` over every token that a library shows, each found by its label.

    With `pss`, RSA keys sign by RSASSA-PSS rather than PKCS#1 v1.5.
    """

    def __init__(self, library: Path, *, pss: bool = False, clock: Callable[[], datetime] = now) -> None:
        self._library = library
        self._pss = pss
        self._clock = clock

    def open(self, *, person_id: UUID, pin: str, code: str = "") -> AbstractContextManager[PersonalToken]:
        return self.open_labelled(label_of(person_id), pin=pin)

    @contextmanager
    def open_labelled(self, label: str, *, pin: str) -> Iterator[PersonalToken]:
        """The token of this label; see `signature.ports.TokenReader.open`."""
        try:
            module = load(self._library)
        except PKCS11Error:
            raise TokenGone from None
        with module.session(label, pin) as session:
            try:
                with module.calls:
                    certificate, chain, key = _signing_key(session)
                    algorithm = algorithm_for(certificate, pss=self._pss)
                    way = choose(algorithm, session.token.slot.get_mechanisms())
                    token = _CardToken(
                        certificate, chain, algorithm, way, key, pin if _asks_again(key) else None, module
                    )
            except PKCS11Error:
                raise TokenGone from None
            check_valid(token.certificate, self._clock())
            yield token


def _signing_key(session: pkcs11.Session) -> tuple[bytes, tuple[bytes, ...], SignMixin]:
    """The key whose certificate is for signing (non-repudiation), as on a CPS card, which has another to authenticate.

    Raises:
        KeyWithoutCertificate: there is none.
    """
    found: list[tuple[bytes, bytes]] = []
    for entry in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        found.append((entry[Attribute.ID], entry[Attribute.VALUE]))
        if len(found) >= MOST_CERTIFICATES:
            break
    for identifier, certificate in found:
        if not _is_for_signing(certificate):
            continue
        for key in list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: identifier})):
            assert isinstance(key, SignMixin)
            return certificate, tuple(other for _, other in found if _is_authority(other)), key
    raise KeyWithoutCertificate


def _asks_again(key: SignMixin) -> bool:
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except AttributeTypeInvalid:
        return False


def _is_for_signing(certificate: bytes) -> bool:
    try:
        usage = load_der_x509_certificate(certificate).extensions.get_extension_for_class(KeyUsage)
    except (ValueError, ExtensionNotFound):
        return False
    return usage.value.content_commitment


def _is_authority(certificate: bytes) -> bool:
    try:
        constraints = load_der_x509_certificate(certificate).extensions.get_extension_for_class(BasicConstraints)
    except (ValueError, ExtensionNotFound):
        return False
    return constraints.value.ca
