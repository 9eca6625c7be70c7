"""Foreign bytes: whatever comes is a request that is answered, or one that is refused; nothing else."""

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPRequestBuilder, load_der_ocsp_response
from hypothesis import given
from hypothesis import strategies as st

from telesphore.kernel.clock import now
from telesphore.pki.formats import certificates, revocation, root_keys
from telesphore.pki.formats.certificates import Pair
from tests.certificates import TestAuthority


@cache
def responder() -> Pair:
    return certificates.make_root(x509.Name([]), at=now(), lasts=certificates._EARLY)


@cache
def request() -> bytes:
    authority = TestAuthority()
    signer = authority.signer("Anne LEBRUN")
    builder = OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(signer.certificate), x509.load_der_x509_certificate(authority.certificate),
        hashes.SHA256(),
    )  # fmt: skip
    return builder.add_extension(x509.OCSPNonce(b"n" * 32), critical=False).build().public_bytes(Encoding.DER)


def answered_or_refused(content: bytes) -> None:
    try:
        read = revocation.read_request(content)
    except revocation.BadRequest:
        return
    answer = revocation.answer(read, lambda _: revocation.UNKNOWN, responder=responder(), at=now(), next_update=now())
    if len(read.questions) == 1:
        assert load_der_ocsp_response(answer).certificate_status.name == "UNKNOWN"


@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    answered_or_refused(content)


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_request_with_bytes_changed(changes: list[tuple[int, int]]) -> None:
    content = bytearray(request())
    for place, value in changes:
        content[place % len(content)] = value
    answered_or_refused(bytes(content))


@given(st.integers(0, 400), st.integers(0, 400), st.binary(max_size=8))
def test_a_request_with_a_part_cut_out_and_another_put_in(start: int, length: int, put: bytes) -> None:
    content = request()
    answered_or_refused(content[:start] + put + content[start + length :])


@given(st.binary(max_size=400), st.text(max_size=20))
def test_a_root_key_file_of_any_bytes(content: bytes, passphrase: str) -> None:
    try:
        root_keys.read(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + content, passphrase)
    except root_keys.Unreadable:
        return
    raise AssertionError("noise opened")
