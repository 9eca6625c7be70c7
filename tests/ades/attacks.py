"""Signed files that were tampered with, each made here byte by byte, and what must be said of them; and files of third
parties that were changed as they may be, of which nothing worse than a warning may be said.

The classes are those of the published research on signed PDF: universal forgery, incremental saving, signature wrapping
(Mladenov et al., 2019), shadow attacks (Mainka et al., 2021), attacks on certified documents (Rohlmann et al., 2021);
and what programs are known to miss.
"""

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

import pikepdf

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion
from tests.ades.drafts import (
    ANNOTS,
    CATALOG,
    DOCTOR,
    DOSE,
    DOSE_LOOK,
    FONT,
    FORM,
    INFO,
    METADATA,
    PAGE_1,
    PAGE_2,
    PAGES,
    PATIENT,
    RESERVED,
    TEXT_1,
    UNUSED,
    Authority,
    Draft,
    draft,
    drawing,
    prescription,
    signed_data,
    stream,
    widget,
    words,
    xmp,
)

ROOT = Authority()
CAMILLE = ROOT.signer("Camille Durand")
LEBRUN = ROOT.signer("Anne Lebrun")
CLOCK = ROOT.signer("Clock of the drafts", lifetime=timedelta(days=3000), purpose="timestamp")


@dataclass(frozen=True)
class Case:
    """A file and what must be said of it.

    Attributes:
        conclusions: any of them.
        reasons: at least one of these is among the verdict's findings; empty when none needs be.
        by: who catches it: `policy`, `pixels`, `ades`.
    """

    name: str
    make: Callable[[], bytes]
    conclusions: frozenset[Conclusion]
    reasons: frozenset[Reason]
    by: str

    def __str__(self) -> str:
        return self.name


ATTACKS: list[Case] = []
LEGITIMATE: list[Case] = []


def _attack(
    *reasons: Reason, by: str = "policy", conclusions: tuple[Conclusion, ...] = (Conclusion.INVALID,)
) -> Callable[[Callable[[], Draft | bytes]], None]:
    def register(make: Callable[[], Draft | bytes]) -> None:
        ATTACKS.append(Case(_name(make), _bytes_of(make), frozenset(conclusions), frozenset(reasons), by))

    return register


def _legitimate(*reasons: Reason, by: str = "policy") -> Callable[[Callable[[], Draft | bytes]], None]:
    def register(make: Callable[[], Draft | bytes]) -> None:
        conclusions = {Conclusion.VALID, Conclusion.WARNING}
        LEGITIMATE.append(Case(_name(make), _bytes_of(make), frozenset(conclusions), frozenset(reasons), by))

    return register


def _name(make: Callable[[], Draft | bytes]) -> str:
    return make.__name__.strip("_").replace("_", " ")


def _bytes_of(make: Callable[[], Draft | bytes]) -> Callable[[], bytes]:
    @cache
    def content() -> bytes:
        made = make()
        return made.pdf if isinstance(made, Draft) else made

    return content


@cache
def approved() -> Draft:
    """Signed by the patient, and nothing said of what may follow."""
    return draft().sign(PATIENT, CAMILLE)


@cache
def certified(permission: int = 2) -> Draft:
    """Signed by the patient, who allows only so much (DocMDP's P)."""
    return draft().sign(PATIENT, CAMILLE, certify=permission)


def _annotation(kind: bytes, box: bytes, look: int, more: bytes = b"/F 4") -> bytes:
    return b"<< /Type /Annot /Subtype /%s /Rect [%s] /P %d 0 R /AP << /N %d 0 R >> /Contents (x) %s >>" % (
        kind, box, PAGE_1, look, more,
    )  # fmt: skip


OVER_THE_DOSE = b"70 690 370 720"
COVER = b"1 1 1 rg 0 0 300 30 re f 0 g BT /F1 14 Tf 2 10 Td (Levothyrox 200 micrograms, one a day) Tj ET"


def _cover() -> bytes:
    return drawing(COVER, 300, 30)


def _annotated(base: Draft, kind: bytes = b"FreeText", box: bytes = OVER_THE_DOSE, look: bytes | None = None) -> Draft:
    number = base.next
    return base.update(
        {
            number: _annotation(kind, box, number + 1),
            number + 1: look or _cover(),
            **base.change(ANNOTS, b"]", b" %d 0 R]" % number),
        }
    )


# ── a form made so that a signature in it is not seen ────────────────────────────────────────────────────────────────


def _text_replaced_after(objects: dict[int, bytes]) -> Draft:
    signed = draft(objects).sign(PATIENT, CAMILLE)
    return signed.update({TEXT_1: stream(words("Levothyrox 200 micrograms, one a day"))})


@_attack(Reason.PAGE_CHANGED)
def _signature_that_a_widget_bears_in_its_field_s_place() -> Draft:
    objects = prescription()
    objects[UNUSED] = b"<< /FT /Sig /T (Patient) /Kids [%d 0 R] >>" % PATIENT
    objects[FORM] = objects[FORM].replace(b" %d 0 R %d 0 R]" % (PATIENT, DOCTOR), b" %d 0 R]" % UNUSED)
    objects[PATIENT] = objects[PATIENT].replace(b"/FT /Sig /T (Patient)", b"/Parent %d 0 R" % UNUSED)
    return _text_replaced_after(objects)


@_attack(Reason.COVERAGE_MALFORMED, by="ades")
def _signature_of_a_field_that_is_no_object() -> Draft:
    objects = prescription()
    direct = b"<< /FT /Sig /T (Patient) /V %d 0 R >>" % (max(objects) + 1)
    objects[FORM] = objects[FORM].replace(b" %d 0 R %d 0 R]" % (PATIENT, DOCTOR), b" %s]" % direct)
    return _text_replaced_after(objects)


@_attack(Reason.PAGE_CHANGED, by="ades")
def _signature_whose_range_is_spelled_otherwise() -> Draft:
    signed = draft().sign(PATIENT, CAMILLE, range_key=b"/Byte#52ange")
    changed = signed.update({TEXT_1: stream(words("Levothyrox 200 micrograms, one a day"))})
    return changed.sign(DOCTOR, LEBRUN)


# ── incremental saving ────────────────────────────────────────────────────────────────────────────────────────────────


@_attack(Reason.PAGE_CHANGED)
def _text_replaced_in_an_update() -> Draft:
    return approved().update({TEXT_1: stream(words("Levothyrox 200 micrograms, one a day"))})


@_attack(Reason.PAGE_CHANGED)
def _text_replaced_under_a_certification() -> Draft:
    return certified().update({TEXT_1: stream(words("Levothyrox 200 micrograms, one a day"))})


@_attack(Reason.PAGE_CHANGED)
def _text_replaced_in_an_object_stream_update() -> Draft:
    base = approved()
    content = stream(words("Levothyrox 200 micrograms"))
    return base.update({**base.change(PAGE_1, b"/Contents 4 0 R", b"/Contents 40 0 R"), 40: content}, packed=True)


@_attack(Reason.UNLISTED_OBJECTS)
def _update_with_an_empty_cross_reference_section() -> Draft:
    return approved().update({TEXT_1: stream(words("Levothyrox 200 micrograms"))}, listed={})


@_attack(Reason.UNLISTED_OBJECTS)
def _update_without_any_cross_reference_section() -> bytes:
    base = approved()
    return base.pdf + b"4 0 obj\n%s\nendobj\n" % stream(words("Levothyrox 200 micrograms"))


@_attack(Reason.UNLISTED_OBJECTS)
def _update_without_a_table_but_with_a_trailer() -> bytes:
    base = approved()
    return base.pdf + b"4 0 obj\n%s\nendobj\ntrailer\n<< /Root 1 0 R /Size 30 >>\n%%%%EOF\n" % stream(
        words("Levothyrox 200 micrograms")
    )


@_attack(Reason.UNLISTED_OBJECTS, Reason.REVISION_BYPASSED)
def _update_whose_startxref_is_the_signed_one() -> bytes:
    base = approved()
    return base.pdf + b"4 0 obj\n%s\nendobj\ntrailer\n<< /Root 1 0 R /Size 30 >>\nstartxref\n%d\n%%%%EOF\n" % (
        stream(words("Levothyrox 200 micrograms")),
        base.section,
    )


@_attack(Reason.UNLISTED_OBJECTS)
def _update_that_lists_one_object_and_holds_two() -> Draft:
    base = approved()
    changed = base.update({INFO: b"<< /Title (Prescription) >>", TEXT_1: stream(words("Levothyrox 200"))})
    at = changed.pdf.index(b"13 0 obj", len(base.pdf)) - len(base.pdf)
    return base.update(
        {INFO: b"<< /Title (Prescription) >>", TEXT_1: stream(words("Levothyrox 200"))}, listed={INFO: at}
    )


@_attack(Reason.REVISION_BYPASSED)
def _prev_that_leaps_over_the_signed_revision() -> Draft:
    first = draft()
    signed = first.sign(PATIENT, CAMILLE)
    return signed.update({TEXT_1: stream(words("Levothyrox 200"))}, prev=first.section)


@_attack(Reason.REVISION_BYPASSED)
def _whole_new_file_after_the_signed_one() -> bytes:
    signed = approved()
    objects = dict(signed.objects) | {TEXT_1: stream(words("Levothyrox 200 micrograms"))}
    body, offsets = bytearray(), {}
    for number, content in sorted(objects.items()):
        offsets[number] = len(signed.pdf) + len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    section = len(signed.pdf) + len(body)
    size = max(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % size
    body += b"".join(b"%010d 00000 n \n" % offsets.get(number, 0) for number in range(1, size))
    body += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, section)
    return signed.pdf + bytes(body)


@_attack(Reason.CATALOG_CHANGED)
def _another_root_in_the_trailer() -> Draft:
    base = approved()
    page, tree, root = base.next, base.next + 1, base.next + 2
    return base.update(
        {
            page: base.objects[PAGE_1].replace(b"/Contents 4 0 R", b"/Contents %d 0 R" % UNUSED),
            tree: b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % page,
            root: base.objects[CATALOG].replace(b"/Pages 2 0 R", b"/Pages %d 0 R" % tree),
        },
        root=root,
    )


@_attack(Reason.PAGES_CHANGED)
def _page_added() -> Draft:
    base = approved()
    new = base.next
    return base.update(
        {
            new: base.objects[PAGE_2],
            PAGES: b"<< /Type /Pages /Kids [3 0 R 5 0 R %d 0 R] /Count 3 >>" % new,
        }
    )


@_attack(Reason.PAGES_CHANGED)
def _page_removed() -> Draft:
    return approved().update({PAGES: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"})


@_attack(Reason.PAGES_CHANGED)
def _pages_in_another_order() -> Draft:
    return certified().update({PAGES: b"<< /Type /Pages /Kids [5 0 R 3 0 R] /Count 2 >>"})


@_attack(Reason.PAGE_CHANGED)
def _page_turned_and_cropped() -> Draft:
    base = approved()
    return base.update(base.add(PAGE_1, b"/Rotate 90 /CropBox [0 0 300 300]"))


@_attack(Reason.PAGE_CHANGED)
def _page_that_points_at_an_object_unused_till_then() -> Draft:
    base = approved()
    return base.update(base.change(PAGE_1, b"/Contents 4 0 R", b"/Contents [4 0 R %d 0 R]" % UNUSED))


@_attack(Reason.PAGE_CHANGED, Reason.ENCRYPTED_LATER, Reason.NOT_READABLE, by="policy")
def _encryption_added_later() -> Draft:
    base = approved()
    number = base.next
    return base.update(
        {
            number: b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"00" * 32, b"11" * 32),
        },
        trailer=b"/Encrypt %d 0 R /ID [<00> <00>]" % number,
    )


# ── the cross-reference table's own tricks ────────────────────────────────────────────────────────────────────────────


@_attack(Reason.DEFINED_TWICE)
def _section_that_lists_an_object_twice() -> bytes:
    base = approved()
    one = stream(words("Levothyrox 25 micrograms, one a day"))
    other = stream(words("Levothyrox 200 micrograms"))
    at = len(base.pdf)
    body = b"4 0 obj\n%s\nendobj\n" % one
    second = at + len(body)
    body += b"4 0 obj\n%s\nendobj\n" % other
    section = at + len(body)
    body += b"xref\n4 1\n%010d 00000 n \n4 1\n%010d 00000 n \ntrailer\n" % (at, second)
    body += b"<< /Size 30 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (base.section, section)
    return base.pdf + body


@_attack(Reason.DEFINED_TWICE, Reason.UNLISTED_OBJECTS)
def _object_both_in_an_object_stream_and_outside() -> bytes:
    base = approved()
    update = base.update({INFO: b"<< /Title (Prescription) >>"}, packed=True)
    body = update.pdf[len(base.pdf) :]
    twin = b"%d 0 obj\n<< /Title (Other) >>\nendobj\n" % INFO
    at = len(base.pdf)
    # The twin stands before the section; what follows moves by its length.
    start = body.index(b"/Type /XRef")
    header = body.rindex(b" 0 obj", 0, start)
    header = body.rindex(b"\n", 0, header) + 1
    section = at + header + len(twin)
    tail = re.sub(rb"startxref\n\d+", b"startxref\n%d" % section, body[header:])
    row = (update.section).to_bytes(4, "big")
    assert row in tail
    return base.pdf + body[:header] + twin + tail.replace(row, section.to_bytes(4, "big"), 1)


@_attack(Reason.PAGE_CHANGED, Reason.DEFINED_TWICE)
def _hybrid_file_whose_two_views_differ() -> bytes:
    base = approved()
    packed = base.update({40: b"<< /Nothing true >>", 41: stream(words("Levothyrox 200 micrograms"))}, packed=True)
    hidden = packed.section
    changed = stream(words("Levothyrox 25 micrograms"))
    at = len(packed.pdf)
    body = b"4 0 obj\n%s\nendobj\n" % changed
    section = at + len(body)
    body += b"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 60 /Root 1 0 R /Prev %d /XRefStm %d >>\n" % (
        at, base.section, hidden,
    ) + b"startxref\n%d\n%%%%EOF\n" % section  # fmt: skip
    return packed.pdf + body


@_attack(Reason.PAGE_CHANGED)
def _object_number_used_again_with_another_generation() -> Draft:
    base = approved()
    freed = base.update({UNUSED: None})
    again = replace(freed, generations={UNUSED: 1})
    again = again.update({UNUSED: drawing(words("Levothyrox 200", 2, 10))})
    return again.update(again.change(PAGE_1, b"/Contents 4 0 R", b"/Contents [4 0 R %d 1 R]" % UNUSED))


@_attack(Reason.PAGE_CHANGED)
def _contents_freed() -> Draft:
    return approved().update({TEXT_1: None})


@_attack(Reason.TRAILING_BYTES, Reason.UNLISTED_OBJECTS)
def _bytes_that_look_like_pdf_after_the_end() -> bytes:
    return approved().pdf + b"\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"


@_attack(Reason.TRAILING_BYTES, conclusions=(Conclusion.WARNING, Conclusion.INVALID))
def _bytes_that_mean_nothing_after_the_end() -> bytes:
    return approved().pdf + b"\x00" * 1000 + b"hello"


# ── shadow attacks: what the attacker prepared before the signature ───────────────────────────────────────────────────


@_attack(Reason.PAGE_CHANGED)
def _shadow_replace_a_dangling_reference_is_filled() -> Draft:
    objects = prescription()
    objects[PAGE_1] = objects[PAGE_1].replace(b"/Contents 4 0 R", b"/Contents [4 0 R 50 0 R]")
    signed = draft(objects).sign(PATIENT, CAMILLE)
    return signed.update({50: stream(b"1 1 1 rg 70 690 300 30 re f 0 g " + words("Levothyrox 200"))})


@_attack(Reason.PAGE_CHANGED)
def _shadow_hide_an_overlay_is_freed() -> Draft:
    objects = prescription()
    objects[17] = drawing(b"1 1 1 rg 0 0 400 60 re f 0 g " + words("Paracetamol", 2, 10), 400, 60)
    objects[PAGE_1] = objects[PAGE_1].replace(
        b"/Font << /F1 7 0 R >>", b"/Font << /F1 7 0 R >> /XObject << /X 17 0 R >>"
    )
    objects[TEXT_1] = stream(words("Levothyrox 200 micrograms") + b" q 1 0 0 1 70 690 cm /X Do Q")
    return draft(objects).sign(PATIENT, CAMILLE).update({17: None})


@_attack(Reason.PAGES_CHANGED)
def _shadow_hide_and_replace_a_second_document_inside() -> Draft:
    objects = prescription()
    objects[18] = b"<< /Type /Page /Parent 19 0 R /MediaBox [0 0 595 842] /Contents 16 0 R /Resources << >> >>"
    objects[19] = b"<< /Type /Pages /Kids [18 0 R] /Count 1 >>"
    signed = draft(objects).sign(PATIENT, CAMILLE)
    return signed.update(signed.change(CATALOG, b"/Pages 2 0 R", b"/Pages 19 0 R"))


@_attack(Reason.PAGE_CHANGED)
def _shadow_replace_the_font() -> Draft:
    return approved().update({FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"})


@_attack(Reason.LAYERS_CHANGED)
def _shadow_hide_a_layer_is_turned_off() -> Draft:
    objects = prescription()
    objects[17] = b"<< /Type /OCG /Name (Cover) >>"
    objects[CATALOG] = objects[CATALOG].replace(
        b"/Metadata", b"/OCProperties << /OCGs [17 0 R] /D << /ON [17 0 R] /OFF [] >> >> /Metadata"
    )
    objects[PAGE_1] = objects[PAGE_1].replace(b"/Font", b"/Properties << /Cover 17 0 R >> /Font")
    objects[TEXT_1] = stream(
        words("Levothyrox 200 micrograms") + b" /OC /Cover BDC 1 1 1 rg 70 690 300 30 re f 0 g EMC"
    )
    signed = draft(objects).sign(PATIENT, CAMILLE)
    return signed.update(signed.change(CATALOG, b"/ON [17 0 R] /OFF []", b"/ON [] /OFF [17 0 R]"))


@_attack(Reason.PAGE_CHANGED)
def _form_look_that_a_page_also_shows() -> Draft:
    objects = prescription()
    objects[PAGE_1] = objects[PAGE_1].replace(
        b"/Font << /F1 7 0 R >>", b"/Font << /F1 7 0 R >> /XObject << /X %d 0 R >>" % DOSE_LOOK
    )
    objects[TEXT_1] = stream(words("Levothyrox") + b" q 1 0 0 1 160 690 cm /X Do Q")
    signed = draft(objects).sign(PATIENT, CAMILLE, certify=2)
    return signed.update({**signed.change(DOSE, b"/V (25)", b"/V (200)"), DOSE_LOOK: drawing(words("200", 2, 10))})


# ── forms ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def filled(base: Draft, value: bytes = b"200") -> Draft:
    """The dose changed through the form, as a reader does."""
    number = base.next
    return base.update(
        {
            DOSE: base.objects[DOSE]
            .replace(b"/V (25)", b"/V (%s)" % value)
            .replace(b"/N %d 0 R" % DOSE_LOOK, b"/N %d 0 R" % number),
            number: drawing(words(value.decode(), 2, 10)),
        }
    )


@_attack(Reason.FILLED_UNASKED, Reason.VALUE_REPLACED, conclusions=(Conclusion.WARNING, Conclusion.INVALID))
def _text_replaced_through_form_filling_with_no_docmdp() -> Draft:
    return filled(approved())


@_attack(Reason.FORM_FILLED_AGAINST)
def _form_filled_against_a_certification_that_forbids_it() -> Draft:
    return filled(certified(1))


@_attack(Reason.FORM_FILLED_AGAINST)
def _locked_field_filled() -> Draft:
    return filled(draft().sign(PATIENT, CAMILLE, certify=2, lock=b"/Action /Include /Fields [(Dose)]"))


@_attack(Reason.FORM_FILLED_AGAINST)
def _all_fields_locked_and_one_filled() -> Draft:
    return filled(draft().sign(PATIENT, CAMILLE, lock=b"/Action /All"))


@_attack(Reason.FORM_FILLED_AGAINST)
def _field_outside_the_exceptions_filled() -> Draft:
    return filled(draft().sign(PATIENT, CAMILLE, lock=b"/Action /Exclude /Fields [(Doctor)]"))


@_attack(Reason.FORM_CHANGED)
def _field_moved_over_the_text() -> Draft:
    base = certified()
    return base.update(base.change(DOSE, b"/Rect [72 600 272 640]", b"/Rect [72 690 372 720]"))


@_attack(Reason.FORM_CHANGED)
def _field_hidden() -> Draft:
    base = certified()
    return base.update(base.change(DOSE, b"/F 4", b"/F 2"))


@_attack(Reason.FIELD_ADDED)
def _text_field_added_over_the_text() -> Draft:
    base = certified()
    new = base.next
    return base.update(
        {
            new: widget("Late", "Tx", PAGE_1, (70, 690, 370, 720), b"/V (x) /AP << /N %d 0 R >>" % (new + 1)),
            new + 1: _cover(),
            **base.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % new),
            **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        }
    )


@_attack(Reason.FORM_CHANGED)
def _look_of_a_field_without_its_value() -> Draft:
    base = approved()
    return base.update({DOSE_LOOK: drawing(words("200", 2, 10))})


@_attack(Reason.FORM_CHANGED)
def _needappearances_and_xfa_added() -> Draft:
    base = approved()
    new = base.next
    return base.update({**base.add(FORM, b"/XFA %d 0 R" % new), new: stream(b"<xdp:xdp/>")})


@_attack(Reason.FORM_CHANGED)
def _default_resources_of_the_form_replaced() -> Draft:
    base = approved()
    new = base.next
    return base.update(
        {
            **base.change(FORM, b"/F1 %d 0 R" % FONT, b"/F1 %d 0 R" % new),
            new: b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>",
        }
    )


# ── attacks on certified documents ────────────────────────────────────────────────────────────────────────────────────


@_attack(Reason.ANNOTATION_FORBIDDEN)
def _annotation_over_the_text_p1() -> Draft:
    return _annotated(certified(1))


@_attack(Reason.ANNOTATION_FORBIDDEN)
def _annotation_over_the_text_p2() -> Draft:
    return _annotated(certified(2))


@_attack(Reason.PAGE_DIFFERS, by="pixels")
def _evil_annotation_freetext_over_the_text_p3() -> Draft:
    return _annotated(certified(3))


@_attack(Reason.PAGE_DIFFERS, by="pixels")
def _evil_annotation_stamp_over_the_text_p3() -> Draft:
    return _annotated(certified(3), b"Stamp")


@_attack(Reason.PAGE_DIFFERS, by="pixels")
def _evil_annotation_redact_over_the_text_p3() -> Draft:
    return _annotated(certified(3), b"Redact", look=drawing(b"0 g 0 0 300 30 re f", 300, 30))


@_attack(Reason.PAGE_DIFFERS, by="pixels")
def _highlight_that_covers_p3() -> Draft:
    return _annotated(certified(3), b"Highlight")


@_attack(Reason.ANNOTATION_FORBIDDEN)
def _annotation_over_the_text_with_no_docmdp() -> Draft:
    return _annotated(approved())


@_attack(Reason.ANNOTATION_FORBIDDEN)
def _annotation_changed_p2() -> Draft:
    objects = prescription()
    objects[17] = _annotation(b"FreeText", b"72 500 300 530", 18)
    objects[18] = drawing(words("Read by the pharmacist", 2, 10))
    objects[ANNOTS] = b"[%d 0 R %d 0 R 17 0 R]" % (DOSE, PATIENT)
    base = draft(objects).sign(PATIENT, CAMILLE, certify=2)
    return base.update(base.change(17, b"/Rect [72 500 300 530]", b"/Rect [72 690 300 720]"))


@_attack(Reason.PAGE_DIFFERS, by="pixels")
def _sneaky_signature_of_another_over_the_text() -> Draft:
    base = certified(2)
    new = base.next
    objects = {
        **base.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % new),
        **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        new: widget("Sneaky", "Sig", PAGE_1, (70, 690, 370, 720)),
    }
    return base.sign(new, LEBRUN, look=COVER, more=objects)


@_attack(Reason.FIELD_ADDED)
def _signature_field_added_p1() -> Draft:
    base = certified(1)
    new = base.next
    objects = {
        **base.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % new),
        **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        new: widget("Sneaky", "Sig", PAGE_1, (70, 690, 370, 720)),
    }
    return base.sign(new, LEBRUN, more=objects)


@_attack(Reason.SIGNATURE_CHANGED)
def _look_of_the_first_signature_replaced() -> Draft:
    base = certified(2)
    old = re.search(rb"/AP << /N (\d+) 0 R", base.objects[PATIENT])
    assert old
    return base.update({int(old[1]): drawing(words("Signed by the minister", 2, 10))})


@_attack(Reason.FORM_CHANGED)
def _look_of_an_unsigned_place_made_to_look_signed() -> Draft:
    base = certified(2)
    new = base.next
    return base.update(
        {**base.add(DOCTOR, b"/AP << /N %d 0 R >>" % new), new: drawing(words("Signed by Anne Lebrun", 2, 10))}
    )


@_attack(Reason.CERTIFICATION_CHANGED)
def _permissions_widened() -> Draft:
    base = certified(1)
    number = re.search(rb"/DocMDP (\d+) 0 R", base.objects[CATALOG])
    assert number
    new = base.next
    return base.update(
        {
            **base.change(CATALOG, b"/DocMDP %s 0 R" % number[1], b"/DocMDP %d 0 R" % new),
            new: base.objects[int(number[1])].replace(b"/P 1", b"/P 3"),
        }
    )


@_attack(Reason.CERTIFICATION_CHANGED)
def _certification_removed() -> Draft:
    base = certified(1)
    return base.update({CATALOG: re.sub(rb"/Perms << [^>]+>>", b"", base.objects[CATALOG])})


@_attack(Reason.CERTIFICATION_CHANGED)
def _certified_by_a_second_signer() -> Draft:
    return approved().sign(DOCTOR, LEBRUN, certify=3)


@_attack(Reason.SIGNATURE_CHANGED)
def _signature_dictionary_replaced() -> Draft:
    base = approved()
    number = re.search(rb"/V (\d+) 0 R", base.objects[PATIENT])
    assert number
    return base.update({int(number[1]): base.objects[int(number[1])].replace(b"/Sig ", b"/Sig /Name (X) ")})


@_attack(Reason.SIGNATURE_CHANGED, Reason.FORM_CHANGED)
def _signature_removed_from_its_field() -> Draft:
    base = draft().sign(PATIENT, CAMILLE).sign(DOCTOR, LEBRUN)
    return base.update({PATIENT: re.sub(rb"/V \d+ 0 R", b"", base.objects[PATIENT])})


# ── one object with two parts to play ─────────────────────────────────────────────────────────────────────────────────


@_attack(Reason.PAGE_CHANGED)
def _contents_that_are_an_annotation_too_p3() -> Draft:
    objects = prescription()
    objects[ANNOTS] = b"[%d 0 R %d 0 R %d 0 R]" % (DOSE, PATIENT, TEXT_1)
    base = draft(objects).sign(PATIENT, CAMILLE, certify=3)
    return base.update({TEXT_1: stream(words("Levothyrox 200"), b"/Type /Annot /Subtype /Text /Rect [9 9 9 9]")})


@_attack(Reason.PAGE_CHANGED)
def _resources_that_are_an_annotation_too_p3() -> Draft:
    objects = prescription()
    objects[17] = b"<< /Type /Annot /Subtype /Text /Rect [500 800 520 820] /Font << /F1 %d 0 R >> >>" % FONT
    objects[18] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"
    objects[ANNOTS] = b"[%d 0 R %d 0 R 17 0 R]" % (DOSE, PATIENT)
    objects[PAGE_1] = objects[PAGE_1].replace(b"<< /Font << /F1 7 0 R >> >>", b"17 0 R")
    base = draft(objects).sign(PATIENT, CAMILLE, certify=3)
    return base.update(base.change(17, b"/F1 %d 0 R" % FONT, b"/F1 18 0 R"))


@_attack(Reason.PAGE_CHANGED, Reason.FORM_CHANGED)
def _contents_that_are_a_field_too() -> Draft:
    objects = prescription()
    objects[FORM] = objects[FORM].replace(b"/Fields [", b"/Fields [%d 0 R " % TEXT_1)
    base = draft(objects).sign(PATIENT, CAMILLE, certify=2)
    return base.update({TEXT_1: stream(words("Levothyrox 200 micrograms, one a day"))})


@_attack(Reason.PAGE_CHANGED, Reason.CATALOG_CHANGED)
def _contents_that_are_the_file_s_metadata_too() -> Draft:
    objects = prescription()
    objects[CATALOG] = objects[CATALOG].replace(b"/Metadata %d 0 R" % METADATA, b"/Metadata %d 0 R" % TEXT_1)
    base = draft(objects).sign(PATIENT, CAMILLE)
    return base.update({TEXT_1: stream(words("Levothyrox 200"), b"/Type /Metadata /Subtype /XML")})


@_attack(Reason.FORM_CHANGED)
def _place_to_sign_put_below_a_signature() -> Draft:
    base = approved()
    return base.update(base.add(PATIENT, b"/Kids [%d 0 R]" % DOCTOR))


@_attack(Reason.SIGNATURE_CHANGED)
def _signature_shown_in_another_s_place() -> Draft:
    base = approved()
    number = re.search(rb"/V (\d+) 0 R", base.objects[PATIENT])
    assert number
    return base.update(base.add(DOCTOR, b"/V %s 0 R" % number[1]))


@_attack(Reason.PLACE_COVERED, by="pixels", conclusions=(Conclusion.WARNING,))
def _box_to_tick_whose_mark_covers_the_text() -> Draft:
    objects = prescription()
    objects[17] = widget(
        "Read", "Btn", PAGE_1, (70, 690, 370, 720), b"/V /Off /AS /Off /AP << /N << /Yes 18 0 R /Off 19 0 R >> >>"
    )
    objects[18], objects[19] = drawing(COVER, 300, 30), drawing(b"", 300, 30)
    objects[FORM] = objects[FORM].replace(b"/Fields [", b"/Fields [17 0 R ")
    objects[ANNOTS] = objects[ANNOTS].replace(b"]", b" 17 0 R]")
    base = draft(objects).sign(PATIENT, CAMILLE, certify=2)
    return base.update(base.change(17, b"/V /Off /AS /Off", b"/V /Yes /AS /Yes"))


# ── what acts by itself ───────────────────────────────────────────────────────────────────────────────────────────────


@_attack(Reason.ACTION_ADDED)
def _openaction_added() -> Draft:
    base = approved()
    return base.update(base.add(CATALOG, b"/OpenAction << /S /JavaScript /JS (app.alert) >>"))


@_attack(Reason.ACTION_ADDED)
def _additional_actions_added() -> Draft:
    base = certified(3)
    return base.update(base.add(CATALOG, b"/AA << /WC << /S /JavaScript /JS (x) >> >>"))


@_attack(Reason.ACTION_ADDED)
def _script_named_in_the_catalog() -> Draft:
    base = certified(2)
    return base.update(
        base.add(CATALOG, b"/Names << /JavaScript << /Names [(x) << /S /JavaScript /JS (this.hide) >>] >> >>")
    )


@_attack(Reason.ACTION_ADDED)
def _script_on_a_later_signature() -> Draft:
    base = certified(2)
    return base.sign(DOCTOR, LEBRUN, more=base.add(DOCTOR, b"/AA << /E << /S /JavaScript /JS (x) >> >>"))


@_attack(Reason.ACTION_ADDED)
def _page_that_acts_when_opened() -> Draft:
    base = approved()
    return base.update(base.add(PAGE_1, b"/AA << /O << /S /JavaScript /JS (x) >> >>"))


@_attack(Reason.ACTION_ADDED)
def _link_laid_over_the_page_p3() -> Draft:
    base = certified(3)
    new = base.next
    return base.update(
        {
            new: b"<< /Type /Annot /Subtype /Link /Rect [72 690 300 720] /A << /S /Launch /F (x.exe) >> >>",
            **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        }
    )


@_attack(Reason.ATTACHMENT_ADDED)
def _embedded_file_added() -> Draft:
    base = approved()
    new = base.next
    return base.update(
        {
            **base.add(CATALOG, b"/Names << /EmbeddedFiles << /Names [(a) %d 0 R] >> >>" % new),
            new: b"<< /Type /Filespec /F (a.pdf) /EF << /F %d 0 R >> >>" % (new + 1),
            new + 1: stream(b"%PDF-1.7"),
        }
    )


@_attack(Reason.CATALOG_CHANGED)
def _outline_added() -> Draft:
    base = approved()
    new = base.next
    return base.update({**base.add(CATALOG, b"/Outlines %d 0 R" % new), new: b"<< /Type /Outlines /Count 0 >>"})


@_attack(Reason.PAGE_CHANGED)
def _validation_data_that_is_a_pages_contents() -> Draft:
    objects = prescription()
    objects[PAGE_1] = objects[PAGE_1].replace(b"/Contents 4 0 R", b"/Contents [4 0 R 40 0 R]")
    base = draft(objects).sign(PATIENT, CAMILLE)
    return base.update(
        {40: stream(words("Levothyrox 200")), **base.add(CATALOG, b"/DSS << /Type /DSS /Certs [40 0 R] >>")}
    )


# ── universal forgery and signature wrapping: the dictionary itself ───────────────────────────────────────────────────


def _forged(old: bytes, new: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        pdf = approved().pdf
        found = re.search(old, pdf)
        assert found, old
        return pdf[: found.start()] + new.ljust(len(found[0])) + pdf[found.end() :]

    return make


def _range() -> re.Match[bytes]:
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+) *\]", approved().pdf)
    assert found
    return found


_DICTIONARY = (
    Reason.SIGNATURE_MALFORMED,
    Reason.COVERAGE_MALFORMED,
    Reason.NOT_SIGNED,
    Reason.DIGEST_DIFFERS,
    Reason.SIGNATURE_WRONG,
    Reason.NOT_READABLE,
)
_NOT_VALID = (Conclusion.INVALID, Conclusion.UNKNOWN)

for _what, _bytes in {
    "missing": b"",
    "null": b"/ByteRange null",
    "empty": b"/ByteRange []",
    "of one number": b"/ByteRange [0]",
    "of three numbers": b"/ByteRange [0 100 200]",
    "negative": b"/ByteRange [0 -1 -1 -1]",
    "of zeros": b"/ByteRange [0 0 0 0]",
    "not of numbers": b"/ByteRange [/a /b /c /d]",
    "of reals": b"/ByteRange [0.0 100.5 1 1]",
    "overlapping": b"/ByteRange [0 9000 100 9000]",
    "past the end": b"/ByteRange [0 100 8300 99999999]",
    "of six numbers": b"/ByteRange [0 10 20 10 40 10]",
    "that begins late": b"/ByteRange [9 100 8300 100]",
    "a reference to nothing": b"/ByteRange 999 0 R",
}.items():
    ATTACKS.append(
        Case(
            f"byte range {_what}",
            cache(_forged(rb"/ByteRange \[[^\]]*\]", _bytes)),
            frozenset({Conclusion.INVALID}),
            frozenset(_DICTIONARY),
            "ades",
        )
    )

for _what, _bytes in {
    "missing": b"",
    "null": b"/Contents null",
    "empty": b"/Contents <>",
    "zeros": b"/Contents <00>",
    "one byte": b"/Contents <30>",
    "a reference to nothing": b"/Contents 999 0 R",
    "a name": b"/Contents /None",
}.items():
    ATTACKS.append(
        Case(
            f"contents {_what}",
            cache(_forged(rb"/Contents <[0-9a-f]{1000,}>", _bytes)),
            frozenset({Conclusion.INVALID}),
            frozenset(_DICTIONARY),
            "ades",
        )
    )


def _stuffed(stuffing: bytes) -> bytes:
    """The hole that the signature leaves in what it covers, filled up: every digest still matches."""
    pdf = approved().pdf
    start, end = (int(number) for number in _range().groups()[:2])
    content = pdf[start + 1 : end - 1].rstrip(b"0")
    content += b"0" * (len(content) % 2)
    hole = b"<%s> %s" % (content, stuffing)
    assert len(hole) <= end - start - 2
    return pdf[:start] + hole + b"<".ljust(end - start - len(hole) - 1, b"0") + b">" + pdf[end:]


_EVIL = b"4 0 obj\n%s\nendobj\n" % stream(words("Levothyrox 200 micrograms"))


@_attack(*_DICTIONARY, by="ades")
def _wrapping_objects_in_the_hole() -> bytes:
    return _stuffed(b">>\nendobj\n" + _EVIL + b"99 0 obj\n<< /X ")


@_attack(*_DICTIONARY, by="ades")
def _wrapping_a_second_byte_range_in_the_hole() -> bytes:
    first, second, length = (int(number) for number in _range().groups())
    return _stuffed(b"/ByteRange [0 %d %d %d] /X " % (first, second, length))


@_attack(*_DICTIONARY, by="ades")
def _wrapping_a_second_contents_in_the_hole() -> bytes:
    return _stuffed(b"/Contents <00> /X ")


@_attack(*_DICTIONARY, Reason.PAGE_CHANGED)
def _wrapping_a_later_table_that_points_into_the_hole() -> Draft:
    base = replace(approved(), pdf=_stuffed(b">>\nendobj\n" + _EVIL + b"99 0 obj\n<< /X "))
    return base.update({}, listed={TEXT_1: base.pdf.index(_EVIL) - len(base.pdf)})


@_attack(*_DICTIONARY, Reason.UNLISTED_OBJECTS, by="ades", conclusions=_NOT_VALID)
def _wrapping_the_second_part_moved_to_the_end() -> bytes:
    # What was signed is put together again out of other places, and new objects stand between.
    pdf = approved().pdf
    first, second, length = (int(number) for number in _range().groups())
    made = _stuffed(b"/ByteRange [0 %d %d %d] >>\nendobj\n99 0 obj\n<< /X " % (first, len(pdf) + len(_EVIL), length))
    return made + _EVIL + pdf[second:]


@_attack(Reason.PAGE_CHANGED)
def _shadow_an_object_that_no_table_listed_till_now() -> Draft:
    whole = draft()
    hidden = _EVIL.join((b"\n", b"\n"))
    # It stands, unlisted, between the header and the first object of a second update.
    base = whole.update({INFO: b"<< /Title (Prescription) >>"})
    at = base.pdf.rindex(b"xref\n13 1")
    moved = (
        base.pdf[:at]
        + hidden
        + base.pdf[at:].replace(b"startxref\n%d" % base.section, b"startxref\n%d" % (base.section + len(hidden)))
    )
    signed = replace(base, pdf=moved, section=base.section + len(hidden)).sign(PATIENT, CAMILLE)
    return signed.update({}, listed={TEXT_1: signed.pdf.index(_EVIL) - len(signed.pdf)})


@_attack(*_DICTIONARY, by="ades", conclusions=_NOT_VALID)
def _range_that_leaves_out_more_than_the_signature() -> Draft:
    """A valid signature over less than the file: the text is in the hole."""
    base = draft()
    body = approved()
    number = body.next
    place = base.add(PATIENT, b"/V %d 0 R" % number)
    dictionary = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 %s] /Contents <%s> >>"
        % (b" " * 40, b"0" * RESERVED)
    )
    drafted = base.update({number: dictionary, **place})
    pdf = bytearray(drafted.pdf)
    text = pdf.index(b"4 0 obj")
    after = pdf.rindex(b"0" * 100) + 101
    where = pdf.rindex(b"/ByteRange [")
    pdf[where : where + 55] = (b"/ByteRange [0 %d %d %d]" % (text, after, len(pdf) - after)).ljust(55)
    digest = hashlib.sha256(bytes(pdf[:text] + pdf[after:])).digest()
    content = signed_data(CAMILLE, digest).hex().encode()
    start = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    pdf[start : start + len(content)] = content
    return replace(drafted, pdf=bytes(pdf))


@_attack(Reason.DIGEST_DIFFERS, by="ades")
def _byte_changed_in_what_is_signed() -> bytes:
    return approved().pdf.replace(b"25 micrograms", b"95 micrograms", 1)


@_attack(Reason.NOT_SIGNED, by="ades", conclusions=(Conclusion.UNKNOWN,))
def _picture_of_a_signature_and_nothing_more() -> Draft:
    objects = prescription()
    objects[TEXT_1] = stream(words("Signed electronically by Anne Lebrun") + words("Signature valid", y=650))
    return draft(objects)


@_attack(Reason.NOT_SIGNED, by="ades", conclusions=(Conclusion.UNKNOWN,))
def _place_to_sign_that_looks_signed() -> Draft:
    objects = prescription()
    objects[PATIENT] = objects[PATIENT].replace(b" >>", b" /AP << /N 17 0 R >> >>")
    objects[17] = drawing(words("Signed by Camille Durand", 2, 10))
    return draft(objects)


# ── what may follow a signature ───────────────────────────────────────────────────────────────────────────────────────


@_legitimate()
def _signed_and_nothing_more() -> Draft:
    return approved()


@_legitimate()
def _certified_and_signed_again() -> Draft:
    return certified().sign(DOCTOR, LEBRUN)


@_legitimate()
def _approved_and_signed_again() -> Draft:
    return approved().sign(DOCTOR, LEBRUN)


@_legitimate()
def _signed_in_object_streams() -> Draft:
    return draft().sign(PATIENT, CAMILLE, packed=True).sign(DOCTOR, LEBRUN, packed=True)


@_legitimate()
def _timestamped_after() -> Draft:
    return approved().stamp(CLOCK)


@_legitimate()
def _timestamped_after_a_certification_that_forbids_all() -> Draft:
    return certified(1).stamp(CLOCK)


def with_validation_data(base: Draft) -> Draft:
    """A DSS with the root's certificate (EN 319 142-1 §5.4.2)."""
    new = base.next
    key = hashlib.sha1(base.pdf).hexdigest().upper().encode()
    return base.update(
        {
            new: b"<< /Type /DSS /Certs [%d 0 R] /VRI << /%s << /Cert [%d 0 R] >> >> >>" % (new + 1, key, new + 1),
            new + 1: stream(ROOT.certificate),
            **base.add(
                CATALOG,
                b"/DSS %d 0 R /Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >> >>" % new,
            ),
        }
    )


@_legitimate(Reason.ENDS_UNSIGNED)
def _validation_data_added() -> Draft:
    return with_validation_data(approved())


@_legitimate()
def _validation_data_and_a_timestamp_under_p1() -> Draft:
    return with_validation_data(certified(1)).stamp(CLOCK)


@_legitimate(Reason.VALIDATION_DATA_REMOVED)
def _validation_data_replaced() -> Draft:
    base = with_validation_data(approved())
    number = re.search(rb"/DSS (\d+) 0 R", base.objects[CATALOG])
    assert number
    new = base.next
    return base.update(
        {
            int(number[1]): b"<< /Type /DSS /Certs [%d 0 R] >>" % new,
            new: stream(Authority("Another").certificate),
        }
    )


@_legitimate(Reason.FILLED_UNASKED)
def _form_filled_with_no_docmdp() -> Draft:
    return filled(approved())


@_legitimate(Reason.VALUE_REPLACED)
def _form_filled_as_the_signer_allowed() -> Draft:
    return filled(certified(2))


@_legitimate()
def _form_filled_then_signed() -> Draft:
    return filled(certified(2)).sign(DOCTOR, LEBRUN)


@_legitimate()
def _empty_field_filled_as_the_signer_allowed() -> Draft:
    objects = prescription()
    objects[DOSE] = objects[DOSE].replace(b"/V (25) ", b"").replace(b"/AP << /N 10 0 R >>", b"")
    base = draft(objects).sign(PATIENT, CAMILLE, certify=2)
    new = base.next
    return base.update({**base.add(DOSE, b"/V (50) /AP << /N %d 0 R >>" % new), new: drawing(words("50", 2, 10))})


@_legitimate()
def _metadata_changed() -> Draft:
    return approved().update(
        {
            INFO: b"<< /Title (Prescription) /ModDate (D:20261122100000Z) >>",
            METADATA: stream(xmp(b"<rdf:Description/>"), b"/Type /Metadata /Subtype /XML"),
        },
        trailer=b"/ID [<00> <01>]",
    )


@_legitimate()
def _object_freed_that_nothing_shows() -> Draft:
    return approved().update({UNUSED: None})


@_legitimate()
def _object_added_that_nothing_shows() -> Draft:
    base = approved()
    return base.update({base.next: b"<< /Nothing true >>"})


@_legitimate()
def _objects_written_again_as_they_were() -> Draft:
    base = approved()
    return base.update({number: base.objects[number] for number in (CATALOG, PAGE_1, TEXT_1, FONT)})


@_legitimate()
def _update_of_nothing() -> Draft:
    return approved().update({})


@_legitimate(Reason.ANNOTATED)
def _note_with_no_docmdp() -> Draft:
    base = approved()
    new = base.next
    return base.update(
        {
            new: b"<< /Type /Annot /Subtype /Text /Rect [500 800 520 820] /Contents (Seen) >>",
            **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        }
    )


@_legitimate(Reason.ANNOTATED)
def _comment_beside_the_text_p3() -> Draft:
    return _annotated(certified(3), b"FreeText", b"72 300 372 330", drawing(words("Seen", 2, 10), 300, 30))


@_legitimate(Reason.ANNOTATED)
def _highlight_p3() -> Draft:
    look = stream(
        b"/G gs 1 1 0 rg 0 0 300 30 re f",
        b"/Type /XObject /Subtype /Form /BBox [0 0 300 30]"
        b" /Group << /S /Transparency >> /Resources << /ExtGState << /G << /BM /Multiply >> >> >>",
    )
    return _annotated(certified(3), b"Highlight", look=look)


@_legitimate()
def _empty_place_to_sign_added() -> Draft:
    base = approved()
    new = base.next
    return base.update(
        {
            new: widget("Third", "Sig", PAGE_1, (300, 100, 500, 140)),
            **base.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % new),
            **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        }
    )


@_legitimate(Reason.PLACE_ADDED)
def _signed_in_a_place_added_after_a_certification() -> Draft:
    base = certified(2)
    new = base.next
    objects = {
        **base.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % new),
        **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        new: widget("Third", "Sig", PAGE_1, (300, 100, 500, 140)),
    }
    return base.sign(new, LEBRUN, more=objects)


@_legitimate()
def _box_ticked() -> Draft:
    objects = prescription()
    objects[17] = widget(
        "Read", "Btn", PAGE_1, (300, 600, 320, 620), b"/V /Off /AS /Off /AP << /N << /Yes 18 0 R /Off 19 0 R >> >>"
    )
    objects[18], objects[19] = drawing(words("x", 2, 2), 20, 20), drawing(b"", 20, 20)
    objects[FORM] = objects[FORM].replace(b"/Fields [", b"/Fields [17 0 R ")
    objects[ANNOTS] = objects[ANNOTS].replace(b"]", b" 17 0 R]")
    base = draft(objects).sign(PATIENT, CAMILLE, certify=2)
    return base.update(base.change(17, b"/V /Off /AS /Off", b"/V /Yes /AS /Yes"))


@_legitimate(Reason.STRUCTURE_CHANGED)
def _structure_of_a_tagged_file_completed() -> Draft:
    objects = prescription()
    objects[17] = b"<< /Type /StructTreeRoot /K [18 0 R] >>"
    objects[18] = b"<< /Type /StructElem /S /Document /P 17 0 R /Pg %d 0 R /K [] >>" % PAGE_1
    objects[CATALOG] = objects[CATALOG].replace(b"/Metadata", b"/StructTreeRoot 17 0 R /Metadata")
    base = draft(objects).sign(PATIENT, CAMILLE)
    new = base.next
    form = b"<< /Type /StructElem /S /Form /P 18 0 R /K << /Type /OBJR /Obj %d 0 R >> >>" % DOCTOR
    return base.sign(DOCTOR, LEBRUN, more={new: form, **base.change(18, b"/K []", b"/K [%d 0 R]" % new)})


@_legitimate(Reason.ANNOTATED)
def _note_with_its_window_p3() -> Draft:
    base = certified(3)
    new = base.next
    return base.update(
        {
            new: b"<< /Type /Annot /Subtype /Text /Rect [500 800 520 820] /Contents (Seen) /Popup %d 0 R >>"
            % (new + 1),
            new + 1: b"<< /Type /Annot /Subtype /Popup /Rect [300 700 500 800] /Parent %d 0 R >>" % new,
            **base.change(ANNOTS, b"]", b" %d 0 R %d 0 R]" % (new, new + 1)),
        }
    )


@_legitimate(Reason.ANNOTATED)
def _note_answered_p3() -> Draft:
    first = _annotated(certified(3), b"Text", b"500 800 520 820", drawing(b"0 0 20 20 re f", 20, 20))
    note, new = first.next - 2, first.next
    return first.update(
        {
            **first.change(note, b"/Contents (x)", b"/Contents (Seen twice)"),
            new: b"<< /Type /Annot /Subtype /Text /Rect [500 770 520 790] /Contents (Yes) /IRT %d 0 R >>" % note,
            **first.change(ANNOTS, b"]", b" %d 0 R]" % new),
        }
    )


@_legitimate()
def _form_made_for_the_second_signature() -> Draft:
    """The file had no form: the first signature made one, inline, and the second turned it into an object."""
    base = approved()
    new = base.next
    form = base.objects[FORM]
    moved = base.change(CATALOG, b"/AcroForm %d 0 R" % FORM, b"/AcroForm %d 0 R" % new)
    return base.sign(DOCTOR, LEBRUN, more={**moved, new: form})


@_legitimate()
def _array_of_annotations_made_an_object() -> Draft:
    base = approved()
    new, array = base.next, base.next + 1
    return base.sign(
        new,
        LEBRUN,
        more={
            new: widget("Third", "Sig", PAGE_2, (300, 100, 500, 140)),
            array: b"[%d 0 R %d 0 R]" % (DOCTOR, new),
            **base.change(PAGE_2, b"/Annots [%d 0 R]" % DOCTOR, b"/Annots %d 0 R" % array),
            **base.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % new),
        },
    )


def _by_pyhanko(*, after: Callable[[bytes], bytes], linear: bool = False, packed: bool = False) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    source = pikepdf.open(io.BytesIO(draft().pdf))
    del source.Root.AcroForm
    for page in source.pages:
        del page.Annots
    out = io.BytesIO()
    source.save(
        out, linearize=linear,
        object_stream_mode=pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable,
    )  # fmt: skip
    signer = signers.SimpleSigner(**_pyhanko_signer())
    writer = IncrementalPdfFileWriter(io.BytesIO(out.getvalue()))
    fields.append_signature_field(writer, fields.SigFieldSpec("First", box=(72, 100, 272, 140)))
    metadata = signers.PdfSignatureMetadata(
        field_name="First", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )
    signed = signers.sign_pdf(writer, metadata, signer=signer).getvalue()
    return after(signed)


def _pyhanko_signer() -> dict[str, object]:
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()
    store.register(x509.Certificate.load(ROOT.certificate))
    der = CAMILLE.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "signing_cert": x509.Certificate.load(CAMILLE.certificate),
        "signing_key": keys.PrivateKeyInfo.load(der),
        "cert_registry": store,
    }


def _signed_again_by_pyhanko(pdf: bytes) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    metadata = signers.PdfSignatureMetadata(
        field_name="Second", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )
    return bytes(
        signers.sign_pdf(
            writer,
            metadata,
            signer=signers.SimpleSigner(**_pyhanko_signer()),
            new_field_spec=fields.SigFieldSpec("Second", on_page=1, box=(300, 100, 500, 140)),
        ).getvalue()
    )


@_legitimate()
def _pyhanko_twice() -> bytes:
    return _by_pyhanko(after=_signed_again_by_pyhanko)


@_legitimate()
def _pyhanko_twice_on_a_linearised_file() -> bytes:
    return _by_pyhanko(after=_signed_again_by_pyhanko, linear=True)


@_legitimate()
def _pyhanko_twice_on_object_streams() -> bytes:
    return _by_pyhanko(after=_signed_again_by_pyhanko, packed=True)
