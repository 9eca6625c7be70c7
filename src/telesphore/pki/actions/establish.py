"""Establish an organisation's authority, and the generations that follow. Keys are made and unsealed outside any
transaction."""

import hashlib
import re
from datetime import datetime, timedelta
from uuid import UUID

from cryptography import x509

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.pki import access
from telesphore.pki.actions.revoke import publish_due_lists
from telesphore.pki.errors import AuthorityEnded, AuthorityNotFound, AuthorityStands, BadIdentifier
from telesphore.pki.formats import certificates, names
from telesphore.pki.formats.certificates import Pair
from telesphore.pki.models import Authority
from telesphore.vault import queries as vault_queries

ROOT_LASTS = timedelta(days=20 * 365)
ISSUING_LASTS = timedelta(days=15 * 365)
ROOT_WORTH_KEEPING = timedelta(days=8 * 365)
"""A root with less left than this is not used for another generation: a new one is made."""

_IDENTIFIER = re.compile(r"(VAT|NTR|PSD|LEI|[A-Z]{2}:)[A-Z]{2}-[A-Za-z0-9+./-]{1,58}")


@audit.staged("pki:authority:establish")
def establish_authority(*, organisation_id: UUID, actor: Actor, at: datetime) -> UUID:
    """The organisation's authority, made at the first call. Of two calls at once, one makes it, both return it.

    Raises:
        KeysetNotFound: the organisation has no keyset.
    """
    return standing_authority(organisation_id=organisation_id, actor=actor, at=at).id


@audit.staged("pki:authority:establish")
def initialise(
    *, organisation_id: UUID, organisation_name: str, organisation_identifier: str, actor: Actor, at: datetime
) -> UUID:
    """The ceremony's first step: an organisation's first root and issuing authority, with its name and number.

    Args:
        organisation_identifier: EN 319 412-1 §5.1.4, e.g. `NTRFR-123456789` for a SIREN; empty when there is none.

    Raises:
        BadIdentifier; AuthorityStands: it has one already; KeysetNotFound: it has no keyset.
    """
    _check_identifier(organisation_identifier)
    if access.newest(organisation_id) is not None:
        raise AuthorityStands
    row = _first(organisation_id, organisation_name, organisation_identifier, at)
    if _begin(row, actor, at).id != row.id:
        raise AuthorityStands
    return row.id


def standing_authority(*, organisation_id: UUID, actor: Actor, at: datetime) -> Authority:
    """The authority that issues now, made when there is none yet.

    Raises:
        AuthorityEnded: the newest one was revoked or has expired. KeysetNotFound: as `establish_authority`.
    """
    standing = access.newest(organisation_id)
    if standing is None:
        return _begin(_first(organisation_id, "", "", at), actor, at)
    if access.has_ended(standing, at):
        raise AuthorityEnded
    return standing


@audit.staged("pki:authority:renew")
def renew(*, organisation_id: UUID, actor: Actor, at: datetime) -> UUID:
    """A new issuing authority, which issues from now on; what the earlier ones gave still verifies.

    It has the same root, or a new one when the root ends too soon: `trust_anchors` then names both. Of two renewals at
    once, one makes the next generation, and the other returns it.

    Raises:
        AuthorityNotFound: there is none to renew. RootKeyAway: bring the root key back first.
    """
    newest = access.newest(organisation_id)
    if newest is None:
        raise AuthorityNotFound
    if access.valid_until(bytes(newest.root)) - at >= ROOT_WORTH_KEEPING:
        root = access.root_pair(newest)
        row = _row(newest, root, access.holder_of_root(newest).id, uuid7(), at)
        return _begin(row, actor, at).id
    return replace_root(organisation_id=organisation_id, actor=actor, at=at)


@audit.staged("pki:authority:renew")
def replace_root(
    *,
    organisation_id: UUID,
    actor: Actor,
    at: datetime,
    organisation_name: str = "",
    organisation_identifier: str = "",
) -> UUID:
    """A new root and a new issuing authority under it. Who trusts the old root must be given the new one.

    Args:
        organisation_name, organisation_identifier: as for `initialise`; empty to keep those of before.

    Raises:
        AuthorityNotFound: there is none to replace. BadIdentifier.
    """
    _check_identifier(organisation_identifier)
    newest = access.newest(organisation_id)
    if newest is None:
        raise AuthorityNotFound
    newest.organisation_name = organisation_name or newest.organisation_name
    newest.organisation_identifier = organisation_identifier or newest.organisation_identifier
    authority_id = uuid7()
    row = _row(newest, _new_root(newest, newest.generation + 1, at), authority_id, authority_id, at, with_root_key=True)
    return _begin(row, actor, at).id


def _check_identifier(identifier: str) -> None:
    if identifier and not _IDENTIFIER.fullmatch(identifier):
        raise BadIdentifier


def _first(organisation_id: UUID, name: str, identifier: str, at: datetime) -> Authority:
    blank = Authority(
        organisation_id=organisation_id,
        generation=0,
        organisation_name=name,
        organisation_identifier=identifier,
        key_id=vault_queries.organisation_keyset(organisation_id),
    )
    authority_id = uuid7()
    return _row(blank, _new_root(blank, 1, at), authority_id, authority_id, at, with_root_key=True)


def _row(
    before: Authority, root: Pair, holder_id: UUID, authority_id: UUID, at: datetime, *, with_root_key: bool = False
) -> Authority:
    """The generation after `before`, under this root, not yet written."""
    generation = before.generation + 1
    issuing = certificates.make_issuing(
        _name("Autorité locale non qualifiée", before, generation),
        access.new_key(),
        root,
        at=at,
        lasts=ISSUING_LASTS,
        places=access.places_of_root(holder_id),
    )
    return Authority(
        organisation_id=before.organisation_id,
        id=authority_id,
        generation=generation,
        organisation_name=before.organisation_name,
        organisation_identifier=before.organisation_identifier,
        root=root.certificate,
        root_key_sealed=access.seal(before, root, access.context(authority_id, "root")) if with_root_key else None,
        issuing=issuing.certificate,
        issuing_key_sealed=access.seal(before, issuing, access.context(authority_id, "issuing")),
        key_id=before.key_id,
        established_at=at,
    )


def _new_root(before: Authority, generation: int, at: datetime) -> Pair:
    name = _name("Racine locale non qualifiée", before, generation)
    return certificates.make_root(name, at=at, lasts=ROOT_LASTS)


def _name(what: str, authority: Authority, generation: int) -> x509.Name:
    # The tag tells the authorities of organisations without a number apart, the generation those of one organisation.
    later = f" {generation}" if generation > 1 else ""
    return names.subject(
        f"{what} {authority.organisation_id.hex[-12:]}{later}",
        organisation=authority.organisation_name or names.UNQUALIFIED,
        organisation_identifier=authority.organisation_identifier,
    )


def _begin(row: Authority, actor: Actor, at: datetime) -> Authority:
    """Write the generation, or find the one that another call has just written; then publish its lists."""
    standing = _keep_authority(row=row, actor=actor, at=at)
    # A crash here leaves an authority without lists; the worker makes them within hours.
    publish_due_lists(authority=standing, actor=actor, at=at)
    return standing


@audit.act("pki:authority:establish")
def _keep_authority(*, row: Authority, actor: Actor, at: datetime) -> Authority:
    # Waits for another call that is writing the same generation, then yields to it.
    Authority.objects.bulk_create([row], ignore_conflicts=True)
    standing = Authority.objects.get(organisation_id=row.organisation_id, generation=row.generation)
    if standing.id == row.id:
        audit.record(
            "pki:authority:establish",
            actor=actor,
            at=at,
            subject=row.id,
            detail={
                "generation": row.generation,
                "root_sha256": hashlib.sha256(row.root).hexdigest(),
                "issuing_sha256": hashlib.sha256(row.issuing).hexdigest(),
            },
        )
    return standing
