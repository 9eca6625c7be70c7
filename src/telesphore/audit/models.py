"""Events, their places in the tree, the tree's full tiles and its signed heads; all inserted once."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from telesphore.audit.formats.entries import CORE, DETAIL, Entry, commitment
from telesphore.kernel.rows import InsertOnly, Owned


def instant(at: datetime) -> str:
    """An instant's one spelling: UTC, six digits of fraction, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(identifier: UUID | str | None) -> str | None:
    return str(identifier) if identifier else None


class Contents:
    """What an event's leaf commits to, made of the columns of `Event`, be they a model's or a bare row's."""

    __slots__ = ()

    @property
    def core_content(self: Any) -> dict[str, Any]:
        """The core, as it is committed to."""
        return {
            "id": str(self.id),
            "organisation": str(self.organisation_id),
            "family": self.family,
            "at": instant(self.at),
            "action": self.action,
            "outcome": self.outcome,
            "actor_kind": self.actor_kind,
            "categories": self.categories,
            "origin": self.origin,
            "purpose": self.purpose,
            "ground": self.ground,
        }

    @property
    def detail_content(self: Any) -> dict[str, Any]:
        """The detail, as it is committed to.

        What came after the first events (`acr`, `session`) is there only when it says something, so that the leaves
        of older ones stay what they were.
        """
        later = {"acr": self.acr, "session": _text(self.session_id)}
        return {
            "person": _text(self.person_id),
            "on_behalf_of": _text(self.on_behalf_of),
            "means": self.means,
            "patient": _text(self.patient_id),
            "subject": _text(self.subject_id),
            "source_address": self.source_address,
            "client": self.client,
            "detail": self.detail,
            **{name: value for name, value in later.items() if value},
        }

    @property
    def core_commitment(self: Any) -> bytes:
        return commitment(CORE, bytes(self.core_salt), self.core_content)

    @property
    def detail_commitment(self: Any) -> bytes:
        """Not for an event whose detail was erased."""
        assert self.detail_salt is not None
        return commitment(DETAIL, bytes(self.detail_salt), self.detail_content)

    @property
    def entry(self: Any) -> Entry:
        """What the event's leaf holds."""
        return Entry(self.core_commitment, self.detail_commitment)


class Event(Contents, Owned, InsertOnly):
    """One act, a reading or a refusal included.

    It has two parts, each committed to in its leaf under a salt of its own (`formats/entries.py`). The *core* says
    what was done, when, how it ended: nothing of it names a natural person. The *detail* says by whom, to whom, from
    where. Erasing the detail, salt included, leaves the leaf verifiable and tells nobody anything; only the owner of
    the tables can.
    """

    family = models.TextField()
    at = models.DateTimeField()
    action = models.TextField()
    outcome = models.TextField()
    actor_kind = models.TextField()
    categories = ArrayField(models.TextField(), default=list)
    origin = models.TextField(blank=True)
    purpose = models.TextField(blank=True)
    ground = models.TextField(blank=True)
    core_salt = models.BinaryField()

    person_id = models.UUIDField(null=True)
    on_behalf_of = models.UUIDField(null=True)
    means = models.TextField(blank=True)
    acr = models.TextField(blank=True, db_default="")
    """How surely the person was recognised (`accounts.states.Acr`)."""
    session_id = models.UUIDField(null=True)
    """The session, or the API token, that the act belongs to."""
    patient_id = models.UUIDField(null=True)
    subject_id = models.UUIDField(null=True)
    source_address = models.TextField(blank=True)
    client = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    detail_salt = models.BinaryField(null=True)
    """None once the detail was erased."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "at", "id"], name="event_by_organisation"),
            models.Index(
                fields=["organisation_id", "patient_id", "at", "id"],
                condition=Q(patient_id__isnull=False),
                name="event_by_patient",
            ),
            models.Index(
                fields=["organisation_id", "person_id", "at", "id"],
                condition=Q(person_id__isnull=False),
                name="event_by_person",
            ),
            models.Index(
                fields=["subject_id", "-at"],
                condition=Q(outcome="refused", person_id=None, subject_id__isnull=False),
                name="event_refused_to_nobody",
            ),
            # Events come nearly in the order of time, so a few kilobytes tell retention where the old ones lie.
            BrinIndex(fields=["at"], name="event_by_time"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(family__in=["access", "technical"]), name="event_family_known"),
            models.CheckConstraint(condition=Q(outcome__in=["done", "refused"]), name="event_outcome_known"),
            models.CheckConstraint(
                condition=Q(detail_salt__isnull=False)
                | Q(
                    person_id=None,
                    on_behalf_of=None,
                    means="",
                    patient_id=None,
                    subject_id=None,
                    source_address="",
                    client="",
                    detail={},
                ),
                name="event_erased_detail_leaves_nothing",
            ),
            models.CheckConstraint(
                condition=Q(detail_salt__isnull=False) | Q(acr="", session_id=None),
                name="event_erased_detail_leaves_no_session",
            ),
        ]


class Pending(Owned):
    """An event that awaits its place in the tree: written with the event, taken away with the leaf.

    PostgreSQL's commit order is not the order of any id or clock, so no cursor over events would see one that a slow
    transaction commits late. This row becomes visible exactly when its event does. `id` is the event's.
    """

    class Meta:
        indexes: ClassVar = [models.Index(fields=["id"], name="pending_oldest_first")]


class Leaf(InsertOnly):
    """An event's place in the tree, chosen by the sealer; what was committed to stays when the event is erased."""

    index = models.BigIntegerField(primary_key=True)
    organisation_id = models.UUIDField()
    event_id = models.UUIDField(unique=True)
    entry = models.BinaryField()
    detail_erased_by = models.UUIDField(null=True)
    """The event that tells of the erasure of the detail."""
    core_erased_by = models.UUIDField(null=True)
    """The event that tells of the erasure of the whole row."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(index__gte=0), name="leaf_index_not_negative"),
        ]


class Tile(InsertOnly):
    """256 hashes of one level of the tree, once all are known. Partial tiles are read from the level below."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()
    root = models.BinaryField()
    """Root of this subtree of height 8: the hash that stands for the tile in the level above."""


class Checkpoint(InsertOnly):
    """A signed head of the tree (C2SP tlog-checkpoint), with the log's own signature."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    at = models.DateTimeField()
    note = models.TextField()


class Cosignature(InsertOnly):
    """A witness's signature line over a checkpoint (C2SP tlog-cosignature), checked before it was stored."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="cosignatures")
    key_name = models.TextField()
    key_id = models.BinaryField()
    at = models.DateTimeField()
    """When the witness says that it signed."""
    line = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["checkpoint", "key_name", "key_id"], name="cosignature_once_per_witness"),
        ]
