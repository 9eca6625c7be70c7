"""Files signed with each algorithm, judged by programs that we did not write."""

import io
import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms as other_cms
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from telesphore.ades.algorithms import Algorithm, Digest, Scheme, sign_with
from telesphore.ades.errors import SignatureDoesNotMatch, UnknownKeyType, WeakAlgorithm
from telesphore.ades.fields import SignatureField
from telesphore.ades.signing import PreparedSignature, complete, prepare
from telesphore.kernel.clock import now
from tests.certificates import TestAuthority
from tests.papers import blank

ROOT = TestAuthority()
SIGNERS = {
    "rsa 2048": ROOT.signer("Odile", rsa.generate_private_key(65537, 2048)),
    "rsa 4096": ROOT.signer("Odile", rsa.generate_private_key(65537, 4096)),
    "p-256": ROOT.signer("Odile", ec.generate_private_key(ec.SECP256R1())),
    "p-384": ROOT.signer("Odile", ec.generate_private_key(ec.SECP384R1())),
    "ed25519": ROOT.signer("Odile", ed25519.Ed25519PrivateKey.generate()),
}
KINDS = [
    *(("rsa 2048", Algorithm(Scheme.RSA_PKCS1, digest)) for digest in Digest),
    *(("rsa 4096", Algorithm(Scheme.RSA_PSS, digest)) for digest in Digest),
    *(("p-256", Algorithm(Scheme.ECDSA, digest)) for digest in Digest),
    *(("p-384", Algorithm(Scheme.ECDSA, digest)) for digest in Digest if digest.size >= 48),
    ("ed25519", Algorithm(Scheme.ED25519, Digest.SHA512)),
]  # fmt: skip


def _prepared(kind: str, algorithm: Algorithm | None, **settings: int) -> PreparedSignature:
    signer = SIGNERS[kind]
    return prepare(
        blank(1), field=SignatureField("Seal", 0, None), certificate=signer.certificate, chain=signer.chain,
        appearance=None, signed_at=now(), certify=True, algorithm=algorithm, **settings,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "algorithm"), KINDS, ids=lambda one: str(one))
def test_each_algorithm_holds_for_others(kind: str, algorithm: Algorithm, tmp_path: Path) -> None:
    prepared = PreparedSignature.from_bytes(_prepared(kind, algorithm, timestamp_room=0).to_bytes())
    assert prepared.algorithm == algorithm
    signed = complete(prepared, sign_with(SIGNERS[kind].key, algorithm, prepared.to_be_signed))
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed)
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    if "sha3" in algorithm.digest.value:
        # pyHanko knows no RSA with SHA-3, nor NSS, under poppler, any SHA-3: OpenSSL does.
        start, end = prepared.hole
        (tmp_path / "covered").write_bytes(signed[:start] + signed[end:])
        (tmp_path / "signature").write_bytes(embedded.pkcs7_content)
        command = ["openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", tmp_path / "signature"]
        subprocess.run(
            [*command, "-content", tmp_path / "covered", "-out", tmp_path / "out"], check=True, capture_output=True
        )
        return
    roots = [x509.Certificate.load(ROOT.certificate)]
    status = validate_pdf_signature(embedded, ValidationContext(trust_roots=roots, allow_fetching=False))
    assert status.bottom_line, status.pretty_print_details()
    assert status.md_algorithm == algorithm.digest.value
    if algorithm.scheme is Scheme.ED25519:
        return  # Nor does NSS know Ed25519.
    poppler = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid" in poppler


@pytest.mark.parametrize(("kind", "expected"), [
    ("rsa 2048", Algorithm(Scheme.RSA_PKCS1, Digest.SHA256)), ("p-256", Algorithm(Scheme.ECDSA, Digest.SHA256)),
    ("p-384", Algorithm(Scheme.ECDSA, Digest.SHA384)), ("ed25519", Algorithm(Scheme.ED25519, Digest.SHA512)),
])  # fmt: skip
def test_a_key_says_its_algorithm(kind: str, expected: Algorithm) -> None:
    assert _prepared(kind, None).algorithm == expected


@pytest.mark.parametrize(("kind", "algorithm"), [
    ("p-256", Algorithm(Scheme.RSA_PKCS1, Digest.SHA256)), ("rsa 2048", Algorithm(Scheme.ECDSA, Digest.SHA256)),
])  # fmt: skip
def test_an_algorithm_that_the_key_does_not_have_is_refused(kind: str, algorithm: Algorithm) -> None:
    with pytest.raises(UnknownKeyType):
        _prepared(kind, algorithm)


@pytest.mark.parametrize(("kind", "algorithm"), [
    ("ed25519", Algorithm(Scheme.ED25519, Digest.SHA256)), ("p-384", Algorithm(Scheme.ECDSA, Digest.SHA256)),
])  # fmt: skip
def test_a_digest_that_the_key_must_not_sign_is_refused(kind: str, algorithm: Algorithm) -> None:
    with pytest.raises(WeakAlgorithm):
        _prepared(kind, algorithm)


def test_the_signature_of_another_algorithm_is_refused() -> None:
    pkcs1, pss = Algorithm(Scheme.RSA_PKCS1, Digest.SHA256), Algorithm(Scheme.RSA_PSS, Digest.SHA256)
    prepared = _prepared("rsa 2048", pss)
    with pytest.raises(SignatureDoesNotMatch):
        complete(prepared, sign_with(SIGNERS["rsa 2048"].key, pkcs1, prepared.to_be_signed))


def test_the_digest_and_the_scheme_are_written() -> None:
    algorithm = Algorithm(Scheme.RSA_PSS, Digest.SHA384)
    prepared = _prepared("rsa 2048", algorithm)
    signed = complete(prepared, sign_with(SIGNERS["rsa 2048"].key, algorithm, prepared.to_be_signed))
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    info = other_cms.ContentInfo.load(embedded.pkcs7_content)["content"]["signer_infos"][0]
    assert info["digest_algorithm"]["algorithm"].native == "sha384"
    assert info["signature_algorithm"]["algorithm"].native == "rsassa_pss"
    assert info["signature_algorithm"]["parameters"]["salt_length"].native == 48
