"""Several PDF files bound into one, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pikepdf


@dataclass(frozen=True, slots=True)
class Bound:
    """One file.

    Attributes:
        pages: how many each of the files bound gave, in order.
    """

    pdf: bytes
    pages: tuple[int, ...]


def bind(files: Sequence[tuple[str, bytes]]) -> Bound:
    """Bind these files, each under its title, which stands in the outline. A single file stays as it is, byte for byte.

    Raises:
        pikepdf.PdfError: one of them can't be read; those of the record were checked when they came.
    """
    if len(files) == 1:
        with pikepdf.open(BytesIO(files[0][1])) as one:
            return Bound(files[0][1], (len(one.pages),))
    counts: list[int] = []
    with pikepdf.new() as whole:
        for _title, content in files:
            with pikepdf.open(BytesIO(content)) as one:
                counts.append(len(one.pages))
                whole.pages.extend(one.pages)
        with whole.open_outline() as outline:
            first = 0
            for (title, _content), count in zip(files, counts, strict=True):
                outline.root.append(pikepdf.OutlineItem(title, first))
                first += count
        out = BytesIO()
        whole.save(out, deterministic_id=True)
    return Bound(out.getvalue(), tuple(counts))
