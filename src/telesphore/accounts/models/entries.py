"""What people and programs came in by: sessions, API tokens, the backup way."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.accounts.models.people import Person
from telesphore.accounts.states import Acr
from telesphore.kernel.identifiers import uuid7
from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to


class Session(models.Model):
    """One presence of one person, from sign-in to end; it may span organisations, one at a time.

    Attributes:
        key_sha256: of the session key, so that this table opens no session.
        ends_at: the latest end, whatever happens: the role's limit or the identity provider's.
        seen_at: the last act, to within a minute.
        locked_at: since when it waits for its person to prove again who they are.
        idle_minutes: without an act, until it is locked.
        end: why it ended, a `states.SessionEnd`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    key_sha256 = models.BinaryField(unique=True)
    means = models.TextField()
    acr = models.TextField(choices=Acr)
    source_address = models.TextField(blank=True)
    client = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    idle_minutes = models.PositiveSmallIntegerField(db_default=15)
    locked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person", "-opened_at"], name="session_by_person")]


class ApiToken(Owned):
    """A program's way in: shown once, kept as a hash, dated, narrowed to `scopes`."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    """Who answers for it; the token can do no more than they can."""
    name = models.TextField()
    scopes = ArrayField(models.TextField())
    secret_sha256 = models.BinaryField(unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class DirectoryEntry(Owned):
    """A person as an organisation's own directory (SCIM) knows them; what it says of them stays in that organisation.

    Attributes:
        external_id: the directory's own identifier; empty when it gave none.
        active: whether the directory lets them work here; their roles are suspended while it doesn't.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    external_id = models.TextField(blank=True)
    given_name = models.TextField(blank=True)
    family_name = models.TextField(blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation_id", "person"], name="directory_entry_once_per_person"),
            models.UniqueConstraint(
                fields=["organisation_id", "external_id"],
                condition=~models.Q(external_id=""),
                name="directory_entry_external_id_once",
            ),
        ]


class BackupAccess(Owned):
    """The backup way in, while Pro Santé Connect or the network is down: at most 24 hours, by an administrator."""

    reason = models.TextField()
    opened_by = models.UUIDField()
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation_id"], condition=models.Q(closed_at=None), name="backup_access_open_once"
            ),
        ]


class BackupCode(Owned):
    """A one-time code sent by e-mail to a member while the backup way is open; only the newest one counts."""

    access_id = models.UUIDField()
    access = belongs_to(BackupAccess, "access_id")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    code_hash = models.BinaryField(max_length=32)
    """HMAC-SHA-256 under the instance's secret: six digits alone could be guessed from a plain hash."""
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries_left = models.PositiveSmallIntegerField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="access_id", to="accounts.BackupAccess", name="backup_code_same_organisation"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "access_id", "person", "sent_at"], name="backup_code_by_person"),
        ]
