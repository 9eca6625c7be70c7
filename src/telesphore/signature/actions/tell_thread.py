"""Tell those concerned that something was written beside a document: that, and not a word of it."""

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
from telesphore.signature import access
from telesphore.signature.access.thread import Seat
from telesphore.signature.actions.call import LINK_TO_SIGN, retire_link
from telesphore.signature.models import Entry, Envelope, Recipient
from telesphore.signature.states import AuthorKind, EntryKind, RecipientState


def tell(*, entry: Entry, about: Entry | None, seat: Seat, actor: Actor, at: datetime) -> None:
    """The notices that an entry calls for, in the caller's transaction.

    A question or message of the patient or a guest goes to the sender and to the professionals whose turn it is; a
    mention to whom it names; an answer to whoever asked, but guests.
    """
    envelope = seat.envelope
    book = f"/book/{envelope.id}/#thread"
    if entry.author_kind != AuthorKind.PROFESSIONAL:
        if entry.kind != EntryKind.EDIT:
            for person_id in sorted(_in_charge(envelope)):
                _write_to_person(envelope, person_id, entry, book, actor, at)
        return
    named = set(entry.mentions)
    if entry.kind == EntryKind.ANSWER and about is not None:
        if about.author_kind == AuthorKind.PROFESSIONAL:
            named.add(about.author_id)
        elif about.author_kind == AuthorKind.REPRESENTATIVE:
            _write_to_person(envelope, about.author_id, entry, "/my/", actor, at)
        elif about.author_kind == AuthorKind.PATIENT:
            _write_to_patient(envelope, entry, actor, at)
    for person_id in sorted(named - {actor.person_id}):
        _write_to_person(envelope, person_id, entry, book, actor, at)


def _in_charge(envelope: Envelope) -> set[UUID]:
    rows = Recipient.objects.filter(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        person_id__isnull=False,
        state=RecipientState.WAITING,
    )
    return {envelope.sender_id, *(one for one in rows.values_list("person_id", flat=True) if one is not None)}


def _write_to_person(envelope: Envelope, person_id: UUID, entry: Entry, page: str, actor: Actor, at: datetime) -> None:
    """To an account, which opens the page where it may be read."""
    person = accounts.person_card(person_id)
    with translation.override(person.language):
        if entry.author_kind != AuthorKind.PROFESSIONAL:
            subject = _("A question awaits you beside a document")
            text = _("Hello,\n\nA question was asked beside a document that you follow.\n\nRead it: %(url)s\n")
        elif entry.kind == EntryKind.ANSWER:
            subject = _("Your question was answered")
            text = _("Hello,\n\nYour question beside a document was answered.\n\nRead it: %(url)s\n")
        else:
            subject = _("You are mentioned beside a document")
            text = _("Hello,\n\nA colleague mentions you beside a document.\n\nRead it: %(url)s\n")
        text %= {"url": f"{link_ports.base_url.get()}{page}"}
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=person.email,
        subject=subject,
        text=text,
        kind="signature:thread",
        about=entry.id,
        actor=actor,
        at=at,
    )


def _write_to_patient(envelope: Envelope, entry: Entry, actor: Actor, at: datetime) -> None:
    """Only while it is their turn: a link leads nowhere before, and after they find the answer in what they signed."""
    recipient = Recipient.objects.filter(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        patient_id=envelope.patient_id,
        state=RecipientState.WAITING,
    ).first()
    if recipient is None:
        return
    patient, stand_ins = access.stand_ins(envelope, at)
    if stand_ins is not None:
        for person_id in stand_ins:
            _write_to_person(envelope, person_id, entry, "/my/", actor, at)
        return
    if not (patient.email and patient.phone):
        return
    # Of the link of before, only a digest is kept: another takes its place.
    link = links.create(
        organisation_id=envelope.organisation_id,
        purpose=LINK_TO_SIGN,
        subject_id=envelope.id,
        patient_id=patient.id,
        phone=patient.phone,
        language=patient.reads,
        expires_at=envelope.expires_at,
        actor=actor,
        at=at,
    )
    retire_link(recipient, actor, at)
    recipient.link_id = link.link_id
    recipient.save(update_fields=["link_id"])
    organisation = accounts.organisation_card(envelope.organisation_id)
    with translation.override(recipient.language or patient.reads):
        subject = _("%(organisation)s has answered your question") % {"organisation": organisation.name}
        text = _(
            "Hello,\n\n"
            "%(organisation)s has answered the question that you asked about a document.\n\n"
            "Read the answer, then decide: %(url)s\n\n"
            "This link replaces the one of before. A code will be sent to your phone when you ask for it. The link is "
            "yours alone: do not forward it.\n"
        ) % {"organisation": organisation.name, "url": link.url}
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=patient.email,
        subject=subject,
        text=text,
        kind="signature:thread",
        about=entry.id,
        actor=actor,
        at=at,
    )
