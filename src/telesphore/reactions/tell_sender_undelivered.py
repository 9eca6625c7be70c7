"""When a recipient of a circuit could not be told that they are awaited, whoever sent it is told."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.outbox.facts import NoticeUndelivered
from telesphore.signature.actions import tell
from telesphore.signature.actions.call import INVITATION, REMINDER


@reacts_to(NoticeUndelivered)
def tell_sender_undelivered(fact: NoticeUndelivered) -> None:
    """Told once for each notice, and of what calls somebody only: the sender's own notices bring no more of them."""
    if fact.kind in (INVITATION, REMINDER):
        tell.tell_undelivered(
            recipient_id=fact.about, notice_id=fact.notice_id, actor=Actor.system(fact.organisation_id), at=now()
        )
