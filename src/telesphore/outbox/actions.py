"""Queue a notice in the caller's transaction; deliver it after commit."""

import json
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.outbox import ports
from telesphore.outbox.facts import NoticeUndelivered
from telesphore.outbox.models import Channel, Notice, Status
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries


def send(
    *,
    organisation_id: UUID,
    channel: Channel,
    to: str,
    subject: str,
    text: str,
    kind: str,
    about: UUID,
    actor: Actor,
    at: datetime,
) -> UUID:
    """Queue one notice, in the caller's transaction; it leaves after commit.

    Args:
        to: an e-mail address or an E.164 number, according to `channel`.
        text: what the recipient must do; no health data.
        kind: `room:thing`.
        about: the row that the notice speaks of.
    """
    notice_id = uuid7()
    content = json.dumps({"to": to, "subject": subject, "text": text})
    Notice.objects.create(
        organisation_id=organisation_id,
        id=notice_id,
        channel=channel,
        kind=kind,
        about=about,
        sealed=vault.seal_text(
            organisation_id=organisation_id,
            key_id=vault_queries.organisation_keyset(organisation_id),
            text=content,
            context=f"outbox:notice:{notice_id}",
        ),
        queued_at=at,
    )
    audit.record(
        "outbox:notice:queue", actor=actor, subject=notice_id, at=at, detail={"kind": kind, "about": about.hex}
    )
    jobs.enqueue("outbox:deliver", organisation_id=organisation_id, notice_id=notice_id)
    return notice_id


@jobs.job("outbox:deliver")
def deliver(*, organisation_id: str, notice_id: str) -> None:
    """Hand a waiting notice to its gateway, then forget its text.

    A crash after the gateway took charge sends it twice, under the same message id.

    Raises:
        GatewayAway: the job will be tried again.
    """
    organisation, identifier = UUID(organisation_id), UUID(notice_id)
    notice = Notice.objects.filter(organisation_id=organisation, id=identifier, status=Status.WAITING).first()
    if notice is None:
        return
    Notice.objects.filter(organisation_id=organisation, id=identifier).update(tries=F("tries") + 1)
    assert notice.sealed is not None
    content = json.loads(
        vault_queries.unseal_text(
            organisation_id=organisation,
            key_id=vault_queries.organisation_keyset(organisation),
            sealed=bytes(notice.sealed),
            context=f"outbox:notice:{notice.id}",
        )
    )
    try:
        if notice.channel == Channel.EMAIL:
            ports.mail.get().send(
                to=content["to"], subject=content["subject"], text=content["text"], message_id=notice.id.hex
            )
        else:
            ports.sms.get().send(to=content["to"], text=content["text"], message_id=notice.id.hex)
    except ports.AddressRefused as refused:
        _settle(organisation, identifier, Status.FAILED, refused.code)
    else:
        _settle(organisation, identifier, Status.SENT, "")


@transaction.atomic
def _settle(organisation_id: UUID, notice_id: UUID, status: Status, error_code: str) -> None:
    at = now()
    changed = Notice.objects.filter(organisation_id=organisation_id, id=notice_id, status=Status.WAITING).update(
        status=status, settled_at=at, sealed=None, error_code=error_code
    )
    if changed:
        audit.record(
            f"outbox:notice:{'deliver' if status == Status.SENT else 'give-up'}",
            actor=Actor.system(organisation_id),
            subject=notice_id,
            at=at,
            detail={"code": error_code} if error_code else None,
        )
    if changed and status == Status.FAILED:
        notice = Notice.objects.get(organisation_id=organisation_id, id=notice_id)
        jobs.announce(NoticeUndelivered(organisation_id, notice_id, notice.kind, notice.about))
