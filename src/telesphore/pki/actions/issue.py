"""Issue certificates to people and to the organisation. Keys are unsealed and used outside any transaction."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from telesphore.ades.algorithms import Algorithm, Digest, Scheme
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.pki import access
from telesphore.pki.actions.establish import standing_authority
from telesphore.pki.errors import BadPublicKey
from telesphore.pki.formats import certificates, names
from telesphore.pki.formats.certificates import Pair, PublicKey
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.states import Profile

SEAL_LASTS = timedelta(days=2 * 365)
SEAL_RENEWED = timedelta(days=30)
"""Before the end of the one before."""
PROFESSIONAL_LASTS = timedelta(days=3 * 365)
BEFORE, AFTER = timedelta(minutes=1), timedelta(minutes=15)
"""Around a patient's one signature."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A key in memory and its certificate: a `signature.ports.SigningToken`. Opened once, it signs many times.

    Attributes:
        certificate: DER.
        chain: DER, from the issuing authority to the root.
    """

    certificate: bytes
    chain: tuple[bytes, ...]
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """ECDSA with SHA-256: these keys are P-256."""
        return Algorithm(Scheme.ECDSA, Digest.SHA256)

    def sign(self, to_be_signed: bytes) -> bytes:
        """ECDSA P-256 with SHA-256, as DER."""
        return self._key.sign(to_be_signed, ec.ECDSA(hashes.SHA256()))


@audit.staged("pki:certificate:issue")
def issue_for_one_signature(
    *, organisation_id: UUID, given_name: str, family_name: str, serial_number: str, actor: Actor, at: datetime
) -> IssuedToken:
    """A patient's certificate, good from a minute before to 15 minutes after; its key is in memory and dies with it.

    Args:
        serial_number: what tells two people of the same name apart, in the subject; never a national identifier.

    Raises:
        AuthorityEnded: the organisation's authority can issue no more.
    """
    authority = standing_authority(organisation_id=organisation_id, actor=actor, at=at)
    key = certificates.new_key()
    name = names.subject(
        f"{given_name} {family_name.upper()}",
        given_name=given_name,
        family_name=family_name,
        serial_number=serial_number,
    )
    certificate = certificates.make_signer(
        name,
        key.public_key(),
        access.issuing_pair(authority),
        valid=(at - BEFORE, at + AFTER),
        policy=certificates.POLICY_PATIENT,
        places=access.places(authority),
        short_term=True,
    )
    keep_certificate(authority=authority, profile=Profile.PATIENT, certificate=certificate, actor=actor, at=at)
    return IssuedToken(certificate, access.chain(authority), key)


@audit.staged("pki:certificate:issue")
def issue_for_key(
    *,
    organisation_id: UUID,
    public_key_der: bytes,
    given_name: str,
    family_name: str,
    title: str,
    rpps: str,
    actor: Actor,
    at: datetime,
    holder_id: UUID | None = None,
) -> tuple[bytes, tuple[bytes, ...]]:
    """A professional's certificate (DER) for a key that a token holds, and the chain above it.

    Args:
        public_key_der: SubjectPublicKeyInfo.
        rpps: the national number of the professional; empty when there is none.
        holder_id: the member, so that their certificates can be found when they leave.

    Raises:
        BadPublicKey: unreadable, too short, or on another curve.
        AuthorityEnded: the organisation's authority can issue no more.
    """
    key = _public_key(public_key_der)
    authority = standing_authority(organisation_id=organisation_id, actor=actor, at=at)
    name = names.subject(
        f"{given_name} {family_name.upper()}",
        given_name=given_name,
        family_name=family_name,
        title=title,
        serial_number=names.natural_identifier(rpps),
    )
    certificate = certificates.make_signer(
        name,
        key,
        access.issuing_pair(authority),
        valid=(at - BEFORE, at + PROFESSIONAL_LASTS),
        policy=certificates.POLICY_PROFESSIONAL,
        places=access.places(authority),
    )
    keep_certificate(
        authority=authority,
        profile=Profile.PROFESSIONAL,
        certificate=certificate,
        holder_id=holder_id,
        actor=actor,
        at=at,
    )
    return certificate, access.chain(authority)


@audit.staged("pki:certificate:issue")
def organisation_seal(*, organisation_id: UUID, organisation_name: str, actor: Actor, at: datetime) -> IssuedToken:
    """The organisation's seal, made at the first call, renewed a month before it expires and after a revocation.

    Raises:
        AuthorityEnded: the organisation's authority can issue no more.
    """
    authority = standing_authority(organisation_id=organisation_id, actor=actor, at=at)
    seal = _standing_seal(authority, at)
    if seal is None:
        key = access.new_key()
        name = names.subject(
            f"Cachet — {organisation_name}",
            organisation=organisation_name,
            organisation_identifier=authority.organisation_identifier,
        )
        certificate = certificates.make_signer(
            name,
            key.public_key(),
            access.issuing_pair(authority),
            valid=(at - BEFORE, at + SEAL_LASTS),
            policy=certificates.POLICY_SEAL,
            places=access.places(authority),
        )
        seal = keep_own(
            authority=authority,
            profile=Profile.SEAL,
            pair=Pair(certificate, key),
            standing=lambda: _standing_seal(authority, at),
            actor=actor,
            at=at,
        )
    kept = access.own_pair(seal)
    return IssuedToken(kept.certificate, access.chain(authority), kept.key)


def _standing_seal(authority: Authority, at: datetime) -> Certificate | None:
    return access.standing_own(authority, Profile.SEAL, beyond=at + SEAL_RENEWED)


def keep_own(
    *,
    authority: Authority,
    profile: Profile,
    pair: Pair,
    standing: Callable[[], Certificate | None],
    actor: Actor,
    at: datetime,
) -> Certificate:
    """Write a certificate and its sealed key; or return the one that `standing` now finds, because another call has
    just written it."""
    return keep_certificate(
        authority=authority,
        profile=profile,
        certificate=pair.certificate,
        key_sealed=access.seal(authority, pair, access.context(authority.id, profile.value)),
        standing=standing,
        actor=actor,
        at=at,
    )


@audit.act("pki:certificate:issue")
def keep_certificate(
    *,
    authority: Authority,
    profile: Profile,
    certificate: bytes,
    key_sealed: bytes | None = None,
    standing: Callable[[], Certificate | None] | None = None,
    holder_id: UUID | None = None,
    actor: Actor,
    at: datetime,
) -> Certificate:
    """Write the row of a certificate that was made, and its event."""
    if standing is not None:
        # One at a time: a second call waits here, then uses the first one's.
        Authority.objects.select_for_update().get(organisation_id=authority.organisation_id, id=authority.id)
        found = standing()
        if found is not None:
            return found
    parsed = x509.load_der_x509_certificate(certificate)
    digest = hashlib.sha256(certificate).digest()
    row = Certificate.objects.create(
        organisation_id=authority.organisation_id,
        authority_id=authority.id,
        profile=profile,
        serial_number=f"{parsed.serial_number:x}",
        holder_id=holder_id,
        sha256=digest,
        issued_at=at,
        expires_at=parsed.not_valid_after_utc,
        content=certificate if key_sealed else None,
        key_sealed=key_sealed,
        key_id=authority.key_id if key_sealed else None,
    )
    audit.record(
        "pki:certificate:issue",
        actor=actor,
        at=at,
        subject=row.id,
        detail={"profile": profile.value, "sha256": digest.hex(), "serial_number": row.serial_number},
    )
    return row


def _public_key(der: bytes) -> PublicKey:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise BadPublicKey from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise BadPublicKey
