"""Typeset a page of ours: a Typst template and its data, to a tagged PDF/A-2a with its fonts inside."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import typst

from telesphore.kernel.errors import DomainError, Refusal

FONTS = Path(__file__).with_name("fonts")
"""Made by `scripts/build_fonts.py`; without them, the fonts that come with Typst stand in."""
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class TypesettingFailed(DomainError):
    """A page of the platform could not be made. Nothing was lost; tell the operator."""

    refusal = Refusal.DAMAGED
    code = "typesetting-failed"


def typeset(template: Path, data: Mapping[str, Any]) -> bytes:
    """A PDF/A-2a (ISO 19005-2), the same bytes for the same data; no network, no fonts of the system.

    Args:
        template: a Typst file of ours, which reads `json(bytes(sys.inputs.data))`.
        data: what JSON can hold, dates and ids; `at`, an aware datetime, becomes the file's date.

    Raises:
        TypesettingFailed: the template and the data do not fit together.
    """
    at = data.get("at", EPOCH)
    assert isinstance(at, datetime)
    try:
        pdf = typst.compile(
            template,
            root=template.parent,
            font_paths=_fonts(),
            sys_inputs={"data": json.dumps(data, default=_plain, ensure_ascii=False, sort_keys=True)},
            pdf_standards=["a-2a"],
            timestamp=int(at.timestamp()),
        )
    except typst.TypstError as error:
        raise TypesettingFailed from error
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> Any:
    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS] if FONTS.is_dir() else [])


def _plain(value: object) -> str:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
