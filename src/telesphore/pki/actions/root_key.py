"""The root key's way to a safe and back. While it is away, nothing of this instance can make another authority."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.pki import access
from telesphore.pki.actions.revoke import publish_list
from telesphore.pki.errors import (
    AuthorityNotFound,
    PassphraseTooShort,
    RootKeyAway,
    RootKeyHere,
    RootKeyUnreadable,
    WrongRootKey,
)
from telesphore.pki.formats import root_keys
from telesphore.pki.formats.certificates import Pair
from telesphore.pki.models import Authority
from telesphore.pki.states import Level

SHORTEST_PASSPHRASE = 12


@audit.staged("pki:root-key:export")
def export_root_key(*, organisation_id: UUID, passphrase: str, actor: Actor, at: datetime) -> bytes:
    """The newest root's key, encrypted under a passphrase (PEM); the database keeps its own copy.

    Raises:
        AuthorityNotFound, RootKeyAway, PassphraseTooShort
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise PassphraseTooShort
    holder = _holder(organisation_id)
    content = root_keys.write(access.root_pair(holder), passphrase)
    # The trace comes first: no copy leaves without it.
    _trace_export(holder_id=holder.id, actor=actor, at=at)
    return content


@audit.act("pki:root-key:export")
def _trace_export(*, holder_id: UUID, actor: Actor, at: datetime) -> None:
    audit.record("pki:root-key:export", actor=actor, at=at, subject=holder_id)


@audit.staged("pki:root-key:remove")
def remove_root_key(*, organisation_id: UUID, exported: bytes, passphrase: str, actor: Actor, at: datetime) -> datetime:
    """Take the newest root's key out of the database, once its exported copy has been shown to open.

    The root's list is made before, for as long as its authorities last: nobody can make another while the key is away.
    Returns until when it is good. Copies in the database's log and backups remain until these expire.

    Args:
        exported: what `export_root_key` gave, as read back from the file.

    Raises:
        AuthorityNotFound, RootKeyAway; RootKeyUnreadable, WrongRootKey: the copy is not one.
    """
    holder = _holder(organisation_id)
    if holder.root_key_sealed is None:
        raise RootKeyAway
    _check_copy(holder, exported, passphrase)
    until = max(
        access.valid_until(bytes(one.issuing))
        for one in access.generations(organisation_id)
        if bytes(one.root) == bytes(holder.root)
    )
    publish_list(
        organisation_id=organisation_id, authority_id=holder.id, level=Level.ROOT, until=until, actor=actor, at=at
    )
    # A crash here leaves the key where it is, and a list that lasts: removing again does both anew.
    _remove(holder=holder, actor=actor, at=at)
    return until


@audit.act("pki:root-key:remove")
def _remove(*, holder: Authority, actor: Actor, at: datetime) -> None:
    rows = Authority.objects.filter(organisation_id=holder.organisation_id, id=holder.id, root_key_sealed__isnull=False)
    if not rows.update(root_key_sealed=None):
        raise RootKeyAway
    audit.record("pki:root-key:remove", actor=actor, at=at, subject=holder.id)


@audit.staged("pki:root-key:import")
def import_root_key(*, organisation_id: UUID, exported: bytes, passphrase: str, actor: Actor, at: datetime) -> None:
    """Bring the newest root's key back, to renew or revoke an authority.

    Raises:
        AuthorityNotFound, RootKeyHere, RootKeyUnreadable, WrongRootKey
    """
    holder = _holder(organisation_id)
    if holder.root_key_sealed is not None:
        raise RootKeyHere
    pair = _check_copy(holder, exported, passphrase)
    _import(holder=holder, sealed=access.seal(holder, pair, access.context(holder.id, "root")), actor=actor, at=at)


@audit.act("pki:root-key:import")
def _import(*, holder: Authority, sealed: bytes, actor: Actor, at: datetime) -> None:
    rows = Authority.objects.filter(organisation_id=holder.organisation_id, id=holder.id, root_key_sealed=None)
    if not rows.update(root_key_sealed=sealed):
        raise RootKeyHere
    audit.record("pki:root-key:import", actor=actor, at=at, subject=holder.id)


def _holder(organisation_id: UUID) -> Authority:
    newest = access.newest(organisation_id)
    if newest is None:
        raise AuthorityNotFound
    return access.holder_of_root(newest)


def _check_copy(holder: Authority, exported: bytes, passphrase: str) -> Pair:
    try:
        key = root_keys.read(exported, passphrase)
    except root_keys.Unreadable:
        raise RootKeyUnreadable from None
    if not root_keys.is_of(key, bytes(holder.root)):
        raise WrongRootKey
    return Pair(bytes(holder.root), key)
