"""The platform's own signing keys in a PKCS#11 module (an HSM): made there, used there, never extractable.

EC P-256. The module is given a digest (CKM_ECDSA) and its answer is verified: a module that fails does not sign for us.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pkcs11
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType, Mechanism
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_ecdsa_signature, encode_named_curve_parameters

from telesphore.connectors.pkcs11.module import Module, load
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature.ports import NoToken, TokenGone, TokenLocked, WrongPin

LABEL = "telesphore-pki"
ID_BYTES = 16


class KeysAway(DomainError):
    """The security module that holds the authority's keys does not answer. Nothing was lost; try again later."""

    refusal = Refusal.UNAVAILABLE
    code = "keys-away"


class KeysPinRefused(DomainError):
    """The security module refused the PIN of the authority's keys. It is not tried again before a restart, so that the
    module does not lock itself: correct the PIN's file, then restart.
    """

    refusal = Refusal.UNAVAILABLE
    code = "keys-pin-refused"


class Pkcs11Keys:
    """A `pki.ports.KeyHolder`: keys in the token labelled `token`.

    A session is opened for each call, so that a module unplugged and put back answers again by itself.

    Every method raises `KeysAway` or `KeysPinRefused` when the module can't serve.
    """

    def __init__(self, library: Path, *, token: str, pin: str) -> None:
        self._library = library
        self._token = token
        self._pin = pin
        self._pin_refused = threading.Event()

    def make(self) -> "Key":
        identifier = secrets.token_bytes(ID_BYTES)
        with self._session(write=True) as (session, module), module.calls:
            curve = session.create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
            )
            public, _private = curve.generate_keypair(
                id=identifier,
                label=LABEL,
                store=True,
                capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
                mechanism=Mechanism.EC_KEY_PAIR_GEN,
                private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
            der = encode_ec_public_key(public)
        return self._key(identifier, load_der_public_key(der))

    def open(self, name: str, certificate: bytes) -> "Key":
        return self._key(bytes.fromhex(name), x509.load_der_x509_certificate(certificate).public_key())

    def _key(self, identifier: bytes, public_key: object) -> "Key":
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        return Key(self, identifier, public_key)

    def sign(self, identifier: bytes, digest: bytes) -> bytes:
        """ECDSA over a digest, DER."""
        with self._session() as (session, module), module.calls:
            found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: identifier}))
            if len(found) != 1:
                raise KeysAway
            key = found[0]
            assert isinstance(key, SignMixin)
            return bytes(encode_ecdsa_signature(key.sign(digest, mechanism=Mechanism.ECDSA)))

    @contextmanager
    def _session(self, *, write: bool = False) -> Iterator[tuple[pkcs11.Session, Module]]:
        if self._pin_refused.is_set():
            raise KeysPinRefused
        try:
            module = load(self._library)
            with module.session(self._token, self._pin, write=write) as session:
                yield session, module
        except (WrongPin, TokenLocked):
            self._pin_refused.set()
            raise KeysPinRefused from None
        except (NoToken, TokenGone, PKCS11Error):
            raise KeysAway from None


class Key(ec.EllipticCurvePrivateKey):
    """A key that stays in its module: `cryptography` signs certificates and lists through it as through its own."""

    def __init__(self, keys: Pkcs11Keys, identifier: bytes, public_key: ec.EllipticCurvePublicKey) -> None:
        self._keys = keys
        self._identifier = identifier
        self._public_key = public_key

    @property
    def name(self) -> str:
        """Which key it is, in its token: its CKA_ID, hexadecimal."""
        return self._identifier.hex()

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        return self._public_key.key_size

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        assert isinstance(signature_algorithm, ec.ECDSA)
        algorithm = signature_algorithm.algorithm
        assert isinstance(algorithm, hashes.HashAlgorithm)
        state = hashes.Hash(algorithm)
        state.update(data)
        signature = self._keys.sign(self._identifier, state.finalize())
        try:
            self._public_key.verify(signature, data, signature_algorithm)
        except InvalidSignature:
            raise KeysAway from None
        return signature

    def exchange(self, algorithm: object, peer_public_key: object) -> NoReturn:
        raise NotImplementedError

    def private_numbers(self) -> NoReturn:
        raise NotImplementedError

    def private_bytes(self, encoding: object, format: object, encryption_algorithm: object) -> NoReturn:  # noqa: A002 - the library's name.
        raise NotImplementedError

    def __copy__(self) -> "Key":
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "Key":
        return self
