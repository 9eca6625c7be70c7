"""Envelopes, steps, recipients, the revisions of the signed file, and signatures that wait for a card."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.signature.states import EnvelopeState, PreparedState, Purpose, RecipientState


class Envelope(Owned):
    """A document on its way through a circuit. Its title is sealed under the patient's keyset."""

    patient_id = models.UUIDField()
    document_id = models.UUIDField()
    """The record's document that it started from; it never changes."""
    title_sealed = models.BinaryField()
    key_id = models.UUIDField()
    sender_id = models.UUIDField()
    state = models.TextField(choices=EnvelopeState, default=EnvelopeState.SENT)
    pages = models.PositiveIntegerField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reason_sealed = models.BinaryField(null=True)
    """Why it was declined or voided, when a reason was given."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    closed_at=None,
                    state__in=[EnvelopeState.SENT, EnvelopeState.IN_PROGRESS, EnvelopeState.SEALING],
                )
                | models.Q(
                    closed_at__isnull=False,
                    state__in=[EnvelopeState.COMPLETED, EnvelopeState.DECLINED, EnvelopeState.VOIDED],
                ),
                name="envelope_closed_at_set_exactly_when_closed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "patient_id", "sent_at"], name="envelope_by_patient"),
            models.Index(fields=["organisation_id", "sender_id", "state", "sent_at"], name="envelope_by_sender"),
        ]


class Step(Owned):
    """One step of a circuit: completes when `needed` of its recipients have acted."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    position = models.PositiveSmallIntegerField()
    needed = models.PositiveSmallIntegerField(default=1)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="step_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "position"], name="step_position_is_free"
            ),
        ]


class Recipient(Owned):
    """Someone who is asked to sign: the patient, or a professional. Exactly one of the two ids is set."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    step_id = models.UUIDField()
    step = belongs_to(Step, "step_id")
    patient_id = models.UUIDField(null=True)
    person_id = models.UUIDField(null=True)
    purpose = models.TextField(choices=Purpose)
    field_name = models.TextField()
    page = models.PositiveIntegerField()
    box = ArrayField(models.FloatField(), size=4)
    """Left, bottom, right, top, in points from the page's lower left corner."""
    state = models.TextField(choices=RecipientState, default=RecipientState.PENDING)
    link_id = models.UUIDField(null=True)
    awaited_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    proof = models.JSONField(null=True)
    """How the signer was identified: means, address, client, hash shown, certificate's fingerprint."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="recipient_is_of_an_envelope_of_its_organisation"
            ),
            SameOrganisation(column="step_id", to="signature.Step", name="recipient_is_of_a_step_of_its_organisation"),
            models.CheckConstraint(
                condition=models.Q(patient_id=None, person_id__isnull=False)
                | models.Q(patient_id__isnull=False, person_id=None),
                name="recipient_is_a_patient_or_a_professional",
            ),
            models.CheckConstraint(
                condition=models.Q(state=RecipientState.SIGNED, signed_at__isnull=False, proof__isnull=False)
                | (~models.Q(state=RecipientState.SIGNED) & models.Q(signed_at=None)),
                name="recipient_signed_at_set_exactly_when_signed",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "field_name"], name="recipient_field_is_its_own"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "person_id", "state", "awaited_at"], name="recipient_by_person"),
            models.Index(fields=["organisation_id", "envelope_id"], name="recipient_by_envelope"),
        ]


class Revision(Owned, InsertOnly):
    """One state of the file: 0 is what is shown for signing, each signature and the seal add one."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    number = models.PositiveSmallIntegerField()
    blob_id = models.UUIDField()
    sha256 = models.BinaryField(max_length=32)
    recipient_id = models.UUIDField(null=True)
    """Whose signature it added; None for the first revision and for the seal."""
    level = models.TextField(db_default="")
    """The level that the signature which it added reached at once (`B-B`…`B-LTA`); empty for the first revision, and
    for those of before levels were written."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="revision_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "number"], name="revision_number_is_taken_once"
            ),
        ]


class Prepared(Owned):
    """A recipient's signature that lacks only what their card answers: it waits hours, and survives a restart."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    recipient_id = models.UUIDField()
    recipient = belongs_to(Recipient, "recipient_id")
    revision = models.PositiveSmallIntegerField()
    """The number of the revision that it was made on."""
    blob_id = models.UUIDField()
    """What it adds to that revision's file."""
    to_be_signed_sha256 = models.BinaryField(max_length=32)
    state = models.TextField(choices=PreparedState, default=PreparedState.WAITING)
    prepared_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="prepared_is_of_an_envelope_of_its_organisation"
            ),
            SameOrganisation(
                column="recipient_id", to="signature.Recipient", name="prepared_is_of_a_recipient_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "recipient_id"],
                condition=models.Q(state=PreparedState.WAITING),
                name="prepared_one_waits_per_recipient",
            ),
            models.CheckConstraint(
                condition=models.Q(state=PreparedState.WAITING, ended_at=None)
                | (~models.Q(state=PreparedState.WAITING) & models.Q(ended_at__isnull=False)),
                name="prepared_ended_at_set_exactly_when_ended",
            ),
        ]
