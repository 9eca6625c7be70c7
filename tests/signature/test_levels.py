"""How well signatures are proved: the time of each, what makes a sealed file last, which certificates may sign."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.x509 import load_der_x509_certificate

from telesphore.ades.algorithms import Digest
from telesphore.ades.verdict.result import Level
from telesphore.connectors.local_pki import LocalRevocation, LocalTimestamper
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.pki import actions as pki
from telesphore.pki import ports as pki_ports
from telesphore.pki.errors import CertificateNotYet, CertificateOver, CertificateRevoked, TimestampUnavailable
from telesphore.pki.ports import RevocationData
from telesphore.pki.states import Reason
from telesphore.signature import ports
from telesphore.signature.actions import prepare, prove, seal, sign, view
from telesphore.signature.errors import LevelNotReached
from telesphore.signature.models import Envelope, Prepared, Recipient, Revision
from telesphore.signature.ports import ChainIncomplete, ClockWrong, KeyWithoutCertificate
from telesphore.signature.states import EnvelopeState
from tests.cast import Cast
from tests.certificates import TestAuthority
from tests.signature.circuits import ODILE, Token, by, doctor_signs, odile_signs, sent, token_of


class Authority:
    """The organisation's own time-stamping and revocation services, which may be away, or wrong."""

    def __init__(self) -> None:
        self.away = self.silent = False
        self.ahead = timedelta(0)
        self.asked = 0

    def stamp(self, imprint: bytes, digest: Digest, *, organisation_id: UUID, at: datetime) -> bytes:
        self.asked += 1
        if self.away:
            raise TimestampUnavailable
        return LocalTimestamper().stamp(imprint, digest, organisation_id=organisation_id, at=at + self.ahead)

    def fetch(self, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime) -> RevocationData:
        if self.silent:
            return RevocationData()
        return LocalRevocation().fetch(chain, organisation_id=organisation_id, at=at)


@pytest.fixture
def authority() -> Iterator[Authority]:
    one = Authority()
    pki_ports.timestamper.bind(lambda: one)
    pki_ports.revocation_source.bind(lambda: one)
    wanted = ports.level.get()
    yield one
    pki_ports.timestamper.bind(LocalTimestamper)
    pki_ports.revocation_source.bind(LocalRevocation)
    ports.level.bind(lambda: wanted)


def sealed(cast: Cast, envelope_id: UUID) -> None:
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())


def levels(envelope_id: UUID) -> list[str]:
    return list(Revision.objects.filter(envelope_id=envelope_id).order_by("number").values_list("level", flat=True))


def state(envelope_id: UUID) -> str:
    return Envelope.objects.get(id=envelope_id).state


def test_people_sign_at_level_t_and_the_seal_lasts(cast: Cast, authority: Authority) -> None:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    odile_signs(cast, envelope_id)
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    sealed(cast, envelope_id)
    assert levels(envelope_id) == ["", "B-T", "B-T", "B-LTA"]
    proofs = Recipient.objects.filter(envelope_id=envelope_id).values_list("proof__level", flat=True)
    assert set(proofs) == {"B-T"}
    # One for each of three signatures, and one over the whole.
    assert authority.asked == 4


def test_what_is_written_of_a_level_is_what_a_validation_finds(cast: Cast, authority: Authority) -> None:
    ports.level.bind(lambda: Level.T)
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    pdf = view.view(envelope_id=envelope_id, actor=cast.sylvie, at=now()).pdf
    assert prove.level_of(pdf, "Signature1", organisation_id=cast.hospital, at=now()) is Level.T
    assert prove.level_of(pdf, "Seal", organisation_id=cast.hospital, at=now()) is Level.NONE


def test_a_signature_is_not_lost_because_no_authority_gives_the_time(cast: Cast, authority: Authority) -> None:
    envelope_id = sent(cast, [ODILE])
    authority.away = True
    assert odile_signs(cast, envelope_id).last
    assert levels(envelope_id) == ["", "B-B"]
    # Nothing is completed before it is sealed at the level wanted; the job tries again.
    for _ in range(2):
        with pytest.raises(TimestampUnavailable):
            sealed(cast, envelope_id)
        assert (state(envelope_id), len(levels(envelope_id))) == (EnvelopeState.SEALING, 2)
    authority.away = False
    sealed(cast, envelope_id)
    assert (state(envelope_id), levels(envelope_id)) == (EnvelopeState.COMPLETED, ["", "B-B", "B-LTA"])


def test_a_seal_without_revocation_data_is_not_taken(cast: Cast, authority: Authority) -> None:
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    authority.silent = True
    with pytest.raises(LevelNotReached):
        sealed(cast, envelope_id)
    assert state(envelope_id) == EnvelopeState.SEALING
    authority.silent = False
    sealed(cast, envelope_id)
    assert levels(envelope_id)[-1] == "B-LTA"


@pytest.mark.parametrize(
    ("wanted", "expected", "asked"),
    [
        (Level.B, ["", "B-B", "B-B"], 0),
        (Level.T, ["", "B-T", "B-T"], 2),
        (Level.LT, ["", "B-T", "B-LT"], 2),
    ],
)
def test_an_operator_may_want_less(
    cast: Cast, authority: Authority, wanted: Level, expected: list[str], asked: int
) -> None:
    ports.level.bind(lambda: wanted)
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    sealed(cast, envelope_id)
    assert (levels(envelope_id), authority.asked) == (expected, asked)


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_a_clock_that_is_wrong_signs_nothing(cast: Cast, authority: Authority, ahead: timedelta) -> None:
    envelope_id = sent(cast, [ODILE])
    authority.ahead = ahead
    with pytest.raises(ClockWrong):
        odile_signs(cast, envelope_id)
    assert levels(envelope_id) == [""]


def test_no_authority_is_asked_for_the_time_of_a_signature_that_does_not_match(
    cast: Cast, authority: Authority
) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    card = token_of(cast.lebrun, "Lebrun")
    asked = prepare.prepare_signature(
        envelope_id=envelope_id, certificate=card.certificate, chain=card.chain, drawing=None, actor=cast.lebrun,
        at=now(),
    )  # fmt: skip
    with pytest.raises(DomainError):
        prepare.complete_signature(prepared_id=asked.prepared_id, signature=b"no", actor=cast.lebrun, at=now())
    assert authority.asked == 0


# Certificates that may not sign


def revoked(cast: Cast, card: Token) -> None:
    serial_number = load_der_x509_certificate(card.certificate).serial_number
    pki.revoke_certificate(
        organisation_id=cast.hospital, serial_number=f"{serial_number:x}", reason=Reason.KEY_COMPROMISE,
        actor=Actor.system(cast.hospital), at=now(),
    )  # fmt: skip


@pytest.mark.usefixtures("english")
def test_a_revoked_certificate_signs_nothing(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    card = token_of(cast.lebrun, "Lebrun")
    asked = prepare.prepare_signature(
        envelope_id=envelope_id, certificate=card.certificate, chain=card.chain, drawing=None, actor=cast.lebrun,
        at=now(),
    )  # fmt: skip
    revoked(cast, card)
    with pytest.raises(CertificateRevoked) as refused:
        doctor_signs(cast.lebrun, envelope_id, card)
    assert str(now().year) in str(refused.value)
    # Nor does what was prepared before, though its card answers well.
    with pytest.raises(CertificateRevoked):
        prepare.complete_signature(
            prepared_id=asked.prepared_id, signature=card.sign(asked.to_be_signed), actor=cast.lebrun, at=now()
        )
    assert levels(envelope_id) == [""]
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))


def with_certificate(card: Token, certificate: bytes, chain: Sequence[bytes]) -> Token:
    return replace(card, certificate=certificate, chain=chain)


def _of_elsewhere(age: timedelta, *, alone: bool = False) -> Callable[[Token], Token]:
    def change(card: Token) -> Token:
        root = TestAuthority()
        certificate = root.issue("Anne LEBRUN", card.key.public_key(), age=age)
        return with_certificate(card, certificate, [] if alone else [root.certificate])

    return change


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (_of_elsewhere(timedelta(days=11)), CertificateOver),
        (_of_elsewhere(timedelta(days=-2)), CertificateNotYet),
        (_of_elsewhere(timedelta(0), alone=True), ChainIncomplete),
        (lambda card: with_certificate(card, b"noise", []), KeyWithoutCertificate),
    ],
    ids=["over", "not-yet", "chain-incomplete", "no-certificate"],
)
def test_a_certificate_that_could_not_be_relied_on_signs_nothing(
    cast: Cast, change: Callable[[Token], Token], refusal: type[DomainError]
) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    card = change(token_of(cast.lebrun, "Lebrun"))
    acts: list[Callable[[], Any]] = [
        lambda: doctor_signs(cast.lebrun, envelope_id, card),
        lambda: prepare.prepare_signature(
            envelope_id=envelope_id, certificate=card.certificate, chain=card.chain, drawing=None, actor=cast.lebrun,
            at=now(),
        ),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(refusal):
            act()
    assert levels(envelope_id) == [""]
    assert not Prepared.objects.exists()


def test_a_card_without_the_organisations_own_authorities_is_completed_by_us(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    card = token_of(cast.lebrun, "Lebrun")
    issuing, root = card.chain
    sign.sign_with_token(
        envelope_id=envelope_id, token=with_certificate(card, card.certificate, [issuing]), drawing=None,
        actor=cast.lebrun, at=now(),
    )  # fmt: skip
    pdf = view.view(envelope_id=envelope_id, actor=cast.lebrun, at=now()).pdf
    assert root.hex().encode() in pdf
