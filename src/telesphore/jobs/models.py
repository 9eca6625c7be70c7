"""What procrastinate's own tables don't tell: why a job failed last, and when periodic work is due."""

from django.db import models


class LastFailure(models.Model):
    """Why the last try of a job failed. The row goes when the job succeeds or is given up."""

    job_id = models.BigIntegerField(primary_key=True)
    """Id of the row of procrastinate_jobs."""
    code = models.TextField()
    """A refusal's code, or the name of the exception's class."""
    sentence = models.TextField()
    """For people; never the exception's own text, which may quote content."""
    failed_at = models.DateTimeField()


class Period(models.Model):
    """When a piece of periodic work is due next: one row per name, whatever the number of workers."""

    name = models.TextField(primary_key=True)
    due_at = models.DateTimeField()
