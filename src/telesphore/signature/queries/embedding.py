"""Which pages may show ours within their own."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts.access import check
from telesphore.kernel.actors import Actor
from telesphore.links import access as links
from telesphore.links.errors import LinkNotFound
from telesphore.signature.models import Embedding, FramingOrigin


@dataclass(frozen=True, slots=True)
class OriginLine:
    """An origin that an administrator allowed."""

    origin_id: UUID
    origin: str
    made_at: datetime


def framing_origins(*, actor: Actor) -> list[OriginLine]:
    """Those of the actor's organisation, by name.

    Raises:
        NotAllowed
    """
    check(actor, "signature:embedding:manage")
    rows = FramingOrigin.objects.filter(organisation_id=actor.organisation, ended_at=None).order_by("origin")
    return [OriginLine(row.id, row.origin, row.made_at) for row in rows]


def embedding_of(token: str) -> tuple[UUID, UUID] | None:
    """The organisation and the link of a short way in, dead or alive; None for a token that is none."""
    try:
        link = links.find(token)
    except LinkNotFound:
        return None
    known = Embedding.objects.filter(organisation_id=link.organisation_id, link_id=link.id).exists()
    return (link.organisation_id, link.id) if known else None


def origins_of(*, organisation_id: UUID, link_id: UUID) -> tuple[str, ...]:
    """In whose pages a short way in may be shown, as long as they are allowed."""
    rows = Embedding.objects.filter(organisation_id=organisation_id, link_id=link_id)
    named = rows.values_list("origins", flat=True).first() or []
    living = FramingOrigin.objects.filter(organisation_id=organisation_id, origin__in=named, ended_at=None)
    return tuple(living.order_by("origin").values_list("origin", flat=True))
