"""Tink keysets: made, extended, wrapped (`EncryptedKeyset`) and read back.

Format: https://developers.google.com/tink/design/keysets, messages in `tink.proto` and
`aes_gcm_hkdf_streaming.proto`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tink import (
    KeysetHandle,
    TinkError,
    aead,
    new_keyset_handle,
    proto_keyset_format,
    secret_key_access,
    streaming_aead,
)
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

aead.register()
streaming_aead.register()

BLOB_TEMPLATE = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB
TEXT_TEMPLATE = aead.aead_key_templates.AES256_GCM
_STREAMING_TYPE = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


class BadKeyset(ValueError):
    """Not a keyset of the expected kind."""


@dataclass(frozen=True, slots=True)
class StreamingKey:
    """One AES-GCM-HKDF streaming key.

    Attributes:
        value: input key material of HKDF, 16 bytes or more.
        derived_size: size of the AES key derived for each blob, 16 or 32 bytes.
        segment_size: size of a ciphertext segment in bytes, its tag (and in the first, the header) included.
    """

    value: bytes
    derived_size: int
    segment_size: int


class _Wrapping(aead.Aead):  # type: ignore[misc]  # Tink has no types.
    """A master key seen by Tink as an AEAD."""

    def __init__(self, wrap: "Cipher | None", unwrap: "Cipher") -> None:
        self._wrap, self._unwrap = wrap, unwrap

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        assert self._wrap is not None
        return self._wrap(plaintext, associated_data)

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        return self._unwrap(ciphertext, associated_data)


Cipher = Callable[[bytes, bytes], bytes]


def new(template: tink_pb2.KeyTemplate) -> KeysetHandle:
    """A keyset of one fresh key."""
    return new_keyset_handle(template)


def extended(handle: KeysetHandle, template: tink_pb2.KeyTemplate) -> KeysetHandle:
    """The same keyset with one fresh key, which becomes the primary; the others still decrypt."""
    keyset = _keyset(handle)
    taken = {key.key_id for key in keyset.key}
    fresh = _keyset(new(template))
    while fresh.primary_key_id in taken:
        fresh = _keyset(new(template))
    keyset.key.extend(fresh.key)
    keyset.primary_key_id = fresh.primary_key_id
    return proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)


def reduced(handle: KeysetHandle, key_ids: set[int]) -> KeysetHandle:
    """The same keyset with only its primary and the keys named."""
    keyset = _keyset(handle)
    kept = [key for key in keyset.key if key.key_id == keyset.primary_key_id or key.key_id in key_ids]
    smaller = tink_pb2.Keyset(primary_key_id=keyset.primary_key_id, key=kept)
    return proto_keyset_format.parse(smaller.SerializeToString(), secret_key_access.TOKEN)


def count(handle: KeysetHandle) -> int:
    """How many keys it holds."""
    return len(handle.keyset_info().key_info)


def wrapped(handle: KeysetHandle, *, wrap: Cipher, unwrap: Cipher, context: bytes) -> bytes:
    """A serialised `EncryptedKeyset`; unwrapped once to make sure that it can be."""
    data: bytes = proto_keyset_format.serialize_encrypted(handle, _Wrapping(wrap, unwrap), context)
    return data


def unwrapped(data: bytes, *, unwrap: Cipher, context: bytes) -> KeysetHandle:
    """Read an `EncryptedKeyset`.

    Raises:
        BadKeyset: not one.
    """
    try:
        return proto_keyset_format.parse_encrypted(data, _Wrapping(None, unwrap), context)
    except TinkError as error:
        raise BadKeyset from error


def streaming_keys(handle: KeysetHandle) -> tuple[StreamingKey, ...]:
    """The streaming keys, the primary first.

    Raises:
        BadKeyset: a key of another type, or with parameters that this format does not know.
    """
    keyset = _keyset(handle)
    keys: list[StreamingKey] = []
    for key in keyset.key:
        if key.status != tink_pb2.ENABLED:
            continue
        if key.key_data.type_url != _STREAMING_TYPE:
            raise BadKeyset(key.key_data.type_url)
        parsed = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey.FromString(key.key_data.value)
        if parsed.params.hkdf_hash_type != common_pb2.HashType.SHA256:
            raise BadKeyset("HKDF hash")
        streaming = StreamingKey(
            parsed.key_value, parsed.params.derived_key_size, parsed.params.ciphertext_segment_size
        )
        keys.insert(0 if key.key_id == keyset.primary_key_id else len(keys), streaming)
    if not keys:
        raise BadKeyset("empty")
    return tuple(keys)


def _keyset(handle: KeysetHandle) -> tink_pb2.Keyset:
    return tink_pb2.Keyset.FromString(proto_keyset_format.serialize(handle, secret_key_access.TOKEN))
