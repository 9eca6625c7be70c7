"""Subscribe, change the secret, end; tell of an event, deliver, try again, send again."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from telesphore.accounts import access
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries
from telesphore.webhooks import formats, ports
from telesphore.webhooks.errors import (
    AddressNotAllowed,
    DeliveryNotFound,
    NothingToTell,
    SubscriptionNotFound,
    TooManySubscriptions,
)
from telesphore.webhooks.models import Delivery, Subscription
from telesphore.webhooks.states import DELAYS, KEPT, MOST_SUBSCRIPTIONS, OVERLAP, DeliveryState, What

PERMISSION = "webhooks:subscription:manage"
_LONGEST = 500
_CLOCKS = timedelta(seconds=5)
"""By which the database's clock, which starts jobs, may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A subscription with its secret, which is told this once."""

    subscription_id: UUID
    secret: str


@audit.act("webhooks:subscription:make")
def subscribe(*, url: str, events: Collection[str], actor: Actor, at: datetime) -> Issued:
    """Tell an address of these events from now on.

    Raises:
        NotAllowed, AddressNotAllowed, NothingToTell, TooManySubscriptions
    """
    access.check(actor, PERMISSION)
    host = _host(url)
    if not events or not set(events) <= set(What.values):
        raise NothingToTell
    living = Subscription.objects.filter(organisation_id=actor.organisation, ended_at=None)
    if living.count() >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions
    subscription_id, secret = uuid7(), _secret()
    Subscription.objects.create(
        organisation_id=actor.organisation,
        id=subscription_id,
        url=url,
        events=sorted(set(events)),
        secret_sealed=_sealed(secret, actor.organisation, subscription_id),
        made_by=actor.person,
        made_at=at,
    )
    detail = {"host": host, "events": sorted(set(events))}
    audit.record("webhooks:subscription:make", actor=actor, subject=subscription_id, at=at, detail=detail)
    return Issued(subscription_id, secret)


@audit.act("webhooks:subscription:change-secret")
def change_secret(*, subscription_id: UUID, actor: Actor, at: datetime) -> Issued:
    """Give a subscription another secret; the one before signs too for a day, so that no call is lost meanwhile.

    Raises:
        NotAllowed, SubscriptionNotFound
    """
    row = _living(subscription_id, actor)
    secret = _secret()
    row.before_sealed, row.before_until = row.secret_sealed, at + OVERLAP
    row.secret_sealed = _sealed(secret, row.organisation_id, row.id)
    row.save(update_fields=["secret_sealed", "before_sealed", "before_until"])
    audit.record("webhooks:subscription:change-secret", actor=actor, subject=row.id, at=at)
    return Issued(row.id, secret)


@audit.act("webhooks:subscription:end")
def unsubscribe(*, subscription_id: UUID, actor: Actor, at: datetime) -> None:
    """Tell an address nothing more; what waited for it is given up.

    Raises:
        NotAllowed, SubscriptionNotFound
    """
    row = _living(subscription_id, actor)
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    Delivery.objects.filter(
        organisation_id=row.organisation_id, subscription_id=row.id, state=DeliveryState.WAITING
    ).update(state=DeliveryState.DEAD, settled_at=at, next_try_at=None, why="ended")
    audit.record("webhooks:subscription:end", actor=actor, subject=row.id, at=at)


@transaction.atomic
def tell(*, event_id: UUID, what: What, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Queue an event for every address that wants it; once, however often this runs."""
    wanting = Subscription.objects.filter(
        organisation_id=actor.organisation, ended_at=None, events__contains=[what.value], made_at__lte=at
    )
    for row in wanting:
        delivery, new = Delivery.objects.get_or_create(
            organisation_id=row.organisation_id,
            subscription_id=row.id,
            event_id=event_id,
            defaults={"what": what, "envelope_id": envelope_id, "happened_at": at, "next_try_at": at},
        )
        if new:
            _enqueue(delivery)


@audit.act("webhooks:delivery:send-again")
def send_again(*, delivery_id: UUID, actor: Actor, at: datetime) -> None:
    """Deliver once more, under the same event id, from the first try.

    Raises:
        NotAllowed
        DeliveryNotFound: no such one, or its subscription was ended.
    """
    access.check(actor, PERMISSION)
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("subscription")
    row = rows.filter(organisation_id=actor.organisation, id=delivery_id).first()
    if row is None or row.subscription.ended_at is not None:
        raise DeliveryNotFound
    row.state, row.tries, row.why = DeliveryState.WAITING, 0, ""
    row.settled_at, row.next_try_at = None, at
    row.save(update_fields=["state", "tries", "why", "settled_at", "next_try_at"])
    _enqueue(row)
    audit.record("webhooks:delivery:send-again", actor=actor, subject=row.id, at=at)


@jobs.job("webhooks:deliver")
def deliver(*, organisation_id: str, delivery_id: str) -> None:
    """Make one try. It plans the next one itself: another's endpoint that is away is no failure of ours.

    A crash after the call was taken makes it twice, under the same event id.
    """
    rows = Delivery.objects.select_related("subscription").filter(organisation_id=UUID(organisation_id))
    row = rows.filter(id=UUID(delivery_id), state=DeliveryState.WAITING).first()
    at = now()
    if row is None or (row.next_try_at is not None and row.next_try_at > at + _CLOCKS):
        # Settled, or planned for later by another run of this job.
        return
    content = formats.body(
        event_id=row.event_id, what=row.what, envelope_id=row.envelope_id, happened_at=row.happened_at
    )
    headers = {
        "Content-Type": "application/json",
        formats.SIGNATURE: formats.signature(secrets=_secrets(row.subscription, at), content=content, at=at),
    }
    try:
        ports.caller.get().call(url=row.subscription.url, content=content, headers=headers)
    except ports.NotTaken as refused:
        _note(row, refused.why, now())
    else:
        _note(row, "", now())


def _secrets(row: Subscription, at: datetime) -> list[str]:
    """Those that sign at `at`, the newest last."""
    before = row.before_sealed if row.before_until is not None and at < row.before_until else None
    key_id = vault_queries.organisation_keyset(row.organisation_id)
    return vault_queries.unseal_texts(
        organisation_id=row.organisation_id,
        texts=[
            vault_queries.Sealed(key_id, bytes(sealed), _context(row.id))
            for sealed in (before, row.secret_sealed)
            if sealed is not None
        ],
    )


@audit.act("webhooks:delivery:forget")
def forget_settled(*, actor: Actor, at: datetime) -> int:
    """Remove deliveries that were settled 90 days ago, of all organisations; returns how many. What happened stays in
    the trail of the envelope."""
    removed, _by_kind = Delivery.objects.filter(settled_at__lt=at - KEPT).delete()
    if removed:
        audit.record("webhooks:delivery:forget", actor=actor, at=at, detail={"deliveries": removed})
    return removed


@transaction.atomic
def _note(row: Delivery, why: str, at: datetime) -> None:
    """Write how a try ended, unless the delivery was settled or begun anew meanwhile."""
    row.tries += 1
    row.why = why
    row.next_try_at = None
    if not why:
        row.state, row.settled_at = DeliveryState.DELIVERED, at
    elif row.tries > len(DELAYS):
        row.state, row.settled_at = DeliveryState.DEAD, at
    else:
        row.next_try_at = at + DELAYS[row.tries - 1]
    same = Delivery.objects.filter(
        organisation_id=row.organisation_id, id=row.id, state=DeliveryState.WAITING, tries=row.tries - 1
    )
    changed = same.update(
        tries=row.tries, why=why, next_try_at=row.next_try_at, state=row.state, settled_at=row.settled_at
    )
    if changed and row.state == DeliveryState.WAITING:
        _enqueue(row)


def _enqueue(row: Delivery) -> None:
    jobs.enqueue(
        "webhooks:deliver",
        lock=f"webhooks:{row.id}",
        at=row.next_try_at,
        organisation_id=row.organisation_id,
        delivery_id=row.id,
    )


def _living(subscription_id: UUID, actor: Actor) -> Subscription:
    access.check(actor, PERMISSION)
    rows = Subscription.objects.select_for_update().filter(organisation_id=actor.organisation, ended_at=None)
    row = rows.filter(id=subscription_id).first()
    if row is None:
        raise SubscriptionNotFound
    return row


def _host(url: str) -> str:
    """An address's host.

    Raises:
        AddressNotAllowed
    """
    try:
        parts = urlsplit(url)
        ours = parts.scheme == "https" and parts.hostname and not (parts.username or parts.password or parts.fragment)
        _ = parts.port
    except ValueError:
        raise AddressNotAllowed from None
    if not ours or len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressNotAllowed
    return str(parts.hostname)


def _secret() -> str:
    return f"telesphore_hook_{secrets.token_urlsafe(32)}"


def _context(subscription_id: UUID) -> str:
    return f"webhooks:secret:{subscription_id}"


def _sealed(secret: str, organisation_id: UUID, subscription_id: UUID) -> bytes:
    return vault.seal_text(
        organisation_id=organisation_id,
        key_id=vault_queries.organisation_keyset(organisation_id),
        text=secret,
        context=_context(subscription_id),
    )
