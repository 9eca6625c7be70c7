"""Who wants a message each morning on what awaits them."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import Owned


class Digest(Owned):
    """Somebody's wish for the morning message: while the row is there, they get it."""

    person_id = models.UUIDField()
    last_on = models.DateField()
    """The day that was last seen to, whether there was something to say or not."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation_id", "person_id"], name="digest_wanted_once")
        ]
        indexes: ClassVar = [models.Index(fields=["last_on"], name="digest_by_day")]
