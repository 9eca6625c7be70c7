"""Whether a certificate that somebody would sign with could be relied on, and is theirs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cryptography.x509 import Certificate

from telesphore.accounts import queries as accounts
from telesphore.ades import paths
from telesphore.ades.errors import NoPathToAnchor
from telesphore.pki import queries as pki
from telesphore.signature.errors import CertificateOfAnother, CertificateOfUnknown
from telesphore.signature.ports import ChainIncomplete, KeyWithoutCertificate

MOST_CERTIFICATES = 32


def check_certificate(
    certificate: bytes, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime
) -> tuple[bytes, ...]:
    """Whether a signature by this certificate (DER) could be relied on; the certificates above it, in order, up to a
    root.

    Raises:
        CertificateNotYet, CertificateOver, CertificateRevoked: with the day.
        KeyWithoutCertificate: it can't be read.
        ChainIncomplete: neither the token nor the organisation knows who issued it.
    """
    try:
        pki.check_may_sign(certificate, organisation_id=organisation_id, at=at)
        one, above = paths.load(certificate), list[bytes]()
    except (ValueError, NoPathToAnchor):
        raise KeyWithoutCertificate from None
    pool = [*chain[:MOST_CERTIFICATES], *pki.trust_anchors(organisation_id)]
    while one.issuer != one.subject:
        found = next((other for other in pool if _issued(other, one)), None)
        if found is None or len(above) >= paths.LONGEST:
            raise ChainIncomplete
        above.append(found)
        one = paths.load(found)
    return tuple(above)


def check_holder(
    certificate: bytes, chain: Sequence[bytes], *, person_id: UUID, organisation_id: UUID, known: bool
) -> None:
    """Whether a certificate (DER) that a person would sign with is theirs.

    Args:
        chain: those above it, up to a root, as `check_certificate` gives them.
        known: refuse also one of which nobody trusted says whose it is: a card that anybody may have put into a reader.
            Tokens that the operator gave each person are believed, unless they are another's for sure.

    Raises:
        CertificateOfAnother, CertificateOfUnknown
    """
    holder = pki.certificate_holder(certificate, organisation_id=organisation_id)
    if holder is not None:
        if holder != person_id:
            raise CertificateOfAnother
        return
    told = accounts.is_holder(person_id=person_id, certificate=certificate)
    if told is False:
        raise CertificateOfAnother
    if known and not (told and chain and chain[-1] in {*pki.anchors(organisation_id), *accounts.card_anchors()}):
        raise CertificateOfUnknown


class Checks:
    """What was found of certificates and people in one exchange: looked up once for a list of documents, kept no
    longer.

    Refusals are not kept: each document is refused by a check of its own.
    """

    def __init__(self) -> None:
        self._passed: dict[object, tuple[bytes, ...]] = {}
        self._people: dict[UUID, accounts.PersonCard] = {}

    def person(self, person_id: UUID) -> accounts.PersonCard:
        """Who this is."""
        if person_id not in self._people:
            self._people[person_id] = accounts.person_card(person_id)
        return self._people[person_id]

    def above(
        self,
        certificate: bytes,
        chain: Sequence[bytes],
        *,
        organisation_id: UUID,
        at: datetime,
        person_id: UUID | None = None,
        known: bool = False,
    ) -> tuple[bytes, ...]:
        """As `check_certificate`, then `check_holder` when `person_id` says whose it must be; raises as they do."""
        asked = (certificate, tuple(chain), organisation_id, person_id, known)
        if asked not in self._passed:
            above = check_certificate(certificate, chain, organisation_id=organisation_id, at=at)
            if person_id is not None:
                check_holder(certificate, above, person_id=person_id, organisation_id=organisation_id, known=known)
            self._passed[asked] = above
        return self._passed[asked]


def _issued(above: bytes, below: Certificate) -> bool:
    try:
        return paths.issued(paths.load(above), below)
    except NoPathToAnchor:
        return False
