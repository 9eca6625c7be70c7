"""How this room refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class JobNotFound(DomainError):
    """This job is not there, or has not stopped: refresh the list."""

    refusal = Refusal.NOT_FOUND
    code = "job-not-found"


class JobsNotYours(DomainError):
    """Only an administrator may act on stopped work."""

    refusal = Refusal.FORBIDDEN
    code = "jobs-not-yours"


class WorkerDied(DomainError):
    """The worker died each time that it ran this job; see the system's log (memory, signals), then try again."""

    refusal = Refusal.UNAVAILABLE
    code = "worker-died"
