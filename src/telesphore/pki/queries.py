"""What is trusted, and what signatures are worth by it."""

from datetime import datetime
from uuid import UUID

from telesphore.ades import validation
from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.validation import SignatureFacts
from telesphore.ades.verdict.trust import Anchor, AnchorKind, Trust
from telesphore.pki.formats import certificates
from telesphore.pki.models import Authority


def trust_anchors(organisation_id: UUID) -> list[bytes]:
    """DER of the roots that an organisation trusts: its own, once it has issued anything."""
    rows = Authority.objects.filter(organisation_id=organisation_id).values_list("root", flat=True)
    return [bytes(root) for root in rows]


def trust_anchors_pem(organisation_id: UUID) -> bytes:
    """The same, as one PEM file for other people's validators."""
    return certificates.as_pem(trust_anchors(organisation_id))


def inspect_signatures(pdf: bytes, *, organisation_id: UUID, at: datetime) -> tuple[SignatureFacts, ...]:
    """The signatures of a file, by the trust of this organisation, in the order they were made.

    Raises:
        NotSignable: not a PDF that we can read.
    """
    return validation.inspect(pdf, anchors=trust_anchors(organisation_id), at=at)


def inspect_with_all_authorities(pdf: bytes, *, at: datetime) -> tuple[SignatureFacts, ...]:
    """The signatures of a file, by the trust of every organisation of this instance. Raises as `inspect_signatures`."""
    roots = [bytes(root) for root in Authority.objects.values_list("root", flat=True)]
    return validation.inspect(pdf, anchors=roots, at=at)


def trust() -> Trust:
    """What a file of anyone's is judged by: the authorities of every organisation of this instance."""
    roots = Authority.objects.values_list("root", flat=True)
    return Trust([Anchor(bytes(root), AnchorKind.LOCAL) for root in roots], TS_119_312)
