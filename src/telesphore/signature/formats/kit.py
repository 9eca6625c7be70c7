"""The dispute kit: one ZIP with all that proves an envelope, for a reader without the platform.

Its manifest lists every entry with its SHA-256, and the organisation's seal signs the manifest (`manifest.p7s`, a
detached CMS). The same entries give the same ZIP. `kit_verify.py` lies in it as `verify.py`.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

FORMAT = "telesphore-dispute-kit-1"
MANIFEST, SEAL = "manifest.json", "manifest.p7s"
DOCUMENT, EVIDENCE, LOG_KEY, THREAD = "document.pdf", "evidence.json", "audit/log.vkey", "thread.json"
VERIFIER = Path(__file__).with_name("kit_verify.py")
READ_ME = {
    "LISEZ-MOI.txt": Path(__file__).with_name("kit.fr.txt"),
    "README.txt": Path(__file__).with_name("kit.en.txt"),
}

MOST_ENTRIES = 2000
LARGEST_ENTRY = 320 * 2**20
LARGEST_KIT = 512 * 2**20
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FILES = (0, 8)
"""Kinds of file in Unix attributes: none said, a plain one."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PART = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)


class BadKit(ValueError):
    """This is not a dispute kit, or not as it was made; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes:
        made_at: when the kit was made; aware.
    """

    envelope: UUID
    made_at: datetime


def manifest(entries: Mapping[str, bytes], *, envelope: UUID, made_at: datetime) -> bytes:
    """The manifest of these entries: JSON, sorted by name."""
    listed = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(entries.items())
    ]
    content = {"format": FORMAT, "envelope": str(envelope), "made_at": made_at.isoformat(), "entries": listed}
    return json.dumps(content, indent=1).encode() + b"\n"


def write(out: BinaryIO, entries: Mapping[str, bytes]) -> None:
    """Write the ZIP, one entry at a time; the same entries give the same bytes."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _EPOCH)
            # What is compressed already is only stored; a reader may take anything out.
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".pdf") else zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, entries[name])


def read(source: Path | BinaryIO) -> dict[str, bytes]:
    """The entries of a foreign ZIP, within bounds.

    Raises:
        BadKit: it is no ZIP, has odd or repeated names, or is larger than a kit.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            listed = archive.infolist()
            if len(listed) > MOST_ENTRIES or len({one.filename for one in listed}) != len(listed) or archive.comment:
                raise BadKit("it holds too much, or the same name twice")
            if sum(one.file_size for one in listed) > LARGEST_KIT:
                raise BadKit("it is too large")
            for one in listed:
                if not _NAME.fullmatch(one.filename) or one.flag_bits & 1 or one.file_size > LARGEST_ENTRY:
                    raise BadKit("an entry has an odd name, is encrypted or is too large")
                # Others inflate without bounds. What is no file could lead whoever unpacks it elsewhere.
                if one.compress_type not in _COMPRESSIONS or one.external_attr >> 28 not in _FILES:
                    raise BadKit("an entry is no plain file")
            return {one.filename: archive.read(one) for one in listed}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        raise BadKit("it is not a ZIP that can be read") from None


def check_manifest(entries: Mapping[str, bytes]) -> Manifest:
    """What the manifest says, once every entry is as it lists it. Whoever signed it is not looked at.

    Raises:
        BadKit: with the name of the entry.
    """
    try:
        content = json.loads(entries[MANIFEST])
        listed = {one["name"]: (one["size"], one["sha256"]) for one in content["entries"]}
        found = Manifest(UUID(content["envelope"]), datetime.fromisoformat(content["made_at"]))
        if content["format"] != FORMAT or found.made_at.tzinfo is None or SEAL not in entries:
            raise BadKit("it has no manifest of a dispute kit")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise BadKit("it has no manifest of a dispute kit") from None
    there = entries.keys() - {MANIFEST, SEAL}
    for name in sorted(there ^ listed.keys()):
        raise BadKit(f"{name} is missing or does not belong")
    for name in sorted(there):
        if (len(entries[name]), hashlib.sha256(entries[name]).hexdigest()) != listed[name]:
            raise BadKit(f"{name} has changed")
    return found


def as_json(content: Mapping[str, Any]) -> bytes:
    """Sorted, for people to read too."""
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, default=str).encode() + b"\n"


def explanations(facts: Mapping[str, str]) -> dict[str, bytes]:
    """The texts that say in French and in English what the kit is and how to check it.

    Args:
        facts: `organisation`, `title`, `envelope`, `roots` and `log_key`.
    """
    return {name: path.read_text(encoding="utf-8").format_map(facts).encode("utf-8") for name, path in READ_ME.items()}
