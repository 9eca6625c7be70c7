"""The vault's master key as an AES-256 key that never leaves an HSM (CKM_AES_GCM)."""

import os
from pathlib import Path

from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.exceptions import (
    DataLenRange,
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    NoSuchKey,
    PKCS11Error,
)
from pkcs11.mechanisms import GCMParams, Mechanism

from telesphore.connectors.pkcs11.module import Module, load
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature.ports import NoToken
from telesphore.vault.errors import MasterKeyMissing, WrongMasterKey

NONCE_BYTES = 12
TAG_BYTES = 16
LARGEST = 64 * 1024


class HsmAway(DomainError):
    """The HSM that holds the vault's master key does not answer. Nothing was lost; try again later."""

    refusal = Refusal.UNAVAILABLE
    code = "hsm-away"


class HsmMasterKey:
    """A `vault.ports.MasterKey` on one HSM key; another key is another label.

    A session is opened for each call: an HSM that was restarted is found again, and the token is locked in between.
    """

    def __init__(self, library: Path, *, token: str, key: str, pin: str) -> None:
        self._module: Module = load(library)
        self._token = token
        self._key = key
        self._pin = pin

    @property
    def name(self) -> str:
        return f"pkcs11:{self._token}:{self._key}"

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        assert len(plaintext) <= LARGEST
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ask(plaintext, nonce, context, encrypt=True)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        nonce, content = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        if not TAG_BYTES <= len(content) <= LARGEST + TAG_BYTES:
            raise WrongMasterKey
        return self._ask(content, nonce, context, encrypt=False)

    def _ask(self, content: bytes, nonce: bytes, context: bytes, *, encrypt: bool) -> bytes:
        parameters = GCMParams(nonce, context, 8 * TAG_BYTES)
        try:
            with self._module.session(self._token, self._pin) as session, self._module.calls:
                key = session.get_key(object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=self._key)
                work = key.encrypt if encrypt else key.decrypt  # type: ignore[attr-defined]  # Mixed in at run time.
                answer: bytes = work(content, mechanism=Mechanism.AES_GCM, mechanism_param=parameters)
        except (NoToken, NoSuchKey):
            raise MasterKeyMissing from None
        # What libraries answer to a tag that does not match: the standard names the first, SoftHSM gives the others.
        except (EncryptedDataInvalid, EncryptedDataLenRange, DataLenRange, GeneralError, FunctionFailed):
            raise (HsmAway if encrypt else WrongMasterKey) from None
        except PKCS11Error:
            raise HsmAway from None
        return answer


def create_key(library: Path, *, token: str, key: str, pin: str) -> None:
    """Make the AES-256 key inside the token, never to leave it. One that exists is left as it is."""
    module = load(library)
    with module.session(token, pin, write=True) as session, module.calls:
        standing = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: key})
        if next(iter(list(standing)), None) is None:
            session.generate_key(
                KeyType.AES,
                256,
                label=key,
                store=True,
                capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )
