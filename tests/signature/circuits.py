"""Circuits that the tests of this room send, and tokens for those who sign in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from telesphore.ades.algorithms import TS_119_312, Algorithm, Digest, Scheme
from telesphore.ades.verdict.result import Verdict
from telesphore.ades.verdict.trust import NOTHING_MORE, Anchor, AnchorKind, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki import queries as trust
from telesphore.records import actions as records
from telesphore.signature.actions import send, sign
from telesphore.signature.states import Purpose
from tests.cast import Cast
from tests.papers import blank

ODILE = send.Signer(person_id=None, purpose=Purpose.CONSENTS)


def by(actor: Actor) -> send.Signer:
    """A professional, to sign."""
    return send.Signer(person_id=actor.person_id, purpose=Purpose.VALIDATES)


def sent(cast: Cast, *steps: Sequence[send.Signer]) -> UUID:
    """Two blank pages of Odile's, sent by Sylvie through these steps."""
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=blank(2),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    return send.send(document_id=deposited.document_id, steps=steps, actor=cast.sylvie, at=now())


def verdict_on(pdf: bytes, organisation_id: UUID, evidence: Evidence = NOTHING_MORE) -> Verdict:
    """By the roots of this organisation, and by what is in the file alone unless more is given."""
    anchors = [Anchor(root, AnchorKind.LOCAL) for root in trust.trust_anchors(organisation_id)]
    return validate(pdf, trust=Trust(anchors, TS_119_312), at=now(), evidence=evidence)


def published(organisation_id: UUID) -> Evidence:
    """What anyone may fetch of this instance's authorities: a file that is not sealed yet holds no lists."""
    pki.maintain(actor=Actor.system(organisation_id), at=now())
    return trust.evidence()


@dataclass(frozen=True)
class Token:
    """A key in memory; answers `signature.ports.SigningToken`."""

    certificate: bytes
    chain: Sequence[bytes]
    key: rsa.RSAPrivateKey

    @property
    def algorithm(self) -> Algorithm:
        return Algorithm(Scheme.RSA_PKCS1, Digest.SHA256)

    def sign(self, to_be_signed: bytes) -> bytes:
        return self.key.sign(to_be_signed, padding.PKCS1v15(), hashes.SHA256())


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def token_of(actor: Actor, family_name: str) -> Token:
    """A token for a member, certified by their organisation."""
    assert actor.organisation_id is not None
    public_key = _key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate, chain = pki.issue_for_key(
        organisation_id=actor.organisation_id, public_key_der=public_key, given_name="Anne", family_name=family_name,
        title="Dr", rpps="", holder_id=actor.person_id, actor=actor, at=now(),
    )  # fmt: skip
    return Token(certificate, chain, _key())


def odile_signs(cast: Cast, envelope_id: UUID) -> sign.Signed:
    """Odile has read both pages, and signs."""
    return sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now())


def doctor_signs(actor: Actor, envelope_id: UUID, token: Token) -> sign.Signed:
    """A member signs with their token."""
    return sign.sign_with_token(envelope_id=envelope_id, token=token, drawing=None, actor=actor, at=now())
