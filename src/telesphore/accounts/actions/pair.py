"""Pair workstations: a code shown on a page is typed into the card agent, and both sides know each other's key."""

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db.models import Q

from telesphore.accounts.access import workstation_of
from telesphore.accounts.errors import PairingNotFound, PairingRefused
from telesphore.accounts.formats import agent
from telesphore.accounts.models import Pairing, Workstation
from telesphore.accounts.ports import agent_server
from telesphore.accounts.states import PAIRING_TRIES
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7

if TYPE_CHECKING:
    from django.db.models import QuerySet

LIFE = timedelta(minutes=10)
SEEN_AGAIN = timedelta(minutes=1)
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Begun:
    """A pairing that waits for its code to be typed; the code is shown once, and kept nowhere."""

    pairing_id: UUID
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Paired:
    """What the agent is answered (docs/agent.md, Pairing)."""

    workstation_id: UUID
    origin: str
    public_key: bytes
    mac: bytes


@audit.act("accounts:workstation:begin-pairing")
def begin_pairing(*, name: str, actor: Actor, at: datetime) -> Begun:
    """Name a workstation, and get the code to type into its agent, good once within ten minutes.

    An earlier code of the same person is over: one is shown at a time.
    """
    server = agent_server.get()
    _end(Pairing.objects.filter(person_id=actor.person, expires_at__gt=at, workstation=None), at)
    # What is long over keeps its name and its outcome, never its key.
    Pairing.objects.filter(expires_at__lte=at).exclude(sealed_key=None).update(sealed_key=None)
    code = agent.new_code()
    pairing_id = uuid7()
    sealed = _seal(server.secret, agent.pairing_key(code, server.origin), pairing_id)
    row = Pairing.objects.create(
        id=pairing_id,
        organisation_id=actor.organisation,
        person_id=actor.person,
        name=name,
        code_hash=_hash(server.secret, code[: agent.HALF]),
        sealed_key=sealed,
        made_at=at,
        expires_at=at + LIFE,
    )
    audit.record("accounts:workstation:begin-pairing", actor=actor, subject=row.id, at=at)
    return Begun(row.id, code, row.expires_at)


@audit.act("accounts:workstation:cancel-pairing")
def cancel_pairing(*, pairing_id: UUID, actor: Actor, at: datetime) -> None:
    """End one's own pairing that waits; nothing happens to one that ended.

    Raises:
        PairingNotFound
    """
    mine = Pairing.objects.filter(id=pairing_id, organisation_id=actor.organisation, person_id=actor.person)
    if not mine.exists():
        raise PairingNotFound
    if _end(mine.filter(expires_at__gt=at, workstation=None), at):
        audit.record("accounts:workstation:cancel-pairing", actor=actor, subject=pairing_id, at=at)


@audit.staged("accounts:workstation:pair")
def pair_workstation(*, code_id: str, public_key: bytes, mac: bytes, actor: Actor, at: datetime) -> Paired:
    """Take an agent's key, if its MAC shows that the code was typed there.

    A try is spent, and committed, before the MAC is looked at: parallel guesses each cost one.

    Args:
        code_id: the first half of the code.
        public_key: the agent's Ed25519 key, 32 bytes.

    Raises:
        PairingRefused: wrong, used, over or tried too often; which one is not told.
    """
    server = agent_server.get()
    pairing_id = _spend_try(code_hash=_hash(server.secret, code_id), actor=actor, at=at)
    # A crash here costs one try, never gives one.
    return _pair(pairing_id=pairing_id, public_key=public_key, mac=mac, actor=actor, at=at)


@audit.act("accounts:workstation:pair")
def _spend_try(*, code_hash: bytes, actor: Actor, at: datetime) -> UUID:
    row = (
        Pairing.objects.select_for_update()
        .filter(code_hash=code_hash, expires_at__gt=at, workstation=None, tries__lt=PAIRING_TRIES)
        .exclude(sealed_key=None)
        .order_by("-made_at")
        .first()
    )
    if row is None:
        raise PairingRefused
    row.tries += 1
    row.save(update_fields=["tries"])
    return row.id


@audit.act("accounts:workstation:pair")
def _pair(*, pairing_id: UUID, public_key: bytes, mac: bytes, actor: Actor, at: datetime) -> Paired:
    server = agent_server.get()
    row = Pairing.objects.select_for_update().get(id=pairing_id)
    audit.concerning(subject=row.id)
    if row.workstation_id is not None or row.sealed_key is None or row.expires_at <= at:
        raise PairingRefused
    key = _open(server.secret, bytes(row.sealed_key), row.id)
    if not hmac.compare_digest(agent.pair_mac(key, origin=server.origin, public_key=public_key), mac):
        raise PairingRefused
    workstation = Workstation.objects.create(
        organisation_id=row.organisation_id,
        name=row.name,
        public_key=public_key,
        paired_by_id=row.person_id,
        paired_at=at,
    )
    row.workstation, row.sealed_key = workstation, None
    row.save(update_fields=["workstation", "sealed_key"])
    audit.record(
        "accounts:workstation:pair",
        actor=actor.within(row.organisation_id),
        subject=workstation.id,
        at=at,
        detail={"paired_by": row.person_id.hex, "key_sha256": hashlib.sha256(public_key).hexdigest()},
    )
    own = server.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    answer = agent.paired_mac(
        key, workstation_id=workstation.id, origin=server.origin, public_key=own, agent_key=public_key
    )
    return Paired(workstation.id, server.origin, own, answer)


@audit.act("accounts:workstation:revoke")
def revoke_workstation(*, workstation_id: UUID, actor: Actor, at: datetime) -> None:
    """Sign no more requests for a workstation; nothing happens to one that was revoked.

    Raises:
        WorkstationNotFound: no such one, or another organisation's, or another's while one manages only one's own.
    """
    row = workstation_of(actor=actor, workstation_id=workstation_id, to_change=True)
    if row.revoked_at is None:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        audit.record("accounts:workstation:revoke", actor=actor, subject=row.id, at=at)


@audit.act("accounts:workstation:use")
def note_use(*, workstation_id: UUID, actor: Actor, at: datetime) -> None:
    """Keep when a workstation was last used, to within a minute; not an event of the trail: what was done there is."""
    rows = Workstation.objects.filter(id=workstation_id, revoked_at=None)
    rows.filter(Q(seen_at=None) | Q(seen_at__lt=at - SEEN_AGAIN)).update(seen_at=at)


def _end(pairings: "QuerySet[Pairing]", at: datetime) -> int:
    return pairings.update(expires_at=at, sealed_key=None)


def _hash(secret: bytes, code_id: str) -> bytes:
    return hmac.digest(secret, b"pairing code\0" + code_id.encode(), hashlib.sha256)


def _seal(secret: bytes, key: bytes, pairing_id: UUID) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_sealing_key(secret)).encrypt(nonce, key, pairing_id.bytes)


def _open(secret: bytes, sealed: bytes, pairing_id: UUID) -> bytes:
    try:
        return AESGCM(_sealing_key(secret)).decrypt(sealed[:_NONCE], sealed[_NONCE:], pairing_id.bytes)
    except InvalidTag:
        # The instance's secret changed meanwhile.
        raise PairingRefused from None


def _sealing_key(secret: bytes) -> bytes:
    return hmac.digest(secret, b"pairing key", hashlib.sha256)
