"""Tokens in software (SoftHSM2), for a demonstration: what a card would hold, in files.

SoftHSM reads SOFTHSM2_CONF from the environment of the process: the assembly sets it, to what `configuration` wrote.
"""

import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from asn1crypto.keys import PublicKeyInfo
from cryptography.x509 import load_der_x509_certificate
from pkcs11 import Attribute, CertificateType, KeyType, MechanismFlag, ObjectClass
from pkcs11.util.rsa import encode_rsa_public_key

from telesphore.connectors.pkcs11.module import load
from telesphore.connectors.pkcs11.reader import label_of
from telesphore.signature.ports import NoToken

Certify = Callable[[bytes], tuple[bytes, Sequence[bytes]] | None]
"""Given the public key (DER of SubjectPublicKeyInfo): the certificate and the chain above it, DER."""
KEY_BITS = 2048


def configuration(folder: Path) -> Path:
    """Write SoftHSM's configuration, with its tokens under `folder`; returns the file for SOFTHSM2_CONF."""
    tokens = folder / "tokens"
    tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "softhsm2.conf"
    content = (
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
    )
    if not file.exists() or file.read_text() != content:
        file.write_text(content)
    return file


def initialise(label: str, pin: str) -> None:
    """Make an empty token of this label. The officer's PIN is drawn and forgotten: such a token can't be unlocked."""
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", secrets.token_hex(12)],
        check=True,
        capture_output=True,
        timeout=60,
    )


def provision(library: Path, *, person_id: UUID, pin: str, certify: Certify) -> None:
    """Give a person a token: an RSA-2048 key made inside, and its certificate. One that exists is left as it is.

    A PIN is given on a command line here: for demonstrations only.
    """
    module = load(library)
    label = label_of(person_id)
    try:
        with module.session(label, pin):
            return
    except NoToken:
        initialise(label, pin)
    identifier = b"\x01"
    with module.session(label, pin, write=True) as session, module.calls:
        public, _private = session.generate_keypair(
            KeyType.RSA, KEY_BITS, id=identifier, label="signature", store=True, capabilities=MechanismFlag.SIGN
        )
        key = PublicKeyInfo.wrap(encode_rsa_public_key(public), "rsa").dump()
        certified = certify(key)
        if certified is None:
            return
        certificate, chain = certified
        for number, content in enumerate((certificate, *chain)):
            session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.ID: identifier if number == 0 else bytes([1, number]),
                    Attribute.LABEL: "signature" if number == 0 else f"authority {number}",
                    Attribute.SUBJECT: _subject(content),
                    Attribute.VALUE: content,
                }
            )


def _subject(certificate: bytes) -> bytes:
    return load_der_x509_certificate(certificate).subject.public_bytes()
