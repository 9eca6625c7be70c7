"""What a file is: told by its first bytes and by what it holds, never by its name or by what its sender says. Pure."""

from enum import StrEnum
from typing import Final

from telesphore.kernel.errors import DomainError
from telesphore.paper import packages


class Kind(StrEnum):
    """The kinds of files that become documents, by their media types (IANA)."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    TIFF = "image/tiff"
    WEBP = "image/webp"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ODT = "application/vnd.oasis.opendocument.text"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    ODP = "application/vnd.oasis.opendocument.presentation"
    RTF = "application/rtf"


PICTURES: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.TIFF, Kind.WEBP})
OFFICE: Final = frozenset({Kind.DOCX, Kind.XLSX, Kind.PPTX, Kind.ODT, Kind.ODS, Kind.ODP, Kind.RTF})

FAMILY: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
"""Brands of pictures in the ISO base media format (ISO/IEC 23008-12)."""

PARTS: Final = {
    "word/document.xml": Kind.DOCX,
    "xl/workbook.xml": Kind.XLSX,
    "ppt/presentation.xml": Kind.PPTX,
}
"""The part by which a package of Office Open XML is known (ISO/IEC 29500-1 §11 to §13)."""


class UnreadPicture(DomainError):
    """This picture is of a kind that is not read here (HEIC, AVIF, GIF or BMP). Save it as JPEG or PNG, then deposit it
    again.
    """

    code = "unread-picture"


def kind_of(content: bytes) -> Kind | None:
    """What a file is; None when it is nothing that becomes a document.

    Raises:
        DamagedOffice, TooHeavyOffice, EncryptedOffice, OldOffice, HasMacros, LinkedContent: it is an office file, which
            can't be taken.
        UnreadPicture
    """
    if content.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if content.startswith((b"II*\0", b"MM\0*")):
        return Kind.TIFF
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return Kind.WEBP
    if content.startswith((b"GIF8", b"BM")) or (content[4:8] == b"ftyp" and content[8:12] in FAMILY):
        raise UnreadPicture
    if content.startswith(b"{\\rtf"):
        packages.check_rtf(content)
        return Kind.RTF
    if content.startswith(packages.COMPOUND):
        raise packages.refusal_of_compound(content)
    if content.startswith(b"PK\x03\x04"):
        return _package(content)
    # ISO 32000-1 annex H.3: readers take the header within the first 1024 bytes.
    return Kind.PDF if b"%PDF-" in content[:1024] else None


def _package(content: bytes) -> Kind | None:
    package = packages.opened(content)
    with package:
        names = frozenset(package.namelist())
        kind: Kind | None = None
        if "mimetype" in names and "content.xml" in names:
            # OpenDocument 1.3 part 2 §3.3.
            said = packages.part(package, "mimetype").decode("ascii", "replace").strip()
            kind = Kind(said) if said in {Kind.ODT, Kind.ODS, Kind.ODP} else None
        elif "[Content_Types].xml" in names:
            kind = next((found for part, found in PARTS.items() if part in names), None)
        if kind is not None:
            packages.check(package)
        return kind
