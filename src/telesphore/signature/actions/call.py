"""Call those whose turn it is, and tell them when it is theirs no more: by notices that say what to do, and nothing of
the document."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.links import actions as links
from telesphore.links import ports as link_ports
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.signature import access
from telesphore.signature.actions.tell_sender import tell_sender
from telesphore.signature.formats.notices import (
    Words,
    asked,
    asked_no_more,
    asked_patient,
    asked_representative,
)
from telesphore.signature.models import Envelope, Prepared, Recipient, Step
from telesphore.signature.queries.guests import guests_of
from telesphore.signature.states import PreparedState, RecipientState, StepKind

LINK_TO_SIGN = "signature:sign"
LINK_FOR_GUEST = "signature:guest"
"""Its subject is the recipient, not the envelope: a guest's link leads to their own place."""
VISIT = timedelta(minutes=30)
"""How long whoever came by a link may stay, once another took its place."""
INVITATION, REMINDER, RELEASE = "signature:invitation", "signature:reminder", "signature:release"
"""Kinds of notices to recipients."""


def call_step(*, envelope: Envelope, step: Step, actor: Actor, at: datetime) -> None:
    """Tell the recipients of a step that it is their turn, in the caller's transaction: those who have not acted in it
    yet."""
    recipients = Recipient.objects.filter(
        organisation_id=envelope.organisation_id,
        step_id=step.id,
        state__in=(RecipientState.PENDING, RecipientState.RELEASED),
    )
    for recipient in recipients.order_by("id"):
        await_recipient(envelope, recipient, StepKind(step.kind), actor, at)


def await_recipient(envelope: Envelope, recipient: Recipient, kind: StepKind, actor: Actor, at: datetime) -> None:
    """It is this recipient's turn from now on: they are called, with a link of their own when they have no account."""
    recipient.state = RecipientState.WAITING
    recipient.awaited_at = at
    recipient.reminders, recipient.reminded_at = 0, None
    recipient.save(update_fields=["state", "awaited_at", "reminders", "reminded_at"])
    call(envelope, recipient, kind, actor, at)


def call(
    envelope: Envelope, recipient: Recipient, kind: StepKind, actor: Actor, at: datetime, notice: str = INVITATION
) -> None:
    """Write to who is awaited, unless a tablet is handed over to them. Whoever comes by a link gets a new one that
    works; the one before is revoked. A reminder puts nobody out: whoever is reading when it comes may finish."""
    if notice == REMINDER:
        retire_link(recipient=recipient, actor=actor, at=at)
    else:
        close_links(recipient=recipient, actor=actor, at=at)
    recipient.link_id = None
    if recipient.at_bedside:
        # A tablet is handed over to them: a link sent now would be a second door, which nobody watches.
        pass
    elif recipient.patient_id is not None:
        recipient.link_id = _call_patient(envelope, recipient, notice, actor, at)
    elif recipient.person_id is not None:
        _call_professional(envelope, recipient, kind, notice, actor, at)
    else:
        recipient.link_id = _call_guest(envelope, recipient, notice, actor, at)
    recipient.save(update_fields=["link_id"])


def retire_link(*, recipient: Recipient, actor: Actor, at: datetime) -> None:
    """Let the link that a recipient has end once a visit that began by it is over: another takes its place."""
    if recipient.link_id is not None:
        until = at + VISIT
        links.retire(
            organisation_id=recipient.organisation_id, link_id=recipient.link_id, until=until, actor=actor, at=at
        )


def close_links(*, recipient: Recipient, actor: Actor, at: datetime) -> None:
    """No link of a recipient leads anywhere from now on, and whoever came by one is out."""
    if recipient.person_id is None:
        purpose, subject_id = _leading_to(recipient)
        links.revoke_all(
            organisation_id=recipient.organisation_id, purpose=purpose, subject_id=subject_id, actor=actor, at=at
        )


def use_up_links(*, recipient: Recipient, actor: Actor, at: datetime) -> None:
    """They acted: the links that led there have done their work, the one before a reminder too."""
    if recipient.person_id is None:
        purpose, subject_id = _leading_to(recipient)
        links.use_up_all(
            organisation_id=recipient.organisation_id, purpose=purpose, subject_id=subject_id, actor=actor, at=at
        )


def _leading_to(recipient: Recipient) -> tuple[str, UUID]:
    """Purpose and subject of the links of who has no account."""
    if recipient.guest_sealed is not None:
        return LINK_FOR_GUEST, recipient.id
    return LINK_TO_SIGN, recipient.envelope_id


def release(*, envelope: Envelope, step_id: UUID | None = None, actor: Actor, at: datetime) -> None:
    """Ask nothing any more of those who have not acted: of one step that is complete, or of all when the circuit ended.
    Their links stop working, and those who were awaited are told."""
    rows = Recipient.objects.filter(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        state__in=(RecipientState.WAITING, RecipientState.PENDING),
    )
    if step_id is not None:
        rows = rows.filter(step_id=step_id)
    dismiss(envelope, list(rows.order_by("id")), RecipientState.RELEASED, actor, at)


def dismiss(
    envelope: Envelope, recipients: Iterable[Recipient], state: RecipientState, actor: Actor, at: datetime
) -> None:
    """Put recipients into a state in which nothing is asked of them; those who were awaited are told so."""
    for recipient in recipients:
        awaited = recipient.state == RecipientState.WAITING
        recipient.state = state
        recipient.save(update_fields=["state"])
        if not awaited:
            continue
        close_links(recipient=recipient, actor=actor, at=at)
        drop_prepared(recipient, at)
        _tell_released(envelope, recipient, actor, at)


def drop_prepared(recipient: Recipient, at: datetime) -> None:
    """What waited for this recipient's card is worth nothing any more."""
    Prepared.objects.filter(
        organisation_id=recipient.organisation_id, recipient_id=recipient.id, state=PreparedState.WAITING
    ).update(state=PreparedState.DROPPED, ended_at=at)


def _call_patient(envelope: Envelope, recipient: Recipient, notice: str, actor: Actor, at: datetime) -> UUID:
    """Call the patient by a link, or those who act in their place to their account.

    The link of a represented patient's place goes to nobody and gets no code: it holds the place open to whoever
    comes in by an account, and dies with it.
    """
    patient, stand_ins = access.stand_ins(envelope, at)
    language = recipient.language or patient.reads
    link = links.create(
        organisation_id=envelope.organisation_id,
        purpose=LINK_TO_SIGN,
        subject_id=envelope.id,
        patient_id=patient.id,
        phone=patient.phone if stand_ins is None else "",
        language=language,
        expires_at=envelope.expires_at,
        actor=actor,
        at=at,
    )
    organisation = accounts.organisation_card(envelope.organisation_id)
    if stand_ins is None:
        words = asked_patient(organisation.name, link.url, language, again=notice == REMINDER)
        _send(envelope, recipient, patient.email, words, notice, actor, at)
        return link.link_id
    for person in accounts.person_cards(set(stand_ins)).values():
        words = asked_representative(organisation.name, my_page(), person.language, again=notice == REMINDER)
        _send(envelope, recipient, person.email, words, notice, actor, at)
    if not stand_ins:
        # Nobody recorded holds any more: only the sender can mend it.
        tell_sender(envelope, "unrepresented", actor, at)
    return link.link_id


def my_page() -> str:
    """Where whoever comes in by an account finds what awaits them."""
    return f"{link_ports.base_url.get()}/my/"


def _call_guest(envelope: Envelope, recipient: Recipient, notice: str, actor: Actor, at: datetime) -> UUID:
    card, language = guests_of([(envelope, recipient)])[recipient.id], recipient.language or "fr"
    link = links.create(
        organisation_id=envelope.organisation_id,
        purpose=LINK_FOR_GUEST,
        subject_id=recipient.id,
        patient_id=envelope.patient_id,
        phone=card.phone,
        language=language,
        expires_at=envelope.expires_at,
        actor=actor,
        at=at,
    )
    organisation = accounts.organisation_card(envelope.organisation_id)
    words = asked_patient(organisation.name, link.url, language, again=notice == REMINDER)
    _send(envelope, recipient, card.email, words, notice, actor, at)
    return link.link_id


def _call_professional(
    envelope: Envelope, recipient: Recipient, kind: StepKind, notice: str, actor: Actor, at: datetime
) -> None:
    assert recipient.person_id is not None
    person = accounts.person_card(recipient.person_id)
    url = f"{link_ports.base_url.get()}/book/{envelope.id}/"
    words = asked(kind, url, recipient.language or person.language, again=notice == REMINDER)
    _send(envelope, recipient, person.email, words, notice, actor, at)


def _tell_released(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> None:
    organisation = accounts.organisation_card(envelope.organisation_id).name
    if recipient.at_bedside:
        return
    if recipient.patient_id is not None:
        patient, stand_ins = access.stand_ins(envelope, at)
        if stand_ins is None:
            words = asked_no_more(organisation, recipient.language or patient.reads)
            _send(envelope, recipient, patient.email, words, RELEASE, actor, at)
        for person in accounts.person_cards(set(stand_ins or ())).values():
            _send(envelope, recipient, person.email, asked_no_more(organisation, person.language), RELEASE, actor, at)
    elif recipient.person_id is not None:
        person = accounts.person_card(recipient.person_id)
        words = asked_no_more(organisation, recipient.language or person.language)
        _send(envelope, recipient, person.email, words, RELEASE, actor, at)
    else:
        card = guests_of([(envelope, recipient)])[recipient.id]
        words = asked_no_more(organisation, recipient.language or "fr")
        _send(envelope, recipient, card.email, words, RELEASE, actor, at)


def _send(
    envelope: Envelope, recipient: Recipient, to: str, words: Words, kind: str, actor: Actor, at: datetime
) -> None:
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=to,
        subject=words.subject,
        text=words.text,
        kind=kind,
        about=recipient.id,
        actor=actor,
        at=at,
    )
