"""Tell the sender, and those who watch, what became of an envelope."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import ports as link_ports
from telesphore.outbox import actions as outbox
from telesphore.outbox import queries as notices
from telesphore.outbox.models import Channel
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.tell_sender import tell_sender
from telesphore.signature.formats.notices import told_watcher
from telesphore.signature.models import Envelope, Recipient, Watcher
from telesphore.signature.states import OPEN_STATES, EnvelopeState, RecipientState

__all__ = ["tell_completed", "tell_undelivered"]


@audit.act("signature:envelope:tell")
def tell_completed(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Write to the sender and to the watchers that it is completed: once, however often this runs.

    Raises:
        EnvelopeNotFound
    """
    envelope = lock(actor=actor, envelope_id=envelope_id)
    if envelope.state != EnvelopeState.COMPLETED or _told(envelope, envelope.id, "signature:completed"):
        return
    tell_sender(envelope, "completed", actor, at)
    watchers = Watcher.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    url = f"{link_ports.base_url.get()}/book/{envelope.id}/"
    people = accounts.person_cards(set(watchers.values_list("person_id", flat=True)) - {envelope.sender_id})
    for person in people.values():
        words = told_watcher(url, person.language)
        outbox.send(
            organisation_id=envelope.organisation_id,
            channel=Channel.EMAIL,
            to=person.email,
            subject=words.subject,
            text=words.text,
            kind="signature:watched",
            about=envelope.id,
            actor=actor,
            at=at,
        )


@audit.act("signature:envelope:tell")
def tell_undelivered(*, recipient_id: UUID, notice_id: UUID, actor: Actor, at: datetime) -> None:
    """Write to the sender that somebody who is awaited could not be told: once for each notice."""
    found = Recipient.objects.filter(organisation_id=actor.organisation, id=recipient_id).first()
    if found is None:
        return
    envelope = lock(actor=actor, envelope_id=found.envelope_id)
    waits = Recipient.objects.filter(
        organisation_id=actor.organisation, id=recipient_id, state=RecipientState.WAITING
    ).exists()
    if not waits or envelope.state not in OPEN_STATES or _told(envelope, notice_id, "signature:undelivered"):
        return
    tell_sender(envelope, "undelivered", actor, at, about=notice_id)


def _told(envelope: Envelope, about: UUID, kind: str) -> bool:
    found = notices.notices_about(organisation_id=envelope.organisation_id, about=[about])
    return any(notice.kind == kind for notice in found)
