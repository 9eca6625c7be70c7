"""Patients come to their record by an account, and representatives for them: invited, confirmed, bounded, ended."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Membership, Person
from telesphore.accounts.states import Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.links import actions as links
from telesphore.links.errors import LinkExpired, LinkRevoked, LinkUsedUp
from telesphore.outbox.models import Notice
from telesphore.records import access, queries
from telesphore.records import actions as records
from telesphore.records.actions import Basis, Identity, Somebody, Why
from telesphore.records.errors import (
    AccessNotFound,
    AlreadyInvited,
    AlreadyReported,
    AnothersInvitation,
    DocumentNotFound,
    EndsBeforeItStarts,
    InvitationNotFound,
    NotAMinor,
    NoWayToInvite,
    RecordNotFound,
    RepresentationNotFound,
)
from telesphore.records.models import Patient, PatientAccount, Representation
from telesphore.records.states import Measure
from telesphore.vault import queries as vault
from tests.cast import Cast
from tests.papers import one_page

PARIS = ZoneInfo("Europe/Paris")
INES = Somebody(family_name="Ferrand", given_name="Inès", email="ines.ferrand@courriel.example", phone="+33639980160")


def basis(measure: Measure = Measure.GUARDIANSHIP, **others: object) -> Basis:
    """A measure that began yesterday, on evidence."""
    known = {"starts_at": now() - timedelta(days=1), "ends_at": None, "evidence": "Jugement du 3 mars 2026"}
    return Basis(measure=measure, **{**known, **others})  # type: ignore[arg-type]  # Each is named by its test.


def last_mail(cast: Cast, kind: str = "records:invitation") -> str:
    """The newest e-mail of a kind."""
    notice = Notice.objects.filter(organisation_id=cast.hospital, kind=kind).latest("id")
    assert notice.sealed is not None
    return vault.unseal_text(
        organisation_id=cast.hospital, key_id=vault.organisation_keyset(cast.hospital), sealed=bytes(notice.sealed),
        context=f"outbox:notice:{notice.id}",
    )  # fmt: skip


def last_token(cast: Cast) -> str:
    found = re.search(r"/l/([A-Za-z0-9_-]{43})", last_mail(cast))
    assert found
    return found[1]


def child(cast: Cast, birth_date: date = date(2015, 6, 1)) -> UUID:
    """A child of whose care team Sylvie is."""
    return records.register_patient(
        identity=Identity(birth_name="Ferrand", given_names="Léo", birth_date=birth_date, sex="M"),
        email="", phone="", language="fr", actor=cast.sylvie, at=now(),
    )  # fmt: skip


def represent(cast: Cast, patient_id: UUID, given: Basis | None = None) -> Actor:
    """Inès, once she has followed her invitation to act for this patient."""
    row_id = records.record_representation(
        patient_id=patient_id, who=INES, basis=given or basis(), actor=cast.sylvie, at=now()
    )
    known = Person.objects.filter(email=INES.email).values_list("id", flat=True).first()
    person_id = records.confirm_representation(representation_id=row_id, person_id=known, actor=visitor(cast), at=now())
    return as_representative(cast, person_id, patient_id)


def visitor(cast: Cast) -> Actor:
    return Actor(kind=ActorKind.NOBODY, organisation_id=cast.hospital, means="link+code")


def as_representative(cast: Cast, person_id: UUID, patient_id: UUID) -> Actor:
    return Actor(
        kind=ActorKind.REPRESENTATIVE, organisation_id=cast.hospital, person_id=person_id, on_behalf_of=patient_id,
        means="passkey",
    )  # fmt: skip


def opens(actor: Actor, patient_id: UUID, at: datetime) -> bool:
    try:
        records.open_record(patient_id=patient_id, purpose="PATRQT", actor=actor, at=at)
    except RecordNotFound:
        return False
    return True


# The patient's own account


def test_an_invited_patient_gets_an_account_that_leads_to_their_record_and_to_no_role(cast: Cast) -> None:
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    person_id = records.confirm_account(account_id=account_id, person_id=None, actor=cast.odile, at=now())
    person = Person.objects.get(id=person_id)
    assert (person.email, person.has_usable_password()) == ("odile.ferrand@courriel.example", False)
    assert not Membership.objects.filter(person_id=person_id).exists()
    (entrance,) = queries.entrances(person_id=person_id, at=now())
    assert (entrance.kind, entrance.patient.patient_id) == (ActorKind.PATIENT, cast.odile_id)
    event = Event.objects.get(action="records:account:confirm")
    assert (event.ground, event.detail["account"]) == ("own-record", str(person_id))


def test_an_invitation_names_nobody_and_says_nothing_of_care(cast: Cast) -> None:
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    text = last_mail(cast).lower()
    for word in ("odile", "ferrand", "marchetti", "dossier", "patient", "soin", "document"):
        assert word not in text.replace("odile.ferrand@courriel.example", ""), word


def test_an_invitation_sent_again_makes_the_first_link_worth_nothing(cast: Cast) -> None:
    first_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    first = last_token(cast)
    assert records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now()) == first_id
    with pytest.raises(LinkRevoked):
        links.open_landing(token=first, actor=visitor(cast), at=now())
    assert links.open_landing(token=last_token(cast), actor=visitor(cast), at=now()).purpose == records.LINK_TO_ACCOUNT


def test_an_invitation_serves_once(cast: Cast) -> None:
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    person_id = records.confirm_account(account_id=account_id, person_id=None, actor=cast.odile, at=now())
    with pytest.raises(LinkUsedUp):
        records.confirm_account(account_id=account_id, person_id=person_id, actor=cast.odile, at=now())
    with pytest.raises(LinkUsedUp):
        links.open_landing(token=last_token(cast), actor=visitor(cast), at=now())


def test_an_expired_invitation_binds_nothing(cast: Cast) -> None:
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    with pytest.raises(LinkExpired):
        records.confirm_account(account_id=account_id, person_id=None, actor=cast.odile, at=now() + timedelta(days=14))


def test_who_has_no_other_way_in_comes_back_by_a_new_link(cast: Cast) -> None:
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    person_id = records.confirm_account(account_id=account_id, person_id=None, actor=cast.odile, at=now())
    # The address in the record may change: the account keeps its own.
    Patient.objects.filter(id=cast.odile_id).update(email="somebody.else@courriel.example")
    assert records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now()) == account_id
    assert "odile.ferrand@courriel.example" in last_mail(cast)
    with pytest.raises(AnothersInvitation):
        records.confirm_account(account_id=account_id, person_id=None, actor=cast.odile, at=now())
    assert records.confirm_account(account_id=account_id, person_id=person_id, actor=cast.odile, at=now()) == person_id


def test_an_invitation_is_not_anothers_to_confirm(cast: Cast) -> None:
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    with pytest.raises(InvitationNotFound):
        records.confirm_account(account_id=account_id, person_id=None, actor=cast.ibrahim, at=now())
    with pytest.raises(AnothersInvitation):
        records.confirm_account(account_id=account_id, person_id=cast.lebrun.person_id, actor=cast.odile, at=now())


def test_an_address_that_has_an_account_must_prove_it(cast: Cast) -> None:
    # Link and code alone would otherwise open the account of a professional who is a patient too.
    Patient.objects.filter(id=cast.odile_id).update(email="Anne.Lebrun@montfaucy.example")
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    with pytest.raises(AnothersInvitation):
        records.confirm_account(account_id=account_id, person_id=None, actor=cast.odile, at=now())
    person_id = records.confirm_account(
        account_id=account_id, person_id=cast.lebrun.person_id, actor=cast.odile, at=now()
    )
    assert person_id == cast.lebrun.person_id


@pytest.mark.parametrize("who", ["ricaud", "cherif", "odile"])
def test_only_the_care_team_invites_ends_and_records(cast: Cast, who: str) -> None:
    actor = getattr(cast, who)
    with pytest.raises(RecordNotFound):
        records.invite_patient(patient_id=cast.odile_id, actor=actor, at=now())
    with pytest.raises(RecordNotFound):
        records.end_account(patient_id=cast.odile_id, actor=actor, at=now())
    with pytest.raises(RecordNotFound):
        records.record_representation(patient_id=cast.odile_id, who=INES, basis=basis(), actor=actor, at=now())


def test_without_address_or_phone_nobody_is_invited(cast: Cast) -> None:
    Patient.objects.filter(id=cast.odile_id).update(phone="")
    with pytest.raises(NoWayToInvite):
        records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())


def test_an_ended_account_leads_nowhere_and_another_can_be_invited(cast: Cast) -> None:
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    person_id = records.confirm_account(account_id=account_id, person_id=None, actor=cast.odile, at=now())
    records.end_account(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    assert queries.entrances(person_id=person_id, at=now()) == []
    assert records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now()) != account_id


def test_one_person_has_one_account_and_a_record_in_each_organisation(cast: Cast) -> None:
    cherif = cast.cherif
    there = records.register_patient(
        identity=Identity(birth_name="Marchetti", given_names="Odile", birth_date=date(1951, 11, 7), sex="F"),
        email="odile.ferrand@courriel.example", phone="+33639980147", language="fr", actor=cherif, at=now(),
    )  # fmt: skip
    here_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    there_id = records.invite_patient(patient_id=there, actor=cherif, at=now())
    person_id = records.confirm_account(account_id=here_id, person_id=None, actor=cast.odile, at=now())
    odile_there = replace(cast.odile, organisation_id=cast.elsewhere, person_id=there)
    assert records.confirm_account(account_id=there_id, person_id=person_id, actor=odile_there, at=now()) == person_id
    found = queries.entrances(person_id=person_id, at=now())
    assert {one.organisation.organisation_id for one in found} == {cast.hospital, cast.elsewhere}
    # Each record is open in its own organisation only.
    assert opens(cast.odile, cast.odile_id, now())
    assert not opens(cast.odile, there, now())
    assert not opens(replace(cast.odile, organisation_id=cast.elsewhere), cast.odile_id, now())


def test_the_database_keeps_one_live_account_per_patient(cast: Cast) -> None:
    account_id = records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    row = PatientAccount.objects.get(id=account_id)
    with pytest.raises(IntegrityError, match="patient_account_is_one_at_a_time"), transaction.atomic():
        PatientAccount.objects.create(
            organisation_id=row.organisation_id, patient_id=row.patient_id, email="other@courriel.example",
            link_id=uuid7(), invited_by=row.invited_by, invited_at=now(),
        )  # fmt: skip


# Who acts for a patient


def test_a_representative_opens_the_record_on_a_ground_that_the_trail_keeps(cast: Cast) -> None:
    leo = child(cast)
    ines = represent(cast, leo, basis(Measure.PARENTAL_AUTHORITY))
    assert opens(ines, leo, now())
    event = Event.objects.filter(action="records:record:open", patient_id=leo).latest("id")
    assert (event.ground, event.actor_kind) == ("representative", "representative")
    assert (event.person_id, event.on_behalf_of) == (ines.person_id, leo)


def test_a_representative_reads_the_documents_of_whom_they_represent_and_no_other(cast: Cast) -> None:
    leo = child(cast)
    ines = represent(cast, leo, basis(Measure.PARENTAL_AUTHORITY))
    his, hers = (
        records.deposit(
            patient_id=patient_id, title="Ordonnance", type_code="57833-6", class_code="42", content=one_page(),
            actor=cast.sylvie, at=now(),
        ).document_id
        for patient_id in (leo, cast.odile_id)
    )  # fmt: skip
    assert records.open_document(document_id=his, purpose="PATRQT", actor=ines, at=now()).pdf
    for another in (ines, replace(ines, on_behalf_of=cast.odile_id), replace(ines, organisation_id=cast.elsewhere)):
        with pytest.raises(DocumentNotFound):
            records.open_document(document_id=hers, purpose="PATRQT", actor=another, at=now())


def test_a_representation_holds_between_its_two_instants_only(cast: Cast) -> None:
    start, end = now() + timedelta(days=1), now() + timedelta(days=30)
    ines = represent(cast, cast.odile_id, basis(starts_at=start, ends_at=end))
    moment = timedelta(microseconds=1)
    assert [opens(ines, cast.odile_id, at) for at in (start - moment, start, end - moment, end)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("measure", [Measure.PARENTAL_AUTHORITY, Measure.GUARDIANSHIP])
def test_a_minors_representation_is_over_at_the_eighteenth_birthday(cast: Cast, measure: Measure) -> None:
    leo = child(cast, date(2010, 6, 1))
    ines = represent(cast, leo, basis(measure, ends_at=datetime(2040, 1, 1, tzinfo=UTC)))
    birthday = datetime(2028, 6, 1, tzinfo=PARIS)
    assert Representation.objects.get(patient_id=leo).ends_at == birthday
    assert opens(ines, leo, birthday - timedelta(seconds=1))
    assert not opens(ines, leo, birthday)


def test_a_mended_birth_date_ends_a_minors_representation_at_once(cast: Cast) -> None:
    leo = child(cast, date(2010, 6, 1))
    ines = represent(cast, leo, basis(Measure.PARENTAL_AUTHORITY))
    Patient.objects.filter(id=leo).update(birth_date=date(2000, 6, 1))
    # It began, as the record now says, when he was of age: parental authority never was.
    assert not opens(ines, leo, now())


def test_who_was_born_on_a_leap_day_comes_of_age_on_the_first_of_march() -> None:
    assert access.majority(date(2008, 2, 29)) == datetime(2026, 3, 1, tzinfo=PARIS)
    assert access.majority(date(2010, 6, 1)) == datetime(2028, 6, 1, tzinfo=PARIS)


def test_nobody_has_parental_authority_over_an_adult(cast: Cast) -> None:
    with pytest.raises(NotAMinor):
        represent(cast, cast.odile_id, basis(Measure.PARENTAL_AUTHORITY))


def test_parental_authority_without_an_end_is_refused_by_the_database(cast: Cast) -> None:
    leo = child(cast)
    represent(cast, leo, basis(Measure.PARENTAL_AUTHORITY))
    with pytest.raises(IntegrityError, match="representation_of_a_parent_has_an_end"), transaction.atomic():
        Representation.objects.filter(patient_id=leo).update(ends_at=None)


def test_who_assists_is_recorded_and_opens_nothing(cast: Cast) -> None:
    row_id = records.record_representation(
        patient_id=cast.odile_id, who=INES, basis=basis(Measure.ASSISTANCE), actor=cast.sylvie, at=now()
    )
    assert not Notice.objects.filter(kind="records:invitation").exists()
    with pytest.raises(InvitationNotFound):
        records.confirm_representation(representation_id=row_id, person_id=None, actor=visitor(cast), at=now())
    # Even a row that somebody confirmed by hand gives nothing.
    Representation.objects.filter(id=row_id).update(person_id=cast.ricaud.person_id, confirmed_at=now())
    assert cast.ricaud.person_id is not None
    assert not opens(as_representative(cast, cast.ricaud.person_id, cast.odile_id), cast.odile_id, now())
    decision = access.decide(actor=cast.sylvie, patient_id=cast.odile_id, at=now())
    assert [line.standing for line in queries.representations(decision=decision, at=now())] == ["assists"]


def test_an_unconfirmed_representation_opens_nothing(cast: Cast) -> None:
    records.record_representation(patient_id=cast.odile_id, who=INES, basis=basis(), actor=cast.sylvie, at=now())
    assert not opens(as_representative(cast, uuid7(), cast.odile_id), cast.odile_id, now())


def test_an_ended_representation_is_closed_at_the_next_request(cast: Cast) -> None:
    ines = represent(cast, cast.odile_id)
    assert opens(ines, cast.odile_id, now())
    (row,) = Representation.objects.all()
    records.end_representation(representation_id=row.id, reason="Mainlevée", actor=cast.sylvie, at=now())
    assert not opens(ines, cast.odile_id, now())
    assert queries.entrances(person_id=ines.person, at=now()) == []
    with pytest.raises(RepresentationNotFound):
        records.end_representation(representation_id=row.id, reason="", actor=cast.sylvie, at=now())


@pytest.mark.parametrize("who", ["ricaud", "cherif"])
def test_a_stranger_can_not_tell_a_representation_from_none(cast: Cast, who: str) -> None:
    represent(cast, cast.odile_id)
    (row,) = Representation.objects.all()
    for some_id in (row.id, uuid7()):
        with pytest.raises(RepresentationNotFound):
            records.end_representation(representation_id=some_id, reason="", actor=getattr(cast, who), at=now())
        with pytest.raises(RepresentationNotFound):
            records.invite_representative_again(representation_id=some_id, actor=getattr(cast, who), at=now())


def test_a_representative_is_no_member_of_the_care_team(cast: Cast) -> None:
    ines = represent(cast, cast.odile_id)
    with pytest.raises(RecordNotFound):
        records.record_representation(
            patient_id=cast.odile_id, who=replace(INES, email="x@courriel.example"), basis=basis(), actor=ines, at=now()
        )


def test_a_representation_sent_again_makes_the_first_link_worth_nothing(cast: Cast) -> None:
    row_id = records.record_representation(
        patient_id=cast.odile_id, who=INES, basis=basis(), actor=cast.sylvie, at=now()
    )
    first = last_token(cast)
    records.invite_representative_again(representation_id=row_id, actor=cast.sylvie, at=now())
    with pytest.raises(LinkRevoked):
        links.open_landing(token=first, actor=visitor(cast), at=now())
    assert last_token(cast) != first


def test_one_address_acts_once_at_a_time_and_again_after_the_end(cast: Cast) -> None:
    day = timedelta(days=1)
    records.record_representation(
        patient_id=cast.odile_id, who=INES, basis=basis(ends_at=now() + day), actor=cast.sylvie, at=now()
    )
    with pytest.raises(AlreadyInvited):
        records.record_representation(patient_id=cast.odile_id, who=INES, basis=basis(), actor=cast.sylvie, at=now())
    records.record_representation(
        patient_id=cast.odile_id, who=INES, basis=basis(), actor=cast.sylvie, at=now() + 2 * day
    )


def test_an_end_before_the_beginning_is_refused(cast: Cast) -> None:
    with pytest.raises(EndsBeforeItStarts):
        represent(cast, cast.odile_id, basis(ends_at=now() - timedelta(days=2)))


def test_evidence_is_a_document_of_the_same_record(cast: Cast) -> None:
    leo = child(cast)
    hers = records.deposit(
        patient_id=cast.odile_id, title="Jugement", type_code="59284-0", class_code="52", content=one_page(),
        actor=cast.sylvie, at=now(),
    ).document_id  # fmt: skip
    with pytest.raises(DocumentNotFound):
        represent(cast, leo, basis(Measure.PARENTAL_AUTHORITY, evidence_document_id=hers))


# An access that is not recognised


def an_access(cast: Cast) -> Event:
    records.open_record(patient_id=cast.odile_id, purpose="TREAT", actor=cast.lebrun, at=now())
    return Event.objects.get(action="records:record:open", person_id=cast.lebrun.person_id)


def test_a_reported_access_is_told_to_the_privacy_officer_by_its_reference_alone(cast: Cast) -> None:
    operator = Actor.system()
    officer = accounts.add_person(
        email="dpo@montfaucy.example", password=None, family_name="Nguyen", given_name="Lan", actor=operator, at=now()
    )
    accounts.grant_role(
        person_id=officer, organisation_id=cast.hospital, role=Role.PRIVACY_OFFICER, actor=operator, at=now()
    )
    event = an_access(cast)
    records.report_access(
        patient_id=cast.odile_id, event_id=event.id, why=Why.UNKNOWN_PERSON, actor=cast.odile, at=now()
    )
    text = last_mail(cast, records.REPORT)
    assert str(event.id) in text
    assert "dpo@montfaucy.example" in text
    for name in ("Odile", "Ferrand", "Marchetti", "Lebrun", str(cast.odile_id)):
        assert name not in text
    trace = Event.objects.get(action=records.REPORT)
    assert (trace.subject_id, trace.detail) == (event.id, {"why": "unknown-person", "told": 1})


def test_an_access_is_reported_once(cast: Cast) -> None:
    event = an_access(cast)
    records.report_access(patient_id=cast.odile_id, event_id=event.id, why=Why.OTHER, actor=cast.odile, at=now())
    with pytest.raises(AlreadyReported):
        records.report_access(patient_id=cast.odile_id, event_id=event.id, why=Why.OTHER, actor=cast.odile, at=now())


def test_nobody_reports_an_access_to_anothers_record(cast: Cast) -> None:
    event = an_access(cast)
    with pytest.raises(AccessNotFound):
        records.report_access(
            patient_id=cast.ibrahim_id, event_id=event.id, why=Why.OTHER, actor=cast.ibrahim, at=now()
        )
    for stranger in (cast.ibrahim, cast.lebrun):
        with pytest.raises(RecordNotFound):
            records.report_access(patient_id=cast.odile_id, event_id=event.id, why=Why.OTHER, actor=stranger, at=now())
