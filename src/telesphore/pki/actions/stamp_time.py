"""Stamp the time: an organisation's time-stamping unit, its key in the vault, renewed long before it ends."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection

from telesphore.ades import timestamps
from telesphore.ades.algorithms import Algorithm, Digest, Scheme
from telesphore.ades.errors import TimestampRequestRefused
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.pki import access
from telesphore.pki.actions.establish import standing_authority
from telesphore.pki.actions.issue import BEFORE, keep_own
from telesphore.pki.errors import ClockWentBack
from telesphore.pki.formats import certificates, names
from telesphore.pki.formats.certificates import Pair
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.states import Profile

UNIT_USED = timedelta(days=2 * 365)
"""How long a unit's key stamps."""
UNIT_LASTS = timedelta(days=5 * 365)
"""How long its certificate is good: a stamp holds for three years at least before it must be renewed."""
UNIT_RENEWED = timedelta(days=30)
"""Before the end of its key's use."""
TOLERANCE = timedelta(minutes=5)
"""By how much our machines' clocks may disagree before a unit refuses to stamp."""

ACCURACY = timedelta(seconds=1)

_RANDOM_BITS = 64
_COUNT = """
INSERT INTO pki_timestampcounter AS counter (organisation_id, id, made, last_at) VALUES (%s, %s, 1, %s)
ON CONFLICT (organisation_id) DO UPDATE
   SET made = counter.made + 1, last_at = greatest(counter.last_at, excluded.last_at)
 WHERE counter.last_at <= %s
RETURNING made
"""


@audit.staged("pki:timestamp:make")
def stamp(*, imprint: bytes, digest: Digest, organisation_id: UUID, actor: Actor, at: datetime) -> bytes:
    """The DER of a TimeStampToken over this digest, by the organisation's unit.

    Args:
        at: the clock's time at this very call: not that of a request which has waited for a PIN meanwhile.

    Raises:
        ClockWentBack: a later time was stamped already. AuthorityEnded: no unit can be made.
    """
    return _stamp(timestamps.Request(imprint, digest, None), organisation_id, actor, at)


def answer_timestamp_query(*, authority_id: UUID, content: bytes, actor: Actor, at: datetime) -> bytes:
    """The response (DER) to a TimeStampReq (DER); what can't be done is said in RFC 3161's words.

    The newest unit of the authority's organisation answers, whichever generation is named. No query leaves a trace,
    nor does its refusal: anybody may ask, and could fill the trail. The counter says how many were served.

    Raises:
        AuthorityNotFound, AuthorityEnded, ClockWentBack
    """
    authority = access.find(authority_id)
    try:
        asked = timestamps.read_request(content)
        if asked.policy not in (None, certificates.POLICY_TIME):
            raise TimestampRequestRefused(status="unaccepted policy", failure=timestamps.BAD_POLICY)
    except TimestampRequestRefused as refused:
        return timestamps.rejection(refused)
    # Upkeep is nobody's act but the platform's, whoever asks.
    return timestamps.granted(_stamp(asked, authority.organisation_id, Actor.system(authority.organisation_id), at))


def _stamp(asked: timestamps.Request, organisation_id: UUID, actor: Actor, at: datetime) -> bytes:
    authority = standing_authority(organisation_id=organisation_id, actor=actor, at=at)
    unit = access.own_pair(_find(authority, at) or _make(authority, actor, at))
    # A crash from here on leaves a number that no stamp bears.
    serial_number = _next_serial_number(organisation_id, at)
    return timestamps.make_token(
        asked,
        certificate=unit.certificate,
        chain=access.chain(authority),
        sign=lambda content: unit.key.sign(content, ec.ECDSA(hashes.SHA256())),
        serial=serial_number,
        at=at,
        policy=certificates.POLICY_TIME,
        accuracy=ACCURACY,
        algorithm=Algorithm(Scheme.ECDSA, Digest.SHA256),
    )


def renew_unit(*, authority: Authority, actor: Actor, at: datetime) -> Certificate:
    """The unit that stamps, and will for a month: so that no stamp waits for one to be made."""
    return _find(authority, at + UNIT_RENEWED) or _make(authority, actor, at)


def _find(authority: Authority, at: datetime) -> Certificate | None:
    return access.standing_own(authority, Profile.UNIT, beyond=at + UNIT_LASTS - UNIT_USED, made_after=at - UNIT_USED)


def _make(authority: Authority, actor: Actor, at: datetime) -> Certificate:
    key = access.new_key()
    name = names.subject(
        f"Horodatage local non qualifié {authority.organisation_id.hex[-12:]}",
        organisation=authority.organisation_name or names.UNQUALIFIED,
        organisation_identifier=authority.organisation_identifier,
    )
    certificate = certificates.make_unit(
        name,
        key.public_key(),
        access.issuing_pair(authority),
        valid=(at - BEFORE, at + UNIT_LASTS),
        used=at + UNIT_USED,
        places=access.places(authority),
    )
    return keep_own(
        authority=authority,
        profile=Profile.UNIT,
        pair=Pair(certificate, key),
        standing=lambda: _find(authority, at + UNIT_RENEWED),
        actor=actor,
        at=at,
    )


def _next_serial_number(organisation_id: UUID, at: datetime) -> int:
    """Greater than all before: a count, then random bits, so that a database put back to an older state repeats none.

    One statement, which commits by itself: it is never undone with what asked for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [organisation_id, uuid7(), at, at + TOLERANCE])
        row = cursor.fetchone()
    if row is None:
        raise ClockWentBack
    return (int(row[0]) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
