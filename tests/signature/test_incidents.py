"""What went wrong in other products, and users asked of them: each is shown not to happen here.

Those that a test elsewhere shows are named in `SHOWN_BY`; the others are below.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.outbox.models import Notice
from telesphore.records import actions as records
from telesphore.signature import queries
from telesphore.signature.actions import copy, remind, send, sign, view
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Envelope, Recipient, Revision
from telesphore.signature.states import EnvelopeState, StepKind
from tests.cast import Cast
from tests.entering import as_person
from tests.papers import blank
from tests.records.test_accounts import last_mail
from tests.signature.circuits import ODILE, by, doctor_signs, odile_signs, sent, token_of
from tests.signature.test_steps import PATIENT, asks, step, through

TESTS = Path(__file__).parent.parent
SHOWN_BY = {
    "a link sent again to the sender themself": (
        "signature/test_recall.py", "test_an_address_is_corrected_by_the_sender_alone_and_never_to_their_own",
    ),
    "another's document by its id": ("signature/test_journey.py", "test_others_cannot_tell_that_it_exists"),
    "what is drawn on a layer that only some readers show": (
        "records/test_intake.py", "test_a_document_with_a_hidden_layer_is_refused",
    ),
    "a sealing that is stuck, unseen, and never tried again": (
        "signature/test_steps.py", "test_a_seal_that_fails_says_why_and_loses_nothing",
    ),
    "sealed twice by a job that ran twice": (
        "signature/test_races.py", "test_a_document_is_sealed_once_by_two_workers",
    ),
    "completed before it is sealed": (
        "signature/test_steps.py", "test_sender_and_watchers_are_told_once_when_it_is_completed_and_not_before",
    ),
    "an order of signing that a template loses": (
        "signature/test_templates.py", "test_the_order_of_signing_survives_the_template",
    ),
    "a file written anew, which breaks the signatures before": (
        "signature/test_signed_file.py", "test_patient_doctor_and_organisation_sign_and_each_signature_holds",
    ),
    "no place to sign, found out by the signer": (
        "signature/test_send.py", "test_what_can_not_be_sent_is_refused_and_nothing_is_sent",
    ),
    "a reminder whose link is dead": (
        "signature/test_reminders.py",
        "test_a_patient_s_reminder_carries_a_link_that_works_and_the_old_one_dies_with_its_visit",
    ),
    "a sender who can not withdraw": (
        "signature/test_journey.py", "test_what_is_withdrawn_is_signed_by_nobody_and_its_link_is_revoked",
    ),
    "evidence without addresses and times": (
        "signature/test_evidence.py", "test_the_page_says_who_signed_how_and_what",
    ),
    "a delegate whose signature hides in whose place it is": (
        "signature/test_delegation.py", "test_a_delegate_signs_and_both_names_are_in_proof_trail_and_file",
    ),
    "a signer who can not use their own certificate": (
        "signature/test_prepared.py", "test_a_card_is_told_what_it_signs_and_its_answer_completes_the_circuit",
    ),
    "a notice that does not say who is late": ("browser/test_book.py", "test_the_sender_sees_who_is_late"),
    "a page to sign that does not say what the law says": (
        "web/test_patient_pages.py", "test_what_the_law_says_is_one_step_from_the_signature_and_leads_nowhere_else",
    ),
    "a reader who begins again at the first page": (
        "signature/test_guests.py", "test_reading_goes_on_where_it_stopped_on_another_phone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("incident", SHOWN_BY)
def test_what_shows_that_an_incident_does_not_happen_here_is_in_the_suite(incident: str) -> None:
    file, name = SHOWN_BY[incident]
    assert f"\ndef {name}(" in (TESTS / file).read_text()


def test_nothing_that_the_sender_is_shown_holds_a_recipients_token(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.SIGN, asks(cast.lebrun)))
    awaited = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id)
    remind.remind_now(envelope_id=envelope_id, recipient_id=awaited.id, actor=cast.sylvie, at=now())
    tokens = [
        re.search(r"https?://\S+/([A-Za-z0-9_-]{20,})", last_mail(cast, kind))
        for kind in ("signature:invitation", "signature:reminder")
    ]
    seen = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now())
    page = as_person(cast.sylvie.person_id).get(f"/book/{envelope_id}/")
    assert page.status_code == 200
    trail = str(list(Event.objects.filter(subject_id=envelope_id).values()))
    lists = str(queries.sent(actor=cast.sylvie, at=now()))
    for found in tokens:
        assert found is not None
        token = found[1]
        assert not any(token in text for text in (str(seen), page.content.decode(), trail, lists))
    assert not Notice.objects.filter(about=awaited.id, sealed=None).exists()


def test_a_half_signed_copy_is_handed_out_to_nobody(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    odile_signs(cast, envelope_id)
    for act in (
        lambda: copy.open_copy(envelope_id=envelope_id, actor=cast.odile, at=now()),
        lambda: copy.print_copy(envelope_id=envelope_id, language="fr", actor=cast.odile, at=now()),
    ):
        with pytest.raises(EnvelopeNotFound):
            act()
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    # Signed by all, and not sealed yet: not a copy either.
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.SEALING
    with pytest.raises(EnvelopeNotFound):
        copy.open_copy(envelope_id=envelope_id, actor=cast.odile, at=now())


def test_the_original_is_there_before_and_after_signing_byte_by_byte(cast: Cast) -> None:
    content = blank(2)
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Note", type_code="11488-4", class_code="11", content=content,
        actor=cast.sylvie, at=now(),
    )  # fmt: skip

    def original() -> bytes:
        return records.open_document(
            document_id=deposited.document_id, purpose="HOPERAT", actor=cast.lebrun, at=now()
        ).pdf

    before = original()
    envelope_id = send.send(document_id=deposited.document_id, steps=[[ODILE]], actor=cast.sylvie, at=now())
    shown = view.view(envelope_id=envelope_id, actor=cast.odile, at=now())
    odile_signs(cast, envelope_id)
    signed = view.view(envelope_id=envelope_id, actor=cast.odile, at=now())
    assert original() == before
    # What she read is in what she signed, as it was.
    assert signed.pdf.startswith(shown.pdf)
    assert signed.revision == shown.revision + 1


def test_a_document_of_150_pages_is_read_and_signed_as_one_of_two(cast: Cast) -> None:
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Dossier", type_code="11488-4", class_code="11", content=blank(150),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    envelope_id = send.send(document_id=deposited.document_id, steps=[[ODILE]], actor=cast.sylvie, at=now())
    assert Envelope.objects.get(id=envelope_id).pages == 150
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=150, drawing=None, actor=cast.odile, at=now())
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.SEALING
    assert Revision.objects.filter(envelope_id=envelope_id).count() == 2


def test_the_address_and_the_instant_of_a_signature_are_in_its_proof_and_in_the_trail(cast: Cast) -> None:
    envelope_id, at = sent(cast, [ODILE]), now()
    odile = replace(cast.odile, source_address="192.0.2.14", client="Firefox")
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=odile, at=at)
    row = Recipient.objects.get(envelope_id=envelope_id)
    assert row.proof is not None
    assert (row.signed_at, row.proof["source_address"], row.proof["client"]) == (at, "192.0.2.14", "Firefox")
    event = Event.objects.get(action="signature:recipient:sign", subject_id=envelope_id)
    assert (event.at, event.source_address) == (at, "192.0.2.14")
