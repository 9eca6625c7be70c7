"""Have signatures proved: the time of one, and what makes a sealed file last. Called outside any transaction."""

from datetime import datetime, timedelta
from uuid import UUID

from telesphore.ades import lasting
from telesphore.ades.algorithms import Digest
from telesphore.ades.timestamps import read_token
from telesphore.ades.verdict.result import Level, SignatureFacts, Verdict
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence
from telesphore.ades.verdict.validate import validate
from telesphore.pki import ports as pki_ports
from telesphore.pki import queries as pki
from telesphore.pki.errors import TimestampUnavailable
from telesphore.signature import ports
from telesphore.signature.ports import ClockWrong

LEVELS = (Level.NONE, Level.B, Level.T, Level.LT, Level.LTA)
"""From the weakest to the strongest."""
DISAGREEMENT = timedelta(minutes=5)


def time_of_signature(signature: bytes, *, organisation_id: UUID, at: datetime) -> bytes | None:
    """A timestamp (DER) over a signature's value, for level B-T.

    None when no authority gives one in time, or when this instance asks for none: a person's signature is not lost
    for it, and stays at B-B; the sealing that follows proves its time a little later.

    Raises:
        ClockWrong: the authority's time is not ours.
    """
    if LEVELS.index(ports.level.get()) < LEVELS.index(Level.T):
        return None
    try:
        return _stamp(Digest.SHA256.of(signature), organisation_id, at)
    except TimestampUnavailable:
        return None


def make_last(pdf: bytes, *, organisation_id: UUID, at: datetime) -> bytes:
    """The file with what keeps its signatures provable: validation data (B-LT), then a document timestamp (B-LTA), as
    far as this instance wants.

    Raises:
        TimestampUnavailable, ClockWrong, NotSignable
    """
    wanted = LEVELS.index(ports.level.get())
    if wanted >= LEVELS.index(Level.LT):
        pdf = lasting.add_validation_data(pdf, _evidence(pdf, organisation_id, at))
    if wanted >= LEVELS.index(Level.LTA):
        prepared = lasting.prepare_document_timestamp(pdf)
        pdf = lasting.complete_document_timestamp(prepared, _stamp(prepared.imprint, organisation_id, at))
    return pdf


def level_of(pdf: bytes, field: str, *, organisation_id: UUID, at: datetime) -> Level:
    """The level that the signature of a field really reaches, by a validation of the file."""
    found = verdict_on(pdf, field, organisation_id=organisation_id, at=at)
    return found.level if found is not None else Level.NONE


def verdict_on(pdf: bytes, field: str, *, organisation_id: UUID, at: datetime) -> SignatureFacts | None:
    """What the signature of a field is worth to this organisation; None when it is not there."""
    verdict = verdict_of(pdf, organisation_id=organisation_id, at=at)
    return next((one for one in verdict.signatures if one.field_name == field), None)


def verdict_of(pdf: bytes, *, organisation_id: UUID, at: datetime) -> Verdict:
    """What a file of ours is worth to this organisation: its signatures and what was added since, not what its pages
    show."""
    # From B-LT on the file must suffice; below, whether certificates hold is asked of those who gave them.
    suffices = LEVELS.index(ports.level.get()) >= LEVELS.index(Level.LT)
    evidence = NOTHING_MORE if suffices else _evidence(pdf, organisation_id, at)
    return validate(pdf, trust=pki.trust(organisation_id), at=at, evidence=evidence, compare_pages=False)


def _evidence(pdf: bytes, organisation_id: UUID, at: datetime) -> Evidence:
    certificates: dict[bytes, None] = {}
    ocsps: dict[bytes, None] = {}
    crls: dict[bytes, None] = {}
    source = pki_ports.revocation_source.get()
    for chain in lasting.chains(pdf, anchors=pki.anchors(organisation_id), at=at):
        data = source.fetch(chain, organisation_id=organisation_id, at=at)
        certificates |= dict.fromkeys((*chain, *data.certificates))
        ocsps |= dict.fromkeys(data.ocsps)
        crls |= dict.fromkeys(data.crls)
    return Evidence(certificates=tuple(certificates), ocsps=tuple(ocsps), crls=tuple(crls))


def _stamp(imprint: bytes, organisation_id: UUID, at: datetime) -> bytes:
    token = pki_ports.timestamper.get().stamp(imprint, Digest.SHA256, organisation_id=organisation_id, at=at)
    if abs(read_token(token).gen_time - at) > DISAGREEMENT:
        raise ClockWrong
    return token
