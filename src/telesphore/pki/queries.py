"""What is trusted, what is known beside files, and how certificates stand."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography import x509
from django.db.models import QuerySet
from django.utils import formats

from telesphore.ades.verdict.trust import Anchor, AnchorKind, Evidence, Trust
from telesphore.pki import access, ports
from telesphore.pki.errors import AuthorityNotFound, CertificateNotYet, CertificateOver, CertificateRevoked
from telesphore.pki.formats import certificates
from telesphore.pki.formats.revocation import Revoked
from telesphore.pki.models import Authority, Certificate, Revocation, RevocationList
from telesphore.pki.states import Level, Standing


def trust_anchors(organisation_id: UUID) -> list[bytes]:
    """DER of the roots that an organisation trusts: its own, every generation's, once it has issued anything."""
    return _roots(Authority.objects.filter(organisation_id=organisation_id).order_by("generation"))


def all_trust_anchors() -> list[bytes]:
    """DER of the roots of every organisation of this instance."""
    return _roots(Authority.objects.order_by("organisation_id", "generation"))


def trust(organisation_id: UUID | None = None) -> Trust:
    """What files are judged by: the roots of an organisation, or of all of this instance, and what the operator trusts
    besides."""
    local = all_trust_anchors() if organisation_id is None else trust_anchors(organisation_id)
    anchors = [Anchor(root, AnchorKind.LOCAL) for root in local]
    return Trust((*anchors, *ports.anchor_source.get().anchors()), ports.algorithm_policy.get())


def anchors(organisation_id: UUID) -> list[bytes]:
    """DER of what `trust` has."""
    return list(dict.fromkeys(anchor.certificate for anchor in trust(organisation_id).anchors))


def _roots(rows: "QuerySet[Authority]") -> list[bytes]:
    return list(dict.fromkeys(bytes(root) for root in rows.values_list("root", flat=True)))


def trust_anchors_pem(organisation_id: UUID) -> bytes:
    """The same, as one PEM file for other people's validators."""
    return certificates.as_pem(trust_anchors(organisation_id))


def evidence() -> Evidence:
    """What this instance knows of its own certificates: the issuing authorities, and the last list of each."""
    rows = list(Authority.objects.order_by("organisation_id", "generation"))
    lists = [found for row in rows for level in Level if (found := latest_list(row, level)) is not None]
    return Evidence(
        certificates=tuple(bytes(row.issuing) for row in rows), crls=tuple(bytes(found.content) for found in lists)
    )


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """How a certificate stands.

    Attributes:
        since: from when on: its end, its revocation, its beginning; None when it is good or foreign.
        reason: why it was revoked, as `states.Reason`; empty otherwise.
    """

    standing: Standing
    since: datetime | None = None
    reason: str = ""


def certificate_status(certificate: bytes, *, organisation_id: UUID, at: datetime) -> CertificateStatus:
    """How a certificate (DER) stands at this instant; expiry is told of foreign ones too, revocation of ours only.

    A revocation later than `at` does not count. That of the authority counts as the certificate's own.

    Raises:
        ValueError: it is no certificate.
    """
    parsed = x509.load_der_x509_certificate(certificate)
    if at < parsed.not_valid_before_utc:
        return CertificateStatus(Standing.NOT_YET, parsed.not_valid_before_utc)
    row = Certificate.objects.filter(
        organisation_id=organisation_id,
        serial_number=f"{parsed.serial_number:x}",
        sha256=hashlib.sha256(certificate).digest(),
    ).first()
    if row is not None:
        revoked = revocation_of(row, at)
        if revoked is not None:
            return CertificateStatus(Standing.REVOKED, revoked.at, revoked.reason)
    if at > parsed.not_valid_after_utc:
        return CertificateStatus(Standing.EXPIRED, parsed.not_valid_after_utc)
    return CertificateStatus(Standing.GOOD if row else Standing.FOREIGN)


def certificate_holder(certificate: bytes, *, organisation_id: UUID) -> UUID | None:
    """The member for whom a local authority issued this certificate (DER); None for a foreign one, or when it was not
    said."""
    rows = Certificate.objects.filter(
        organisation_id=organisation_id, sha256=hashlib.sha256(certificate).digest()
    ).values_list("holder_id", flat=True)
    return rows.first()


def check_may_sign(certificate: bytes, *, organisation_id: UUID, at: datetime) -> None:
    """Refuse to sign with a certificate (DER) that is over, or that one of our authorities revoked.

    Raises:
        CertificateNotYet, CertificateOver, CertificateRevoked: with the date, which the sentence says.
        ValueError: it is no certificate.
    """
    status = certificate_status(certificate, organisation_id=organisation_id, at=at)
    refusals = {
        Standing.NOT_YET: CertificateNotYet,
        Standing.EXPIRED: CertificateOver,
        Standing.REVOKED: CertificateRevoked,
    }
    if status.standing in refusals:
        assert status.since is not None
        raise refusals[status.standing](date=formats.date_format(status.since, "DATE_FORMAT"))


def revocation_of(row: Certificate, at: datetime) -> Revocation | None:
    """The first revocation that fells a certificate: its own, or its authority's."""
    rows = Revocation.objects.filter(organisation_id=row.organisation_id, authority_id=row.authority_id, at__lte=at)
    return (rows.filter(certificate_id=row.id) | rows.filter(certificate_id=None)).order_by("at").first()


def latest_list(authority: Authority, level: Level) -> RevocationList | None:
    """The last list that an authority (or the root that it holds) published."""
    return (
        RevocationList.objects.filter(organisation_id=authority.organisation_id, authority_id=authority.id, level=level)
        .order_by("-number")
        .first()
    )


def revoked_by(authority: Authority, level: Level) -> list[Revoked]:
    """All that an authority revoked; for `Level.ROOT`, the issuing authorities that the root which it holds revoked."""
    rows = Revocation.objects.filter(organisation_id=authority.organisation_id).order_by("at")
    if level is Level.ISSUING:
        found = rows.filter(authority_id=authority.id, certificate_id__isnull=False).select_related("certificate")
        return [Revoked(int(row.certificate.serial_number, 16), row.at, row.reason) for row in found if row.certificate]
    found = rows.filter(certificate_id=None, authority__root=bytes(authority.root)).select_related("authority")
    return [
        Revoked(x509.load_der_x509_certificate(bytes(row.authority.issuing)).serial_number, row.at, row.reason)
        for row in found
    ]


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list as it is served: DER, its number, when it was made, when the next is promised."""

    content: bytes
    number: int
    made_at: datetime
    next_update: datetime
    entries: int


def published_list(authority_id: UUID, level: Level) -> PublishedList | None:
    """What is served as an authority's list; for `Level.ROOT`, its root's. None before the first one.

    Raises:
        AuthorityNotFound
    """
    authority = access.find(authority_id)
    if level is Level.ROOT:
        authority = access.holder_of_root(authority)
    row = latest_list(authority, level)
    return PublishedList(bytes(row.content), row.number, row.made_at, row.next_update, row.entries) if row else None


@dataclass(frozen=True, slots=True)
class AuthorityCard:
    """One generation of an organisation's authority.

    Attributes:
        issuing, root: DER.
        ends_at, root_ends_at: when they expire.
        root_key_here: whether the root's key is in the database.
        revoked_at: when its root revoked it; None when it stands.
        newest: whether it is the one that issues.
        serial_number: of the issuing authority's certificate.
    """

    authority_id: UUID
    organisation_id: UUID
    generation: int
    issuing: bytes
    root: bytes
    established_at: datetime
    ends_at: datetime
    root_ends_at: datetime
    root_key_here: bool
    revoked_at: datetime | None
    newest: bool
    serial_number: int

    def issuing_sha256(self) -> str:
        """Fingerprint, hexadecimal."""
        return hashlib.sha256(self.issuing).hexdigest()

    def root_sha256(self) -> str:
        """Fingerprint, hexadecimal."""
        return hashlib.sha256(self.root).hexdigest()


def authority_card(authority_id: UUID) -> AuthorityCard:
    """One authority, by the id in its addresses.

    Raises:
        AuthorityNotFound
    """
    found = access.find(authority_id)
    return next(card for card in authority_cards(found.organisation_id) if card.authority_id == authority_id)


def authority_cards(organisation_id: UUID) -> list[AuthorityCard]:
    """An organisation's authorities, the newest first."""
    rows = access.generations(organisation_id)
    revoked = dict(
        Revocation.objects.filter(organisation_id=organisation_id, certificate_id=None).values_list(
            "authority_id", "at"
        )
    )
    with_key = {bytes(row.root) for row in rows if row.root_key_sealed is not None}
    return [
        AuthorityCard(
            authority_id=row.id,
            organisation_id=organisation_id,
            generation=row.generation,
            issuing=bytes(row.issuing),
            root=bytes(row.root),
            established_at=row.established_at,
            ends_at=access.valid_until(bytes(row.issuing)),
            root_ends_at=access.valid_until(bytes(row.root)),
            root_key_here=bytes(row.root) in with_key,
            revoked_at=revoked.get(row.id),
            newest=row is rows[0],
            serial_number=x509.load_der_x509_certificate(bytes(row.issuing)).serial_number,
        )
        for row in rows
    ]


def authority_with_serial(organisation_id: UUID, serial_number: str) -> UUID | None:
    """The authority whose own certificate has this serial number (hexadecimal); None when it is no authority's."""
    spelled = access.serial_spelled(serial_number)
    return next(
        (card.authority_id for card in authority_cards(organisation_id) if f"{card.serial_number:x}" == spelled), None
    )


def authority_publishing(organisation_id: UUID, level: Level) -> UUID:
    """The newest authority, or the generation that holds its root's list.

    Raises:
        AuthorityNotFound: the organisation has none.
    """
    newest = access.newest(organisation_id)
    if newest is None:
        raise AuthorityNotFound
    return (newest if level is Level.ISSUING else access.holder_of_root(newest)).id


@dataclass(frozen=True, slots=True)
class CertificateCard:
    """One certificate given: who it is of is in the trail, not here."""

    serial_number: str
    profile: str
    authority_id: UUID
    holder_id: UUID | None
    sha256: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    reason: str


def certificate_cards(
    organisation_id: UUID, *, at: datetime, everything: bool = False, limit: int = 1000
) -> list[CertificateCard]:
    """An organisation's certificates, the newest first, at most `limit`: those that did not end before `at`;
    with `everything`, the others too, patients' among them."""
    rows = Certificate.objects.filter(organisation_id=organisation_id).order_by("-issued_at", "-id")
    if not everything:
        rows = rows.filter(expires_at__gt=at)
    found = list(rows[:limit])
    revocations = Revocation.objects.filter(
        organisation_id=organisation_id, certificate_id__in=[row.id for row in found]
    )
    revoked = {one.certificate_id: one for one in revocations}
    return [_card(row, revoked.get(row.id)) for row in found]


def certificate_card(organisation_id: UUID, serial_number: str) -> CertificateCard:
    """One certificate, by its serial number in hexadecimal, however it is spelled.

    Raises:
        CertificateNotFound
    """
    row = access.find_certificate(organisation_id, serial_number)
    return _card(row, Revocation.objects.filter(organisation_id=organisation_id, certificate_id=row.id).first())


def _card(row: Certificate, revoked: Revocation | None) -> CertificateCard:
    return CertificateCard(
        serial_number=row.serial_number,
        profile=row.profile,
        authority_id=row.authority_id,
        holder_id=row.holder_id,
        sha256=bytes(row.sha256).hex(),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=revoked.at if revoked else None,
        reason=revoked.reason if revoked else "",
    )
