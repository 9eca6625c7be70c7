"""A root key in a file, for a safe: encrypted PKCS#8 (RFC 5958, PBES2), then the root's certificate, both PEM."""

import secrets

from asn1crypto import algos, core, keys, pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from telesphore.pki.formats.certificates import Pair

ROUNDS = 600_000
"""Of PBKDF2 with HMAC-SHA-256: `cryptography` alone would write 2048, which a stolen file would not withstand."""
LARGEST = 64 * 1024
"""Bytes of such a file."""


class Unreadable(ValueError):
    """It does not open with this passphrase, or is not such a file."""


def write(root: Pair, passphrase: str) -> bytes:
    """The file's content."""
    clear = root.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    derived = PBKDF2HMAC(hashes.SHA256(), 32, salt, ROUNDS).derive(passphrase.encode())
    padder, encryptor = padding.PKCS7(128).padder(), Cipher(AES256(derived), CBC(start)).encryptor()
    padded = padder.update(clear) + padder.finalize()
    derivation = {
        "algorithm": "pbkdf2",
        "parameters": {
            "salt": algos.Pbkdf2Salt("specified", salt),
            "iteration_count": ROUNDS,
            "prf": {"algorithm": "sha256", "parameters": core.Null()},
        },
    }
    scheme = {"algorithm": "aes256_cbc", "parameters": core.OctetString(start)}
    encrypted = keys.EncryptedPrivateKeyInfo(
        {
            "encryption_algorithm": {
                "algorithm": "pbes2",
                "parameters": {"key_derivation_func": derivation, "encryption_scheme": scheme},
            },
            "encrypted_data": encryptor.update(padded) + encryptor.finalize(),
        }
    )
    certificate = x509.load_der_x509_certificate(root.certificate).public_bytes(Encoding.PEM)
    return bytes(pem.armor("ENCRYPTED PRIVATE KEY", encrypted.dump())) + certificate


def read(content: bytes, passphrase: str) -> ec.EllipticCurvePrivateKey:
    """The key of such a file.

    Raises:
        Unreadable
    """
    # A key in clear is none: whoever wrote it did not follow the ceremony.
    if len(content) > LARGEST or b"ENCRYPTED PRIVATE KEY" not in content:
        raise Unreadable
    try:
        key = load_pem_private_key(content, passphrase.encode())
    except (ValueError, TypeError):
        raise Unreadable from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unreadable
    return key


def is_of(key: ec.EllipticCurvePrivateKey, certificate: bytes) -> bool:
    """Whether it is this certificate's (DER) key."""
    public = x509.load_der_x509_certificate(certificate).public_key()
    return isinstance(public, ec.EllipticCurvePublicKey) and key.public_key() == public
