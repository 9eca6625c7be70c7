"""The vault's master key inside an HSM: an AES-256 key made there, which nobody can take out.

A wrapped keyset is: a byte 1, the key's CKA_ID (16 bytes), a nonce (12 bytes), then AES-256-GCM's ciphertext and tag,
with the context as associated data (NIST SP 800-38D; OASIS PKCS#11 2.40 §2.12.3). The id says which key of the token
wrapped, so that an earlier one still unwraps after a new key has taken its label.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pkcs11
from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import EncryptedDataInvalid, EncryptedDataLenRange, FunctionFailed, GeneralError, PKCS11Error
from pkcs11.mechanisms import GCMParams, KeyType, Mechanism
from pkcs11.types import DecryptMixin, EncryptMixin

from telesphore.connectors.pkcs11.module import Module, load
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature.ports import NoToken, TokenGone, TokenLocked, WrongPin
from telesphore.vault.errors import WrongMasterKey

KEY_BITS = 256
FORMAT = b"\x01"
ID_BYTES, NONCE_BYTES, TAG_BYTES = 16, 12, 16
_HEAD = len(FORMAT) + ID_BYTES + NONCE_BYTES


class HsmAway(DomainError):
    """The security module that holds the vault's master key does not answer. Nothing was lost; try again later."""

    refusal = Refusal.UNAVAILABLE
    code = "hsm-away"


class HsmPinRefused(DomainError):
    """The security module refused the PIN of the vault's master key. It is not tried again before a restart, so that
    the module does not lock itself: correct the PIN's file, then restart.
    """

    refusal = Refusal.UNAVAILABLE
    code = "hsm-pin-refused"


class HsmKeyUnusable(DomainError):
    """The security module has no single AES-256 key of the name given, which can never leave it. Make one there."""

    refusal = Refusal.UNAVAILABLE
    code = "hsm-key-unusable"


class Pkcs11MasterKey:
    """A `vault.ports.MasterKey`: the key labelled `key` in the token labelled `token`.

    A session is opened for each call, so that a module unplugged and put back answers again by itself.

    Every method raises `HsmAway`, `HsmPinRefused` or `HsmKeyUnusable` when the module can't serve.
    """

    def __init__(self, library: Path, *, token: str, pin: str, key: str = "telesphore-vault") -> None:
        self._library = library
        self._token = token
        self._pin = pin
        self._key = key
        self._pin_refused = threading.Event()

    @property
    def name(self) -> str:
        with self._session() as (session, module), module.calls:
            identifier, _key = self._primary(session)
        return f"pkcs11:{identifier.hex()}"

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        with self._session() as (session, module), module.calls:
            identifier, key = self._primary(session)
            sealed = _encrypt(key, plaintext, nonce=nonce, context=context)
        return FORMAT + identifier + nonce + sealed

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        if not wrapped.startswith(FORMAT) or len(wrapped) < _HEAD + TAG_BYTES:
            # Another kind of master key wrapped it: no need to ask the module.
            raise WrongMasterKey
        identifier = wrapped[len(FORMAT) : len(FORMAT) + ID_BYTES]
        nonce, sealed = wrapped[len(FORMAT) + ID_BYTES : _HEAD], wrapped[_HEAD:]
        with self._session() as (session, module), module.calls:
            keys = _aes_keys(session, {Attribute.ID: identifier})
            if len(keys) != 1:
                raise WrongMasterKey
            key = keys[0]
            assert isinstance(key, DecryptMixin)
            try:
                plaintext = key.decrypt(
                    sealed,
                    mechanism=Mechanism.AES_GCM,
                    mechanism_param=GCMParams(nonce, context, TAG_BYTES * 8),
                    buffer_size=len(sealed),
                )
            except (EncryptedDataInvalid, EncryptedDataLenRange):
                raise WrongMasterKey from None
            except (GeneralError, FunctionFailed):
                # SoftHSM, among others, answers so to a wrong tag. Of a module that fails, this raises too.
                _encrypt(key, b"", nonce=secrets.token_bytes(NONCE_BYTES), context=b"")
                raise WrongMasterKey from None
        assert isinstance(plaintext, bytes)
        return plaintext

    def create(self) -> None:
        """Make the key in the token: AES-256, sensitive, never extractable. For an operator, once.

        Raises:
            FileExistsError: a key has this label already; a fresh one would not be told from it.
        """
        with self._session(write=True) as (session, module), module.calls:
            if _aes_keys(session, {Attribute.LABEL: self._key}):
                raise FileExistsError(self._key)
            session.generate_key(
                KeyType.AES,
                KEY_BITS,
                id=secrets.token_bytes(ID_BYTES),
                label=self._key,
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True},
            )

    @contextmanager
    def _session(self, *, write: bool = False) -> Iterator[tuple[pkcs11.Session, Module]]:
        if self._pin_refused.is_set():
            raise HsmPinRefused
        try:
            module = load(self._library)
            with module.session(self._token, self._pin, write=write) as session:
                yield session, module
        except (WrongPin, TokenLocked):
            self._pin_refused.set()
            raise HsmPinRefused from None
        except (NoToken, TokenGone, PKCS11Error):
            raise HsmAway from None

    def _primary(self, session: pkcs11.Session) -> tuple[bytes, pkcs11.Object]:
        """The key that wraps now, and its id."""
        keys = _aes_keys(session, {Attribute.LABEL: self._key})
        if len(keys) != 1:
            raise HsmKeyUnusable
        (key,) = keys
        identifier: bytes = key[Attribute.ID]
        if (
            len(identifier) != ID_BYTES
            or key[Attribute.VALUE_LEN] * 8 != KEY_BITS
            or key[Attribute.EXTRACTABLE]
            or not key[Attribute.SENSITIVE]
        ):
            raise HsmKeyUnusable
        return identifier, key


def _aes_keys(session: pkcs11.Session, more: dict[Attribute, object]) -> list[pkcs11.Object]:
    found = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES, **more})
    return list(found)


def _encrypt(key: pkcs11.Object, plaintext: bytes, *, nonce: bytes, context: bytes) -> bytes:
    assert isinstance(key, EncryptMixin)
    sealed = key.encrypt(
        plaintext,
        mechanism=Mechanism.AES_GCM,
        mechanism_param=GCMParams(nonce, context, TAG_BYTES * 8),
        buffer_size=len(plaintext) + TAG_BYTES,
    )
    assert isinstance(sealed, bytes)
    return sealed
