"""A patient asks for their link again: all are answered the same, and it leaves for the address that the record has."""

from datetime import datetime, timedelta
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links import actions as links
from telesphore.records.actions.invite import LINK_TO_ACCOUNT, call
from telesphore.records.errors import InvitationNotFound
from telesphore.records.models import Patient, PatientAccount

BETWEEN = timedelta(hours=1)
"""Between two links to one account: each makes the one before worthless, and anybody may ask."""
MOST = 10


@audit.act("records:account:ask-link")
def ask_for_link(*, email: str, actor: Actor, at: datetime) -> None:
    """Have a link sent to whoever was invited by this address and may come in by an account; to nobody else.

    One query, one trace and one job, whoever asks: how long the answer takes tells nothing. Neither trace nor job names
    the address.
    """
    rows = PatientAccount.objects.filter(email=email.strip().lower(), ended_at=None, invited_at__lte=at - BETWEEN)
    found = rows.order_by("organisation_id", "id").values_list("organisation_id", "id")[:MOST]
    jobs.enqueue("records:send-links", accounts=[[organisation.hex, row.hex] for organisation, row in found])
    audit.record("records:account:ask-link", actor=actor, at=at)


@jobs.job("records:send-links")
def send_links(*, accounts: list[list[str]]) -> None:
    """Send the links that a patient asked for; what has ended since, or was sent meanwhile, is passed over."""
    for organisation, row in accounts:
        try:
            send_link(account_id=UUID(row), actor=Actor.system(UUID(organisation)), at=now())
        except InvitationNotFound:
            continue


@audit.act("records:account:send-link")
def send_link(*, account_id: UUID, actor: Actor, at: datetime) -> None:
    """Send a patient another link to their account, which makes the one before worthless.

    Raises:
        InvitationNotFound: the account ended, or a link left less than an hour ago.
    """
    row = (
        PatientAccount.objects.select_for_update()
        .filter(organisation_id=actor.organisation, id=account_id, ended_at=None, invited_at__lte=at - BETWEEN)
        .first()
    )
    if row is None:
        raise InvitationNotFound
    patient = Patient.objects.get(organisation_id=row.organisation_id, id=row.patient_id)
    if not patient.phone:
        raise InvitationNotFound
    links.revoke(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    row.invited_at = at
    row.link_id = call(
        purpose=LINK_TO_ACCOUNT,
        row_id=row.id,
        patient=patient,
        email=row.email,
        phone=patient.phone,
        actor=actor,
        at=at,
    )
    row.save(update_fields=["invited_at", "link_id"])
    audit.record("records:account:send-link", actor=actor, subject=row.id, patient=patient.id, ground="asked", at=at)
