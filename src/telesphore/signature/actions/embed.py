"""Let a patient or a guest sign inside another software's page: by a way in of five minutes, used once.

The program that asks for it gets a token, and not the code, which goes to the recipient's phone: whoever holds the
token alone comes no further than the page that asks for the code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from telesphore.accounts.access import check
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import access as link_access
from telesphore.links import actions as links
from telesphore.links.actions import Revealed
from telesphore.links.errors import LinkUsedUp
from telesphore.signature import access
from telesphore.signature.actions.call import LINK_FOR_GUEST, LINK_TO_SIGN
from telesphore.signature.actions.close import lock
from telesphore.signature.errors import (
    EmbeddedTooOften,
    NotAnOrigin,
    NotAwaited,
    OriginNotAllowed,
    OriginNotFound,
    RecipientNotFound,
    TooManyOrigins,
)
from telesphore.signature.models import Embedding, FramingOrigin, Recipient
from telesphore.signature.states import RecipientState

LINK_EMBEDDED = "signature:embed"
WAY = "embed/l"
LIFE = timedelta(minutes=5)
MOST_ORIGINS, MOST_AN_HOUR = 20, 10
MANAGE, MAKE = "signature:embedding:manage", "signature:embedding:make"


@dataclass(frozen=True, slots=True)
class Embedded:
    """A way in that was just made; `url` is known here and to who asked, nowhere else."""

    url: str
    expires_at: datetime


@audit.act("signature:embedding:allow")
def allow_origin(*, origin: str, actor: Actor, at: datetime) -> UUID:
    """Let pages of this origin show the pages of signing within their own. Allowing twice changes nothing.

    Raises:
        NotAllowed, NotAnOrigin, TooManyOrigins
    """
    check(actor, MANAGE)
    wanted = _origin(origin)
    living = FramingOrigin.objects.filter(organisation_id=actor.organisation, ended_at=None)
    found = living.filter(origin=wanted).first()
    if found is not None:
        return found.id
    if living.count() >= MOST_ORIGINS:
        raise TooManyOrigins
    row = FramingOrigin.objects.create(
        organisation_id=actor.organisation, origin=wanted, made_by=actor.person, made_at=at
    )
    audit.record("signature:embedding:allow", actor=actor, subject=row.id, at=at, detail={"origin": wanted})
    return row.id


@audit.act("signature:embedding:forbid")
def forbid_origin(*, origin_id: UUID, actor: Actor, at: datetime) -> None:
    """Let them no more: who is inside there is shown nothing from now on.

    Raises:
        NotAllowed, OriginNotFound
    """
    check(actor, MANAGE)
    rows = FramingOrigin.objects.filter(organisation_id=actor.organisation, id=origin_id, ended_at=None)
    if not rows.update(ended_at=at):
        raise OriginNotFound
    audit.record("signature:embedding:forbid", actor=actor, subject=origin_id, at=at)


@audit.act("signature:embedding:make")
def embed(*, envelope_id: UUID, recipient_id: UUID, origins: Sequence[str], actor: Actor, at: datetime) -> Embedded:
    """Make a way in for one awaited patient or guest of what one has sent; the one before is worth nothing any more.

    Raises:
        NotAllowed, EnvelopeNotFound, EnvelopeClosed, EnvelopeExpired
        OriginNotAllowed: none is named, or one that no administrator allowed.
        RecipientNotFound: no such one, or a professional, who signs by their own means.
        NotAwaited, EmbeddedTooOften
    """
    check(actor, MAKE)
    envelope = lock(actor=actor, envelope_id=access.sent_by(actor=actor, envelope_id=envelope_id).id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_open(envelope, at)
    allowed = set(
        FramingOrigin.objects.filter(organisation_id=actor.organisation, ended_at=None).values_list("origin", flat=True)
    )
    if not origins or not set(origins) <= allowed:
        raise OriginNotAllowed
    own = {"organisation_id": envelope.organisation_id}
    recipient = Recipient.objects.filter(**own, envelope_id=envelope.id, id=recipient_id, person_id=None).first()
    if recipient is None:
        raise RecipientNotFound
    if recipient.state != RecipientState.WAITING or recipient.link_id is None:
        raise NotAwaited
    before = Embedding.objects.filter(**own, recipient_id=recipient.id, made_at__gt=at - timedelta(hours=1))
    made = list(before.order_by("-made_at")[:MOST_AN_HOUR])
    if len(made) == MOST_AN_HOUR:
        raise EmbeddedTooOften
    for row in made[:1]:
        links.revoke(organisation_id=envelope.organisation_id, link_id=row.link_id, actor=actor, at=at)
    # Where codes go is what the recipient's own link knows: neither the program nor this request says it.
    theirs = link_access.check_open(
        organisation_id=envelope.organisation_id,
        link_id=recipient.link_id,
        purpose=LINK_FOR_GUEST if recipient.guest_sealed is not None else LINK_TO_SIGN,
        at=at,
    )
    expires_at = min(at + LIFE, theirs.expires_at)
    short = links.create(
        organisation_id=envelope.organisation_id,
        purpose=LINK_EMBEDDED,
        subject_id=recipient.id,
        patient_id=envelope.patient_id,
        phone=theirs.phone,
        language=theirs.language,
        expires_at=expires_at,
        way=WAY,
        actor=actor,
        at=at,
    )
    row = Embedding.objects.create(
        **own,
        recipient_id=recipient.id,
        link_id=short.link_id,
        recipient_link_id=recipient.link_id,
        origins=sorted(set(origins)),
        made_by=actor.person,
        made_at=at,
    )
    audit.record(
        "signature:embedding:make",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        at=at,
        detail={"embedding": row.id.hex, "recipient": recipient.id.hex, "origins": row.origins},
    )
    return Embedded(short.url, expires_at)


@audit.act("signature:embedding:open")
def open_embedded(*, revealed: Revealed, actor: Actor, at: datetime) -> Revealed:
    """What the bearer of the short link and of its code has come to: the recipient's place, by their own link. Once.

    Raises:
        LinkNotFound, LinkRevoked, LinkUsedUp, LinkExpired: it was used, or the recipient's own link leads nowhere.
    """
    audit.concerning(patient=revealed.patient_id)
    row = (
        Embedding.objects.select_for_update(of=("self",))
        .select_related("recipient")
        .get(organisation_id=revealed.organisation_id, link_id=revealed.link_id)
    )
    guest = row.recipient.guest_sealed is not None
    purpose = LINK_FOR_GUEST if guest else LINK_TO_SIGN
    if row.used_at is not None:
        raise LinkUsedUp
    link_access.check_open(organisation_id=row.organisation_id, link_id=row.recipient_link_id, purpose=purpose, at=at)
    row.used_at = at
    row.save(update_fields=["used_at"])
    links.use_up(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    audit.record(
        "signature:embedding:open",
        actor=actor.within(row.organisation_id),
        subject=row.recipient.envelope_id,
        patient=revealed.patient_id,
        at=at,
        detail={"embedding": row.id.hex},
    )
    subject = row.recipient_id if guest else row.recipient.envelope_id
    return Revealed(row.organisation_id, row.recipient_link_id, purpose, subject, revealed.patient_id)


def _origin(text: str) -> str:
    """An origin as browsers write it.

    Raises:
        NotAnOrigin
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotAnOrigin from None
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    # What stands in a header is of these letters alone.
    plain = host.isascii() and all(letter.isalnum() or letter in ".-" for letter in host)
    if parts.scheme != "https" or not host or len(host) > 253 or not plain or more:
        raise NotAnOrigin
    return f"https://{host}" + (f":{port}" if port not in (None, 443) else "")
