"""Whoever the law gives as a representative takes the patient's place: called, signing, told; the patient is heard."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils.timezone import localdate

from telesphore.accounts import queries as accounts
from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links import queries as links
from telesphore.outbox.models import Notice
from telesphore.records import access
from telesphore.records import actions as records
from telesphore.records.actions import Somebody
from telesphore.records.models import Patient, Representation
from telesphore.records.states import Measure
from telesphore.signature.actions import close, copy, discuss, remind, sign, take
from telesphore.signature.actions.compose import Party
from telesphore.signature.actions.correct_recipient import Reach, correct_recipient
from telesphore.signature.actions.discuss import Words
from telesphore.signature.actions.review import approve
from telesphore.signature.errors import ActIsPast, EnvelopeNotFound, MustBeRepresented, NotReady
from telesphore.signature.models import Envelope, Recipient, Step
from telesphore.signature.queries.drafts import composition_of
from telesphore.signature.states import EntryKind, PartyRole, Purpose, RecipientState, StepKind
from telesphore.vault import actions as vault
from tests.cast import Cast
from tests.records.test_accounts import INES, as_representative, basis, child, last_mail, represent, visitor
from tests.signature.circuits import ODILE, by, odile_signs, sent
from tests.signature.test_steps import step, through

PATIENT = Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS)
HERS = "odile.ferrand@courriel.example"
PAUL = Somebody(family_name="Ferrand", given_name="Paul", email="paul.ferrand@courriel.example", phone="+33639980161")


def made_a_minor() -> None:
    Patient.objects.filter(birth_name="Marchetti").update(birth_date=date(2015, 1, 1))


def ines_for(cast: Cast, measure: Measure = Measure.PARENTAL_AUTHORITY) -> Actor:
    """Inès, who acts for Odile: a minor here, when a parent does."""
    if measure is Measure.PARENTAL_AUTHORITY:
        made_a_minor()
    return represent(cast, cast.odile_id, basis(measure))


def mails(cast: Cast, kind: str) -> list[str]:
    """Whom the notices of a kind went to, and what they say: the newest one's content, once for each."""
    return [last_mail(cast, kind)] * Notice.objects.filter(kind=kind).count()


def signs(actor: Actor, envelope_id: UUID) -> sign.Signed:
    """With a passkey, as representatives come to a document."""
    actor = replace(actor, acr=Acr.PASSKEY)
    return sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=actor, at=now())


def place() -> Recipient:
    return Recipient.objects.get(patient_id__isnull=False)


def test_a_minors_parent_is_called_to_their_account_and_nothing_goes_to_the_minor(cast: Cast) -> None:
    ines_for(cast)
    sent(cast, [ODILE])
    [mail] = mails(cast, "signature:invitation")
    assert INES.email in mail
    assert "/my/" in mail
    for secret in (HERS, "/l/", "Consentement", "Odile", "Ferrand Odile", "Marchetti"):
        assert secret not in mail
    link_id = place().link_id
    assert link_id is not None
    assert links.exists(organisation_id=cast.hospital, subject_id=place().envelope_id, purpose="signature:sign")


@pytest.mark.parametrize(
    "measure", [Measure.PARENTAL_AUTHORITY, Measure.GUARDIANSHIP, Measure.FAMILY_EMPOWERMENT, Measure.FUTURE_PROTECTION]
)
def test_who_is_represented_signs_nothing_and_who_represents_them_does(cast: Cast, measure: Measure) -> None:
    ines = ines_for(cast, measure)
    envelope_id = sent(cast, [ODILE])
    with pytest.raises(MustBeRepresented):
        odile_signs(cast, envelope_id)
    assert place().proof is None
    assert signs(ines, envelope_id).last
    proof = place().proof
    assert proof is not None
    assert (proof["signed_by"], proof["representation"]) == (ines.person.hex, Representation.objects.get().id.hex)


def test_a_minor_without_a_recorded_representative_signs_nothing(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    made_a_minor()
    with pytest.raises(MustBeRepresented):
        odile_signs(cast, envelope_id)


def test_a_measure_whose_representative_has_not_come_in_yet_binds_already(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    records.record_representation(patient_id=cast.odile_id, who=INES, basis=basis(), actor=cast.sylvie, at=now())
    with pytest.raises(MustBeRepresented):
        odile_signs(cast, envelope_id)
    with pytest.raises(NotReady) as refused:
        through(cast, step(StepKind.SIGN, PATIENT))
    assert [code for code, _sentence in refused.value.gaps] == ["no-representative"]


def test_a_measure_to_come_or_over_binds_nobody(cast: Cast) -> None:
    for bounds in (
        {"starts_at": now() + timedelta(days=2)},
        {"starts_at": now() - timedelta(days=9), "ends_at": now() + timedelta(hours=1)},
    ):
        row_id = records.record_representation(
            patient_id=cast.odile_id, who=INES, basis=basis(**bounds), actor=cast.sylvie, at=now()
        )
        patient, later = Patient.objects.get(id=cast.odile_id), now() + timedelta(hours=2)
        assert access.who_acts_for(patient, later) is None
        records.end_representation(representation_id=row_id, reason="x", actor=cast.sylvie, at=now())
    assert odile_signs(cast, sent(cast, [ODILE])).last


def test_who_is_assisted_signs_alone_and_who_assists_is_told_nothing(cast: Cast) -> None:
    records.record_representation(
        patient_id=cast.odile_id, who=INES, basis=basis(Measure.ASSISTANCE), actor=cast.sylvie, at=now()
    )
    envelope_id = sent(cast, [ODILE])
    [mail] = mails(cast, "signature:invitation")
    assert HERS in mail
    assert INES.email not in mail
    assert odile_signs(cast, envelope_id).last


def during(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Have something happen between the first check and the lock, while the signature is being made."""
    real = take.time_of_signature

    def hooked(*args: Any, **options: Any) -> bytes | None:
        happens()
        return real(*args, **options)

    monkeypatch.setattr(take, "time_of_signature", hooked)


def test_a_measure_recorded_while_the_patient_signs_stops_the_signature(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope_id = sent(cast, [ODILE])
    during(monkeypatch, lambda: ines_for(cast, Measure.GUARDIANSHIP))
    with pytest.raises(MustBeRepresented):
        odile_signs(cast, envelope_id)
    assert place().state == RecipientState.WAITING


def with_act_on(envelope_id: UUID, day: date) -> None:
    """The day of the act is another one from now on."""
    envelope = Envelope.objects.get(id=envelope_id)
    composition = composition_of(envelope)
    assert composition is not None
    envelope.composition_sealed = vault.seal_text(
        organisation_id=envelope.organisation_id, key_id=envelope.key_id,
        text=composition.model_copy(update={"act_on": day}).model_dump_json(),
        context=f"signature:composition:{envelope.id}",
    )  # fmt: skip
    envelope.save(update_fields=["composition_sealed"])


@pytest.mark.parametrize("days", [0, -1])
def test_a_consent_is_refused_on_the_day_of_the_act_and_after(cast: Cast, days: int) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), act_on=localdate() + timedelta(days=1))
    with_act_on(envelope_id, localdate() + timedelta(days=days))
    with pytest.raises(ActIsPast):
        odile_signs(cast, envelope_id)
    with_act_on(envelope_id, localdate() + timedelta(days=1))
    assert odile_signs(cast, envelope_id).last


def test_the_day_of_the_act_is_asked_again_under_the_lock(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), act_on=localdate() + timedelta(days=1))
    during(monkeypatch, lambda: with_act_on(envelope_id, localdate()))
    with pytest.raises(ActIsPast):
        odile_signs(cast, envelope_id)
    assert place().state == RecipientState.WAITING


def test_what_is_no_consent_is_signed_after_the_act_too(cast: Cast) -> None:
    acknowledges = Party(role=PartyRole.PATIENT, purpose=Purpose.ACKNOWLEDGES)
    envelope_id = through(cast, step(StepKind.SIGN, acknowledges), act_on=localdate())
    assert odile_signs(cast, envelope_id).last


def test_who_came_of_age_meanwhile_signs_alone_and_the_parent_no_more(cast: Cast) -> None:
    ines = ines_for(cast)
    envelope_id = sent(cast, [ODILE])
    today = localdate()
    Patient.objects.filter(id=cast.odile_id).update(birth_date=date(today.year - 18, today.month, min(today.day, 28)))
    with pytest.raises(EnvelopeNotFound):
        signs(ines, envelope_id)
    remind.remind_now(envelope_id=envelope_id, recipient_id=place().id, actor=cast.sylvie, at=now())
    reminder = last_mail(cast, "signature:reminder")
    assert HERS in reminder
    assert "/l/" in reminder
    assert odile_signs(cast, envelope_id).last


def test_one_of_two_parents_signs_and_both_are_called(cast: Cast) -> None:
    ines = ines_for(cast)
    row_id = records.record_representation(
        patient_id=cast.odile_id, who=PAUL, basis=basis(Measure.PARENTAL_AUTHORITY), actor=cast.sylvie, at=now()
    )
    paul_id = records.confirm_representation(representation_id=row_id, person_id=None, actor=visitor(cast), at=now())
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    assert len(mails(cast, "signature:invitation")) == 2
    assert not signs(as_representative(cast, paul_id, cast.odile_id), envelope_id).last
    proof = place().proof
    assert proof is not None
    assert proof["signed_by"] == paul_id.hex != ines.person.hex


def test_a_minor_is_heard_they_ask_and_refuse(cast: Cast) -> None:
    ines_for(cast)
    envelope_id = sent(cast, [ODILE])
    question = Words(body="Est-ce que ça fait mal ?", kind=EntryKind.QUESTION)
    asked = discuss.write(envelope_id=envelope_id, words=question, actor=cast.odile, at=now())
    answer = Words(body="Non.", kind=EntryKind.ANSWER, about=asked)
    discuss.write(envelope_id=envelope_id, words=answer, actor=cast.sylvie, at=now())
    mail = last_mail(cast, "signature:thread")
    assert INES.email in mail
    assert "/l/" not in mail
    close.decline(envelope_id=envelope_id, reason="", actor=cast.odile, at=now())
    assert place().state == RecipientState.DECLINED


def test_reminders_releases_and_copies_go_to_who_represents_the_patient(cast: Cast) -> None:
    ines = ines_for(cast)
    envelope_id = sent(cast, [ODILE])
    remind.remind_now(envelope_id=envelope_id, recipient_id=place().id, actor=cast.sylvie, at=now())
    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())
    other = sent(cast, [ODILE])
    signs(ines, other)
    for _ in range(2):
        copy.send_copy(envelope_id=other, actor=Actor.system(cast.hospital), at=now())
    for kind in ("signature:reminder", "signature:release", "signature:copy"):
        [mail] = mails(cast, kind)
        assert INES.email in mail, kind
        assert HERS not in mail, kind
        assert "/l/" not in mail, kind


def test_when_nobody_can_act_for_the_patient_any_more_the_sender_is_told_and_nobody_else(cast: Cast) -> None:
    ines_for(cast)
    envelope_id = sent(cast, [ODILE])
    row = Representation.objects.get()
    records.end_representation(representation_id=row.id, reason="x", actor=cast.sylvie, at=now())
    remind.remind_due(actor=Actor.system(), at=now() + timedelta(days=4))
    assert not Notice.objects.filter(kind="signature:reminder").exists()
    mail = last_mail(cast, "signature:unrepresented")
    assert accounts.person_card(cast.sylvie.person).email in mail
    assert f"/book/{envelope_id}/" in mail


def test_a_represented_patients_address_is_not_corrected_to_call_them(cast: Cast) -> None:
    ines_for(cast)
    envelope_id = sent(cast, [ODILE])
    reach = Reach("enfant@courriel.example", "+33639980199")
    with pytest.raises(MustBeRepresented):
        correct_recipient(envelope_id=envelope_id, recipient_id=place().id, reach=reach, actor=cast.sylvie, at=now())
    assert Patient.objects.get(id=cast.odile_id).email == HERS


def test_no_tablet_is_planned_for_who_is_represented(cast: Cast) -> None:
    ines_for(cast)
    with pytest.raises(NotReady) as refused:
        through(cast, step(StepKind.SIGN, PATIENT.model_copy(update={"at_bedside": True})))
    assert [code for code, _sentence in refused.value.gaps] == ["no-tablet-for-represented"]


def test_a_minor_approves_nothing_either(cast: Cast) -> None:
    ines_for(cast)
    envelope_id = through(cast, step(StepKind.SIGN, Party(role=PartyRole.PATIENT, purpose=Purpose.ACKNOWLEDGES)))
    # No circuit asks a patient to review: as one of before that was refused.
    Step.objects.filter(envelope_id=envelope_id).update(kind=StepKind.REVIEW)
    with pytest.raises(MustBeRepresented):
        approve(envelope_id=envelope_id, comment="", actor=cast.odile, at=now())


def test_a_child_of_another_patients_parent_stays_unrepresented(cast: Cast) -> None:
    ines_for(cast)
    leo = Patient.objects.get(id=child(cast))
    assert access.who_acts_for(leo, now()) == ()
    assert access.who_acts_for(Patient.objects.get(id=cast.ibrahim_id), now()) is None
