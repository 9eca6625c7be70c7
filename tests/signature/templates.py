"""Templates that the tests of this room use, and the lists that they are sent to."""

from datetime import date
from uuid import UUID

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.records.actions import Identity
from telesphore.signature.actions import author, send_many, send_row, use
from telesphore.signature.actions.author import Sheet, Sitter
from telesphore.signature.actions.compose import Composition, Party, PlacedField, StepPlan
from telesphore.signature.formats import rows
from telesphore.signature.models import BulkRow
from telesphore.signature.states import FieldKind, PartyRole, Purpose, Seat, StepKind, TemplateScope
from tests.cast import Cast
from tests.papers import blank

PATIENT = Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS)
DOCTOR = Party(role=PartyRole.PROFESSIONAL, purpose=Purpose.VALIDATES)
REVIEWER = Party(role=PartyRole.PROFESSIONAL)
CONSENT = Sheet("Consentement de {{patient.name}}", "59284-0", "52", blank(2))
NAME_ON_PAGE = PlacedField(
    kind=FieldKind.TEXT, page=0, box=(60, 700, 300, 720), value="{{patient.name}}, né(e) le {{patient.birth_date}}"
)


def plan(*steps: StepPlan, **more: object) -> Composition:
    """A composition without documents; the patient, then a doctor, unless told otherwise."""
    usual = (
        StepPlan(parties=(PATIENT.model_copy(update={"fields": (NAME_ON_PAGE,)}),)),
        StepPlan(parties=(DOCTOR,)),
    )
    return Composition(steps=steps or usual, **more)  # type: ignore[arg-type]  # Its own fields.


def made(
    cast: Cast,
    by: Actor | None = None,
    *,
    scope: TemplateScope = TemplateScope.ORGANISATION,
    unit_id: UUID | None = None,
    sitters: tuple[Sitter, ...] = (Sitter(Seat.CHOSEN),),
    what: Composition | None = None,
    name: str = "Consentement à l’endoscopie",
) -> UUID:
    """A template of two blank pages, by Dr Lebrun unless told otherwise."""
    return author.make_template(
        name=name, scope=scope, unit_id=unit_id, sheets=[CONSENT], plan=what or plan(), sitters=sitters,
        actor=by or cast.lebrun, at=now(),
    )  # fmt: skip


def used(cast: Cast, template_id: UUID, **values: str) -> UUID:
    """The draft for Odile that Sylvie begins from a template, Dr Lebrun in the places to choose."""
    return use.use_template(
        template_id=template_id, patient_id=cast.odile_id, choices=use.Choices(cast.lebrun.person_id, values),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip


def patients(actor: Actor, count: int) -> list[UUID]:
    """New patients of this member, reachable, called Patient A, Patient B…"""
    return [
        records.register_patient(
            identity=Identity(
                birth_name="Patient", given_names=_letters(number), birth_date=date(1960, 1, 1 + number % 28), sex="F"
            ),
            email=f"patient{number}@courriel.example", phone=f"+3363998{number:04}", language="fr", actor=actor,
            at=now(),
        )
        for number in range(count)
    ]  # fmt: skip


def _letters(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number)).capitalize()


def given(cast: Cast, template_id: UUID, text: str, professional_id: UUID | None = None) -> UUID:
    """A list of Sylvie's, checked."""
    bulk_id = send_many.give_list(
        template_id=template_id, table=rows.parse(text.encode()),
        professional_id=professional_id or cast.lebrun.person_id, actor=cast.sylvie, at=now(),
    )  # fmt: skip
    send_many.check_list(organisation_id=cast.hospital, bulk_id=bulk_id, at=now())
    return bulk_id


def send_all(cast: Cast, bulk_id: UUID) -> None:
    """What the worker does of a confirmed list."""
    for row_id in BulkRow.objects.filter(bulk_id=bulk_id).order_by("number").values_list("id", flat=True):
        send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())


REVIEW_THEN_SIGN = (
    StepPlan(kind=StepKind.REVIEW, parties=(REVIEWER,)),
    StepPlan(parties=(PATIENT,)),
    StepPlan(needed=1, parties=(DOCTOR, DOCTOR)),
)
