"""A message each morning to those who want one: how much awaits them, and nothing of whom or what."""

from datetime import datetime, time
from uuid import UUID

from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from telesphore.accounts import queries as accounts
from telesphore.accounts.states import Role
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.links import ports as links
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.signature import queries
from telesphore.signature.models import Digest

KIND = "signature:digest"
MORNING = time(7)
"""In the instance's time zone."""


@audit.act("signature:digest:choose")
def choose(*, wanted: bool, actor: Actor, at: datetime) -> None:
    """Have the message each morning, or no more; nothing happens when it is so already."""
    mine = Digest.objects.filter(organisation_id=actor.organisation, person_id=actor.person)
    if wanted == mine.exists():
        return
    if wanted:
        # The first one comes tomorrow: today's book is before their eyes.
        Digest.objects.create(organisation_id=actor.organisation, person_id=actor.person, last_on=localtime(at).date())
    else:
        mine.delete()
    audit.record("signature:digest:choose", actor=actor, at=at, detail={"wanted": wanted})


def send_due(*, actor: Actor, at: datetime) -> int:
    """Write to each who has not been written to today, once the morning has come; returns to how many. Whoever has
    nothing waiting, or no longer works here, gets nothing. Safe to run again."""
    local = localtime(at)
    if local.time() < MORNING:
        return 0
    today, count = local.date(), 0
    here: dict[UUID, set[UUID]] = {}
    for row in Digest.objects.filter(last_on__lt=today).order_by("organisation_id", "id"):
        if row.organisation_id not in here:
            cards = accounts.professionals(organisation_id=row.organisation_id, at=at)
            here[row.organisation_id] = {card.person_id for card in cards}
        count += _send(row=row, works=row.person_id in here[row.organisation_id], actor=actor, at=at)
    return count


@audit.act("signature:digest:send")
def _send(*, row: Digest, works: bool, actor: Actor, at: datetime) -> bool:
    mine = Digest.objects.filter(organisation_id=row.organisation_id, id=row.id, last_on=row.last_on)
    # Two workers at once: one of them changes the row.
    if not mine.update(last_on=localtime(at).date()) or not works:
        return False
    person = accounts.person_card(row.person_id)
    reader = Actor(
        kind=ActorKind.PROFESSIONAL,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        roles=frozenset({Role.PROFESSIONAL}),
    )
    waiting = queries.count_waiting(actor=reader, at=at)
    if not waiting:
        return False
    with translation.override(person.language):
        subject = _("Your signature book this morning")
        text = ngettext(
            "Hello,\n\n%(count)d document awaits you in your signature book.\n\nOpen it: %(url)s\n\n"
            "You asked for this message. At the foot of that page, one press stops it.\n",
            "Hello,\n\n%(count)d documents await you in your signature book.\n\nOpen it: %(url)s\n\n"
            "You asked for this message. At the foot of that page, one press stops it.\n",
            waiting,
        ) % {"count": waiting, "url": f"{links.base_url.get()}/book/"}
    outbox.send(
        organisation_id=row.organisation_id,
        channel=Channel.EMAIL,
        to=person.email,
        subject=subject,
        text=text,
        kind=KIND,
        about=row.id,
        actor=actor.within(row.organisation_id),
        at=at,
    )
    return True
