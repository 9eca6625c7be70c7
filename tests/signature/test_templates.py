"""Templates: who sees and changes them, what using one makes, what a version keeps."""

from uuid import UUID

import pytest

from telesphore.accounts import actions as accounts
from telesphore.accounts.states import Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.paper.words import words_of
from telesphore.records import actions as records
from telesphore.records.models import Document
from telesphore.signature import queries
from telesphore.signature.actions import author, compose, use
from telesphore.signature.actions.author import Sheet, Sitter
from telesphore.signature.actions.compose import Composition, Part, Party, PlacedField, StepPlan
from telesphore.signature.errors import (
    ColumnMissing,
    NamesThePatient,
    NoPlaceToSign,
    NotReadable,
    ProfessionalToChoose,
    TemplateArchived,
    TemplateNotFound,
    TemplateNotYours,
    UnknownSigner,
)
from telesphore.signature.formats import merge
from telesphore.signature.models import Envelope, Step, Template, TemplateVersion
from telesphore.signature.queries import templates as read
from telesphore.signature.states import FieldKind, PartyRole, Purpose, Seat, StepKind, TemplateScope
from tests.accounts.members import claire, hired
from tests.cast import Cast
from tests.papers import blank
from tests.signature.templates import CONSENT, DOCTOR, PATIENT, REVIEW_THEN_SIGN, made, plan, used


def seen_by(actor: Actor) -> list[str]:
    return [line.name for line in read.templates(actor=actor, at=now())]


def draft_of(cast: Cast, draft_id: UUID) -> Composition:
    return queries.draft(draft_id=draft_id, actor=cast.sylvie).composition


def revise(cast: Cast, template_id: UUID, **changes: object) -> int:
    before = read.template(template_id=template_id, actor=cast.lebrun, at=now()).definition
    return author.revise_template(
        template_id=template_id, plan=before.composition.model_copy(update=changes),
        sitters=[Sitter(seat) for seat in before.seats if seat], replaced={}, actor=cast.lebrun, at=now(),
    )  # fmt: skip


def test_a_template_for_the_organisation_is_seen_by_its_members_and_by_nobody_elsewhere(cast: Cast) -> None:
    template_id = made(cast)

    assert seen_by(cast.sylvie) == seen_by(cast.ricaud) == ["Consentement à l’endoscopie"]
    assert seen_by(cast.cherif) == seen_by(cast.odile) == []
    with pytest.raises(TemplateNotFound):
        read.template(template_id=template_id, actor=cast.cherif, at=now())


def test_a_private_template_is_seen_by_its_owner_alone(cast: Cast) -> None:
    template_id = made(cast, cast.sylvie, scope=TemplateScope.PRIVATE)

    assert seen_by(cast.sylvie) != []
    assert seen_by(cast.lebrun) == seen_by(claire(cast)) == []
    with pytest.raises(TemplateNotFound):
        author.archive_template(template_id=template_id, actor=cast.lebrun, at=now())


def test_a_units_template_is_seen_in_the_unit_and_by_administrators(cast: Cast) -> None:
    administrator = claire(cast)
    unit_id = accounts.open_unit(name="Pneumologie", actor=administrator, at=now())
    inside = hired(cast.hospital, "Yann", Role.PROFESSIONAL)
    from telesphore.accounts.models import Membership

    Membership.objects.filter(person_id=inside.person_id).update(unit_id=unit_id)
    made(cast, inside, scope=TemplateScope.UNIT, unit_id=unit_id)

    assert seen_by(inside) == seen_by(administrator) == ["Consentement à l’endoscopie"]
    assert seen_by(cast.ricaud) == []
    with pytest.raises(TemplateNotYours):
        made(cast, cast.ricaud, scope=TemplateScope.UNIT, unit_id=unit_id)


def test_a_secretary_makes_private_templates_only_and_changes_no_shared_one(cast: Cast) -> None:
    template_id = made(cast)

    with pytest.raises(TemplateNotYours):
        made(cast, cast.sylvie)
    with pytest.raises(TemplateNotYours):
        author.archive_template(template_id=template_id, actor=cast.sylvie, at=now())
    before = read.template(template_id=template_id, actor=cast.sylvie, at=now())
    assert not before.manages
    with pytest.raises(TemplateNotYours):
        author.revise_template(
            template_id=template_id, plan=before.definition.composition, sitters=[Sitter(Seat.CHOSEN)], replaced={},
            actor=cast.sylvie, at=now(),
        )  # fmt: skip
    assert TemplateVersion.objects.count() == 1


def test_using_a_template_puts_its_filled_document_into_the_record_and_begins_a_draft(cast: Cast) -> None:
    template_id = made(cast)

    draft_id = used(cast, template_id)

    composition = draft_of(cast, draft_id)
    document = Document.objects.get(id=composition.documents[0].document_id)
    opened = records.open_document(document_id=document.id, purpose="TREAT", actor=cast.lebrun, at=now())
    assert (document.patient_id, document.author_id) == (cast.odile_id, cast.sylvie.person_id)
    assert opened.title == "Consentement de FERRAND Odile"
    assert "FERRAND Odile, né(e) le 07/11/1951" in words_of(opened.pdf)
    assert composition.steps[1].parties[0].person_id == cast.lebrun.person_id
    # What was written is of the page now, and asked of nobody.
    assert composition.steps[0].parties[0].fields == ()


def test_the_order_of_signing_survives_the_template(cast: Cast) -> None:
    sitters = (
        Sitter(Seat.NAMED, cast.ricaud.person_id),
        Sitter(Seat.CHOSEN),
        Sitter(Seat.NAMED, cast.ricaud.person_id),
    )
    draft_id = used(cast, made(cast, what=plan(*REVIEW_THEN_SIGN), sitters=sitters))

    envelope_id = compose.send_draft(draft_id=draft_id, version=1, actor=cast.sylvie, at=now())

    steps = list(Step.objects.filter(envelope_id=envelope_id).order_by("position").values_list("kind", "needed"))
    assert steps == [(StepKind.REVIEW, 1), (StepKind.SIGN, 1), (StepKind.SIGN, 1)]
    shown = queries.composition_of(Envelope.objects.get(id=envelope_id))
    assert shown is not None
    assert [[party.person_id for party in step.parties] for step in shown.steps] == [
        [cast.ricaud.person_id], [None], [cast.lebrun.person_id, cast.ricaud.person_id],
    ]  # fmt: skip


def test_a_template_changed_after_sending_leaves_the_envelope_as_it_was_sent(cast: Cast) -> None:
    template_id = made(cast, what=plan(message="Première version."))
    draft_id = used(cast, template_id)
    envelope_id = compose.send_draft(draft_id=draft_id, version=1, actor=cast.sylvie, at=now())
    sent = bytes(Envelope.objects.get(id=envelope_id).composition_sealed or b"")

    assert revise(cast, template_id, message="Seconde version.") == 2

    envelope = Envelope.objects.get(id=envelope_id)
    first = TemplateVersion.objects.get(template_id=template_id, number=1)
    assert bytes(envelope.composition_sealed or b"") == sent
    assert envelope.template_version_id == first.id
    assert read.definition_of(first).composition.message == "Première version."
    assert draft_of(cast, used(cast, template_id)).message == "Seconde version."


def test_what_was_put_away_is_used_no_more_and_stays_in_its_list(cast: Cast) -> None:
    template_id = made(cast)
    author.archive_template(template_id=template_id, actor=cast.lebrun, at=now())

    assert seen_by(cast.sylvie) == []
    assert [line.template_id for line in read.templates(actor=cast.sylvie, at=now(), archived=True)] == [template_id]
    with pytest.raises(TemplateArchived):
        used(cast, template_id)
    with pytest.raises(TemplateArchived):
        revise(cast, template_id, message="Trop tard.")


def test_places_left_open_must_be_taken_before_a_draft_begins(cast: Cast) -> None:
    template_id = made(cast)

    with pytest.raises(ProfessionalToChoose):
        use.use_template(
            template_id=template_id, patient_id=cast.odile_id, choices=use.Choices(), actor=cast.sylvie, at=now()
        )
    assert not Document.objects.filter(patient_id=cast.odile_id).exists()


def test_the_referring_doctor_is_the_one_whom_the_care_team_calls_so(cast: Cast) -> None:
    template_id = made(cast, sitters=(Sitter(Seat.REFERRING),))
    records.add_to_care_team(
        patient_id=cast.odile_id, person_id=cast.ricaud.person, function="médecin référent", reads_documents=True,
        actor=cast.sylvie, at=now(),
    )  # fmt: skip

    draft_id = use.use_template(
        template_id=template_id, patient_id=cast.odile_id, choices=use.Choices(), actor=cast.lebrun, at=now()
    )

    composition = queries.draft(draft_id=draft_id, actor=cast.lebrun).composition
    assert composition.steps[1].parties[0].person_id == cast.ricaud.person_id


def test_a_doctor_of_another_care_team_uses_the_template_for_no_patient_of_this_one(cast: Cast) -> None:
    from telesphore.records.errors import RecordNotFound

    template_id = made(cast)

    with pytest.raises(RecordNotFound):
        use.use_template(
            template_id=template_id, patient_id=cast.odile_id, choices=use.Choices(cast.lebrun.person_id),
            actor=cast.ricaud, at=now(),
        )  # fmt: skip


def test_a_merge_field_that_nobody_gives_is_asked_for(cast: Cast) -> None:
    template_id = made(cast, what=plan(message="Salle {{salle}}, le {{date}}."))

    assert read.template(template_id=template_id, actor=cast.sylvie, at=now()).columns == ("salle",)
    with pytest.raises(ColumnMissing):
        used(cast, template_id)
    assert draft_of(cast, used(cast, template_id, salle="4")).message.startswith("Salle 4, le ")


def test_a_value_plants_neither_merge_fields_nor_anchors_and_is_bounded() -> None:
    values = {"salle": "{{patient.name}} {{signature:patient}}\n" + "x" * 500, "patient.name": "Odile"}

    text = merge.merge("{{salle}}", values, 1000)

    assert "{{" not in text
    assert "Odile" not in text
    assert len(text) == merge.LONGEST_VALUE
    assert len(merge.merge("{{salle}}" * 50, values, 120)) == 120


def test_a_template_made_of_a_draft_holds_nothing_of_its_patient(cast: Cast) -> None:
    draft_id = used(cast, made(cast))
    blank_form = records.deposit(
        patient_id=cast.odile_id, title="Formulaire", type_code="59284-0", class_code="52", content=blank(1),
        actor=cast.sylvie, at=now(),
    ).document_id  # fmt: skip
    guest = Party(
        role=PartyRole.INTERPRETER, name="Paul Renaud", email="paul@courriel.example", phone="+33639980166",
        quality="interprète en LSF", purpose=Purpose.ACKNOWLEDGES,
    )  # fmt: skip
    told = PlacedField(kind=FieldKind.TEXT, page=0, box=(10, 10, 90, 30), value="allergique à l’iode")
    lebrun = DOCTOR.model_copy(update={"person_id": cast.lebrun.person_id})
    compose.change(
        draft_id=draft_id, version=1, actor=cast.sylvie, at=now(),
        composition=Composition(
            documents=(Part(document_id=blank_form),), message="Bonjour Odile Ferrand, née le 07/11/1951.",
            due_at=now(),
            steps=(StepPlan(parties=(guest,)), StepPlan(parties=(
                PATIENT.model_copy(update={"fields": (told,)}), lebrun,
            ))),
        ),
    )  # fmt: skip

    template_id = author.template_from_draft(
        draft_id=draft_id, name="De la salle", scope=TemplateScope.PRIVATE, unit_id=None, actor=cast.sylvie, at=now()
    )

    definition = read.template(template_id=template_id, actor=cast.sylvie, at=now()).definition
    kept = definition.model_dump_json()
    for gone in ("Ferrand", "Odile", "1951", "Renaud", "courriel", "+33", "iode"):
        assert gone not in kept
    assert definition.composition.message == "Bonjour {{patient.name}}, née le {{patient.birth_date}}."
    assert definition.composition.due_at is None
    assert definition.composition.steps[0].parties[0].quality == "interprète en LSF"
    assert definition.seats == (None, None, Seat.NAMED)
    # Its document is the organisation's, and no longer the patient's.
    assert definition.composition.documents[0].document_id != blank_form


def test_a_draft_whose_document_names_the_patient_becomes_no_template(cast: Cast) -> None:
    draft_id = used(cast, made(cast))

    with pytest.raises(NamesThePatient):
        author.template_from_draft(
            draft_id=draft_id, name="Fuite", scope=TemplateScope.PRIVATE, unit_id=None, actor=cast.sylvie, at=now()
        )
    assert not Template.objects.filter(name="Fuite").exists()


def test_another_version_comes_of_a_draft_of_ones_own(cast: Cast) -> None:
    template_id = made(
        cast, cast.sylvie, scope=TemplateScope.PRIVATE, what=plan(StepPlan(parties=(PATIENT,))), sitters=()
    )
    draft_id = used(cast, template_id)
    compose.change(
        draft_id=draft_id, version=1, actor=cast.sylvie, at=now(),
        composition=draft_of(cast, draft_id).model_copy(update={"message": "Mieux dit."}),
    )  # fmt: skip

    author.template_from_draft(
        draft_id=draft_id, name="", scope=TemplateScope.PRIVATE, unit_id=None, template_id=template_id,
        actor=cast.sylvie, at=now(),
    )  # fmt: skip

    seen = read.template(template_id=template_id, actor=cast.sylvie, at=now())
    assert (seen.version.number, seen.name) == (2, "Consentement à l’endoscopie")
    assert seen.definition.composition.message == "Mieux dit."


def test_a_template_that_does_not_hold_together_is_refused(cast: Cast) -> None:
    beyond = PlacedField(kind=FieldKind.SIGNATURE, page=2, box=(10, 10, 90, 50))
    with pytest.raises(NoPlaceToSign):
        made(cast, what=plan(StepPlan(parties=(PATIENT.model_copy(update={"fields": (beyond,)}),))), sitters=())
    with pytest.raises(NotReadable):
        made(cast, sitters=())
    with pytest.raises(NotReadable):
        made(cast, sitters=(Sitter(Seat.NAMED),))
    with pytest.raises(UnknownSigner):
        made(cast, sitters=(Sitter(Seat.NAMED, cast.cherif.person_id),))
    with pytest.raises(NotReadable):
        made(cast, what=plan(message=" ".join(f"{{{{c{number}}}}}" for number in range(21))))
    assert not Template.objects.exists()


def test_making_using_and_putting_away_are_traced(cast: Cast) -> None:
    template_id = made(cast)
    used(cast, template_id)
    revise(cast, template_id, message="Autrement.")
    author.archive_template(template_id=template_id, actor=cast.lebrun, at=now())

    traced = Event.objects.filter(subject_id=template_id).order_by("at", "id").values_list("action", flat=True)
    assert list(traced) == ["signature:template:make", "signature:template:change", "signature:template:archive"]


def test_files_of_a_template_are_checked_like_those_of_a_record(cast: Cast) -> None:
    from telesphore.records.formats.intake import NotAPdf

    with pytest.raises(NotAPdf):
        author.make_template(
            name="Pas un PDF", scope=TemplateScope.PRIVATE, unit_id=None,
            sheets=[Sheet("x", CONSENT.type_code, CONSENT.class_code, b"nothing")], plan=plan(),
            sitters=[Sitter(Seat.CHOSEN)], actor=cast.sylvie, at=now(),
        )  # fmt: skip
