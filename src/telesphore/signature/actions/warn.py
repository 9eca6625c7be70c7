"""Tell an organisation's administrators of proofs that can't be renewed, or that were lost."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.links import ports as links
from telesphore.outbox import actions as outbox
from telesphore.outbox import queries as notices
from telesphore.outbox.models import Channel
from telesphore.signature import queries

KIND = "signature:retention"
AGAIN = timedelta(days=7)


@transaction.atomic
def warn(*, actor: Actor, at: datetime) -> int:
    """Write to each administrator, at most once a week; returns to how many. Nothing happens while all proofs stand."""
    organisation_id = actor.organisation
    standing = queries.standing(organisation_id=organisation_id)
    told = notices.notices_about(organisation_id=organisation_id, about=[organisation_id])
    if not standing.troubled or any(one.kind == KIND and one.queued_at > at - AGAIN for one in told):
        return 0
    people = accounts.administrators(organisation_id=organisation_id, at=at)
    for person in people:
        with translation.override(person.language):
            subject = _("Proofs of signed documents need you")
            text = (
                ngettext(
                    "Hello,\n\nThe proof of %(count)d signed document could not be renewed.",
                    "Hello,\n\nThe proofs of %(count)d signed documents could not be renewed.",
                    standing.troubled,
                )
                + "\n\n"
                + _("Until that is mended, it gets weaker. See why, and what to do: %(url)s\n")
            ) % {"count": standing.troubled, "url": f"{links.base_url.get()}/retention/"}
        outbox.send(
            organisation_id=organisation_id,
            channel=Channel.EMAIL,
            to=person.email,
            subject=subject,
            text=text,
            kind=KIND,
            about=organisation_id,
            actor=actor,
            at=at,
        )
    return len(people)
