"""Makes SoftHSM2 tokens as CPS cards are: run apart, since the library reads its configuration once in a process.

Reads from its standard input: {"library", "label", "pin", "objects": [{"id", "label", "key", "certificate"}], "chain"},
ids in hexadecimal, keys in PKCS#8 and certificates in DER, both base64; a key may be null.
"""

import base64
import json
import subprocess
import sys
from typing import Any

import pkcs11
from asn1crypto.keys import PrivateKeyInfo
from pkcs11 import Attribute, CertificateType, ObjectClass
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key


def main() -> None:
    card = json.load(sys.stdin)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", card["label"], "--pin", card["pin"], "--so-pin", "0000"],
        check=True, capture_output=True,
    )  # fmt: skip
    token = pkcs11.lib(card["library"]).get_token(token_label=card["label"])
    with token.open(rw=True, user_pin=card["pin"]) as session:
        for entry in card["objects"]:
            identifier = bytes.fromhex(entry["id"])
            if entry["key"]:
                session.create_object(
                    {
                        **_private(base64.b64decode(entry["key"])),
                        Attribute.TOKEN: True, Attribute.PRIVATE: True, Attribute.SIGN: True,
                        Attribute.ID: identifier, Attribute.LABEL: entry["label"],
                    }
                )  # fmt: skip
            _certificate(session, identifier, entry["label"].replace("PRIV", "CERT"), entry["certificate"])
        for number, content in enumerate(card["chain"]):
            _certificate(session, bytes([1, number]), f"authority {number}", content)


def _private(pkcs8: bytes) -> dict[Attribute, Any]:
    info = PrivateKeyInfo.load(pkcs8)
    if info.algorithm == "rsa":
        return decode_rsa_private_key(info["private_key"].parsed.dump())
    parameters = info["private_key_algorithm"]["parameters"]
    key = info["private_key"].parsed
    key["parameters"] = parameters.chosen
    return decode_ec_private_key(key.dump())


def _certificate(session: pkcs11.Session, identifier: bytes, label: str, content: str) -> None:
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
            Attribute.ID: identifier,
            Attribute.LABEL: label,
            Attribute.SUBJECT: b"0\x00",
            Attribute.VALUE: base64.b64decode(content),
        }
    )


if __name__ == "__main__":
    main()
