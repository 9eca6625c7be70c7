"""Obtaining authorities, and their keys as the vault gives them: in memory, for one use."""

from datetime import datetime, timedelta
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from telesphore.pki import ports
from telesphore.pki.errors import AuthorityNotFound, CertificateNotFound, KeyHolderMissing, RootKeyAway
from telesphore.pki.formats import certificates
from telesphore.pki.formats.certificates import Pair, Places
from telesphore.pki.models import Authority, Certificate, Revocation
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

_HELD = "held:"
"""Before the name of a key that is not in the vault; no PEM begins so."""


def generations(organisation_id: UUID) -> list[Authority]:
    """An organisation's authorities, the newest first."""
    return list(Authority.objects.filter(organisation_id=organisation_id).order_by("-generation"))


def newest(organisation_id: UUID) -> Authority | None:
    """The authority that issues; None before the first one."""
    return Authority.objects.filter(organisation_id=organisation_id).order_by("-generation").first()


def find(authority_id: UUID, organisation_id: UUID | None = None) -> Authority:
    """An authority by its id, as its addresses name it.

    Raises:
        AuthorityNotFound: no such authority, in this organisation when one is given.
    """
    rows = Authority.objects.filter(id=authority_id)
    found = (rows if organisation_id is None else rows.filter(organisation_id=organisation_id)).first()
    if found is None:
        raise AuthorityNotFound
    return found


def find_certificate(organisation_id: UUID, serial_number: str) -> Certificate:
    """A certificate by its serial number in hexadecimal, with or without colons and leading zeros.

    Raises:
        CertificateNotFound: no such certificate in this organisation.
    """
    rows = Certificate.objects.filter(organisation_id=organisation_id, serial_number=serial_spelled(serial_number))
    row = rows.first()
    if row is None:
        raise CertificateNotFound
    return row


def serial_spelled(serial_number: str) -> str:
    """A serial number in hexadecimal as the database spells it: without colons, capitals, leading zeros."""
    return serial_number.replace(":", "").strip().lower().lstrip("0")


def holder_of_root(authority: Authority) -> Authority:
    """The first generation of the same root: its addresses are the root's, and it holds the root key."""
    first = (
        Authority.objects.filter(organisation_id=authority.organisation_id, root=bytes(authority.root))
        .order_by("generation")
        .first()
    )
    assert first is not None
    return first


def valid_until(certificate: bytes) -> datetime:
    """The last instant of a certificate (DER)."""
    return x509.load_der_x509_certificate(certificate).not_valid_after_utc


def has_ended(authority: Authority, at: datetime) -> bool:
    """Whether it can issue no more: expired, or revoked by its root."""
    return (
        valid_until(bytes(authority.issuing)) <= at
        or Revocation.objects.filter(
            organisation_id=authority.organisation_id, authority_id=authority.id, certificate_id=None
        ).exists()
    )


def chain(authority: Authority) -> tuple[bytes, ...]:
    """DER, from the issuing authority to the root."""
    return bytes(authority.issuing), bytes(authority.root)


def places(authority: Authority) -> Places:
    """What the certificates that this authority gives say of where to ask."""
    base = f"{ports.base_url.get()}/pki/{authority.id}"
    return Places(crl=f"{base}/crl", ocsp=f"{base}/ocsp", issuer=f"{base}/certificate")


def places_of_root(holder_id: UUID) -> Places:
    """What issuing authorities' certificates say. A root answers by its list only: its key may be in a safe."""
    base = f"{ports.base_url.get()}/pki/{holder_id}"
    return Places(crl=f"{base}/root-crl", issuer=f"{base}/root-certificate")


def issuing_pair(authority: Authority) -> Pair:
    """The key that issues.

    Raises:
        What the vault raises when it can't open: KeysetNotFound, Erased, WrongMasterKey, TextDamaged.
    """
    return unseal(
        authority.organisation_id,
        authority.key_id,
        bytes(authority.issuing),
        bytes(authority.issuing_key_sealed),
        context(authority.id, "issuing"),
    )


def root_pair(authority: Authority) -> Pair:
    """The key of the authority's root.

    Raises:
        RootKeyAway: it was removed. Others as `issuing_pair`.
    """
    holder = holder_of_root(authority)
    if holder.root_key_sealed is None:
        raise RootKeyAway
    return unseal(
        holder.organisation_id,
        holder.key_id,
        bytes(holder.root),
        bytes(holder.root_key_sealed),
        context(holder.id, "root"),
    )


def own_pair(certificate: Certificate) -> Pair:
    """A certificate whose key the platform holds, with that key. Raises as `issuing_pair`."""
    assert certificate.content is not None
    assert certificate.key_sealed is not None
    assert certificate.key_id is not None
    return unseal(
        certificate.organisation_id,
        certificate.key_id,
        bytes(certificate.content),
        bytes(certificate.key_sealed),
        context(certificate.authority_id, certificate.profile),
    )


def standing_own(
    authority: Authority, profile: str, *, beyond: datetime, made_after: datetime | None = None
) -> Certificate | None:
    """The newest certificate of this profile whose key the platform holds, not revoked, made after an instant and good
    beyond another: or as long as its authority, which none outlives."""
    beyond = min(beyond, valid_until(bytes(authority.issuing)) - timedelta(seconds=1))
    revoked = Revocation.objects.filter(organisation_id=authority.organisation_id, certificate_id__isnull=False)
    rows = Certificate.objects.filter(
        organisation_id=authority.organisation_id, authority_id=authority.id, profile=profile, expires_at__gt=beyond
    )
    if made_after is not None:
        rows = rows.filter(issued_at__gt=made_after)
    return rows.exclude(id__in=revoked.values("certificate_id")).order_by("-expires_at").first()


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key of the platform's own: where such keys are held, or in memory, to be sealed at once."""
    holder = ports.key_holder.get()
    return certificates.new_key() if holder is None else holder.make()


def seal(authority: Authority, pair: Pair, place: str) -> bytes:
    """A private key as the vault keeps it, under its authority's organisation; of a key held elsewhere, its name."""
    key = pair.key
    text = f"{_HELD}{key.name}" if isinstance(key, ports.HeldKey) else pair.key_pem()
    return vault.seal_text(organisation_id=authority.organisation_id, key_id=authority.key_id, text=text, context=place)


def unseal(organisation_id: UUID, key_id: UUID, certificate: bytes, sealed: bytes, place: str) -> Pair:
    """A pair whose key the vault kept, or names.

    Raises:
        KeyHolderMissing: it is held where the settings no longer lead.
    """
    text = vault_queries.unseal_text(organisation_id=organisation_id, key_id=key_id, sealed=sealed, context=place)
    if not text.startswith(_HELD):
        return Pair.load(certificate, text)
    holder = ports.key_holder.get()
    if holder is None:
        raise KeyHolderMissing
    return Pair(certificate, holder.open(text.removeprefix(_HELD), certificate))


def context(authority_id: UUID, which: str) -> str:
    """What a sealed key is bound to."""
    return f"pki:authority:{authority_id}:{which}"
