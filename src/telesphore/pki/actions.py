"""Establish an organisation's authority; issue certificates. Keys are unsealed and used outside any transaction."""

import hashlib
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
from telesphore.kernel.identifiers import uuid7
from telesphore.pki.errors import BadPublicKey
from telesphore.pki.formats import certificates
from telesphore.pki.formats.certificates import Pair, PublicKey
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.states import Profile
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

ROOT_LASTS = timedelta(days=20 * 365)
ISSUING_LASTS = timedelta(days=15 * 365)
SEAL_LASTS = timedelta(days=2 * 365)
SEAL_RENEWED = timedelta(days=30)
"""Before the end of the one before."""
PROFESSIONAL_LASTS = timedelta(days=3 * 365)
BEFORE, AFTER = timedelta(minutes=1), timedelta(minutes=15)
"""Around a patient's one signature."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A key in memory and its certificate: a `signature.ports.SigningToken`.

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


@audit.staged("pki:authority:establish")
def establish_authority(*, organisation_id: UUID, actor: Actor, at: datetime) -> UUID:
    """The organisation's authority, made at the first call. Of two calls at once, one makes it, both return it.

    Raises:
        KeysetNotFound: the organisation has no keyset.
    """
    return _authority(organisation_id, actor, at).id


def _authority(organisation_id: UUID, actor: Actor, at: datetime) -> Authority:
    standing = Authority.objects.filter(organisation_id=organisation_id).first()
    if standing is not None:
        return standing
    authority_id, key_id = uuid7(), vault_queries.organisation_keyset(organisation_id)
    tag = organisation_id.hex[-12:]
    level = "Telesphore, autorité locale non qualifiée"
    root = certificates.make_root(
        certificates.subject(f"Racine locale non qualifiée {tag}", organisation=level), at=at, lasts=ROOT_LASTS
    )
    issuing = certificates.make_issuing(
        certificates.subject(f"Autorité locale non qualifiée {tag}", organisation=level),
        root,
        at=at,
        lasts=ISSUING_LASTS,
    )
    row = Authority(
        organisation_id=organisation_id,
        id=authority_id,
        root=root.certificate,
        root_key_sealed=_seal(organisation_id, key_id, root, _context(authority_id, "root")),
        issuing=issuing.certificate,
        issuing_key_sealed=_seal(organisation_id, key_id, issuing, _context(authority_id, "issuing")),
        key_id=key_id,
        established_at=at,
    )
    return _keep_authority(row=row, actor=actor, at=at)


@audit.act("pki:authority:establish")
def _keep_authority(*, row: Authority, actor: Actor, at: datetime) -> Authority:
    # Waits for another call that is writing its own, then yields to it.
    Authority.objects.bulk_create([row], ignore_conflicts=True)
    standing = Authority.objects.get(organisation_id=row.organisation_id)
    if standing.id == row.id:
        audit.record(
            "pki:authority:establish",
            actor=actor,
            at=at,
            subject=row.id,
            detail={"root_sha256": hashlib.sha256(row.root).hexdigest()},
        )
    return standing


@audit.staged("pki:certificate:issue")
def issue_for_one_signature(
    *, organisation_id: UUID, given_name: str, family_name: str, serial_number: str, actor: Actor, at: datetime
) -> IssuedToken:
    """A patient's certificate, good from a minute before to 15 minutes after; its key is in memory and dies with it.

    Args:
        serial_number: what tells two people of the same name apart, in the subject; never a national identifier.
    """
    authority = _authority(organisation_id, actor, at)
    key = certificates.new_key()
    name = certificates.subject(
        f"{given_name} {family_name.upper()}",
        given_name=given_name,
        family_name=family_name,
        serial_number=serial_number,
    )
    certificate = certificates.make_signer(name, key.public_key(), _issuing(authority), valid=(at - BEFORE, at + AFTER))
    _keep_certificate(authority=authority, profile=Profile.PATIENT, certificate=certificate, actor=actor, at=at)
    return IssuedToken(certificate, _chain(authority), key)


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
) -> tuple[bytes, tuple[bytes, ...]]:
    """A professional's certificate (DER) for a key that a token holds, and the chain above it.

    Args:
        public_key_der: SubjectPublicKeyInfo.
        rpps: the national number of the professional; empty when there is none.

    Raises:
        BadPublicKey: unreadable, too short, or on another curve.
    """
    key = _public_key(public_key_der)
    authority = _authority(organisation_id, actor, at)
    name = certificates.subject(
        f"{given_name} {family_name.upper()}",
        given_name=given_name,
        family_name=family_name,
        title=title,
        serial_number=rpps,
    )
    certificate = certificates.make_signer(name, key, _issuing(authority), valid=(at - BEFORE, at + PROFESSIONAL_LASTS))
    _keep_certificate(authority=authority, profile=Profile.PROFESSIONAL, certificate=certificate, actor=actor, at=at)
    return certificate, _chain(authority)


@audit.staged("pki:certificate:issue")
def organisation_seal(*, organisation_id: UUID, organisation_name: str, actor: Actor, at: datetime) -> IssuedToken:
    """The organisation's seal, made at the first call and renewed a month before it expires."""
    authority = _authority(organisation_id, actor, at)
    seal = _current_seal(authority, at)
    if seal is None:
        key = certificates.new_key()
        name = certificates.subject(f"Cachet — {organisation_name}", organisation=organisation_name)
        pair = Pair(
            certificates.make_signer(name, key.public_key(), _issuing(authority), valid=(at - BEFORE, at + SEAL_LASTS)),
            key,
        )
        seal = _keep_certificate(
            authority=authority,
            profile=Profile.SEAL,
            certificate=pair.certificate,
            key_sealed=_seal(organisation_id, authority.key_id, pair, _context(authority.id, "seal")),
            actor=actor,
            at=at,
        )
    assert seal.content is not None
    assert seal.key_sealed is not None
    assert seal.key_id is not None
    kept = _unseal(
        organisation_id, seal.key_id, bytes(seal.content), bytes(seal.key_sealed), _context(authority.id, "seal")
    )
    return IssuedToken(kept.certificate, _chain(authority), kept.key)


def _current_seal(authority: Authority, at: datetime) -> Certificate | None:
    return (
        Certificate.objects.filter(
            organisation_id=authority.organisation_id,
            authority_id=authority.id,
            profile=Profile.SEAL,
            expires_at__gt=at + SEAL_RENEWED,
        )
        .order_by("expires_at")
        .first()
    )


@audit.act("pki:certificate:issue")
def _keep_certificate(
    *,
    authority: Authority,
    profile: Profile,
    certificate: bytes,
    key_sealed: bytes | None = None,
    actor: Actor,
    at: datetime,
) -> Certificate:
    if profile is Profile.SEAL:
        # One seal at a time: a second call waits here, then uses the first one's.
        Authority.objects.select_for_update().get(organisation_id=authority.organisation_id, id=authority.id)
        standing = _current_seal(authority, at)
        if standing is not None:
            return standing
    parsed = x509.load_der_x509_certificate(certificate)
    digest = hashlib.sha256(certificate).digest()
    row = Certificate.objects.create(
        organisation_id=authority.organisation_id,
        authority_id=authority.id,
        profile=profile,
        serial_number=f"{parsed.serial_number:x}",
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


def _issuing(authority: Authority) -> Pair:
    return _unseal(
        authority.organisation_id,
        authority.key_id,
        bytes(authority.issuing),
        bytes(authority.issuing_key_sealed),
        _context(authority.id, "issuing"),
    )


def _chain(authority: Authority) -> tuple[bytes, ...]:
    return bytes(authority.issuing), bytes(authority.root)


def _context(authority_id: UUID, which: str) -> str:
    return f"pki:authority:{authority_id}:{which}"


def _seal(organisation_id: UUID, key_id: UUID, pair: Pair, context: str) -> bytes:
    return vault.seal_text(organisation_id=organisation_id, key_id=key_id, text=pair.key_pem(), context=context)


def _unseal(organisation_id: UUID, key_id: UUID, certificate: bytes, sealed: bytes, context: str) -> Pair:
    text = vault_queries.unseal_text(organisation_id=organisation_id, key_id=key_id, sealed=sealed, context=context)
    return Pair.load(certificate, text)
