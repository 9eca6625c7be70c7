"""Write to who sent an envelope."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.links import ports as link_ports
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.signature.formats.notices import told_sender
from telesphore.signature.models import Envelope


def tell_sender(envelope: Envelope, event: str, actor: Actor, at: datetime, about: UUID | None = None) -> None:
    """Tell the sender of this event (see `formats.notices.told_sender`), in the caller's transaction; not of what they
    did themself.

    Args:
        about: the row that the notice speaks of; None for the envelope.
    """
    if actor.person_id == envelope.sender_id:
        return
    person = accounts.person_card(envelope.sender_id)
    words = told_sender(event, f"{link_ports.base_url.get()}/book/{envelope.id}/", person.language)
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=person.email,
        subject=words.subject,
        text=words.text,
        kind=f"signature:{event}",
        about=about or envelope.id,
        actor=actor,
        at=at,
    )
