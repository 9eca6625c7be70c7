"""Open an organisation's seal: its own, from whoever answers the port, and only one that could be relied on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.pki.errors import CertificateNotYet, CertificateOver, CertificateRevoked
from telesphore.signature import access, ports
from telesphore.signature.ports import (
    ChainIncomplete,
    KeyWithoutCertificate,
    SealChainIncomplete,
    SealExpired,
    SealRevoked,
    SealUnusable,
    SigningToken,
)


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal that is open.

    Attributes:
        chain: DER of the certificates above its own, in order, up to a root.
    """

    token: SigningToken
    chain: tuple[bytes, ...]


@contextmanager
def open_seal(*, organisation_id: UUID, actor: Actor, at: datetime) -> Iterator[Seal]:
    """The seal of this organisation, for the length of a `with` block, which is outside any transaction.

    Raises:
        SealExpired, SealRevoked, SealChainIncomplete, SealUnusable, and what `ports.SealSource.open` raises.
    """
    card = accounts.organisation_card(organisation_id)
    opened = ports.seal_source.get().open(
        organisation_id=organisation_id, organisation_name=card.name, actor=actor, at=at
    )
    with opened as token:
        try:
            chain = access.check_certificate(token.certificate, token.chain, organisation_id=organisation_id, at=at)
        except (CertificateOver, CertificateNotYet):
            raise SealExpired from None
        except CertificateRevoked:
            raise SealRevoked from None
        except ChainIncomplete:
            raise SealChainIncomplete from None
        except KeyWithoutCertificate:
            raise SealUnusable from None
        yield Seal(token, chain)
