"""The pages of a judged file, drawn: what the page of a verdict and its PDF show."""

from telesphore.ades.verdict.apart import Judged, Picture
from telesphore.ades.verdict.reports.drawing import Mark, draw
from telesphore.ades.verdict.reports.paper import Drawn
from telesphore.ades.verdict.reports.reader import Reader


def pages_drawn(judged: Judged, reader: Reader) -> list[list[Drawn]]:
    """Each pictured page, beside itself as it was signed when it differs."""
    _ = reader.say
    signed = {picture.page: picture for picture in judged.pictures if picture.of == "signed"}
    now_pages = {picture.page for picture in judged.pictures if picture.of == "now"}
    rows = []
    for picture in judged.pictures:
        if picture.of != "now":
            if picture.page not in now_pages:
                caption = _("Page {page}, as it was signed; the file has it no more").format(page=picture.page)
                rows.append([Drawn(caption, draw(picture.png, picture.width, picture.height, []))])
            continue
        before = signed.get(picture.page)
        marks = [(number, passage) for number, passage in enumerate(judged.passages, 1) if passage.page == picture.page]
        now = draw(
            picture.png,
            picture.width,
            picture.height,
            [Mark(number, one.box, "expected" if one.expected else "differs") for number, one in marks],
        )
        row = [Drawn(_caption(picture, judged.pages, reader, marked=bool(marks), compared=before is not None), now)]
        if before is not None:
            outlined = [Mark(number, one.box, "signed") for number, one in marks if not one.expected]
            caption = _("Page {page}, as it was signed").format(page=picture.page)
            row.append(Drawn(caption, draw(before.png, before.width, before.height, outlined)))
        rows.append(row)
    return rows


def _caption(picture: Picture, pages: int, reader: Reader, *, marked: bool, compared: bool) -> str:
    _ = reader.say
    if compared:
        return _("Page {page}, in the file that you have").format(page=picture.page)
    if marked:
        return _("Page {page} of {pages}, additions outlined with dots").format(page=picture.page, pages=pages)
    return _("Page {page} of {pages}").format(page=picture.page, pages=pages)
