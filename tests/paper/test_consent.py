"""The demonstration's consent form, as it shows and where it is signed."""

import pypdfium2

from telesphore.cli.demonstration.consent import consent_form
from telesphore.records.formats import intake

A4 = (595, 842)


def test_the_form_has_three_pages_of_a4_that_name_the_patient_and_their_number() -> None:
    document = pypdfium2.PdfDocument(consent_form().pdf)
    texts = [page.get_textpage().get_text_bounded() for page in document]
    sizes = {tuple(round(side) for side in page.get_size()) for page in document}
    document.close()
    assert sizes == {A4}
    for number, text in enumerate(texts, 1):
        assert f"Page {number} sur 3" in text
        assert "MARCHETTI" in text
    assert "Je consens à l’endoscopie bronchique" in texts[2].replace("\r\n", " ")


def test_each_place_lies_inside_a_frame_with_its_signers_name_and_is_empty() -> None:
    form = consent_form()
    document = pypdfium2.PdfDocument(form.pdf)
    for place, name in zip(form.places, ("Odile FERRAND", "Dr Anne Lebrun"), strict=True):
        page = document[place.page]
        left, bottom, right, top = place.box
        picture = page.render(scale=2).to_pil().convert("L")
        down = page.get_height()
        inside = picture.crop((round(2 * left), round(2 * (down - top)), round(2 * right), round(2 * (down - bottom))))
        assert inside.getextrema() == (255, 255)
        # The frame is drawn eight points further out, on each of the three sides without caption.
        across, along = round(left + right), round(2 * down - bottom - top)
        for x, y in ((2 * left - 16, along), (2 * right + 16, along), (across, 2 * (down - bottom) + 16)):
            near = picture.crop((round(x) - 3, round(y) - 3, round(x) + 4, round(y) + 4))
            assert near.getextrema()[0] < 200
        above = page.get_textpage().get_text_bounded(left=left - 8, bottom=top, right=right + 8, top=top + 30)
        assert name in above
    document.close()


def test_the_form_comes_through_the_intake_untouched_to_the_eye() -> None:
    form = consent_form()
    came_in = intake.normalise(form.pdf)
    assert (came_in.pages, came_in.notices) == (3, ())
    before, after = pypdfium2.PdfDocument(form.pdf), pypdfium2.PdfDocument(came_in.pdf)
    for index in range(3):
        assert before[index].render().to_pil().tobytes() == after[index].render().to_pil().tobytes()
    before.close()
    after.close()
