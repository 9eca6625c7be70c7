"""The discussion beside a document: entries that are only ever added, and how far each reader has read."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.signature.models.envelopes import Envelope
from telesphore.signature.states import AuthorKind, EntryKind, EntryVisibility


class Entry(Owned, InsertOnly):
    """One entry of an envelope's thread. Its columns tell lists and counts what its sealed content says."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    number = models.PositiveIntegerField()
    """From 1, without a gap."""
    kind = models.TextField(choices=EntryKind)
    visibility = models.TextField(choices=EntryVisibility)
    author_kind = models.TextField(choices=AuthorKind)
    author_id = models.UUIDField()
    """Of a person, of the patient, or of a guest's place among the recipients, by the author's kind."""
    answers_number = models.PositiveIntegerField(null=True)
    """Of the question that it answers, or marks as answered."""
    replaces_number = models.PositiveIntegerField(null=True)
    """Of the entry that it edits."""
    mentions = ArrayField(models.UUIDField(), default=list)
    content_sealed = models.BinaryField()
    """Its salt in hexadecimal, a line feed, and its canonical content (`formats.thread`), under the patient's keyset:
    erased with it, while the chain still stands."""
    blob_id = models.UUIDField(null=True)
    """Of its attachment."""
    at = models.DateTimeField()
    commitment = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="entry_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "number"], name="entry_number_is_taken_once"
            ),
            # A second entry after the same one would be a fork.
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "previous"], name="entry_is_followed_by_one"
            ),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="entry_numbers_begin_at_one"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[EntryKind.ANSWER, EntryKind.ANSWERED], answers_number__isnull=False)
                | (~models.Q(kind__in=[EntryKind.ANSWER, EntryKind.ANSWERED]) & models.Q(answers_number=None)),
                name="entry_answers_set_exactly_when_it_answers",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=EntryKind.EDIT, replaces_number__isnull=False)
                | (~models.Q(kind=EntryKind.EDIT) & models.Q(replaces_number=None)),
                name="entry_replaces_set_exactly_when_it_edits",
            ),
            models.CheckConstraint(
                condition=models.Q(author_kind=AuthorKind.PROFESSIONAL)
                | models.Q(visibility=EntryVisibility.EVERYONE, mentions=[]),
                name="entry_of_a_patient_or_guest_is_open_to_all",
            ),
        ]


class ThreadReading(Owned):
    """How far somebody has read a thread."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    reader_id = models.UUIDField()
    """As an entry's author: a person, the patient, or a guest's place."""
    number = models.PositiveIntegerField()
    """Of the last entry that they were shown."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id",
                to="signature.Envelope",
                name="thread_reading_is_of_an_envelope_of_its_organisation",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "reader_id"], name="thread_reading_is_one_per_reader"
            ),
        ]
