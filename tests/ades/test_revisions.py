"""What is said of changes after a signature: by the difference policy alone."""

import time
from contextlib import suppress
from dataclasses import replace

import pytest

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.fields import SignatureField, add_fields
from telesphore.ades.lasting import add_validation_data
from telesphore.ades.pdf.reader import Document
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import ChangeKind, Conclusion, conclude
from telesphore.ades.verdict.revisions import examine
from telesphore.ades.verdict.trust import Evidence
from telesphore.kernel.clock import now
from tests.ades.attacks import (
    ATTACKS,
    CAMILLE,
    CLOCK,
    LEBRUN,
    LEGITIMATE,
    Case,
    approved,
    certified,
    filled,
    with_validation_data,
)
from tests.ades.drafts import (
    ANNOTS,
    CATALOG,
    DOCTOR,
    FORM,
    PAGE_1,
    PATIENT,
    RESERVED,
    TEXT_1,
    draft,
    fill_in,
    prescription,
    stream,
    widget,
    words,
)
from tests.ades.pdf.shapes import THIRD_PARTY
from tests.ades.test_third_parties import LEBRUN as LEBRUN_THERE
from tests.ades.test_third_parties import ODILE, sign
from tests.ades.test_third_parties import ROOT as AUTHORITY

BY_POLICY = [case for case in ATTACKS if case.by == "policy"]


@pytest.mark.parametrize("case", BY_POLICY, ids=str)
def test_an_attack_is_named(case: Case) -> None:
    examined = examine(Document(case.make()), {"Patient": "Camille Durand"})
    conclusion, findings = conclude(examined.findings)
    assert conclusion in case.conclusions, findings
    assert case.reasons & {one.reason for one in findings}, findings
    for finding in findings:
        assert str(finding)


@pytest.mark.parametrize("case", LEGITIMATE, ids=str)
def test_what_may_follow_a_signature_gets_no_worse_than_a_warning(case: Case) -> None:
    examined = examine(Document(case.make()))
    conclusion, findings = conclude(examined.findings)
    assert conclusion in (Conclusion.VALID, Conclusion.WARNING), findings
    assert not case.reasons or case.reasons & {one.reason for one in findings}, findings
    assert all(change.allowed for revision in examined.revisions for change in revision.changes)


@pytest.mark.parametrize("case", [case for case in ATTACKS if case.by != "policy"], ids=str)
def test_what_others_catch_is_read_or_refused_and_nothing_else(case: Case) -> None:
    with suppress(UnreadableFile):
        examine(Document(case.make()))


def test_each_revision_says_what_it_did() -> None:
    base = filled(certified(2)).sign(DOCTOR, LEBRUN)
    file = with_validation_data(base).stamp(CLOCK)
    revisions = examine(Document(file.pdf)).revisions
    assert [[change.kind for change in revision.changes] for revision in revisions] == [
        [],
        [],
        [ChangeKind.FORM_FILLED],
        [ChangeKind.SIGNATURE],
        [ChangeKind.METADATA, ChangeKind.VALIDATION_DATA],
        [ChangeKind.TIMESTAMP],
    ]
    assert [revision.signed_by for revision in revisions][:4] == ["", "Patient", "", "Doctor"]
    assert revisions[5].signed_by.startswith("Timestamp")
    assert revisions[-1].end == len(file.pdf)


def test_the_name_of_who_signed_is_in_the_findings() -> None:
    changed = approved().update({TEXT_1: stream(words("Levothyrox 200"))})
    (finding,) = examine(Document(changed.pdf), {"Patient": "Camille Durand"}).findings
    assert finding.reason is Reason.PAGE_CHANGED
    assert "Camille Durand" in str(finding)
    assert "page 1" in str(finding)


def test_every_signature_before_a_change_has_its_say() -> None:
    # The second signer locks what the first let free.
    base = certified(2).sign(DOCTOR, LEBRUN, lock=b"/Action /All")
    findings = examine(Document(filled(base).pdf), {"Doctor": "Anne Lebrun"}).findings
    assert [(one.reason, one.details["signer"]) for one in findings] == [(Reason.FORM_FILLED_AGAINST, "Anne Lebrun")]


def test_places_tell_what_was_agreed_from_what_came_later() -> None:
    base = approved()
    new = base.next
    added = base.sign(
        new,
        LEBRUN,
        more={
            new: widget("Third", "Sig", PAGE_1, (300, 100, 500, 140)),
            **base.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % new),
            **base.change(ANNOTS, b"]", b" %d 0 R]" % new),
        },
    )
    places = examine(Document(added.sign(DOCTOR, LEBRUN).pdf)).places
    assert [(place.page, place.box, place.agreed) for place in places] == [
        (1, (300.0, 100.0, 500.0, 140.0), False),
        (2, (72.0, 100.0, 272.0, 140.0), True),
    ]


def test_nothing_of_an_unsigned_file_is_judged() -> None:
    base = draft()
    examined = examine(Document(base.update({TEXT_1: stream(words("Another text"))}).pdf))
    assert examined.findings == ()
    assert examined.signed_end is None


def test_a_tampered_file_that_is_signed_again_stays_tampered() -> None:
    changed = certified(2).update({TEXT_1: stream(words("Levothyrox 200"))})
    findings = examine(Document(changed.sign(DOCTOR, LEBRUN).pdf)).findings
    assert any(one.reason is Reason.PAGE_CHANGED for one in findings)


def thirty() -> bytes:
    """Thirty people sign one after another."""
    objects = prescription()
    places = list(range(17, 47))
    for number in places:
        objects[number] = widget(f"S{number}", "Sig", PAGE_1, (72, 100, 272, 140))
    listed = b" ".join(b"%d 0 R" % number for number in places)
    objects[FORM] = objects[FORM].replace(b"/Fields [", b"/Fields [%s " % listed)
    objects[ANNOTS] = objects[ANNOTS].replace(b"]", b" %s]" % listed)
    file = draft(objects).sign(PATIENT, CAMILLE, certify=2)
    for number in places[1:]:
        file = file.sign(number, LEBRUN)
    return file.pdf


def test_the_cost_grows_with_the_changes_and_not_faster() -> None:
    content = thirty()
    spent = []
    for _ in range(3):
        begun = time.process_time()
        examined = examine(Document(content))
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.2  # Ten times what it takes: not a benchmark.
    assert len(examined.revisions) == 31
    assert examined.findings == ()


def test_an_object_that_was_free_is_not_an_object_in_a_stream_at_the_same_place() -> None:
    base = approved()
    freed = base.update({16: None})
    again = replace(freed, objects={**freed.objects})
    examined = examine(Document(again.update({16: stream(b"q Q")}).pdf))
    assert examined.findings == ()


def test_what_changed_in_an_encrypted_file_is_not_called_forged() -> None:
    encryption = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"00" * 32, b"11" * 32)
    number = 17
    base = draft(prescription() | {number: encryption})
    extra = b"/Encrypt %d 0 R /ID [<00> <00>]" % number
    signed = fill_in(
        base.update(
            {
                30: b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 %s]"
                b" /Contents <%s> >>" % (b" " * 40, b"0" * RESERVED),
                **base.add(PATIENT, b"/V 30 0 R"),
            },
            trailer=extra,
        ),
        lambda _content: b"",
    )
    changed = signed.update(signed.add(CATALOG, b"/Lang (fr)"), trailer=extra)
    assert [one.reason for one in examine(Document(changed.pdf)).findings] == [Reason.ENCRYPTED_FILE]
    bare = signed.update(signed.add(CATALOG, b"/Lang (fr)"))
    assert Reason.ENCRYPTED_LATER in [one.reason for one in examine(Document(bare.pdf)).findings]


@pytest.mark.parametrize("shape", THIRD_PARTY)
def test_what_we_sign_ourselves_is_explained_in_files_of_every_shape(shape: str) -> None:
    original = THIRD_PARTY[shape]
    places = [SignatureField("First", 0, (36, 36, 290, 100)), SignatureField("Second", 0, None)]
    ours = sign(sign(add_fields(original, places), "First", ODILE, certify=True), "Second", LEBRUN_THERE)
    examined = examine(Document(ours))
    assert examined.findings == ()
    assert [one.kind for one in examined.revisions[-1].changes] == [ChangeKind.SIGNATURE]
    kept = add_validation_data(ours, Evidence(certificates=[AUTHORITY.certificate], crls=[AUTHORITY.crl(at=now())]))
    assert [one.reason for one in examine(Document(kept)).findings] == [Reason.ENDS_UNSIGNED]


def test_a_signed_file_kept_inside_another_is_not_its_signature() -> None:
    base = draft().update({16: stream(approved().pdf)})
    edited = base.update({TEXT_1: stream(words("Written before anyone signed"))})
    signed = edited.sign(PATIENT, CAMILLE)
    examined = examine(Document(signed.sign(DOCTOR, LEBRUN).pdf), {"Patient": "Camille Durand"})
    assert examined.findings == ()
    assert [one.signed_by for one in examined.revisions] == ["", "", "", "Patient", "Doctor"]
    assert examined.signed_end == len(signed.pdf)


def test_a_signature_whose_names_are_written_oddly_is_one_all_the_same() -> None:
    base = draft()
    place = base.add(PATIENT, b"/V 20 0 R")
    signed = base.update({20: b"<< /Type /Sig /Byte#52ange [0 1 2 3] /Contents <00> >>", **place})
    changed = signed.update({TEXT_1: stream(words("Levothyrox 200"))})
    assert Reason.PAGE_CHANGED in [one.reason for one in examine(Document(changed.pdf)).findings]


def test_a_long_way_from_a_page_is_no_way_round_it() -> None:
    # Near to the structure tree, which may change, and far from the page that shows it too.
    objects = prescription() | {
        number: b"<< /Next %d 0 R >>" % (number + 1) for number in range(100, 10_200)
    }  # fmt: skip
    objects |= {
        10_200: b"<< /What 10201 0 R >>",
        10_201: b"<< /Shown true >>",
        17: b"<< /Type /StructTreeRoot /K [10200 0 R] >>",
        PAGE_1: objects[PAGE_1].replace(b"/Annots", b"/PieceInfo 100 0 R /Annots"),
        CATALOG: objects[CATALOG].replace(b"/Metadata", b"/StructTreeRoot 17 0 R /Metadata"),
    }
    changed = draft(objects).sign(PATIENT, CAMILLE).update({10_201: b"<< /Shown false >>"})
    assert [one.reason for one in examine(Document(changed.pdf)).findings] == [Reason.FORBIDDEN_CHANGE]
