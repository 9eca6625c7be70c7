"""Templates: compositions whose professionals are roles, in versions that never change."""

from typing import Annotated, ClassVar, Self

from django.db import models
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Bounds

from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.signature.models.composition import MOST_DOCUMENTS, MOST_PARTIES, Composition
from telesphore.signature.states import PartyRole, Seat, TemplateScope


class Paper(BaseModel):
    """What a document of a template becomes in a record: its type (LOINC), its category (TRE_A03), its pages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type_code: str
    class_code: str
    pages: Annotated[int, Bounds(ge=1)]


class Definition(BaseModel):
    """What a version of a template says.

    Attributes:
        composition: its documents are named by the ids of their blobs, which are the organisation's.
        papers: one for each of its documents.
        seats: one for each of its parties, in order; None for those who are no professionals. A named professional is
            the party's own `person_id`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    composition: Composition
    papers: Annotated[tuple[Paper, ...], Bounds(max_length=MOST_DOCUMENTS)]
    seats: Annotated[tuple[Seat | None, ...], Bounds(max_length=MOST_PARTIES)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        parties = self.composition.parties
        if len(self.papers) != len(self.composition.documents) or len(self.seats) != len(parties):
            raise ValueError
        for party, seat in zip(parties, self.seats, strict=True):
            if (seat is not None) != (party.role is PartyRole.PROFESSIONAL):
                raise ValueError
            if (party.person_id is not None) != (seat is Seat.NAMED):
                raise ValueError
        return self


class Template(Owned):
    """What is sent again and again. Its name is of no patient, and stands in clear: people search by it."""

    name = models.TextField()
    scope = models.TextField(choices=TemplateScope)
    unit_id = models.UUIDField(null=True)
    owner_id = models.UUIDField()
    """Who made it; a private one is theirs alone."""
    made_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(scope=TemplateScope.UNIT, unit_id__isnull=False)
                | (~models.Q(scope=TemplateScope.UNIT) & models.Q(unit_id=None)),
                name="template_unit_set_exactly_when_of_a_unit",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation_id", "name"], name="template_by_name")]


class TemplateVersion(Owned, InsertOnly):
    """What a template said from one day on; a change is another row."""

    template_id = models.UUIDField()
    template = belongs_to(Template, "template_id")
    number = models.PositiveIntegerField()
    definition_sealed = models.BinaryField()
    """A `Definition` as JSON, under the organisation's keyset."""
    author_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="template_id", to="signature.Template", name="version_is_of_a_template_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "template_id", "number"], name="template_version_number_used_once"
            ),
        ]
