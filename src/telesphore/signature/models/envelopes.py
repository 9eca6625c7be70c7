"""Envelopes, their documents, steps, recipients and fields; the revisions of the signed file, and signatures that wait
for a card."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce

from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.signature.states import (
    OPINIONS,
    EnvelopeState,
    FieldKind,
    Opinion,
    PartyRole,
    PreparedState,
    Purpose,
    RecipientState,
    SignatureLevel,
    StepKind,
)


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
    type_code = models.TextField(db_default="")
    """Of the first document: its LOINC type, for lists and filters; empty for envelopes of before it was written."""
    urgent = models.BooleanField(db_default=False)
    due_at = models.DateTimeField(null=True)
    """When the sender wants it completed; nothing ends then, lists put it first."""
    remind_after_days = models.PositiveSmallIntegerField(db_default=0)
    """First reminder, counted from the moment when a recipient is awaited; 0 for no reminder."""
    remind_every_days = models.PositiveSmallIntegerField(db_default=0)
    remind_most = models.PositiveSmallIntegerField(db_default=0)
    """How many reminders one recipient gets at most."""
    composition_sealed = models.BinaryField(null=True)
    """What was sent, frozen (`Composition`): title, message, easy text, parties, fields; None for those of before."""
    follows_id = models.UUIDField(null=True)
    """The envelope that this one corrects: its second round."""
    template_version_id = models.UUIDField(null=True)
    """The version of the template that it was made from."""
    withdraws_id = models.UUIDField(null=True)
    """The completed consent that this envelope's document withdraws."""
    withdrawn_at = models.DateTimeField(null=True)
    """When the patient withdrew the consent that this envelope carries."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    closed_at=None,
                    state__in=[EnvelopeState.SENT, EnvelopeState.IN_PROGRESS, EnvelopeState.SEALING],
                )
                | models.Q(
                    closed_at__isnull=False,
                    state__in=[
                        EnvelopeState.COMPLETED,
                        EnvelopeState.DECLINED,
                        EnvelopeState.VOIDED,
                        EnvelopeState.EXPIRED,
                    ],
                ),
                name="envelope_closed_at_set_exactly_when_closed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "patient_id", "sent_at"], name="envelope_by_patient"),
            models.Index(fields=["organisation_id", "sender_id", "state", "sent_at"], name="envelope_by_sender"),
            models.Index(fields=["organisation_id", "sender_id", "-sent_at", "-id"], name="envelope_sent_last"),
            models.Index(
                fields=["organisation_id", "sender_id", "-sent_at", "-id"],
                condition=models.Q(state__in=[EnvelopeState.SENT, EnvelopeState.IN_PROGRESS, EnvelopeState.SEALING]),
                name="envelope_on_its_way",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state__in=[EnvelopeState.SENT, EnvelopeState.IN_PROGRESS]),
                name="envelope_open_by_expiry",
            ),
        ]


class EnvelopePart(Owned, InsertOnly):
    """One document of an envelope: all are bound into one file, in this order, and signed as one."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    position = models.PositiveSmallIntegerField()
    document_id = models.UUIDField()
    """The record's document."""
    title_sealed = models.BinaryField()
    first_page = models.PositiveIntegerField()
    """Of the bound file, counted from 0."""
    pages = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="part_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "position"], name="part_position_is_free"
            ),
        ]


class Step(Owned):
    """One step of a circuit: completes when `needed` of its recipients have acted. A step of kind seal has none: the
    platform acts."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    position = models.PositiveSmallIntegerField()
    kind = models.TextField(choices=StepKind, db_default=StepKind.SIGN.value)
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
    """Someone who is asked to act: the patient, a professional, or a guest without account or record. Exactly one of
    the two ids and `guest_sealed` is set."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    step_id = models.UUIDField()
    step = belongs_to(Step, "step_id")
    patient_id = models.UUIDField(null=True)
    person_id = models.UUIDField(null=True)
    guest_sealed = models.BinaryField(null=True)
    """Name, e-mail, phone and quality of a guest, JSON, under the patient's keyset."""
    role = models.TextField(choices=PartyRole, db_default="")
    """Empty for recipients of before it was written: told by which of the ids is set."""
    language = models.TextField(db_default="")
    """In which they are written to; empty for their own."""
    purpose = models.TextField(choices=Purpose, null=True)
    """What their signature means; None exactly when they do not sign."""
    asked_level = models.TextField(choices=SignatureLevel, db_default="")
    """The least that their signature must be; empty for envelopes of before it was asked."""
    field_name = models.TextField(null=True)
    page = models.PositiveIntegerField(null=True)
    box = ArrayField(models.FloatField(), size=4, null=True)
    """Where they sign: left, bottom, right, top, in points from the page's lower left corner; None when they don't."""
    state = models.TextField(choices=RecipientState, default=RecipientState.PENDING)
    link_id = models.UUIDField(null=True)
    awaited_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    acted_at = models.DateTimeField(null=True)
    """When they approved, gave their opinion or declined."""
    opinion = models.TextField(choices=Opinion, db_default="")
    comment_sealed = models.BinaryField(null=True)
    """What they wrote when they approved, gave their opinion or declined."""
    pages_read = models.PositiveIntegerField(db_default=0)
    """How far they read, in pages from the first: kept, so that reading goes on where it stopped."""
    reminders = models.PositiveSmallIntegerField(db_default=0)
    reminded_at = models.DateTimeField(null=True)
    proof = models.JSONField(null=True)
    """How the signer was identified: means, address, client, hash shown, certificate's fingerprint."""
    # What the signature book sorts and filters by, as the envelope and the step said when they were sent, and which
    # never changes: whoever has ten thousand lines reads fifty of them from one index, whatever the past holds.
    kind = models.TextField(choices=StepKind, db_default=StepKind.SIGN.value)
    urgent = models.BooleanField(db_default=False)
    due_at = models.DateTimeField(null=True)
    type_code = models.TextField(db_default="")
    sender_id = models.UUIDField(null=True)
    about_id = models.UUIDField(null=True)
    """The patient whom the envelope is about."""
    about = belongs_to("records.Patient", "about_id", null=True, on_delete=models.DO_NOTHING)
    """To sort by their name: no constraint, since what is copied from the envelope holds as long as that does."""
    at_bedside = models.BooleanField(db_default=False)
    """Nobody writes to them: a professional hands a tablet over."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="recipient_is_of_an_envelope_of_its_organisation"
            ),
            SameOrganisation(column="step_id", to="signature.Step", name="recipient_is_of_a_step_of_its_organisation"),
            models.CheckConstraint(
                condition=models.Q(patient_id=None, person_id__isnull=False, guest_sealed=None)
                | models.Q(patient_id__isnull=False, person_id=None, guest_sealed=None)
                | models.Q(patient_id=None, person_id=None, guest_sealed__isnull=False),
                name="recipient_is_a_patient_a_professional_or_a_guest",
            ),
            models.CheckConstraint(
                condition=models.Q(state=RecipientState.SIGNED, signed_at__isnull=False, proof__isnull=False)
                | (~models.Q(state=RecipientState.SIGNED) & models.Q(signed_at=None)),
                name="recipient_signed_at_set_exactly_when_signed",
            ),
            models.CheckConstraint(
                condition=models.Q(purpose=None, field_name=None, page=None, box=None)
                | models.Q(purpose__isnull=False, field_name__isnull=False, page__isnull=False, box__isnull=False),
                name="recipient_who_signs_has_a_purpose_and_a_place",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=[RecipientState.APPROVED, RecipientState.ADVISED])
                | models.Q(acted_at__isnull=False),
                name="recipient_who_acted_has_an_instant",
            ),
            models.CheckConstraint(
                condition=models.Q(state=RecipientState.ADVISED, opinion__in=OPINIONS)
                | (~models.Q(state=RecipientState.ADVISED) & models.Q(opinion="")),
                name="recipient_opinion_set_exactly_when_given",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "field_name"], name="recipient_field_is_its_own"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "person_id", "state", "awaited_at"], name="recipient_by_person"),
            models.Index(fields=["organisation_id", "envelope_id"], name="recipient_by_envelope"),
            models.Index(
                fields=["awaited_at"], condition=models.Q(state=RecipientState.WAITING), name="recipient_waiting"
            ),
            models.Index(
                fields=["organisation_id", "person_id", "-urgent", "due_at", "awaited_at", "id"],
                include=["kind", "type_code", "sender_id", "about_id", "purpose"],
                condition=models.Q(state=RecipientState.WAITING, person_id__isnull=False),
                name="recipient_in_the_book",
            ),
            models.Index(
                "organisation_id",
                "person_id",
                Coalesce("signed_at", "acted_at", "awaited_at").desc(),
                models.F("id").desc(),
                condition=models.Q(
                    state__in=[
                        RecipientState.SIGNED,
                        RecipientState.APPROVED,
                        RecipientState.ADVISED,
                        RecipientState.DECLINED,
                    ],
                    person_id__isnull=False,
                ),
                name="recipient_by_act",
            ),
        ]


class Field(Owned):
    """A place that a recipient fills in, beside their signature: a field of the file's form (ISO 32000-2 §12.7)."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    recipient_id = models.UUIDField()
    recipient = belongs_to(Recipient, "recipient_id")
    name = models.TextField()
    """In the file's form."""
    kind = models.TextField(choices=FieldKind)
    page = models.PositiveIntegerField()
    box = ArrayField(models.FloatField(), size=4)
    required = models.BooleanField()
    words_sealed = models.BinaryField()
    """Label and options, JSON, under the patient's keyset."""
    value_sealed = models.BinaryField(null=True)
    """What the recipient filled in, written as their signature is taken."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="field_is_of_an_envelope_of_its_organisation"
            ),
            SameOrganisation(
                column="recipient_id", to="signature.Recipient", name="field_is_of_a_recipient_of_its_organisation"
            ),
            models.UniqueConstraint(fields=["organisation_id", "envelope_id", "name"], name="field_name_is_its_own"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation_id", "recipient_id"], name="field_by_recipient")]


class Watcher(Owned, InsertOnly):
    """A professional who only sees an envelope."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    person_id = models.UUIDField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="watcher_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "person_id"], name="watcher_watches_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation_id", "person_id"], name="watcher_by_person")]


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
