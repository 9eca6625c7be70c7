"""One template sent to many patients: each row is an envelope of its own, or says why it is none."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to
from telesphore.signature.models.templates import TemplateVersion
from telesphore.signature.states import RowState


class BulkSend(Owned):
    """A list that was given; nothing is sent before its sender has seen each row's fate, and confirmed."""

    version_id = models.UUIDField()
    version = belongs_to(TemplateVersion, "version_id")
    sender_id = models.UUIDField()
    means = models.TextField()
    acr = models.TextField()
    """How the sender had come in when they gave the list: written in the trail of each row."""
    professional_id = models.UUIDField(null=True)
    """Who takes the places to choose, for rows that name nobody."""
    made_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="version_id", to="signature.TemplateVersion", name="bulk_is_of_a_version_of_its_organisation"
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at=None) | models.Q(checked_at__isnull=False),
                name="bulk_confirmed_after_it_was_checked",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation_id", "sender_id", "made_at"], name="bulk_by_sender")]


class BulkRow(Owned):
    """One patient's. The envelope that it becomes, and the draft on the way there, bear its id: it is sent once."""

    bulk_id = models.UUIDField()
    bulk = belongs_to(BulkSend, "bulk_id")
    number = models.PositiveSmallIntegerField()
    """Of the row in the list, counted from 1."""
    given_sealed = models.BinaryField()
    """What the list says, as JSON, under the organisation's keyset."""
    state = models.TextField(choices=RowState, default=RowState.CHECKING)
    code = models.TextField(blank=True)
    """Of the refusal that explains why it is not sent."""
    patient_id = models.UUIDField(null=True)
    acted_at = models.DateTimeField(null=True)
    """When it was sent, failed or was stopped."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="bulk_id", to="signature.BulkSend", name="row_is_of_a_bulk_of_its_organisation"),
            models.UniqueConstraint(fields=["organisation_id", "bulk_id", "number"], name="bulk_row_number_used_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=[RowState.CHECKING, RowState.BAD, RowState.CANCELLED])
                | models.Q(patient_id__isnull=False),
                name="bulk_row_that_may_be_sent_has_a_patient",
            ),
            models.CheckConstraint(
                condition=models.Q(code="") ^ models.Q(state__in=[RowState.BAD, RowState.FAILED]),
                name="bulk_row_says_why_exactly_when_it_is_not_sent",
            ),
        ]
