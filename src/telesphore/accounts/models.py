"""Persons, organisations, memberships."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from telesphore.accounts.states import Role
from telesphore.kernel.identifiers import uuid7
from telesphore.kernel.rows import Owned


class Organisation(models.Model):
    """A hospital, a laboratory, a practice."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.TextField()
    city = models.TextField(blank=True)
    finess = models.CharField(max_length=9, blank=True)

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
    language = models.CharField(max_length=5, default="fr")
    is_active = models.BooleanField(default=True)

    objects = PersonManager()
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


class Membership(Owned):
    """A role held by a person in an organisation, between two instants."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    role = models.TextField(choices=Role)
    unit = models.TextField(blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
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
