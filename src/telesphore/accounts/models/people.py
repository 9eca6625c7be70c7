"""Persons, organisations and their units, memberships, invitations, delegations."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.accounts.states import Role
from telesphore.kernel.identifiers import uuid7
from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to


class Organisation(models.Model):
    """A hospital, a laboratory, a practice."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.TextField()
    city = models.TextField(blank=True)
    finess = models.CharField(max_length=9, blank=True)
    """FINESS number, letters allowed (2A, 2B)."""
    siren = models.CharField(max_length=9, blank=True, db_default="")
    siret = models.CharField(max_length=14, blank=True, db_default="")
    idle_minutes = models.PositiveSmallIntegerField(null=True)
    """Minutes until a session is locked, when the organisation chose other than `states.Limits`."""
    session_minutes = models.PositiveSmallIntegerField(null=True)
    """Minutes until a session ends, likewise."""

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Makes persons, with their password hashed."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save()
        return person


class Person(AbstractBaseUser):
    """A natural person who signs in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    family_name = models.TextField()
    given_name = models.TextField()
    title = models.TextField(blank=True)
    """As written before the name, e.g. `Dr`."""
    specialty = models.TextField(blank=True)
    rpps = models.CharField(max_length=11, blank=True)
    national_id = models.TextField(blank=True, db_default="")
    """IDNPS, `SubjectNameID` of Pro Santé Connect and of cards: 8 + RPPS, 0 + ADELI, or the establishment's own form.

    Unique among those who have one.
    """
    profession = models.CharField(max_length=3, blank=True, db_default="")
    """TRE_G15 code, e.g. 10 for a physician."""
    specialty_code = models.CharField(max_length=8, blank=True, db_default="")
    """TRE_R38 code, e.g. SM40."""
    directory_checked_at = models.DateTimeField(null=True)
    """When the national identifier was last compared with a card, Pro Santé Connect or the directory."""
    language = models.CharField(max_length=5, default="fr")
    is_active = models.BooleanField(default=True)

    objects = PersonManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["national_id"], condition=~models.Q(national_id=""), name="person_national_id_held_once"
            ),
        ]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["family_name", "given_name"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """Title, given name, family name: `Dr Anne Lebrun`."""
        return " ".join(part for part in (self.title, self.given_name, self.family_name) if part)

    @property
    def initials(self) -> str:
        """Two capitals for the round badge: `AL`."""
        return (self.given_name[:1] + self.family_name[:1]).upper()

    def get_full_name(self) -> str:
        return self.display_name


class Unit(Owned):
    """A ward, a service, a site: part of an organisation."""

    name = models.TextField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation_id", "name"], condition=models.Q(closed_at=None), name="unit_open_name_used_once"
            ),
        ]


class Membership(Owned):
    """A role held by a person in an organisation, between two instants."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    role = models.TextField(choices=Role)
    unit = models.TextField(blank=True)
    unit_id = models.UUIDField(null=True)
    of_unit = belongs_to(Unit, "unit_id", null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    """Since when the role gives nothing, until it is lifted."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="unit_id", to="accounts.Unit", name="membership_unit_same_organisation"),
            models.UniqueConstraint(
                fields=["organisation_id", "person", "role"],
                condition=models.Q(ends_at=None),
                name="membership_open_role_held_once",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("starts_at")),
                name="membership_ends_after_it_starts",
            ),
        ]


class Invitation(Owned):
    """An offer to become a member, sent to an address; accepted by who follows it and proves the address theirs.

    The link and its code are those of `links`; `person_id` is the account, made with the invitation and unable to sign
    in until it is accepted.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    roles = ArrayField(models.TextField(choices=Role))
    unit_id = models.UUIDField(null=True)
    unit = belongs_to(Unit, "unit_id", null=True)
    link_id = models.UUIDField(null=True)
    invited_by = models.UUIDField()
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    code_given_at = models.DateTimeField(null=True)
    """When somebody who held the link gave its code."""
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="unit_id", to="accounts.Unit", name="invitation_unit_same_organisation"),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(withdrawn_at=None), name="invitation_ends_one_way"
            ),
        ]


class Delegation(Owned):
    """`delegate` may do some acts for `delegator`, between two instants.

    Attributes:
        permissions: the kinds of act, from `states.PERMISSIONS`.
        document_types: TRE_A03 or LOINC codes as `records` keeps them; empty for every type.
    """

    delegator = models.ForeignKey(Person, models.PROTECT, related_name="+")
    delegate = models.ForeignKey(Person, models.PROTECT, related_name="+")
    permissions = ArrayField(models.TextField())
    document_types = ArrayField(models.TextField(), default=list)
    reason = models.TextField(blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    given_by = models.UUIDField()
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="delegation_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=~models.Q(delegator=models.F("delegate")), name="delegation_to_somebody_else"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "delegate", "ends_at"], name="delegation_by_delegate"),
            models.Index(fields=["organisation_id", "delegator", "ends_at"], name="delegation_by_delegator"),
        ]
