"""Answer whether certificates still hold: OCSP, by a responder that renews itself; and both kinds of proof at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.pki import access, queries
from telesphore.pki.actions.issue import BEFORE, keep_own
from telesphore.pki.actions.revoke import publish_list
from telesphore.pki.formats import certificates, names, revocation
from telesphore.pki.formats.certificates import Pair
from telesphore.pki.formats.revocation import GOOD, UNKNOWN, Question, Request, Revoked
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.ports import RevocationData
from telesphore.pki.states import Level, Profile

RESPONDER_LASTS = timedelta(days=90)
RESPONDER_RENEWED = timedelta(days=30)
"""Before the end of the one before."""
ANSWER_LASTS = timedelta(hours=12)
"""For how long who got an answer need not ask again."""


def answer_ocsp(*, authority_id: UUID, content: bytes, actor: Actor, at: datetime) -> bytes:
    """The response (DER) to an OCSPRequest (DER); what can't be answered is said in RFC 6960's words, unsigned.

    A serial number that this authority never gave is unknown, never good. No question leaves a trace, nor does its
    refusal: anybody may ask, and could fill the trail.

    Raises:
        AuthorityNotFound
    """
    authority = access.find(authority_id)
    try:
        request = revocation.read_request(content)
    except revocation.BadRequest:
        return revocation.refuse("malformed_request")
    if access.valid_until(bytes(authority.issuing)) <= at:
        return revocation.refuse("unauthorized")
    return _answer(authority, request, at)


@audit.staged("pki:revocation:prove")
def revocation_data(*, chain: Sequence[bytes], organisation_id: UUID, actor: Actor, at: datetime) -> RevocationData:
    """What proves that no certificate of `chain` (DER, signer first, anchor last) was revoked, as far as our
    authorities issued them: an OCSP response for each that an issuing authority gave, the root's list for that
    authority. What can't be had is left out.
    """
    ocsps: list[bytes] = []
    crls: list[bytes] = []
    ours = {bytes(one.issuing): one for one in access.generations(organisation_id)}
    for certificate, above in pairwise(chain):
        if (issuer := _authority_that_is(above, ours)) is not None and access.valid_until(above) > at:
            ocsps.append(_answer(issuer, revocation.ask(certificate, above), at))
        elif (authority := _authority_that_is(certificate, ours)) is not None and bytes(authority.root) == above:
            crls += _list_of_root(authority, at)
    return RevocationData(ocsps=tuple(ocsps), crls=tuple(crls))


def _authority_that_is(certificate: bytes, ours: Mapping[bytes, Authority]) -> Authority | None:
    if certificate in ours or any(certificate == bytes(one.root) for one in ours.values()):
        return ours.get(certificate)
    # A neighbour of this instance may have signed the same document.
    return Authority.objects.filter(issuing=certificate).first()


def _list_of_root(authority: Authority, at: datetime) -> list[bytes]:
    holder = access.holder_of_root(authority)
    latest = queries.latest_list(holder, Level.ROOT)
    if (latest is None or latest.next_update <= at) and holder.root_key_sealed is not None:
        latest = publish_list(
            organisation_id=holder.organisation_id, authority_id=holder.id, level=Level.ROOT,
            actor=Actor.system(holder.organisation_id), at=at,
        )  # fmt: skip
    return [bytes(latest.content)] if latest is not None and latest.next_update > at else []


def _answer(authority: Authority, request: Request, at: datetime) -> bytes:
    responder = access.own_pair(
        # Upkeep is nobody's act but the platform's, whoever asks.
        renew_responder(authority=authority, actor=Actor.system(authority.organisation_id), at=at)
    )
    return revocation.answer(
        request,
        lambda question: _status(authority, question, at),
        responder=responder,
        at=at,
        next_update=at + ANSWER_LASTS,
    )


def _status(authority: Authority, question: Question, at: datetime) -> Revoked | str:
    if not question.is_of(bytes(authority.issuing)):
        return UNKNOWN
    row = Certificate.objects.filter(
        organisation_id=authority.organisation_id,
        authority_id=authority.id,
        serial_number=f"{question.serial_number:x}",
    ).first()
    if row is None:
        return UNKNOWN
    revoked = queries.revocation_of(row, at)
    return Revoked(question.serial_number, revoked.at, revoked.reason) if revoked else GOOD


def renew_responder(*, authority: Authority, actor: Actor, at: datetime) -> Certificate:
    """The responder that answers for an authority, made at the first question and a month before it ends."""
    standing = _find(authority, at)
    if standing is not None:
        return standing
    key = access.new_key()
    name = names.subject(
        f"Répondeur OCSP local non qualifié {authority.organisation_id.hex[-12:]}",
        organisation=authority.organisation_name or names.UNQUALIFIED,
        organisation_identifier=authority.organisation_identifier,
    )
    certificate = certificates.make_responder(
        name,
        key.public_key(),
        access.issuing_pair(authority),
        valid=(at - BEFORE, at + RESPONDER_LASTS),
        places=access.places(authority),
    )
    return keep_own(
        authority=authority,
        profile=Profile.RESPONDER,
        pair=Pair(certificate, key),
        standing=lambda: _find(authority, at),
        actor=actor,
        at=at,
    )


def _find(authority: Authority, at: datetime) -> Certificate | None:
    return access.standing_own(authority, Profile.RESPONDER, beyond=at + RESPONDER_RENEWED)
