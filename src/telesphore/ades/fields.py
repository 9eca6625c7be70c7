"""Places to sign: empty signature fields (ISO 32000-2 §12.7.5.5)."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from telesphore.ades.errors import NoSuchField, NotSignable, SignedAlready

UNREADABLE = (
    PdfError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError,
)  # fmt: skip
"""Foreign bytes: pyHanko's reader meets what it did not expect as any of these."""


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A place to sign.

    Attributes:
        page: counted from 0.
        box: left, bottom, right, top, in points from the page's lower left corner; None for an invisible signature.
    """

    name: str
    page: int
    box: tuple[float, float, float, float] | None


def open_for_update(pdf: bytes) -> IncrementalPdfFileWriter:
    """A writer that only adds to `pdf`.

    Raises:
        NotSignable: not a readable PDF, or an encrypted one.
    """
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        if writer.prev.encrypted:
            raise NotSignable
        if writer.prev.xrefs.hybrid_xrefs_present:
            raise NotSignable
    except UNREADABLE:
        raise NotSignable from None
    return writer


def add_fields(pdf: bytes, fields: Sequence[SignatureField]) -> bytes:
    """`pdf`, followed by an update that adds these empty fields.

    Raises:
        NotSignable: not a readable PDF, or an encrypted one.
        NoSuchField: a page that the file has not, or a name that is taken.
        SignedAlready: a signature would not allow it.
    """
    writer = open_for_update(pdf)
    if next(iter(writer.prev.embedded_signatures), None) is not None:
        raise SignedAlready
    for field in fields:
        box: Any = field.box  # pyHanko says whole numbers, and writes any.
        spec = SigFieldSpec(field.name, on_page=field.page, box=box, empty_field_appearance=False)
        try:
            append_signature_field(writer, spec)
        except (PdfError, IndexError):
            raise NoSuchField from None
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]  # pyHanko's.
    return out.getvalue()
