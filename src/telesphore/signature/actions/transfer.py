"""Hand over what awaited somebody who left: their places in open circuits become a colleague's.

Whoever does it sees numbers only; each envelope keeps the trace, with both names.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from telesphore.accounts import access as accounts_access
from telesphore.accounts import queries as accounts
from telesphore.accounts.states import MemberState
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import ports as link_ports
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.signature.errors import NotLeft, SuccessorInTheStep, UnknownSigner
from telesphore.signature.models import Envelope, Prepared, Recipient
from telesphore.signature.states import OPEN_STATES, PreparedState, RecipientState


@audit.act("signature:recipient:transfer")
def transfer(*, person_id: UUID, successor_id: UUID, actor: Actor, at: datetime) -> int:
    """Give the places of who has left to a professional of the organisation; returns how many. Again, it finds none.

    Raises:
        NotAllowed, MemberNotFound, UnknownSigner
        NotLeft: who still works here signs, or delegates, themself.
        SuccessorInTheStep: they would count twice in one step; nothing moves.
    """
    accounts_access.check(actor, "accounts:members:manage")
    seen = accounts.member(organisation_id=actor.organisation, person_id=person_id, at=at)
    if seen.line.state is not MemberState.LEFT:
        raise NotLeft
    if not accounts.professionals(organisation_id=actor.organisation, at=at, among=[successor_id]):
        raise UnknownSigner
    theirs = Recipient.objects.filter(
        organisation_id=actor.organisation,
        person_id=person_id,
        state__in=(RecipientState.WAITING, RecipientState.PENDING),
    )
    ids = set(theirs.filter(envelope__state__in=OPEN_STATES).values_list("envelope_id", flat=True))
    # In the order of their ids, as everybody who takes several; acts on one envelope come one after another.
    envelopes = Envelope.objects.select_for_update().filter(
        organisation_id=actor.organisation, id__in=ids, state__in=OPEN_STATES
    )
    _check_not_beside(theirs, successor_id)
    moved = 0
    for envelope in envelopes.order_by("id"):
        for recipient in theirs.filter(envelope_id=envelope.id):
            moved += 1
            recipient.person_id = successor_id
            recipient.save(update_fields=["person_id"])
            Prepared.objects.filter(
                organisation_id=actor.organisation, recipient_id=recipient.id, state=PreparedState.WAITING
            ).update(state=PreparedState.DROPPED, ended_at=at)
            audit.record(
                "signature:recipient:transfer",
                actor=actor,
                subject=envelope.id,
                patient=envelope.patient_id,
                ground="transfer",
                at=at,
                detail={"from": person_id, "to": successor_id},
            )
    if moved:
        _tell(person_id, successor_id, moved, actor, at)
    return moved


def _check_not_beside(theirs: QuerySet[Recipient], successor_id: UUID) -> None:
    steps = theirs.filter(envelope__state__in=OPEN_STATES).values_list("step_id", flat=True)
    beside = Recipient.objects.filter(
        organisation_id__in=theirs.values("organisation_id"), step_id__in=steps, person_id=successor_id
    )
    count = beside.count()
    if count:
        raise SuccessorInTheStep(count=count)


def _tell(person_id: UUID, successor_id: UUID, count: int, actor: Actor, at: datetime) -> None:
    cards = accounts.person_cards({person_id, successor_id})
    left, successor = cards[person_id], cards[successor_id]
    url = f"{link_ports.base_url.get()}/book/"
    for person in (left, successor):
        with translation.override(person.language):
            names = {"count": count, "left": left.display_name, "successor": successor.display_name, "url": url}
            if person is successor:
                subject = _("Documents handed over to you")
                text = (
                    ngettext(
                        "Hello,\n\n%(count)s document that awaited %(left)s awaits you now.\n\nOpen: %(url)s\n",
                        "Hello,\n\n%(count)s documents that awaited %(left)s await you now.\n\nOpen: %(url)s\n",
                        count,
                    )
                    % names
                )
            else:
                subject = _("Documents handed over")
                text = (
                    ngettext(
                        "Hello,\n\n%(count)s document that awaited your signature awaits %(successor)s now.\n",
                        "Hello,\n\n%(count)s documents that awaited your signature await %(successor)s now.\n",
                        count,
                    )
                    % names
                )
        outbox.send(
            organisation_id=actor.organisation,
            channel=Channel.EMAIL,
            to=person.email,
            subject=subject,
            text=text,
            kind="signature:transfer",
            about=person.person_id,
            actor=actor,
            at=at,
        )
