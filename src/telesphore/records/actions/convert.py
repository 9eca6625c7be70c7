"""Whatever a document comes as, what is kept is the PDF that will be read and signed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from telesphore.kernel.errors import DomainError
from telesphore.paper import ports
from telesphore.paper.kinds import OFFICE, PICTURES, Kind, kind_of
from telesphore.paper.sheets import sheets
from telesphore.records.formats import intake


class NotAllPictures(DomainError):
    """Only pictures are put together into one document. Deposit the other files one by one."""

    code = "not-all-pictures"


@dataclass(frozen=True, slots=True)
class AsPdf:
    """A file fit to be kept, and what it was made of.

    Attributes:
        kind: what it came as.
        originals: SHA-256 of each file that it was made of, in hexadecimal; none when it came as a PDF.
    """

    normalised: intake.Normalised
    kind: Kind
    originals: tuple[str, ...]

    @property
    def converted_from(self) -> str:
        """The media type that it had; empty when it came as a PDF."""
        return self.kind.value if self.originals else ""

    @property
    def trace(self) -> dict[str, Any]:
        """What the trail says of the conversion."""
        return {"converted": {"from": self.kind.value, "sha256": list(self.originals)}} if self.originals else {}


def as_pdf(content: bytes, following: Sequence[bytes] = ()) -> AsPdf:
    """The PDF of a file, checked and normalised; pictures and office files are converted. It may take a minute: call it
    outside any transaction.

    Args:
        following: pictures whose sheets come after those of `content`, a picture too.

    Raises:
        NotAllPictures, the refusals of `formats.intake`, and those of `paper`: of `kinds.kind_of`,
        `sheets.sheets`, `ports.OfficeConverter.convert`.
    """
    files = [content, *following]
    size = sum(map(len, files))
    if size > intake.Limits().size:
        raise intake.TooLarge(limit=intake.Limits().size // intake.MEGABYTE)
    kinds = [kind_of(file) for file in files]
    kind = kinds[0]
    if following and not PICTURES.issuperset(kinds):
        raise NotAllPictures
    if kind in PICTURES:
        pdf = sheets(files)
    elif kind in OFFICE:
        pdf = ports.office.get().convert(content, kind)
    elif kind is Kind.PDF:
        return AsPdf(intake.normalise(content), kind, ())
    else:
        raise intake.NotAPdf
    return AsPdf(intake.normalise(pdf), kind, tuple(hashlib.sha256(file).hexdigest() for file in files))
