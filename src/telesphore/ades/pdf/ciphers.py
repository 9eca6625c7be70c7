"""Files encrypted under an owner's password only (ISO 32000-2 §7.6): anyone may read them, so we do; what is added to
them is encrypted with the file's own key, as it must be. A user's password is never asked nor guessed.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher as _Engine
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Stream, Value

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


class Method(Enum):
    """How strings or streams are encrypted."""

    NONE = auto()
    RC4 = auto()
    AES_128 = auto()
    AES_256 = auto()


@dataclass(frozen=True, slots=True)
class Cipher:
    """A file's key, and what it is used for.

    Attributes:
        own: reference of the encryption dictionary, whose strings are not encrypted; None when it is direct.
        metadata: metadata streams are encrypted too.
    """

    key: bytes = field(repr=False)
    strings: Method
    streams: Method
    own: Reference | None
    metadata: bool

    def opened(self, value: Value, reference: Reference) -> Value:
        """A value of this object, deciphered; a stream's bytes only once they are decoded.

        Raises:
            UnreadableFile: a string is not what encryption gives.
        """
        if reference == self.own:
            return value
        if isinstance(value, Stream):
            if self._spared(value.dictionary):
                return value
            dictionary = self._mapped(value.dictionary, reference, _deciphered)
            assert isinstance(dictionary, dict)
            key = self._key(reference, self.streams)
            return Stream(dictionary, value.raw, lambda raw: _deciphered(self.streams, key, raw))
        return self._mapped(value, reference, _deciphered)

    def closed(self, value: Value, reference: Reference) -> Value:
        """A value to be written as this object, enciphered; the other way round from `opened`."""
        if isinstance(value, Stream):
            if self._spared(value.dictionary):
                return value
            raw = value.raw if value.undo is None else value.undo(bytes(value.raw))
            dictionary = self._mapped(value.dictionary, reference, _enciphered)
            assert isinstance(dictionary, dict)
            return Stream(dictionary, _enciphered(self.streams, self._key(reference, self.streams), bytes(raw)))
        return self._mapped(value, reference, _enciphered)

    def _spared(self, dictionary: Dictionary) -> bool:
        kind = dictionary.get(Name("Type"))
        return kind == "XRef" or (kind == "Metadata" and not self.metadata)

    def _key(self, reference: Reference, method: Method) -> bytes:
        """Algorithm 1: an object's key; algorithm 1.A has one for all."""
        if method in (Method.NONE, Method.AES_256):
            return self.key
        content = self.key + reference.number.to_bytes(3, "little") + reference.generation.to_bytes(2, "little")
        salted = content + b"sAlT" if method is Method.AES_128 else content
        return _md5(salted)[: min(len(self.key) + 5, 16)]

    def _mapped(self, value: Value, reference: Reference, change: Callable[[Method, bytes, bytes], bytes]) -> Value:
        """The value, its strings changed; as deep as it was read, which is bounded."""
        if self.strings is Method.NONE:
            return value
        key = self._key(reference, self.strings)

        def changed(one: Value) -> Value:
            if type(one) is bytes:
                return change(self.strings, key, one)
            if isinstance(one, list):
                return [changed(inner) for inner in one]
            if isinstance(one, dict):
                signature = Name("ByteRange") in one
                # A signature's bytes are never encrypted.
                return {
                    name: inner if signature and name == "Contents" else changed(inner) for name, inner in one.items()
                }
            return one

        return changed(value)


def cipher_of(dictionary: Dictionary, own: Reference | None, identifier: bytes) -> Cipher | None:
    """The key of a file that needs no user's password; None when it needs one, or another handler.

    Args:
        dictionary: the encryption dictionary, all its values direct.
        own: its reference, None when the trailer holds it.
        identifier: first half of the trailer's /ID.
    """
    version, revision = dictionary.get(Name("V")), dictionary.get(Name("R"))
    metadata = dictionary.get(Name("EncryptMetadata")) is not False
    if dictionary.get(Name("Filter")) != "Standard" or type(version) is not int or type(revision) is not int:
        return None
    methods = _methods(dictionary, version)
    if methods is None:
        return None
    strings, streams = methods
    if version == 5:
        key = _key_of_256(dictionary, revision)
    else:
        bits = dictionary.get(Name("Length"), 40) if version == 2 else 40 if version == 1 else 128
        if bits not in (40, 128):
            return None  # What no program writes, and RC4 is not given for all of them.
        key = _key_of_128(dictionary, revision, 5 if bits == 40 else 16, identifier, metadata=metadata)
    return None if key is None else Cipher(key, strings, streams, own, metadata)


def _methods(dictionary: Dictionary, version: int) -> tuple[Method, Method] | None:
    if version in (1, 2):
        return Method.RC4, Method.RC4
    filters = dictionary.get(Name("CF"))
    if version not in (4, 5) or not isinstance(filters, dict):
        return None
    found: list[Method] = []
    for use in ("StrF", "StmF"):
        name = dictionary.get(Name(use), Name("Identity"))
        settings = filters.get(name) if isinstance(name, Name) else None
        if name == "Identity":
            found.append(Method.NONE)
        elif isinstance(settings, dict):
            method = {(4, "V2"): Method.RC4, (4, "AESV2"): Method.AES_128, (5, "AESV3"): Method.AES_256}.get(
                (version, str(settings.get(Name("CFM"))))
            )
            if method is None:
                return None
            found.append(method)
        else:
            return None
    return found[0], found[1]


def _key_of_128(dictionary: Dictionary, revision: int, size: int, identifier: bytes, *, metadata: bool) -> bytes | None:
    """Algorithms 2, 4 and 5, with the empty password."""
    owner, user, permissions = (dictionary.get(Name(name)) for name in ("O", "U", "P"))
    if type(owner) is not bytes or type(user) is not bytes or type(permissions) is not int or revision not in (2, 3, 4):
        return None
    content = _PADDING + owner[:32] + (permissions & 0xFFFFFFFF).to_bytes(4, "little") + identifier
    key = _md5(content + b"\xff\xff\xff\xff" if revision == 4 and not metadata else content)
    if revision == 2:
        return key[:5] if _rc4(key[:5], _PADDING) == user[:32] else None
    for _ in range(50):
        key = _md5(key[:size])
    key = key[:size]
    proof = _md5(_PADDING + identifier)
    for turn in range(20):
        proof = _rc4(bytes(one ^ turn for one in key), proof)
    return key if proof == user[:16] else None


def _key_of_256(dictionary: Dictionary, revision: int) -> bytes | None:
    """Algorithm 2.A, with the empty password."""
    user, sealed = dictionary.get(Name("U")), dictionary.get(Name("UE"))
    if type(user) is not bytes or type(sealed) is not bytes or len(user) < 48 or len(sealed) < 32:
        return None
    if revision not in (5, 6):
        return None
    digest = _hash_2b if revision == 6 else lambda salt: hashlib.sha256(salt).digest()
    if digest(user[32:40]) != user[:32]:
        return None
    engine = _Engine(AES(digest(user[40:48])), CBC(bytes(16))).decryptor()
    return engine.update(sealed[:32]) + engine.finalize()


def _hash_2b(salt: bytes) -> bytes:
    """Algorithm 2.B, with the empty password."""
    key = hashlib.sha256(salt).digest()
    turn = 0
    while True:
        engine = _Engine(AES(key[:16]), CBC(key[16:32])).encryptor()
        mixed = engine.update(key * 64) + engine.finalize()
        key = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(mixed[:16]) % 3](mixed).digest()
        turn += 1
        if turn >= 64 and mixed[-1] <= turn - 32:
            return key[:32]


def _deciphered(method: Method, key: bytes, content: bytes) -> bytes:
    if method is Method.NONE:
        return content
    if method is Method.RC4:
        return _rc4(key, content)
    if not content:
        return content  # Not encrypted by those who found nothing to encrypt.
    if len(content) % 16 or len(content) < 32:
        raise UnreadableFile(why="cipher")
    engine = _Engine(AES(key), CBC(content[:16])).decryptor()
    plain = engine.update(content[16:]) + engine.finalize()
    if not 0 < plain[-1] <= 16:
        raise UnreadableFile(why="cipher")
    return plain[: -plain[-1]]


def _enciphered(method: Method, key: bytes, content: bytes) -> bytes:
    if method is Method.NONE:
        return content
    if method is Method.RC4:
        return _rc4(key, content)
    missing = 16 - len(content) % 16
    vector = os.urandom(16)
    engine = _Engine(AES(key), CBC(vector)).encryptor()
    return vector + engine.update(content + bytes((missing,)) * missing) + engine.finalize()


def _rc4(key: bytes, content: bytes) -> bytes:
    engine = _Engine(ARC4(key), None).encryptor()
    return engine.update(content) + engine.finalize()


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()
