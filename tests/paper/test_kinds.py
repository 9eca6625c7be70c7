"""What a file is, is read in the file; office files that are locked, act or fetch are refused."""

import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesphore.kernel.errors import DomainError
from telesphore.paper import packages
from telesphore.paper.kinds import OFFICE, PICTURES, Kind, UnreadPicture, kind_of
from tests.paper.offices import docx, manifest, odt, package, relation
from tests.paper.pictures import coded, scene
from tests.papers import one_page

TYPES = "[Content_Types].xml"


KNOWN = {
    "pdf": (one_page(), Kind.PDF),
    "pdf-after-blanks": (b"\n\n" + one_page(), Kind.PDF),
    "jpeg": (coded(scene()), Kind.JPEG),
    "png": (coded(scene(), "PNG"), Kind.PNG),
    "tiff": (coded(scene(), "TIFF"), Kind.TIFF),
    "webp": (coded(scene(), "WEBP"), Kind.WEBP),
    "docx": (docx(), Kind.DOCX),
    "xlsx": (package({TYPES: "<Types/>", "xl/workbook.xml": "<a/>"}), Kind.XLSX),
    "pptx": (package({TYPES: "<Types/>", "ppt/presentation.xml": "<a/>"}), Kind.PPTX),
    "odt": (odt(), Kind.ODT),
    "ods": (odt(mimetype=Kind.ODS.value), Kind.ODS),
    "odp": (odt(mimetype=Kind.ODP.value), Kind.ODP),
    "rtf": (rb"{\rtf1 Consentement}", Kind.RTF),
    "zip": (package({"notes.txt": "bonjour"}), None),
    "zip-in-disguise": (odt(mimetype="application/zip"), None),
    "text": (b"bonjour", None),
    "empty": (b"", None),
    "page": (b"<html><script>alert(1)</script>", None),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_is_what_it_holds(name: str) -> None:
    content, kind = KNOWN[name]
    assert kind_of(content) is kind


def test_every_kind_is_a_pdf_a_picture_or_of_an_office() -> None:
    assert {Kind.PDF} | PICTURES | OFFICE == set(Kind)
    assert not PICTURES & OFFICE


def lying(content: bytes, size: int) -> bytes:
    """The same package, whose directory says that its first part unpacks to `size` bytes."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<I", size) + content[at + 28 :]


def locked_zip(content: bytes) -> bytes:
    at = content.index(b"PK\x01\x02")
    return content[: at + 8] + b"\x01" + content[at + 9 :]


REFUSED = {
    "old-format": (packages.COMPOUND + bytes(600), packages.OldOffice),
    "locked-ooxml": (packages.COMPOUND + "EncryptedPackage".encode("utf-16-le"), packages.EncryptedOffice),
    "locked-odf": (odt(**{"META-INF/manifest.xml": manifest("<manifest:encryption-data/>")}), packages.EncryptedOffice),
    "locked-zip": (locked_zip(docx()), packages.EncryptedOffice),
    "macros": (docx(**{"word/vbaProject.bin": b"\0"}), packages.HasMacros),
    "odf-macros": (odt(**{"Basic/Standard/Module1.xml": "<a/>"}), packages.HasMacros),
    "odf-scripts": (odt(**{"Scripts/python/a.py": "import os"}), packages.HasMacros),
    "linked-picture": (
        docx(**{"word/_rels/document.xml.rels": relation("image", "https://espion.invalid/a.png")}),
        packages.LinkedContent,
    ),
    "linked-section": (
        odt(
            '<text:section text:name="a"><text:section-source xlink:href="file:///etc/passwd"/><text:p/></text:section>'
        ),
        packages.LinkedContent,
    ),
    "linked-above": (odt('<draw:frame><draw:image xlink:href="../a.png"/></draw:frame>'), packages.LinkedContent),
    "rtf-include": (rb'{\rtf1 {\field{\*\fldinst INCLUDETEXT "/etc/passwd"}}}', packages.LinkedContent),
    "entities": (
        odt(**{"content.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        packages.DamagedOffice,
    ),
    "not-xml": (odt(**{"content.xml": "<a><b></a>"}), packages.DamagedOffice),
    "torn": (docx()[:400], packages.DamagedOffice),
    "empty": (b"PK\x03\x04", packages.DamagedOffice),
    "ratio": (docx(**{"word/a.xml": bytes(20 * 2**20)}), packages.TooHeavyOffice),
    "unpacked": (lying(docx(), 2**31), packages.TooHeavyOffice),
    "parts": (
        package({str(number): b"" for number in range(packages.MOST_PARTS + 1)}, zipfile.ZIP_STORED),
        packages.TooHeavyOffice,
    ),
    "large": (b"PK\x03\x04" + bytes(packages.LARGEST), packages.TooHeavyOffice),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_office_file_that_is_locked_acts_fetches_or_swells_is_refused(name: str) -> None:
    content, error = REFUSED[name]
    with pytest.raises(error):
        kind_of(content)


def test_what_shows_nothing_from_elsewhere_is_taken() -> None:
    links = relation("hyperlink", "https://sante.example/")
    assert kind_of(docx(**{"word/_rels/document.xml.rels": links})) is Kind.DOCX
    assert kind_of(odt('<text:p><text:a xlink:href="https://sante.example/">ici</text:a></text:p>')) is Kind.ODT
    assert kind_of(odt(**{"Basic/Standard/script-lb.xml": "<a/>"})) is Kind.ODT


UNREAD = {"gif": b"GIF89a", "bmp": b"BM6", "heic": b"\0\0\0\x18ftypheic", "avif": b"\0\0\0\x1cftypavif"}


@pytest.mark.parametrize("name", UNREAD)
def test_pictures_that_are_not_read_are_named(name: str) -> None:
    with pytest.raises(UnreadPicture):
        kind_of(UNREAD[name])


CODES = {error.code for _content, error in REFUSED.values()} | {UnreadPicture.code}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes_have_a_kind_or_none_or_are_refused(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([docx(), odt(), b"PK\x03\x04"])))
    for _ in range(data.draw(st.integers(0, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    whole += data.draw(st.binary(max_size=40))
    try:
        kind_of(bytes(whole))
    except DomainError as refused:
        assert refused.code in CODES  # noqa: PT017 - either answer is right.
