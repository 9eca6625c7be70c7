"""Encrypted files: read as qpdf reads them when anyone may, and left shut otherwise."""

import io
from typing import Any

import pikepdf
import pytest

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.ciphers import Cipher, Method, cipher_of
from telesphore.ades.pdf.objects import Name, Reference, Stream, Value
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update

WAYS: dict[str, dict[str, Any]] = {
    "rc4, 40": {"R": 2, "aes": False, "metadata": False},
    "rc4, 128": {"R": 3, "aes": False, "metadata": False},
    "rc4, 128, crypt filters": {"R": 4, "aes": False, "metadata": False},
    "aes, 128": {"R": 4},
    "aes, 128, metadata in clear": {"R": 4, "metadata": False},
    "aes, 256, first form": {"R": 5},
    "aes, 256": {"R": 6},
    "aes, 256, metadata in clear": {"R": 6, "metadata": False},
}
pytestmark = pytest.mark.filterwarnings("ignore:Encryption R=5")
TEXTS = [b"", b"a", b"patient", bytes(range(256)), b"x" * 16]


def _file(way: str, *, packed: bool = False, **passwords: str) -> bytes:
    file, out = pikepdf.new(), io.BytesIO()
    file.add_blank_page()
    file.Root.Own = file.make_indirect(pikepdf.Dictionary(Texts=pikepdf.Array([pikepdf.String(one) for one in TEXTS])))
    file.Root.Data = file.make_stream(b"data " * 100, Said=pikepdf.String("kept"))
    with file.open_metadata() as metadata:
        metadata["dc:title"] = "Report"
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    encryption = pikepdf.Encryption(**{"owner": "owner", "user": "", **WAYS[way], **passwords})
    file.save(out, encryption=encryption, object_stream_mode=mode)
    return out.getvalue()


def _read(content: bytes) -> tuple[object, object, bytes, bytes]:
    document = Document(content)
    assert not document.encrypted
    own, data, metadata = (document.resolve(document.catalog[Name(key)]) for key in ("Own", "Data", "Metadata"))
    assert isinstance(own, dict)
    assert isinstance(data, Stream)
    assert isinstance(metadata, Stream)
    return own[Name("Texts")], data.dictionary[Name("Said")], document.decode(data), document.decode(metadata)


# Object streams came with PDF 1.5, after the first two ways.
@pytest.mark.parametrize(
    ("way", "packed"), [(way, packed) for way in WAYS for packed in (False, True) if not packed or WAYS[way]["R"] > 3]
)
def test_what_anyone_may_read_is_read(way: str, packed: bool) -> None:
    texts, said, data, metadata = _read(_file(way, packed=packed))
    assert texts == TEXTS
    assert said == b"kept"
    assert data == b"data " * 100
    assert b"Report" in metadata


@pytest.mark.parametrize("way", WAYS)
def test_what_is_added_is_encrypted_and_qpdf_reads_it(way: str) -> None:
    content = _file(way)
    document = Document(content)
    update = Update(document)
    own = document.catalog[Name("Own")]
    data = document.resolve(document.catalog[Name("Data")])
    assert isinstance(own, Reference)
    assert isinstance(data, Stream)
    update.put(own, {Name("Texts"): [b"secret text"], Name("Copy"): update.add(data)})
    update.add(Stream({Name("Said"): b"secret too"}, b"secret bytes"))
    added = update.render()
    assert b"secret" not in added
    with pikepdf.open(io.BytesIO(content + added)) as file:
        assert bytes(file.Root.Own.Texts[0]) == b"secret text"
        assert file.Root.Own.Copy.read_bytes() == b"data " * 100
        (stream,) = (
            one for one in file.objects if isinstance(one, pikepdf.Stream) and one.read_raw_bytes() == b"secret bytes"
        )
        assert bytes(stream.Said) == b"secret too"
    changed = Document(content + added)
    assert changed.dictionary(own)[Name("Texts")] == [b"secret text"]
    assert changed.at(0).dictionary(own)[Name("Texts")] == TEXTS


@pytest.mark.parametrize("way", WAYS)
def test_a_file_under_a_users_password_stays_shut(way: str) -> None:
    document = Document(_file(way, user="user"))
    assert document.encrypted
    assert document.cipher is None


@pytest.mark.parametrize("change", [
    {"V": 3}, {"V": 9}, {"V": None}, {"R": 7}, {"R": b"x"}, {"Filter": Name("Own")}, {"O": None}, {"U": None},
    {"U": b"x"}, {"P": None}, {"P": 1}, {"CF": None}, {"CF": {}}, {"StmF": b"x"}, {"StrF": Name("Other")},
    {"CF": {Name("StdCF"): {Name("CFM"): Name("AESV3")}}},
])  # fmt: skip
def test_another_handler_or_a_damaged_one_stays_shut(change: dict[str, Value]) -> None:
    document = Document(_file("aes, 128"))
    place = document.trailer[Name("Encrypt")]
    identifier = document.array(document.trailer[Name("ID")])[0]
    assert isinstance(identifier, bytes)
    fields = document.dictionary(place)
    assert cipher_of(fields, None, identifier) is not None
    assert cipher_of({**fields, **{Name(key): value for key, value in change.items()}}, None, identifier) is None
    assert cipher_of(fields, None, b"another") is None


@pytest.mark.parametrize("bits", [0, 8, 56, 120, 121, 256, -8, b"x"])
def test_keys_of_sizes_that_nobody_writes_stay_shut(bits: Value) -> None:
    document = Document(_file("rc4, 128"))
    fields = document.dictionary(document.trailer[Name("Encrypt")])
    identifier = document.array(document.trailer[Name("ID")])[0]
    assert isinstance(identifier, bytes)
    assert cipher_of(fields, None, identifier) is not None
    assert cipher_of({**fields, Name("Length"): bits}, None, identifier) is None


@pytest.mark.parametrize("text", [b"x", b"x" * 16, b"x" * 31, bytes(32)])
def test_strings_that_encryption_does_not_give_are_refused(text: bytes) -> None:
    cipher = Cipher(bytes(16), Method.AES_128, Method.AES_128, None, metadata=True)
    with pytest.raises(UnreadableFile):
        cipher.opened([text], Reference(1))
