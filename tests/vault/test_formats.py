"""What we write, Tink reads; what Tink writes, we read; anything else is refused."""

import hashlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tink import KeysetHandle, TinkError, streaming_aead

from telesphore.vault.formats import keysets, streaming

HANDLE = keysets.new(keysets.BLOB_TEMPLATE)
# The same format with segments of 4 KiB, so that many segments cost little.
SMALL = keysets.new(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_4KB)
SHORT = keysets.new(streaming_aead.streaming_aead_key_templates.AES128_GCM_HKDF_4KB)
MIB = 1 << 20
FIRST = MIB - 16 - 40
EDGES = [0, 1, FIRST - 1, FIRST, FIRST + 1, FIRST + MIB - 16, FIRST + MIB - 15, FIRST + 2 * (MIB - 16)]


class Kept(io.BytesIO):
    """A buffer that can still be read after Tink has closed it."""

    def close(self) -> None:
        pass


def encrypt(handle: KeysetHandle, content: bytes, context: bytes = b"context") -> bytes:
    key = keysets.streaming_keys(handle)[0]
    reader = streaming.EncryptingReader(content, key, context)
    encrypted = reader.read()
    assert (reader.size, reader.stored_size) == (len(content), len(encrypted))
    assert reader.sha256 == hashlib.sha256(content).digest()
    assert reader.stored_sha256 == hashlib.sha256(encrypted).digest()
    assert len(encrypted) == streaming.stored_size(key, len(content))
    return encrypted


def decrypt(handle: KeysetHandle, encrypted: bytes, content: bytes, stored_size: int, context: bytes) -> bytes:
    return streaming.DecryptingReader(
        io.BytesIO(encrypted),
        keysets.streaming_keys(handle),
        context,
        stored_size=stored_size,
        sha256=hashlib.sha256(content).digest(),
    ).read()


def encrypt_by_tink(handle: KeysetHandle, content: bytes, context: bytes = b"context") -> bytes:
    buffer = Kept()
    with handle.primitive(streaming_aead.StreamingAead).new_encrypting_stream(buffer, context) as stream:
        stream.write(content)
    return buffer.getvalue()


def decrypt_by_tink(handle: KeysetHandle, encrypted: bytes, context: bytes = b"context") -> bytes:
    with handle.primitive(streaming_aead.StreamingAead).new_decrypting_stream(io.BytesIO(encrypted), context) as stream:
        content: bytes = stream.read()
        return content


@pytest.mark.parametrize("size", EDGES)
def test_tink_reads_what_we_write_and_the_reverse(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    assert decrypt_by_tink(HANDLE, encrypt(HANDLE, content)) == content
    theirs = encrypt_by_tink(HANDLE, content)
    assert decrypt(HANDLE, theirs, content, len(theirs), b"context") == content


@given(st.binary(max_size=13_000), st.binary(max_size=30), st.sampled_from([SMALL, SHORT]))
def test_any_content_and_context_pass_between_tink_and_us(content: bytes, context: bytes, handle: KeysetHandle) -> None:
    ours, theirs = encrypt(handle, content, context), encrypt_by_tink(handle, content, context)
    assert len(ours) == len(theirs)
    assert decrypt_by_tink(handle, ours, context) == content
    assert decrypt(handle, theirs, content, len(theirs), context) == content


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(min_size=1, max_size=9000), st.data())
def test_no_change_of_any_bit_is_accepted(content: bytes, data: st.DataObject) -> None:
    encrypted = bytearray(encrypt(SMALL, content))
    encrypted[data.draw(st.integers(0, len(encrypted) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(streaming.Altered):
        decrypt(SMALL, bytes(encrypted), content, len(encrypted), b"context")


@given(st.binary(max_size=13_000), st.data())
def test_nothing_shorter_longer_or_reordered_is_accepted(content: bytes, data: st.DataObject) -> None:
    encrypted = encrypt(SMALL, content)
    shorter = encrypted[: data.draw(st.integers(0, len(encrypted) - 1))]
    with pytest.raises(streaming.Truncated):
        decrypt(SMALL, shorter, content, len(encrypted), b"context")
    # Even when the row's size was changed to match.
    with pytest.raises(streaming.Unreadable):
        decrypt(SMALL, shorter, content, len(shorter), b"context")
    with pytest.raises(streaming.Altered):
        decrypt(SMALL, encrypted + b"x", content, len(encrypted), b"context")
    if len(encrypted) >= 3 * 4096:
        swapped = encrypted[:4096] + encrypted[8192:12288] + encrypted[4096:8192] + encrypted[12288:]
        with pytest.raises(streaming.Altered):
            decrypt(SMALL, swapped, content, len(swapped), b"context")


def test_another_context_or_key_or_hash_is_refused() -> None:
    encrypted = encrypt(SMALL, b"content")
    for handle, content, context in (
        (SMALL, b"content", b"other"),
        (keysets.new(keysets.BLOB_TEMPLATE), b"content", b"context"),
        (SMALL, b"other", b"context"),
    ):
        with pytest.raises(streaming.Altered):
            decrypt(handle, encrypted, content, len(encrypted), context)


def test_two_encryptions_of_one_content_have_nothing_in_common() -> None:
    first, second = encrypt(SMALL, bytes(20)), encrypt(SMALL, bytes(20))
    assert first[1:40] != second[1:40]
    assert first[40:] != second[40:]


@given(st.lists(st.integers(1, 5000), max_size=20))
def test_reads_of_any_sizes_give_the_same_bytes(sizes: list[int]) -> None:
    content = bytes(range(251)) * 60
    encrypted = encrypt(SMALL, content)
    reader = streaming.DecryptingReader(
        io.BytesIO(encrypted),
        keysets.streaming_keys(SMALL),
        b"context",
        stored_size=len(encrypted),
        sha256=hashlib.sha256(content).digest(),
    )
    place = 0
    for size in sizes:
        assert reader.read(size) == content[place : place + size]
        place += size
    assert reader.read() == content[place:]


def test_an_extended_keyset_reads_under_every_key_and_writes_under_the_last() -> None:
    older = encrypt(SMALL, b"older")
    newer = keysets.extended(SMALL, streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_4KB)
    assert decrypt(newer, older, b"older", len(older), b"context") == b"older"
    assert decrypt_by_tink(newer, older) == b"older"
    with pytest.raises(TinkError):
        decrypt_by_tink(SMALL, encrypt(newer, b"newer"))
    assert keysets.count(keysets.reduced(newer, set())) == 1


def test_a_keyset_of_another_kind_is_refused() -> None:
    with pytest.raises(keysets.BadKeyset):
        keysets.streaming_keys(keysets.new(keysets.TEXT_TEMPLATE))
