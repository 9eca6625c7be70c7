"""The authority's keys in a real HSM in software (SoftHSM2): made there, used there, never out."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, ObjectClass
from pkcs11.exceptions import AttributeSensitive

from telesphore.ades.algorithms import Digest
from telesphore.config import catalogue, wiring
from telesphore.config.options import BadSetting, write_secret
from telesphore.connectors.pkcs11 import module, softhsm
from telesphore.connectors.pkcs11.keys import KeysAway, KeysPinRefused, Pkcs11Keys
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki import ports, queries
from telesphore.pki.errors import KeyHolderMissing
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.ports import revocation_source, timestamper
from telesphore.pki.states import Level
from telesphore.vault import queries as vault
from tests.cast import Cast
from tests.pki.openssl import binary, openssl, pem

PIN = "montfaucy-2026"
library = module.find_library(module.SOFTHSM_PLACES)
pytestmark = pytest.mark.skipif(library is None, reason="SoftHSM2 is not installed")


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """SoftHSM2's library, its tokens in a folder of this module's own."""
    assert library is not None
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(softhsm.configuration(tmp_path_factory.mktemp("hsm")))
    yield library
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def token(hsm: Path) -> str:
    label = f"pki-{secrets.token_hex(6)}"
    softhsm.initialise(label, PIN)
    return label


@pytest.fixture
def keys(hsm: Path, token: str) -> Iterator[Pkcs11Keys]:
    """The authority's keys are made in the module, until the test ends."""
    holder = Pkcs11Keys(hsm, token=token, pin=PIN)
    ports.key_holder.bind(lambda: holder)
    yield holder
    ports.key_holder.bind(lambda: None)


def seal_of(cast: Cast) -> pki.IssuedToken:
    return pki.organisation_seal(
        organisation_id=cast.hospital, organisation_name="Centre hospitalier", actor=cast.sylvie, at=now()
    )


def test_everything_issues_answers_stamps_and_seals_from_the_module(
    cast: Cast, keys: Pkcs11Keys, tmp_path: Path
) -> None:
    at = now()
    token = seal_of(cast)
    signature = token.sign(b"report")
    public = keys.open("00" * 16, token.certificate).public_key()
    public.verify(signature, b"report", ec.ECDSA(hashes.SHA256()))
    authority = Authority.objects.get()
    for level in Level:
        assert queries.latest_list(authority, level) is not None
    data = revocation_source.get().fetch((token.certificate, *token.chain), organisation_id=cast.hospital, at=at)
    assert (len(data.ocsps), len(data.crls)) == (1, 1)
    crl = queries.published_list(authority.id, Level.ISSUING)
    assert crl is not None
    issuing, root = token.chain
    anchor = pem(tmp_path / "root", [root])
    verified = openssl(
        "verify", "-x509_strict", "-crl_check_all", "-CRLfile", pem(tmp_path / "crls", [], [crl.content, *data.crls]),
        "-CAfile", anchor, "-untrusted", pem(tmp_path / "issuing", [issuing]),
        pem(tmp_path / "signer", [token.certificate]),
    )  # fmt: skip
    assert verified.stdout.endswith("OK\n"), verified.stdout
    answered = openssl(
        "ocsp", "-respin", binary(tmp_path / "response", data.ocsps[0]), "-issuer", tmp_path / "issuing",
        "-cert", tmp_path / "signer", "-CAfile", anchor, "-no_nonce",
    )  # fmt: skip
    assert "Response verify OK" in answered.stdout, answered.stdout
    stamp = timestamper.get().stamp(Digest.SHA256.of(b"report"), Digest.SHA256, organisation_id=cast.hospital, at=at)
    stamped = openssl(
        "ts", "-verify", "-token_in", "-in", binary(tmp_path / "stamp", stamp), "-CAfile", anchor,
        "-data", binary(tmp_path / "data", b"report"),
    )  # fmt: skip
    assert "Verification: OK" in stamped.stdout, stamped.stdout


def test_what_the_database_keeps_is_the_keys_name(cast: Cast, keys: Pkcs11Keys) -> None:
    seal_of(cast)
    authority = Authority.objects.get()
    text = vault.unseal_text(
        organisation_id=authority.organisation_id, key_id=authority.key_id,
        sealed=bytes(authority.issuing_key_sealed), context=f"pki:authority:{authority.id}:issuing",
    )  # fmt: skip
    assert text.startswith("held:")
    assert len(text) == len("held:") + 32
    for row in Certificate.objects.exclude(key_sealed=None):
        assert len(bytes(row.key_sealed or b"")) < 200


def test_keys_can_not_leave_the_module(hsm: Path, token: str, keys: Pkcs11Keys) -> None:
    made = keys.make()
    with pytest.raises(NotImplementedError):
        made.private_numbers()
    with module.load(hsm).session(token, PIN) as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: bytes.fromhex(made.name)})
        assert key[Attribute.SENSITIVE]
        assert not key[Attribute.EXTRACTABLE]
        with pytest.raises(AttributeSensitive):
            key[Attribute.VALUE]


def test_the_root_key_can_still_go_to_a_safe(cast: Cast, keys: Pkcs11Keys) -> None:
    seal_of(cast)
    secret = "a phrase of some length"
    content = pki.export_root_key(organisation_id=cast.hospital, passphrase=secret, actor=cast.sylvie, at=now())
    pki.remove_root_key(organisation_id=cast.hospital, exported=content, passphrase=secret, actor=cast.sylvie, at=now())
    assert seal_of(cast).sign(b"report")


def test_keys_of_the_vault_go_on_when_an_instance_moves_to_a_module(cast: Cast, hsm: Path, token: str) -> None:
    ports.key_holder.bind(lambda: None)
    before = seal_of(cast)
    holder = Pkcs11Keys(hsm, token=token, pin=PIN)
    ports.key_holder.bind(lambda: holder)
    try:
        assert seal_of(cast).certificate == before.certificate
        assert seal_of(cast).sign(b"report")
        pki.renew(organisation_id=cast.hospital, actor=cast.sylvie, at=now())
        assert seal_of(cast).sign(b"report")
    finally:
        ports.key_holder.bind(lambda: None)
    # The new authority's keys are in the module, which the settings no longer name.
    with pytest.raises(KeyHolderMissing):
        seal_of(cast)


def test_a_module_that_is_away_refuses_and_nothing_is_kept(cast: Cast, keys: Pkcs11Keys, hsm: Path) -> None:
    away = Pkcs11Keys(hsm, token="gone", pin=PIN)
    ports.key_holder.bind(lambda: away)
    with pytest.raises(KeysAway):
        seal_of(cast)
    assert not Authority.objects.exists()


def test_a_wrong_pin_is_given_once(hsm: Path, token: str) -> None:
    wrong = Pkcs11Keys(hsm, token=token, pin="no-no-no-no")
    for _ in range(5):
        with pytest.raises(KeysPinRefused):
            wrong.make()
    assert Pkcs11Keys(hsm, token=token, pin=PIN).make().name


def test_a_key_that_is_not_there_does_not_sign(cast: Cast, keys: Pkcs11Keys) -> None:
    token = seal_of(cast)
    with pytest.raises(KeysAway):
        keys.open("00" * 16, token.certificate).sign(b"report", ec.ECDSA(hashes.SHA256()))


def test_an_answer_that_does_not_verify_is_not_believed(keys: Pkcs11Keys, cast: Cast) -> None:
    seal = seal_of(cast)
    other = keys.make()
    with pytest.raises(KeysAway):
        keys.open(other.name, seal.certificate).sign(b"report", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("missing", ["pki_keys_library", "pki_keys_token", "pki_keys_pin_file"])
def test_a_module_that_is_half_described_is_refused_by_name(hsm: Path, tmp_path: Path, missing: str) -> None:
    write_secret(tmp_path / "pin", PIN)
    given = {"pki_keys_library": str(hsm), "pki_keys_token": "t", "pki_keys_pin_file": str(tmp_path / "pin")}
    del given[missing]
    bind(tmp_path, given)
    try:
        with pytest.raises(BadSetting, match=missing.upper()):
            ports.key_holder.get()
    finally:
        wiring.bind()


def test_the_settings_lead_to_the_module(cast: Cast, hsm: Path, token: str, tmp_path: Path) -> None:
    write_secret(tmp_path / "pin", PIN)
    given = {"pki_keys_library": str(hsm), "pki_keys_token": token, "pki_keys_pin_file": str(tmp_path / "pin")}
    bind(tmp_path, given)
    try:
        assert isinstance(ports.key_holder.get(), Pkcs11Keys)
        assert seal_of(cast).sign(b"report")
    finally:
        wiring.bind()
    assert ports.key_holder.get() is None


def bind(home: Path, given: dict[str, str]) -> None:
    settings = {"home": str(home), "pki_keys": "pkcs11", **given}
    environment = {f"TELESPHORE_{name.upper()}": value for name, value in settings.items()}
    wiring.bind_pki_keys(catalogue.read_settings(environment))
