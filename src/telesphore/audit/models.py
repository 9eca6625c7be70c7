"""Events: one row per act, inserted once."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.kernel.rows import InsertOnly, Owned


class Event(Owned, InsertOnly):
    """One act, a reading or a refusal included."""

    at = models.DateTimeField()
    action = models.TextField()
    outcome = models.TextField()
    actor_kind = models.TextField()
    person_id = models.UUIDField(null=True)
    on_behalf_of = models.UUIDField(null=True)
    means = models.TextField(blank=True)
    patient_id = models.UUIDField(null=True)
    subject_id = models.UUIDField(null=True)
    categories = ArrayField(models.TextField(), default=list)
    origin = models.TextField(blank=True)
    purpose = models.TextField(blank=True)
    ground = models.TextField(blank=True)
    source_address = models.TextField(blank=True)
    client = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
