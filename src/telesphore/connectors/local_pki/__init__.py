"""This instance's own authority, asked in-process: nothing of it is qualified."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from telesphore.ades.algorithms import Digest
from telesphore.kernel.actors import Actor
from telesphore.pki import actions
from telesphore.pki.errors import AuthorityEnded, TimestampUnavailable
from telesphore.pki.ports import RevocationData


class LocalTimestamper:
    """A `pki.ports.Timestamper`: the organisation's own time-stamping unit."""

    def stamp(self, imprint: bytes, digest: Digest, *, organisation_id: UUID, at: datetime) -> bytes:
        try:
            return actions.stamp(
                imprint=imprint,
                digest=digest,
                organisation_id=organisation_id,
                actor=Actor.system(organisation_id),
                at=at,
            )
        except AuthorityEnded:
            raise TimestampUnavailable from None


class LocalRevocation:
    """A `pki.ports.RevocationSource` for what this instance's authorities issued; it knows of no other."""

    def fetch(self, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime) -> RevocationData:
        return actions.revocation_data(
            chain=chain, organisation_id=organisation_id, actor=Actor.system(organisation_id), at=at
        )


class LocalSeal:
    """A `signature.ports.SealSource`: the seal that each organisation's own authority gave it."""

    @contextmanager
    def open(
        self, *, organisation_id: UUID, organisation_name: str, actor: Actor, at: datetime
    ) -> Iterator[actions.IssuedToken]:
        yield actions.organisation_seal(
            organisation_id=organisation_id, organisation_name=organisation_name, actor=actor, at=at
        )
