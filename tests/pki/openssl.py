"""What `openssl` makes of what we issue."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def openssl(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run it; its output is both streams'."""
    return subprocess.run(
        ["openssl", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def pem(path: Path, certificates: Sequence[bytes], lists: Sequence[bytes] = ()) -> Path:
    """DER certificates and lists, written as one PEM file."""
    parts = [x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates]
    parts += [x509.load_der_x509_crl(one).public_bytes(Encoding.PEM) for one in lists]
    path.write_bytes(b"".join(parts))
    return path


def binary(path: Path, content: bytes) -> Path:
    """`content`, written."""
    path.write_bytes(content)
    return path
