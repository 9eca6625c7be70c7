"""Office files on their way in: bounded, and refused when they are locked, act by themselves or fetch from elsewhere.

They are packages (ZIP, APPNOTE 6.3.10) of XML parts. What is looked at here is what decides; the converter that reads
the rest is confined.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Final
from xml.parsers import expat

from telesphore.kernel.errors import DomainError

MEGABYTE: Final = 2**20
LARGEST: Final = 25 * MEGABYTE
MOST_PARTS: Final = 5_000
DIRECTORY: Final = MEGABYTE
UNPACKED: Final = 300 * MEGABYTE
RATIO: Final = 200
LARGEST_READ: Final = 32 * MEGABYTE
"""Of one part that is read here."""

COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""[MS-CFB] §2.2: the old formats, and the wrapping of those that a password locks."""
_END: Final = struct.Struct("<4sHHHHIIH")
_XLINK_HREF: Final = "http://www.w3.org/1999/xlink href"
_LINKS: Final = tuple(f"urn:oasis:names:tc:opendocument:xmlns:{room}:1.0 a" for room in ("text", "drawing"))
"""Where a reader is led who clicks: nothing of it shows."""
_SHOWING_NOTHING: Final = ("/hyperlink", "/attachedTemplate", "/externalLinkPath")
"""Relations of which nothing shows but what the file itself holds: a spreadsheet keeps the values that it last read."""
_FETCHING: Final = re.compile(rb"\\objautlink|\\objlink|INCLUDE(?:PICTURE|TEXT)|\\\*\\fldinst[^{}]{0,200}DDE")


class DamagedOffice(DomainError):
    """This office file is damaged or empty. Open it, save it as PDF, then deposit that one."""

    code = "damaged-office-file"


class TooHeavyOffice(DomainError):
    """This office file is too large or holds too much. Open it, save it as PDF, then deposit that one."""

    code = "too-heavy-office-file"


class EncryptedOffice(DomainError):
    """This office file is protected by a password. Save it without protection, then deposit it again."""

    code = "encrypted-office-file"


class OldOffice(DomainError):
    """This office file is in a format from before 2007. Open it, save it as PDF, then deposit that one."""

    code = "old-office-file"


class HasMacros(DomainError):
    """This office file holds a program (macros). Open it, save it as PDF, then deposit that one."""

    code = "office-file-with-macros"


class LinkedContent(DomainError):
    """This office file shows pictures or text that are kept elsewhere. Open it, save it as PDF, then deposit that
    one.
    """

    code = "office-file-linked"


def opened(content: bytes) -> zipfile.ZipFile:
    """The package, its directory read within bounds.

    Raises:
        DamagedOffice, TooHeavyOffice, EncryptedOffice
    """
    if len(content) > LARGEST:
        raise TooHeavyOffice
    at = content.rfind(b"PK\x05\x06", -(_END.size + 0xFFFF))
    if at < 0 or len(content) - at < _END.size:
        raise DamagedOffice
    _mark, _disk, _first, _here, count, size, _offset, _comment = _END.unpack_from(content, at)
    # Before the directory is read: each entry costs memory. What these two can't say (ZIP64), no document needs.
    if count > MOST_PARTS or size > DIRECTORY:
        raise TooHeavyOffice
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        raise DamagedOffice from None
    parts = package.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or unpacked > UNPACKED or unpacked > max(RATIO * len(content), MEGABYTE):
        raise TooHeavyOffice
    if any(part.flag_bits & 1 for part in parts):
        raise EncryptedOffice
    return package


def part(package: zipfile.ZipFile, name: str) -> bytes:
    """One part, unpacked.

    Raises:
        DamagedOffice, TooHeavyOffice
    """
    try:
        with package.open(name) as stream:
            content = stream.read(LARGEST_READ + 1)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError, KeyError):
        raise DamagedOffice from None
    if len(content) > LARGEST_READ:
        raise TooHeavyOffice
    return content


def check(package: zipfile.ZipFile) -> None:
    """That a package is not locked, has no program of its own, and shows nothing that is kept elsewhere.

    Raises:
        DamagedOffice, TooHeavyOffice, EncryptedOffice, HasMacros, LinkedContent
    """
    names = package.namelist()
    if any(_is_program(name) for name in names):
        raise HasMacros
    for name in names:
        if name == "META-INF/manifest.xml":
            _read(part(package, name), _refuse_encryption)
        elif name.endswith(".rels"):
            _read(part(package, name), _refuse_relation)
        elif name.rpartition("/")[2] in ("content.xml", "styles.xml") and "[Content_Types].xml" not in names:
            _read(part(package, name), _refuse_link)


def check_rtf(content: bytes) -> None:
    """That a file of Rich Text (RTF 1.9.1) shows nothing that is kept elsewhere.

    Raises:
        TooHeavyOffice, LinkedContent
    """
    if len(content) > LARGEST:
        raise TooHeavyOffice
    if _FETCHING.search(content):
        raise LinkedContent


def refusal_of_compound(content: bytes) -> DomainError:
    """Why a compound file is refused: a password locks it ([MS-OFFCRYPTO] §2.3.4.4), or it is of an old format."""
    return EncryptedOffice() if "EncryptedPackage".encode("utf-16-le") in content else OldOffice()


def _is_program(name: str) -> bool:
    lower = name.lower()
    if lower.endswith("vbaproject.bin") or "/activex/" in lower or lower.startswith("scripts/"):
        return True
    # An empty library of macros has its lists, and nothing else.
    return lower.startswith("basic/") and not lower.endswith(("/", "script-lb.xml", "script-lc.xml"))


def _refuse_encryption(element: str, _attributes: Mapping[str, str]) -> None:
    if element.endswith(" encryption-data"):
        raise EncryptedOffice


def _refuse_relation(_element: str, attributes: Mapping[str, str]) -> None:
    if attributes.get("TargetMode") == "External" and not attributes.get("Type", "").endswith(_SHOWING_NOTHING):
        raise LinkedContent


def _refuse_link(element: str, attributes: Mapping[str, str]) -> None:
    target = attributes.get(_XLINK_HREF, "")
    if element not in _LINKS and not target.startswith("#") and (":" in target or target.startswith(("/", "../"))):
        raise LinkedContent


def _read(xml: bytes, look: Callable[[str, Mapping[str, str]], None]) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = look
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(xml, True)
    except expat.ExpatError:
        raise DamagedOffice from None


def _refuse_doctype(*_declared: object) -> None:
    # No part of an office file has one; entities are how a small file becomes a huge one.
    raise DamagedOffice
