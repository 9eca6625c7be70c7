"""Keys of every kind that a token may hold, made in a SoftHSM2 token or in memory."""

import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from asn1crypto.keys import PublicKeyInfo
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, CertificateType, KeyType, MechanismFlag, ObjectClass, Session
from pkcs11.mechanisms import Mechanism
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from telesphore.ades.algorithms import PrivateKey
from telesphore.connectors.pkcs11 import module, softhsm
from telesphore.connectors.pkcs11.reader import Pkcs11Reader, label_of
from telesphore.signature.ports import TokenReader
from tests.certificates import TestAuthority

PIN = "4021-aé"
Certify = Callable[[bytes], tuple[bytes, Sequence[bytes]] | None]
KINDS = ("rsa-2048", "rsa-3072", "p256", "p384", "ed25519")


class Cards:
    """SoftHSM2, through PKCS#11."""

    def __init__(self, library: Path, folder: Path) -> None:
        self.library = library
        self._folder = folder
        self.reader: TokenReader = Pkcs11Reader(library)

    def give(self, person_id: UUID, certify: Certify) -> None:
        softhsm.provision(self.library, person_id=person_id, pin=PIN, certify=certify)

    def take_out(self) -> None:
        shutil.rmtree(self._folder / "tokens")
        (self._folder / "tokens").mkdir()


def in_memory(kind: str) -> PrivateKey:
    match kind:
        case "p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))


def certifier(root: TestAuthority, age: timedelta = timedelta(0)) -> Callable[[bytes], tuple[bytes, Sequence[bytes]]]:
    """Certifies any key for Anne Lebrun."""

    def certify(public_key: bytes) -> tuple[bytes, Sequence[bytes]]:
        key: Any = load_der_public_key(public_key)
        return root.issue("Anne LEBRUN", key, age=age), [root.certificate]

    return certify


def give_card(library: Path, person_id: UUID, pin: str, kind: str, root: TestAuthority) -> None:
    """A SoftHSM2 token whose key of this kind was made inside."""
    label = label_of(person_id)
    softhsm.initialise(label, pin)
    loaded = module.load(library)
    with loaded.session(label, pin, write=True) as session, loaded.calls:
        certificate, chain = certifier(root)(_generate(session, kind))
        for number, content in enumerate((certificate, *chain)):
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.ID: b"\x01" if number == 0 else bytes([1, number]),
                    Attribute.SUBJECT: softhsm._subject(content),
                    Attribute.VALUE: content,
                }
            )


def _generate(session: Session, kind: str) -> bytes:
    common: dict[str, Any] = {"id": b"\x01", "label": "signature", "store": True, "capabilities": MechanismFlag.SIGN}
    if kind.startswith("rsa-"):
        public, _ = session.generate_keypair(KeyType.RSA, int(kind.removeprefix("rsa-")), **common)
        return bytes(PublicKeyInfo.wrap(encode_rsa_public_key(public), "rsa").dump())
    if kind == "ed25519":
        parameters = session.create_domain_parameters(
            KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: bytes.fromhex("130c656477617264733235353139")}, local=True
        )
        public, _ = parameters.generate_keypair(mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, **common)
        # RFC 8410 §4; the token gives the point as an OCTET STRING.
        return bytes.fromhex("302a300506032b6570032100") + bytes(public[Attribute.EC_POINT])[-32:]
    curve = {"p256": "secp256r1", "p384": "secp384r1"}[kind]
    parameters = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True
    )
    public, _ = parameters.generate_keypair(**common)
    return bytes(encode_ec_public_key(public))
