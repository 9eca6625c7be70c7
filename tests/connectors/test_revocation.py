"""Asking after certificates, of authorities that answer well, badly, or not at all."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from telesphore.ades import errors, revocation
from telesphore.config import wiring
from telesphore.config.catalogue import read_settings
from telesphore.config.options import BadSetting
from telesphore.connectors.local_pki import LocalRevocation
from telesphore.connectors.revocation import FirstWhoKnows, HttpRevocation
from telesphore.kernel.clock import now
from telesphore.pki import ports
from telesphore.pki.ports import RevocationData
from tests.certificates import TestAuthority
from tests.connectors.servers import Answer, Asked, Server, serve, took

SOMEONE = UUID(int=7)
LOGGER = "telesphore.connectors.revocation"


class World:
    """A root, an issuing authority under it, a signer; and the server where their certificates say to ask."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.root = TestAuthority(url=f"{server.url}/root")
        self.issuing = TestAuthority("Issuing authority", issuer=self.root, url=f"{server.url}/issuing")
        self.signer = self.issuing.signer("Anne LEBRUN")
        self.chain = (self.signer.certificate, *self.signer.chain)
        self.answers: dict[str, Callable[[Asked], Answer | bytes]] = {
            "/issuing/ocsp": lambda asked: self.issuing.ocsp(self.signer.certificate),
            "/issuing/crl": lambda asked: self.issuing.crl(),
            "/root/ocsp": lambda asked: Answer(status=404),
            "/root/crl": lambda asked: self.root.crl(),
        }
        self.source = HttpRevocation(lambda: {self.root.certificate}, hosts=["localhost"], seconds=2)

    def fetch(self, source: HttpRevocation | None = None, at: datetime | None = None) -> RevocationData:
        return (source or self.source).fetch(self.chain, organisation_id=SOMEONE, at=at or now())

    @property
    def asked(self) -> list[str]:
        return [asked.path for asked in self.server.asked]


@pytest.fixture
def world() -> Iterator[World]:
    """It answers well, until a test says otherwise."""
    found: list[World] = []
    with serve(lambda asked: found[0].answers[asked.path](asked)) as server:
        found.append(World(server))
        yield found[0]


def test_ocsp_is_asked_first_and_crls_where_it_does_not_answer(world: World) -> None:
    data = world.fetch()
    assert world.asked == ["/issuing/ocsp", "/root/ocsp", "/root/crl"]
    (answer,) = data.ocsps
    assert ocsp.load_der_ocsp_response(answer).certificate_status is ocsp.OCSPCertStatus.GOOD
    (crl,) = data.crls
    assert x509.load_der_x509_crl(crl).issuer.rfc4514_string() == "CN=Root of the suite"
    asked = ocsp.load_der_ocsp_request(world.server.asked[0].content)
    assert asked.serial_number == x509.load_der_x509_certificate(world.signer.certificate).serial_number
    assert world.server.asked[0].headers["Content-Type"] == "application/ocsp-request"


def test_a_responder_that_the_authority_named_is_believed_and_kept(world: World) -> None:
    responder = world.issuing.responder()
    world.answers["/issuing/ocsp"] = lambda asked: world.issuing.ocsp(world.signer.certificate, responder=responder)
    assert world.fetch().certificates == (responder.certificate,)


def test_a_revoked_certificate_is_told(world: World) -> None:
    when = now() - timedelta(minutes=10)
    world.answers["/issuing/ocsp"] = lambda asked: world.issuing.ocsp(world.signer.certificate, revoked_at=when)
    (answer,) = world.fetch().ocsps
    issuer = world.issuing.certificate
    assert revocation.check_ocsp(answer, world.signer.certificate, issuer, at=now()).revoked_at == when.replace(
        microsecond=0
    )
    crl = world.issuing.crl({world.signer.certificate: when})
    assert revocation.check_crl(crl, world.signer.certificate, issuer, at=now()).revoked_at == when.replace(
        microsecond=0
    )


STRANGER = TestAuthority("Issuing authority")


def _nonced(world: World) -> bytes:
    authority, own = world.issuing, x509.load_der_x509_certificate(world.issuing.certificate)
    assert isinstance(authority.key, ec.EllipticCurvePrivateKey)
    return (
        ocsp.OCSPResponseBuilder()
        .add_response(
            x509.load_der_x509_certificate(world.signer.certificate), own, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD,
            now(), None, None, None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, own)
        .add_extension(x509.OCSPNonce(b"another"), critical=False)
        .sign(authority.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )  # fmt: skip


MISCHIEF: dict[str, tuple[Callable[[World], Answer | bytes], str]] = {
    "a page": (lambda world: b"<html>", "revocation-malformed"),
    "empty": (lambda world: b"", "revocation-malformed"),
    "cut off": (lambda world: world.issuing.ocsp(world.signer.certificate)[:-1], "revocation-malformed"),
    "busy": (
        lambda world: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            Encoding.DER
        ),
        "revocation-refused",
    ),
    "of another": (lambda world: world.issuing.ocsp(world.issuing.signer("x").certificate), "revocation-of-other"),
    "of another authority": (
        lambda world: STRANGER.ocsp(world.signer.certificate), "revocation-of-other"
    ),
    "by one who may not": (
        lambda world: world.issuing.ocsp(world.signer.certificate, responder=world.signer),
        "revocation-signature-wrong",
    ),
    "by another's responder": (
        lambda world: world.issuing.ocsp(world.signer.certificate, responder=STRANGER.responder()),
        "revocation-signature-wrong",
    ),
    "by an expired responder": (
        lambda world: world.issuing.ocsp(
            world.signer.certificate, responder=world.issuing.responder(since=now() - timedelta(days=9), days=1)
        ),
        "revocation-signature-wrong",
    ),
    "old": (
        lambda world: world.issuing.ocsp(world.signer.certificate, at=now() - timedelta(days=2)), "revocation-stale"
    ),
    "of tomorrow": (
        lambda world: world.issuing.ocsp(world.signer.certificate, at=now() + timedelta(days=1)), "revocation-stale"
    ),
    "replayed": (_nonced, "revocation-replayed"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISCHIEF)
def test_a_bad_ocsp_answer_is_refused_by_name_and_the_crl_taken(
    kind: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    answer, code = MISCHIEF[kind]
    world.answers["/issuing/ocsp"] = lambda asked: answer(world)
    data = world.fetch()
    assert data.ocsps == ()
    assert len(data.crls) == 2
    said = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    assert said[0] == f"revocation data refused: {code}"


@pytest.mark.parametrize(
    ("crl", "code"),
    [
        (lambda world: b"<html>", "revocation-malformed"),
        (lambda world: world.root.crl(), "revocation-of-other"),
        (lambda world: STRANGER.crl(), "revocation-signature-wrong"),
        (lambda world: world.issuing.crl(at=now() - timedelta(days=8)), "revocation-stale"),
    ],
)
def test_a_bad_crl_is_refused_by_name_and_left_out(
    crl: Callable[[World], bytes], code: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.answers["/issuing/ocsp"] = lambda asked: Answer(status=500)
    world.answers["/issuing/crl"] = lambda asked: crl(world)
    data = world.fetch()
    assert data.ocsps == ()
    assert len(data.crls) == 1
    assert f"revocation data refused: {code}" in [record.getMessage() for record in caplog.records]


def test_a_crl_for_some_reasons_or_some_certificates_only_does_not_tell() -> None:
    authority = TestAuthority()
    signer = authority.signer("Anne LEBRUN")
    for scope in (
        {"only_contains_ca_certs": True}, {"indirect_crl": True}, {"only_contains_attribute_certs": True},
        {"only_some_reasons": frozenset([x509.ReasonFlags.key_compromise])},
    ):  # fmt: skip
        values = {
            "full_name": None, "relative_name": None, "only_contains_user_certs": False,
            "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
            "only_contains_attribute_certs": False, **scope,
        }  # fmt: skip
        assert isinstance(authority.key, ec.EllipticCurvePrivateKey)
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(x509.load_der_x509_certificate(authority.certificate).subject)
            .last_update(now())
            .next_update(now() + timedelta(days=1))
            .add_extension(x509.IssuingDistributionPoint(**values), critical=True)  # type: ignore[arg-type]
            .sign(authority.key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )
        with pytest.raises(errors.RevocationOfOther):
            revocation.check_crl(crl, signer.certificate, authority.certificate, at=now())


def test_a_kept_crl_serves_until_it_ends(world: World) -> None:
    begun = now()
    world.answers["/issuing/ocsp"] = lambda asked: Answer(status=500)
    first = world.fetch(at=begun)
    world.fetch(at=begun + timedelta(minutes=30))
    assert world.asked.count("/issuing/crl") == 1
    # Asked for again after a while; the last good one stands in for one that can't be had, or is worse.
    for bad in (Answer(status=500), Answer(b"<html>")):
        world.answers["/issuing/crl"] = lambda asked, bad=bad: bad
        assert world.fetch(at=begun + timedelta(hours=2)).crls[0] == first.crls[0]
    assert world.asked.count("/issuing/crl") == 3
    assert world.fetch(at=begun + timedelta(days=8)).crls == ()
    world.answers["/issuing/crl"] = lambda asked: world.issuing.crl(number=2, at=begun + timedelta(hours=2))
    assert world.fetch(at=begun + timedelta(hours=2)).crls[0] != first.crls[0]


def test_nothing_is_asked_for_a_chain_that_leads_to_no_anchor(world: World) -> None:
    other = TestAuthority()
    source = HttpRevocation(lambda: {other.certificate}, hosts=["localhost"])
    assert world.fetch(source) == RevocationData()
    forged = (world.signer.certificate, world.issuing.certificate, other.certificate)
    assert source.fetch(forged, organisation_id=SOMEONE, at=now()) == RevocationData()
    assert source.fetch((b"x", other.certificate), organisation_id=SOMEONE, at=now()) == RevocationData()
    assert source.fetch((other.certificate,), organisation_id=SOMEONE, at=now()) == RevocationData()
    assert world.asked == []


def test_an_address_of_this_machine_in_a_certificate_is_not_reached(world: World) -> None:
    assert world.fetch(HttpRevocation(lambda: {world.root.certificate})) == RevocationData()
    assert world.asked == []


def test_who_does_not_answer_takes_a_bounded_time(world: World) -> None:
    for path in world.answers:
        world.answers[path] = lambda asked: Answer(wait=60)
    source = HttpRevocation(lambda: {world.root.certificate}, hosts=["localhost"], seconds=0.5, seconds_in_all=1)
    begun = time.monotonic()
    assert world.fetch(source) == RevocationData()
    assert took(begun) < 3


def test_a_certificate_that_lives_for_minutes_is_not_asked_after(world: World) -> None:
    short = x509.UnrecognizedExtension(x509.ObjectIdentifier("0.4.0.194121.2.1"), b"\x05\x00")
    signer = world.issuing.signer("A patient", extensions=[(short, False)])
    data = world.source.fetch((signer.certificate, *signer.chain), organisation_id=SOMEONE, at=now())
    assert world.asked == ["/root/ocsp", "/root/crl"]
    assert len(data.crls) == 1


def test_the_log_says_no_address_and_no_name(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "telesphore")
    world.answers["/issuing/ocsp"] = lambda asked: b"LEBRUN"
    world.fetch()
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("telesphore"))
    assert "refused" in said
    assert "LEBRUN" not in said
    assert "localhost" not in said


def test_the_first_source_that_knows_answers(world: World) -> None:
    class Nothing:
        def fetch(self, chain: object, *, organisation_id: UUID, at: datetime) -> RevocationData:
            return RevocationData()

    data = FirstWhoKnows(Nothing(), world.source).fetch(world.chain, organisation_id=SOMEONE, at=now())
    assert len(data.ocsps) == 1
    known = FirstWhoKnows(world.source, Nothing()).fetch(world.chain, organisation_id=SOMEONE, at=now())
    assert len(known.ocsps) == 1
    assert FirstWhoKnows(Nothing()).fetch(world.chain, organisation_id=SOMEONE, at=now()) == RevocationData()


def test_the_settings_say_who_is_asked(tmp_path: Path) -> None:
    pem = x509.load_der_x509_certificate(STRANGER.certificate).public_bytes(Encoding.PEM)
    (tmp_path / "anchors.pem").write_bytes(pem)
    environment = {"TELESPHORE_HOME": str(tmp_path)}
    try:
        wiring.bind_pki(read_settings(environment))
        assert isinstance(ports.revocation_source.get(), LocalRevocation)
        environment["TELESPHORE_REVOCATION_ANCHORS_FILE"] = str(tmp_path / "anchors.pem")
        wiring.bind_pki(read_settings(environment))
        assert isinstance(ports.revocation_source.get(), FirstWhoKnows)
        (tmp_path / "anchors.pem").write_text("nothing")
        with pytest.raises(BadSetting, match="REVOCATION_ANCHORS_FILE"):
            wiring.bind_pki(read_settings(environment))
    finally:
        wiring.bind()
