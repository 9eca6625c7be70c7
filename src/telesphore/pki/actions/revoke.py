"""Revoke, and publish the lists that say so. A list is signed outside any transaction, then taken if it is the next."""

from datetime import datetime, timedelta
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.pki import access, queries
from telesphore.pki.errors import RevokedAlready
from telesphore.pki.formats import revocation
from telesphore.pki.formats.certificates import Pair
from telesphore.pki.models import Authority, Certificate, Revocation, RevocationList
from telesphore.pki.states import Level, Reason

LIST_LASTS = timedelta(days=7)
LIST_RENEWED = timedelta(days=4)
"""Before the end of the one before."""
ROOT_LIST_LASTS = timedelta(days=180)
ROOT_LIST_RENEWED = timedelta(days=90)


@audit.staged("pki:certificate:revoke")
def revoke_certificate(
    *, organisation_id: UUID, serial_number: str, reason: Reason, actor: Actor, at: datetime
) -> None:
    """Revoke a certificate for good; OCSP says so at once, and a new list is made.

    Args:
        serial_number: hexadecimal, as `telesphore pki list` shows it.

    Raises:
        CertificateNotFound, RevokedAlready
    """
    row = _revoke(
        organisation_id=organisation_id, serial_number=serial_number, reason=Reason(reason), actor=actor, at=at
    )
    # A crash here leaves the list to the job that was enqueued with the revocation.
    publish_list(
        organisation_id=organisation_id, authority_id=row.authority_id, level=Level.ISSUING, actor=actor, at=at
    )


@audit.act("pki:certificate:revoke")
def _revoke(*, organisation_id: UUID, serial_number: str, reason: Reason, actor: Actor, at: datetime) -> Certificate:
    row = access.find_certificate(organisation_id, serial_number)
    # Two revocations at once: the second waits here, then sees the first.
    Certificate.objects.select_for_update(of=("self",)).get(organisation_id=organisation_id, id=row.id)
    audit.concerning(subject=row.id)
    if Revocation.objects.filter(organisation_id=organisation_id, certificate_id=row.id).exists():
        raise RevokedAlready
    Revocation.objects.create(
        organisation_id=organisation_id, authority_id=row.authority_id, certificate_id=row.id, reason=reason, at=at
    )
    audit.record(
        "pki:certificate:revoke",
        actor=actor,
        at=at,
        subject=row.id,
        detail={"reason": reason.value, "serial_number": row.serial_number, "profile": row.profile},
    )
    jobs.enqueue(
        "pki:publish-list", organisation_id=organisation_id, authority_id=row.authority_id, level=Level.ISSUING.value
    )
    return row


@audit.staged("pki:authority:revoke")
def revoke_authority(*, organisation_id: UUID, authority_id: UUID, reason: Reason, actor: Actor, at: datetime) -> None:
    """The root revokes one of its issuing authorities: all that it issued falls with it, and it issues no more.

    Raises:
        AuthorityNotFound, RevokedAlready; RootKeyAway: bring the root key back first.
    """
    authority = access.find(authority_id, organisation_id)
    access.root_pair(authority)
    _revoke_authority(authority=authority, reason=Reason(reason), actor=actor, at=at)
    holder = access.holder_of_root(authority)
    # A crash here leaves the list to the job that was enqueued with the revocation.
    publish_list(organisation_id=organisation_id, authority_id=holder.id, level=Level.ROOT, actor=actor, at=at)


@audit.act("pki:authority:revoke")
def _revoke_authority(*, authority: Authority, reason: Reason, actor: Actor, at: datetime) -> None:
    organisation_id = authority.organisation_id
    Authority.objects.select_for_update().get(organisation_id=organisation_id, id=authority.id)
    if Revocation.objects.filter(organisation_id=organisation_id, authority_id=authority.id, certificate_id=None):
        raise RevokedAlready
    Revocation.objects.create(organisation_id=organisation_id, authority_id=authority.id, reason=reason, at=at)
    audit.record("pki:authority:revoke", actor=actor, at=at, subject=authority.id, detail={"reason": reason.value})
    holder = access.holder_of_root(authority)
    jobs.enqueue("pki:publish-list", organisation_id=organisation_id, authority_id=holder.id, level=Level.ROOT.value)


@jobs.job("pki:publish-list")
def publish_list_later(*, organisation_id: str, authority_id: str, level: str) -> None:
    """The job that a revocation enqueues; it finds nothing to do when the list was made at once."""
    organisation = UUID(organisation_id)
    publish_list(
        organisation_id=organisation, authority_id=UUID(authority_id), level=Level(level),
        actor=Actor.system(organisation), at=now(),
    )  # fmt: skip


@audit.staged("pki:list:publish")
def publish_list(
    *,
    organisation_id: UUID,
    authority_id: UUID,
    level: Level,
    actor: Actor,
    at: datetime,
    until: datetime | None = None,
) -> RevocationList:
    """The list of what an authority (or, for `Level.ROOT`, the root that it holds) revoked, made anew when due.

    It is due when there is none, when the last one lacks a revocation, or long before that one ends.

    Args:
        until: the instant at which the next list is promised; then a list is made, whether or not it is due.

    Raises:
        AuthorityNotFound; RootKeyAway: a root's list is due, and its key is elsewhere.
    """
    authority = access.find(authority_id, organisation_id)
    while True:
        latest = queries.latest_list(authority, level)
        revoked = queries.revoked_by(authority, level)
        if until is None and latest is not None and not _is_due(latest, len(revoked), at):
            return latest
        pair = _pair(authority, level)
        # Numbers follow the clock, so that a database put back to an older state does not repeat one.
        number = max(int(at.timestamp()), latest.number + 1 if latest else 0)
        next_update = until or at + (LIST_LASTS if level is Level.ISSUING else ROOT_LIST_LASTS)
        row = RevocationList(
            organisation_id=organisation_id,
            authority_id=authority.id,
            level=level,
            number=number,
            made_at=at,
            next_update=next_update,
            entries=len(revoked),
            content=revocation.make_list(pair, revoked=revoked, number=number, at=at, next_update=next_update),
        )
        if _keep_list(row=row, after=latest.number if latest else None, actor=actor, at=at):
            return row


def _is_due(latest: RevocationList, revoked: int, at: datetime) -> bool:
    margin = LIST_RENEWED if latest.level == Level.ISSUING else ROOT_LIST_RENEWED
    return latest.entries != revoked or latest.next_update - at < margin


def _pair(authority: Authority, level: Level) -> Pair:
    return access.issuing_pair(authority) if level is Level.ISSUING else access.root_pair(authority)


@audit.act("pki:list:publish")
def _keep_list(*, row: RevocationList, after: int | None, actor: Actor, at: datetime) -> bool:
    """Take the list, unless another came after the one it follows."""
    Authority.objects.select_for_update().get(organisation_id=row.organisation_id, id=row.authority_id)
    authority = access.find(row.authority_id, row.organisation_id)
    latest = queries.latest_list(authority, Level(row.level))
    if (latest.number if latest else None) != after:
        return False
    row.save(force_insert=True)
    audit.record(
        "pki:list:publish",
        actor=actor,
        at=at,
        subject=row.authority_id,
        detail={"level": row.level, "number": row.number, "entries": row.entries},
    )
    return True


def publish_due_lists(*, authority: Authority, actor: Actor, at: datetime) -> None:
    """Both lists of an authority that are due. A root whose key is elsewhere keeps the list that it prepared."""
    organisation_id = authority.organisation_id
    if access.valid_until(bytes(authority.issuing)) > at:
        publish_list(
            organisation_id=organisation_id, authority_id=authority.id, level=Level.ISSUING, actor=actor, at=at
        )
    holder = access.holder_of_root(authority)
    if holder.root_key_sealed is not None and access.valid_until(bytes(holder.root)) > at:
        publish_list(organisation_id=organisation_id, authority_id=holder.id, level=Level.ROOT, actor=actor, at=at)
