"""Links by which a person comes in to set up new ways to sign in, having lost theirs."""

from typing import ClassVar

from django.db import models

from telesphore.accounts.models.people import Person
from telesphore.kernel.identifiers import uuid7


class SetUpLink(models.Model):
    """A link sent to a person's own e-mail address: good once, and not for long.

    Attributes:
        token_sha256: of the 32 random bytes that the address carries.
        code_hash: HMAC-SHA-256 of what an administrator tells the person by another channel; empty when the person
            gave a recovery code before the link was sent.
        means: what the person has proved once the link is followed and the code given.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    token_sha256 = models.BinaryField(unique=True)
    code_hash = models.BinaryField(default=bytes)
    means = models.TextField()
    tries_left = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person"], name="set_up_link_by_person")]
