"""What is written onto pages before anybody sees them for signing: in its box, and nowhere else."""

import io

import pikepdf
import pypdfium2

from telesphore.signature.formats.writing_in import Written, write_in
from tests.papers import blank


def dark_part(pdf: bytes, page: int = 0) -> tuple[int, int, int, int]:
    """Left, upper, right and lower of what is drawn on an A4 page, in points from its upper left corner."""
    picture = pypdfium2.PdfDocument(pdf)[page].render(scale=1).to_pil().convert("L")
    box = picture.point(lambda shade: 255 if shade < 200 else 0).getbbox()
    assert box is not None
    return box


def inside(found: tuple[int, int, int, int], box: tuple[float, float, float, float]) -> bool:
    left, upper, right, lower = found
    return left >= box[0] - 1 and right <= box[2] + 1 and 842 - upper <= box[3] + 1 and 842 - lower >= box[1] - 1


def test_a_text_is_written_inside_its_box_and_nothing_else_of_the_file_changes() -> None:
    pdf = write_in(blank(2), [Written(1, (100, 500, 300, 520), "Émile Zölle, 12 ans")])

    document = pypdfium2.PdfDocument(pdf)
    assert document[0].get_textpage().get_text_range() == ""
    page = document[1].get_textpage()
    assert page.get_text_bounded(left=100, bottom=500, right=300, top=520).strip() == "Émile Zölle, 12 ans"
    with pikepdf.open(io.BytesIO(pdf)) as file:
        assert len(file.pages) == 2


def test_a_text_too_long_for_its_box_is_made_smaller_and_never_leaves_it() -> None:
    box = (100, 500, 200, 520)

    assert inside(dark_part(write_in(blank(1), [Written(0, box, "mot " * 200)])), box)


def test_a_box_is_where_the_page_says_even_when_its_corner_is_not_the_origin() -> None:
    with pikepdf.open(io.BytesIO(blank(1))) as file:
        file.pages[0].MediaBox = [200, 300, 200 + 595, 300 + 842]
        moved = io.BytesIO()
        file.save(moved)

    drawn = dark_part(write_in(moved.getvalue(), [Written(0, (300, 800, 500, 820), "Émile Zölle")]))

    assert inside(drawn, (100, 500, 300, 520))


def test_without_anything_to_write_the_file_stays_as_it_was() -> None:
    assert write_in(blank(1), []) == blank(1)
