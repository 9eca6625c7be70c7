"""What a worker knows to do: the rooms' jobs, the reactions, and work that comes back by itself.

Sealing the trail is not here: the worker does it at every tick.
"""

from datetime import datetime

from telesphore.accounts import actions as accounts
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.pki import actions as pki
from telesphore.signature.actions import digest, expire, remind, renew
from telesphore.vault import actions as vault

HOUR = 3600


def register() -> None:
    """Import the modules that name jobs; tell the jobs room what comes back, and how often."""
    from telesphore import reactions
    from telesphore.outbox import actions as _outbox  # noqa: F401 - names its jobs.
    from telesphore.signature.actions import seal as _seal  # noqa: F401 - names its jobs.
    from telesphore.signature.actions import seal_step as _seal_step  # noqa: F401 - names its jobs.
    from telesphore.signature.actions import send_many as _send_many  # noqa: F401 - names its jobs, and those of its rows.
    from telesphore.webhooks import actions as _webhooks  # noqa: F401 - names its jobs.

    reactions.register()
    jobs.every(6 * HOUR, "vault:sweep")(_sweep_vault)
    jobs.every(6 * HOUR, "pki:maintain")(_maintain_authorities)
    jobs.every(24 * HOUR, "pki:refresh-anchors")(_refresh_anchors)
    jobs.every(24 * HOUR, "audit:retention")(_retain_events)
    jobs.every(24 * HOUR, "accounts:clear-sessions")(_clear_sessions)
    jobs.every(HOUR, "accounts:forget-answers")(_forget_answers)
    jobs.every(24 * HOUR, "webhooks:forget-settled")(_forget_deliveries)
    jobs.every(60, "accounts:end-backups")(_end_backups)
    jobs.every(HOUR, "signature:renew-proofs")(_renew_proofs)
    jobs.every(HOUR, "signature:remind")(_remind)
    jobs.every(HOUR // 4, "signature:expire")(_expire)
    jobs.every(HOUR // 4, "signature:digest")(_send_digests)


def _forget_deliveries(at: datetime) -> None:
    from telesphore.webhooks import actions as webhooks

    webhooks.forget_settled(actor=Actor.system(), at=at)


def _sweep_vault(at: datetime) -> None:
    vault.sweep(actor=Actor.system(), at=at)


def _maintain_authorities(at: datetime) -> None:
    pki.maintain(actor=Actor.system(), at=at)


def _refresh_anchors(at: datetime) -> None:
    from telesphore.pki import ports

    # It warns in the log of each list that is refused, and goes on with the copy that is kept.
    ports.anchor_source.get().refresh(at=at)


def _retain_events(at: datetime) -> None:
    audit.apply_retention(actor=Actor.system(), at=at)


def _renew_proofs(at: datetime) -> None:
    renew.renew_due(actor=Actor.system(), at=at)


def _remind(at: datetime) -> None:
    remind.remind_due(actor=Actor.system(), at=at)


def _expire(at: datetime) -> None:
    expire.expire_due(actor=Actor.system(), at=at)


def _send_digests(at: datetime) -> None:
    digest.send_due(actor=Actor.system(), at=at)


def _forget_answers(at: datetime) -> None:
    accounts.forget_answers(actor=Actor.system(), at=at)


def _end_backups(at: datetime) -> None:
    accounts.end_backups(actor=Actor.system(), at=at)


def _clear_sessions(at: datetime) -> None:
    from django.core.management import call_command

    call_command("clearsessions")
