"""The vault's master key in a real HSM in software (SoftHSM2)."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pkcs11 import Attribute, KeyType, MechanismFlag
from pkcs11.exceptions import PKCS11Error

from telesphore.connectors.pkcs11 import module, softhsm
from telesphore.connectors.pkcs11.master import HsmAway, HsmKeyUnusable, HsmPinRefused, Pkcs11MasterKey
from telesphore.vault.errors import WrongMasterKey
from telesphore.vault.ports import MasterKey, RenewableMasterKey

PIN = "montfaucy-2026"
CONTEXT = b"telesphore:vault:keyset:blobs:hospital:odile"

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
    """The label of a fresh token."""
    label = f"vault-{secrets.token_hex(6)}"
    softhsm.initialise(label, PIN)
    return label


@pytest.fixture
def master(hsm: Path, token: str) -> Pkcs11MasterKey:
    key = Pkcs11MasterKey(hsm, token=token, pin=PIN)
    key.create()
    return key


@pytest.mark.parametrize("size", [0, 1, 300, 65536])
def test_what_it_wraps_it_unwraps(master: Pkcs11MasterKey, size: int) -> None:
    keyset = secrets.token_bytes(size)
    wrapped = master.wrap(keyset, CONTEXT)
    assert master.unwrap(wrapped, CONTEXT) == keyset
    assert size < 16 or keyset not in wrapped


def test_it_is_a_master_key_that_only_its_own_tools_renew(master: Pkcs11MasterKey) -> None:
    as_port: MasterKey = master
    assert as_port.name == master.name
    assert not isinstance(master, RenewableMasterKey)


def test_two_wrappings_of_one_keyset_share_nothing(master: Pkcs11MasterKey) -> None:
    first, second = (master.wrap(b"keyset", CONTEXT) for _ in range(2))
    assert first[17:29] != second[17:29]
    assert first[29:] != second[29:]


def test_another_context_opens_nothing(master: Pkcs11MasterKey) -> None:
    wrapped = master.wrap(b"keyset of Odile", CONTEXT)
    with pytest.raises(WrongMasterKey):
        master.unwrap(wrapped, CONTEXT.replace(b"odile", b"ibrahim"))


def test_no_byte_can_be_changed_or_dropped(master: Pkcs11MasterKey) -> None:
    wrapped = master.wrap(b"keyset", CONTEXT)
    for place in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[place] ^= 1
        with pytest.raises(WrongMasterKey):
            master.unwrap(bytes(altered), CONTEXT)
    for length in range(len(wrapped)):
        with pytest.raises(WrongMasterKey):
            master.unwrap(wrapped[:length], CONTEXT)
    assert master.unwrap(wrapped, CONTEXT) == b"keyset"


def test_a_key_of_another_token_opens_nothing(hsm: Path, master: Pkcs11MasterKey) -> None:
    label = f"vault-{secrets.token_hex(6)}"
    softhsm.initialise(label, PIN)
    other = Pkcs11MasterKey(hsm, token=label, pin=PIN)
    other.create()
    assert other.name != master.name
    with pytest.raises(WrongMasterKey):
        other.unwrap(master.wrap(b"keyset", CONTEXT), CONTEXT)


def test_after_a_new_key_the_earlier_one_still_unwraps(hsm: Path, token: str, master: Pkcs11MasterKey) -> None:
    wrapped = master.wrap(b"keyset", CONTEXT)
    renewed = Pkcs11MasterKey(hsm, token=token, pin=PIN, key="telesphore-vault-2027")
    renewed.create()
    assert renewed.name != master.name
    assert renewed.unwrap(wrapped, CONTEXT) == b"keyset"
    assert renewed.wrap(b"keyset", CONTEXT)[1:17] != wrapped[1:17]


def test_the_key_never_leaves_the_module(hsm: Path, token: str, master: Pkcs11MasterKey) -> None:
    with module.load(hsm).session(token, PIN) as session:
        (key,) = session.get_objects({Attribute.LABEL: "telesphore-vault"})
        assert (key[Attribute.SENSITIVE], key[Attribute.NEVER_EXTRACTABLE]) == (True, True)
        with pytest.raises(PKCS11Error):
            key[Attribute.VALUE]


def test_a_key_that_could_leave_is_refused(hsm: Path, token: str) -> None:
    with module.load(hsm).session(token, PIN, write=True) as session:
        session.generate_key(
            KeyType.AES, 256, id=secrets.token_bytes(16), label="telesphore-vault", store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT, template={Attribute.EXTRACTABLE: True},
        )  # fmt: skip
    with pytest.raises(HsmKeyUnusable):
        Pkcs11MasterKey(hsm, token=token, pin=PIN).wrap(b"keyset", CONTEXT)


def test_a_second_key_of_the_same_label_is_never_made(master: Pkcs11MasterKey) -> None:
    with pytest.raises(FileExistsError):
        master.create()


def test_a_token_without_the_key_says_so(hsm: Path, token: str) -> None:
    with pytest.raises(HsmKeyUnusable):
        Pkcs11MasterKey(hsm, token=token, pin=PIN).wrap(b"keyset", CONTEXT)


def test_a_wrong_pin_is_tried_once_so_that_the_module_never_locks(
    hsm: Path, token: str, master: Pkcs11MasterKey
) -> None:
    mistaken = Pkcs11MasterKey(hsm, token=token, pin="wrong-pin")
    for _ in range(20):
        with pytest.raises(HsmPinRefused):
            mistaken.wrap(b"keyset", CONTEXT)
    assert master.unwrap(master.wrap(b"keyset", CONTEXT), CONTEXT) == b"keyset"


def test_a_module_that_is_away_is_not_a_wrong_key(hsm: Path) -> None:
    away = Pkcs11MasterKey(hsm, token="vault-unplugged", pin=PIN)
    with pytest.raises(HsmAway):
        away.unwrap(b"\x01" + bytes(60), CONTEXT)


def test_a_missing_library_is_a_module_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(HsmAway):
        Pkcs11MasterKey(tmp_path / "absent.so", token="vault", pin=PIN).wrap(b"keyset", CONTEXT)


def test_what_a_file_wrapped_is_refused_without_asking_the_module(tmp_path: Path) -> None:
    # Tink's prefix is a byte 1 too: the id that follows it belongs to no key of the token.
    with pytest.raises(WrongMasterKey):
        Pkcs11MasterKey(tmp_path / "absent.so", token="vault", pin=PIN).unwrap(b"\x00" + bytes(60), CONTEXT)
