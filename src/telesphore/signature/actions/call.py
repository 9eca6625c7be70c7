"""Call a step's recipients: each by a notice that says what to do, and nothing of the document."""

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.links import actions as links
from telesphore.links import ports as link_ports
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.records import access as records_access
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import RecipientState

LINK_TO_SIGN = "signature:sign"


def call_step(*, envelope: Envelope, position: int, actor: Actor, at: datetime) -> bool:
    """Tell the recipients of a step that it is their turn, in the caller's transaction. False when there is no such
    step: the circuit is at its end."""
    recipients = list(
        Recipient.objects.filter(
            organisation_id=envelope.organisation_id, envelope_id=envelope.id, step__position=position
        )
    )
    for recipient in recipients:
        recipient.state = RecipientState.WAITING
        recipient.awaited_at = at
        if recipient.patient_id is not None:
            recipient.link_id = _call_patient(envelope, recipient, actor, at)
        else:
            _call_professional(envelope, recipient, actor, at)
        recipient.save(update_fields=["state", "awaited_at", "link_id"])
    return bool(recipients)


def _call_patient(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> UUID:
    patient = records_access.decide(
        actor=Actor.system(envelope.organisation_id), patient_id=envelope.patient_id, at=at
    ).patient
    link = links.create(
        organisation_id=envelope.organisation_id,
        purpose=LINK_TO_SIGN,
        subject_id=envelope.id,
        patient_id=patient.id,
        phone=patient.phone,
        language=patient.language,
        expires_at=envelope.expires_at,
        actor=actor,
        at=at,
    )
    organisation = accounts.organisation_card(envelope.organisation_id)
    with translation.override(patient.language):
        subject = _("%(organisation)s asks you to read and sign a document") % {"organisation": organisation.name}
        text = _(
            "Hello,\n\n"
            "%(organisation)s asks you to read and sign a document.\n\n"
            "Open this link: %(url)s\n\n"
            "A code will be sent to your phone when you ask for it. The link is yours alone: do not forward it.\n"
        ) % {"organisation": organisation.name, "url": link.url}
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=patient.email,
        subject=subject,
        text=text,
        kind="signature:invitation",
        about=recipient.id,
        actor=actor,
        at=at,
    )
    return link.link_id


def _call_professional(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> None:
    assert recipient.person_id is not None
    person = accounts.person_card(recipient.person_id)
    with translation.override(person.language):
        subject = _("A document awaits your signature")
        text = _("Hello,\n\nA document awaits your signature in your signature book.\n\nOpen it: %(url)s\n") % {
            "url": f"{link_ports.base_url.get()}/book/{envelope.id}/"
        }
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=person.email,
        subject=subject,
        text=text,
        kind="signature:invitation",
        about=recipient.id,
        actor=actor,
        at=at,
    )
