"""Whatever a document comes as, what is kept is the PDF that will be read and signed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from telesphore.kernel.errors import DomainError
from telesphore.paper import ports
from telesphore.paper.kinds import OFFICE, PICTURES, kind_of
from telesphore.paper.sheets import sheets


class NotAllPictures(DomainError):
    """Only pictures are put together into one document. Deposit the other files one by one."""

    code = "not-all-pictures"


@dataclass(frozen=True, slots=True)
class AsPdf:
    """A PDF, as foreign as what it was made of.

    Attributes:
        converted_from: the media type that it had; empty when nothing was done.
        originals: SHA-256 of each file that it was made of, in hexadecimal; none when nothing was done.
    """

    pdf: bytes
    converted_from: str = ""
    originals: tuple[str, ...] = ()

    @property
    def trace(self) -> dict[str, Any]:
        """What the trail says of the conversion."""
        return {"from": self.converted_from, "sha256": list(self.originals)}


def as_pdf(content: bytes, following: Sequence[bytes] = ()) -> AsPdf:
    """Make a PDF of a picture or an office file; all else is left for who reads PDF to judge.

    It may take a minute: call it outside any transaction.

    Args:
        following: pictures whose sheets come after those of `content`, a picture too.

    Raises:
        NotAllPictures, and the refusals of `kinds.kind_of`, `sheets.sheets` and `ports.OfficeConverter.convert`.
    """
    files = [content, *following]
    kinds = [kind_of(file) for file in files]
    kind = kinds[0]
    if following and not PICTURES.issuperset(kinds):
        raise NotAllPictures
    if kind in PICTURES:
        pdf = sheets(files)
    elif kind in OFFICE:
        pdf = ports.office.get().convert(content, kind)
    else:
        return AsPdf(content)
    return AsPdf(pdf, kind.value, tuple(hashlib.sha256(file).hexdigest() for file in files))
