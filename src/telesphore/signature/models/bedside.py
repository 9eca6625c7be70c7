"""A tablet handed over to a patient, for one document, by a professional who saw who they are."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to
from telesphore.signature.models.envelopes import Envelope, Recipient
from telesphore.signature.states import BedsideEnd, IdentityDocument


class Bedside(Owned):
    """From the moment when the tablet is handed over until it comes back: whoever holds it is the patient."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    recipient_id = models.UUIDField()
    recipient = belongs_to(Recipient, "recipient_id")
    session_id = models.UUIDField()
    """The session of the professional, locked meanwhile (`accounts.Session`)."""
    seen_by = models.UUIDField()
    """Who saw who the patient is, and handed over."""
    document = models.TextField(choices=IdentityDocument, blank=True)
    """The identity document that was seen; empty for none."""
    bracelet = models.BooleanField()
    """Whether the bracelet was scanned, and was theirs."""
    code_link_id = models.UUIDField(null=True)
    """The link whose code, sent to the patient's phone, was given back."""
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end = models.TextField(choices=BedsideEnd, blank=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="bedside_is_of_an_envelope_of_its_organisation"
            ),
            SameOrganisation(
                column="recipient_id", to="signature.Recipient", name="bedside_is_of_a_recipient_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "session_id"],
                condition=models.Q(ended_at=None),
                name="bedside_one_is_open_per_session",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, end="")
                | (models.Q(ended_at__isnull=False) & models.Q(end__in=[end.value for end in BedsideEnd])),
                name="bedside_end_told_exactly_when_ended",
            ),
            models.CheckConstraint(
                condition=~models.Q(document="") | models.Q(bracelet=True) | models.Q(code_link_id__isnull=False),
                name="bedside_patient_was_recognised",
            ),
        ]
