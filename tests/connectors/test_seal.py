"""A provider's seal instead of the local authority's: for one organisation, and only when it could be relied on."""

import io
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from telesphore.ades import cms
from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.verdict.trust import Anchor, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.audit import actions as audit
from telesphore.cli.kit import check_kit
from telesphore.config import embedded, seals, tokens, wiring
from telesphore.config.catalogue import read_settings
from telesphore.config.findings import Patient
from telesphore.config.options import BadSetting, Setting
from telesphore.config.settings import SETTINGS
from telesphore.connectors import pkcs12
from telesphore.connectors.pkcs11.reader import label_of
from telesphore.jobs.actions import PASSING
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7
from telesphore.pki import queries as pki
from telesphore.records import actions as records
from telesphore.records.actions import Identity
from telesphore.signature import queries
from telesphore.signature.actions import kit, results, seal
from telesphore.signature.actions.open_seal import open_seal
from telesphore.signature.errors import LevelNotReached
from telesphore.signature.formats import kit as formats
from telesphore.signature.models import Envelope, Revision
from telesphore.signature.ports import (
    CertificateExpired,
    ChainIncomplete,
    SealAway,
    SealPinRefused,
    SealRevoked,
    SealUnusable,
)
from telesphore.signature.states import EnvelopeState
from telesphore.vault import queries as vault
from tests.cast import Cast
from tests.certificates import TestAuthority
from tests.connectors import csc_service
from tests.connectors.csc_service import Credential, Service, running
from tests.connectors.keys import PIN, Cards
from tests.connectors.servers import Answer, Asked, Server, serve
from tests.environment import CLUSTER
from tests.signature.circuits import ODILE, odile_signs, sent

NAME = "Cachet du centre hospitalier"


class Provider:
    """Who certifies seals: a root, an issuing authority, and the server that says whether they hold."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.root = TestAuthority("Racine du prestataire", url=f"{server.url}/root")
        self.issuing = TestAuthority("Prestataire qualifié", issuer=self.root, url=f"{server.url}/issuing")
        self.certificate = b""
        self.revoked = self.silent = False
        self.folder = folder
        (folder / "anchors").mkdir()
        (folder / "anchors" / "root.cer").write_bytes(self.root.certificate)
        self.root_file = folder / "root.pem"
        self.root_file.write_bytes(load_der_x509_certificate(self.root.certificate).public_bytes(Encoding.PEM))

    def answer(self, asked: Asked) -> Answer | bytes:
        if self.silent:
            return Answer(status=503)
        if asked.path == "/issuing/ocsp":
            revoked_at = now() - timedelta(minutes=30) if self.revoked else None
            return self.issuing.ocsp(self.certificate, revoked_at=revoked_at)
        return self.root.crl() if asked.path == "/root/crl" else Answer(status=404)

    def certify(self, public_key: bytes, age: timedelta = timedelta(0)) -> tuple[bytes, Sequence[bytes]]:
        key = load_der_public_key(public_key)
        assert isinstance(key, rsa.RSAPublicKey)
        self.certificate = self.issuing.issue(NAME, key, age=age)
        return self.certificate, self.issuing.chain

    def settings(self, organisation: UUID, **given: str) -> dict[str, Setting]:
        """An operator's, with all that a seal needs besides itself."""
        known = {
            "home": str(self.folder),
            "seal_organisation": str(organisation),
            "seal_pin_file": str(self.secret(PIN)),
            "anchors_folder": str(self.folder / "anchors"),
            "revocation_anchors_file": str(self.root_file),
            "revocation_hosts": "localhost",
            **given,
        }
        return read_settings({f"TELESPHORE_{name.upper()}": value for name, value in known.items() if value})

    def secret(self, content: str) -> Path:
        path = self.folder / secrets.token_hex(4)
        path.write_text(content)
        path.chmod(0o600)
        return path


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    found: list[Provider] = []
    with serve(lambda asked: found[0].answer(asked)) as server:
        found.append(Provider(server, tmp_path))
        yield found[0]


@pytest.fixture
def bind() -> Iterator[Callable[[dict[str, Setting]], None]]:
    """Has an operator's settings answer, until the test ends."""

    def bound(settings: "dict[str, Setting]") -> None:
        wiring.bind_pki(settings)
        wiring.bind_anchors(settings)
        tokens.bind_seal(settings)

    yield bound
    bound(SETTINGS)


Bind = Callable[[dict[str, Setting]], None]


def in_file(provider: Provider, *, chain: bool = True, age: timedelta = timedelta(0)) -> dict[str, str]:
    """A seal in a PKCS#12 file."""
    key = rsa.generate_private_key(65537, 2048)
    certificate, above = provider.certify(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), age
    )
    path = pkcs12.write(
        provider.folder / "seal", person_id=uuid7(), pin=PIN, key=key, certificate=certificate,
        chain=above if chain else [],
    )  # fmt: skip
    return {"seal": "pkcs12", "seal_file": str(path)}


@pytest.fixture
def service(provider: Provider) -> Iterator[tuple[Service, dict[str, str]]]:
    """A signing service that has the seal; and the settings."""
    key = rsa.generate_private_key(65537, 2048)
    certificate, above = provider.certify(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    one = Credential("hospital", key, [certificate, *above], ["1.2.840.113549.1.1.1"])
    with running(known := Service(2, [one])) as address:
        yield (
            known,
            {
                "seal": "csc",
                "seal_credential": one.identifier,
                "seal_pin_file": str(provider.secret(csc_service.PIN)),
                "csc_address": f"{address}/csc/v2",
                "csc_client": csc_service.CLIENT,
                "csc_secret_file": str(provider.secret(csc_service.SECRET)),
            },
        )


def in_token(cards: Cards, provider: Provider) -> dict[str, str]:
    """A seal whose key was made inside a SoftHSM2 token."""
    of = uuid7()
    cards.give(of, provider.certify)
    return {"seal": "pkcs11", "seal_library": str(cards.library), "seal_token": label_of(of)}


@pytest.fixture(params=["pkcs11", "csc", "pkcs12"])
def place(request: pytest.FixtureRequest, provider: Provider) -> dict[str, str]:
    """Settings that say where the seal is."""
    if request.param == "pkcs11":
        return in_token(request.getfixturevalue("cards"), provider)
    return in_file(provider) if request.param == "pkcs12" else request.getfixturevalue("service")[1]


def signed(cast: Cast) -> UUID:
    """Signed by all, not sealed."""
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    return envelope_id


def elsewhere(cast: Cast) -> Cast:
    """The other organisation of this instance, with a patient of its own."""
    odile_id = records.register_patient(
        identity=Identity(birth_name="Marchetti", given_names="Odile", birth_date=date(1951, 11, 7), sex="F"),
        email="odile.ferrand@courriel.example", phone="+33639980147", language="fr", actor=cast.cherif, at=now(),
    )  # fmt: skip
    return replace(cast, hospital=cast.elsewhere, sylvie=cast.cherif, odile_id=odile_id)


def sealed(cast: Cast, envelope_id: UUID) -> None:
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())


def sealer(cast: Cast, envelope_id: UUID) -> tuple[str, str, str]:
    """Who sealed, by whom they were certified, and the level, as the verdict says; by the file alone."""
    revision = queries.last_revision(organisation_id=cast.hospital, envelope_id=envelope_id)
    pdf = vault.read_blob(organisation_id=cast.hospital, blob_id=revision.blob_id, limit=2**25)
    verdict = validate(pdf, trust=pki.trust(cast.hospital), at=now(), compare_pages=False)
    (found,) = (one for one in verdict.signatures if one.field_name == "Seal")
    assert found.signer is not None
    return found.signer.name, found.signer.issuer, found.level.value


def test_one_organisation_is_sealed_by_its_provider_and_the_other_by_its_own_authority(
    cast: Cast, provider: Provider, place: dict[str, str], bind: Bind
) -> None:
    bind(provider.settings(cast.hospital, **place))
    envelope_id = signed(cast)
    sealed(cast, envelope_id)
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.COMPLETED
    assert Revision.objects.filter(envelope_id=envelope_id).order_by("number").last().level == "B-LTA"  # type: ignore[union-attr]  # There is one.
    assert sealer(cast, envelope_id) == (NAME, "Prestataire qualifié", "B-LTA")

    aulnes = elsewhere(cast)
    envelope_id = signed(aulnes)
    sealed(aulnes, envelope_id)
    name, issuer, level = sealer(aulnes, envelope_id)
    assert ("Aulnes" in name, "Prestataire" in issuer, level) == (True, False, "B-LTA")


def refused(cast: Cast, envelope_id: UUID) -> DomainError:
    """Why it is not sealed; the job tries again."""
    with pytest.raises(DomainError) as why:
        sealed(cast, envelope_id)
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.SEALING
    assert why.value.refusal in PASSING
    return why.value


def test_an_expired_seal_seals_nothing(cast: Cast, provider: Provider, bind: Bind) -> None:
    envelope_id = signed(cast)
    bind(provider.settings(cast.hospital, **in_file(provider, age=timedelta(days=11))))
    assert isinstance(refused(cast, envelope_id), CertificateExpired)
    bind(provider.settings(cast.hospital, **in_file(provider)))
    sealed(cast, envelope_id)
    assert sealer(cast, envelope_id)[0] == NAME


def test_a_seal_without_the_certificates_above_it_seals_nothing_until_they_are_given(
    cast: Cast, provider: Provider, bind: Bind
) -> None:
    envelope_id, place = signed(cast), in_file(provider, chain=False)
    bind(provider.settings(cast.hospital, **place))
    assert isinstance(refused(cast, envelope_id), ChainIncomplete)
    file = provider.folder / "chain.pem"
    above = map(load_der_x509_certificate, provider.issuing.chain)
    file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in above))
    bind(provider.settings(cast.hospital, **place, seal_chain_file=str(file)))
    sealed(cast, envelope_id)
    assert sealer(cast, envelope_id)[0] == NAME


def test_a_revoked_seal_seals_nothing(cast: Cast, provider: Provider, bind: Bind) -> None:
    envelope_id = signed(cast)
    bind(provider.settings(cast.hospital, **in_file(provider)))
    provider.revoked = True
    assert isinstance(refused(cast, envelope_id), SealRevoked)


@pytest.mark.parametrize("missing", ["anchors_folder", "revocation_anchors_file", "revocation_hosts"])
def test_a_seal_of_which_nothing_proves_that_it_holds_does_not_complete(
    cast: Cast, provider: Provider, bind: Bind, missing: str
) -> None:
    envelope_id = signed(cast)
    bind(provider.settings(cast.hospital, **in_file(provider), **{missing: ""}))
    assert isinstance(refused(cast, envelope_id), LevelNotReached)


def test_a_provider_that_is_silent_for_a_while_only_delays(cast: Cast, provider: Provider, bind: Bind) -> None:
    envelope_id = signed(cast)
    bind(provider.settings(cast.hospital, **in_file(provider)))
    provider.silent = True
    assert isinstance(refused(cast, envelope_id), LevelNotReached)
    provider.silent = False
    sealed(cast, envelope_id)
    assert sealer(cast, envelope_id)[2] == "B-LTA"


def test_a_seal_that_is_away_only_delays(cast: Cast, provider: Provider, place: dict[str, str], bind: Bind) -> None:
    gone = {"seal_token": "nowhere", "seal_file": str(provider.secret("")), "csc_address": "http://localhost:9/csc/v2"}
    settings = provider.settings(cast.hospital, **{**place, **{name: gone[name] for name in gone if name in place}})
    if place["seal"] == "pkcs12":
        settings["seal_file"].value.chmod(0o600)
    bind(settings)
    if place["seal"] == "pkcs12":
        settings["seal_file"].value.unlink()
    assert isinstance(refused(cast, signed(cast)), SealAway)


def test_a_wrong_pin_is_tried_once(
    cast: Cast, provider: Provider, service: tuple[Service, dict[str, str]], bind: Bind
) -> None:
    known, place = service
    envelope_id = signed(cast)
    bind(provider.settings(cast.hospital, **{**place, "seal_pin_file": str(provider.secret("0000"))}))
    for _ in range(3):
        assert isinstance(refused(cast, envelope_id), SealPinRefused)
    assert known.credentials[0].wrong == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": "revoked"}, SealRevoked),
        ({"code": "offline"}, SealUnusable),
        ({"enabled": False}, SealUnusable),
        ({"certificates": []}, SealUnusable),
    ],
)
def test_a_credential_that_can_not_seal_by_itself_is_said(
    cast: Cast, provider: Provider, service: tuple[Service, dict[str, str]], bind: Bind, change: dict[str, object],
    error: type[DomainError],
) -> None:  # fmt: skip
    known, place = service
    for name, value in change.items():
        setattr(known.credentials[0], name, value)
    bind(provider.settings(cast.hospital, **place))
    assert isinstance(refused(cast, signed(cast)), error)


def test_what_fails_while_the_seal_is_open_is_not_said_to_be_the_seals(
    cast: Cast, provider: Provider, bind: Bind
) -> None:
    bind(provider.settings(cast.hospital, **in_file(provider)))
    with (
        pytest.raises(LevelNotReached),
        open_seal(organisation_id=cast.hospital, actor=Actor.system(cast.hospital), at=now()),
    ):
        raise LevelNotReached


def test_the_dispute_kit_bears_the_providers_seal_and_is_checked_by_its_root(
    committed_cast: Cast, provider: Provider, bind: Bind
) -> None:
    cast, system = committed_cast, Actor.system(committed_cast.hospital)
    bind(provider.settings(cast.hospital, **in_file(provider)))
    envelope_id = signed(cast)
    sealed(cast, envelope_id)
    results.file_results(envelope_id=envelope_id, actor=system, at=now())
    while audit.seal_once(at=now()).more:
        pass
    out = io.BytesIO()
    kit.make_kit(envelope_id=envelope_id, actor=cast.lebrun, at=now(), out=out)
    assert provider.certificate in cms.parse(formats.read(out)[formats.SEAL]).certificates
    (own,) = pki.trust_anchors(cast.hospital)
    for anchors, holds in (([provider.root.certificate, own], True), ([own], False)):
        trusted = Trust([Anchor(one) for one in anchors], TS_119_312)
        assert (check_kit(io.BytesIO(out.getvalue()), trusted, at=now()).problem == "") is holds


# Settings


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("pkcs11", "seal_library"),
        ("pkcs11", "seal_token"),
        ("csc", "seal_credential"),
        ("csc", "csc_address"),
        ("pkcs12", "seal_file"),
        ("pkcs12", "seal_organisation"),
        ("pkcs12", "seal_pin_file"),
    ],
)
def test_what_a_seal_needs_is_asked_for_at_the_start(provider: Provider, kind: str, missing: str) -> None:
    given = {
        "seal": kind, "seal_library": "/lib.so", "seal_token": "seal", "seal_credential": "x", "csc_client": "x",
        "seal_file": str(provider.secret("x")), "csc_address": "https://sign.example/csc/v2",
        "csc_secret_file": str(provider.secret("x")),
    }  # fmt: skip
    tokens.provider_seal(provider.settings(uuid7(), **given))
    with pytest.raises(BadSetting, match=f"TELESPHORE_{missing.upper()} is missing"):
        tokens.provider_seal(provider.settings(uuid7(), **{**given, missing: ""}))


@pytest.mark.parametrize("name", ["seal_file", "seal_pin_file"])
def test_a_file_with_a_secret_that_others_may_read_stops_the_start(provider: Provider, name: str) -> None:
    place = provider.settings(uuid7(), **in_file(provider))
    place[name].value.chmod(0o640)
    with pytest.raises(BadSetting, match="chmod 600"):
        tokens.provider_seal(place)


# The doctor


def diagnosed(provider: Provider, organisation: UUID, **given: str) -> dict[str, str]:
    patient = Patient(
        settings=provider.settings(organisation, **given),
        databases={"default": psycopg.conninfo.conninfo_to_dict(CLUSTER.dsn(embedded.APPLICATION, "committed"))},
        insert_only=(),
    )
    found = list(seals.seals(patient))
    assert all(bool(one.do) == (one.level != "ok") for one in found)
    return {one.name: str(one.level) for one in found}


def test_the_doctor_says_what_a_seal_lacks(
    committed_cast: Cast, provider: Provider, service: tuple[Service, dict[str, str]]
) -> None:
    hospital, place = committed_cast.hospital, in_file(provider)
    assert diagnosed(provider, hospital) == {"seal": "ok"}
    # The suite's certificates last ten days.
    assert diagnosed(provider, hospital, **place) == {"seal": "warning"}
    well = {"seal": "warning"}
    assert diagnosed(provider, hospital, **place, anchors_folder="") == {**well, "seal-anchor": "problem"}
    assert diagnosed(provider, hospital, **place, revocation_anchors_file="") == {**well, "seal-revocation": "problem"}
    assert diagnosed(provider, hospital, **place, revocation_anchors_file="", signature_level="B-T") == well
    assert diagnosed(provider, uuid7(), **place) == {**well, "seal-organisation": "problem"}
    provider.revoked = True
    assert diagnosed(provider, hospital, **place) == {**well, "seal-revoked": "problem"}
    provider.revoked = False
    assert diagnosed(provider, hospital, **in_file(provider, chain=False)) == {**well, "seal-chain": "problem"}
    assert diagnosed(provider, hospital, **in_file(provider, age=timedelta(days=11))) == {"seal": "problem"}
    wrong = {"seal_pin_file": str(provider.secret("0000"))}
    assert diagnosed(provider, hospital, **{**in_file(provider), **wrong}) == {"seal": "problem"}
    assert diagnosed(provider, hospital, seal="pkcs12") == {"seal": "problem"}
    known, remote = service
    known.lie = "500"
    assert diagnosed(provider, hospital, **remote) == {"seal": "problem"}
