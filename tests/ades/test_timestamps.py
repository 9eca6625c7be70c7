"""Timestamps of ours, judged by OpenSSL; and answers of authorities that lie."""

import dataclasses
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms as library
from asn1crypto import tsp
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from telesphore.ades import errors, timestamps
from telesphore.ades.algorithms import AlgorithmPolicy, Digest, algorithm_for
from telesphore.ades.timestamps import Request, Token, check_response, read_response, read_token, respond, verify_token
from telesphore.kernel.clock import now
from tests.certificates import TIME_POLICY, Key, Signer, TestAuthority, token

ROOT = TestAuthority()
ISSUING = TestAuthority("Issuing authority", issuer=ROOT)
UNIT = ISSUING.unit(key=rsa.generate_private_key(65537, 3072))
IMPRINT = Digest.SHA256.of(b"a document")
ASKED = Request(IMPRINT, Digest.SHA256, 123456789012345678901)


def _pem(certificate: bytes) -> bytes:
    command = ["openssl", "x509", "-inform", "DER"]
    return subprocess.run(command, input=certificate, capture_output=True, check=True).stdout


def _answer(unit: Signer = UNIT, request: Request | bytes = ASKED, **changed: Any) -> bytes:
    content = request if isinstance(request, bytes) else request.to_der()
    values: dict[str, Any] = {
        "certificate": unit.certificate, "chain": unit.chain, "sign": unit.sign, "serial": 42, "at": now(),
        "policy": TIME_POLICY,
    }  # fmt: skip
    return respond(content, **(values | changed))


def _check(answer: bytes, request: Request = ASKED, **changed: Any) -> Token:
    values: dict[str, Any] = {"at": now(), "anchors": [ROOT.certificate], "policies": [TIME_POLICY]}
    return check_response(answer, request, **(values | changed))


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())])
@pytest.mark.parametrize("digest", ["sha256", "sha512", "sha3-256"])
def test_openssl_asks_and_verifies(key: Key, digest: str, tmp_path: Path) -> None:
    (tmp_path / "document").write_bytes(b"a document")
    (tmp_path / "root").write_bytes(_pem(ROOT.certificate))
    ask = ["openssl", "ts", "-query", "-data", "document", f"-{digest}", "-cert", "-tspolicy", TIME_POLICY, "-out", "q"]
    subprocess.run(ask, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "answer").write_bytes(_answer(ISSUING.unit(key=key), (tmp_path / "q").read_bytes()))
    verify = ["openssl", "ts", "-verify", "-in", "answer", "-queryfile", "q", "-CAfile", "root"]
    done = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout, done.stderr
    shown = subprocess.run(
        ["openssl", "ts", "-reply", "-in", "answer", "-text"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert "Accuracy: 0x01 seconds" in shown
    assert "Serial number: 0x2A" in shown


def test_openssl_gives_and_we_verify(tmp_path: Path) -> None:
    (tmp_path / "unit").write_bytes(_pem(UNIT.certificate))
    (tmp_path / "chain").write_bytes(_pem(ISSUING.certificate))
    (tmp_path / "key").write_bytes(UNIT.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "serial").write_text("01")
    (tmp_path / "configuration").write_text(
        "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=unit\ncerts=chain\nsigner_key=key\n"
        f"signer_digest=sha256\ndefault_policy={TIME_POLICY}\ndigests=sha256\nordering=yes\ntsa_name=yes\n"
        "accuracy=secs:1,millisecs:500,microsecs:100\ness_cert_id_alg=sha256\n"
    )
    (tmp_path / "q").write_bytes(ASKED.to_der())
    command = ["openssl", "ts", "-reply", "-queryfile", "q", "-config", "configuration", "-out", "answer"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    read = _check((tmp_path / "answer").read_bytes())
    assert read.certificate == UNIT.certificate
    assert read.accuracy == timedelta(seconds=1, microseconds=500100)
    assert read.nonce == ASKED.nonce


def test_a_library_reads_the_request_and_the_token() -> None:
    request = tsp.TimeStampReq.load(ASKED.to_der(), strict=True)
    assert request.native["nonce"] == ASKED.nonce
    assert request.native["message_imprint"]["hashed_message"] == IMPRINT
    assert timestamps.read_request(ASKED.to_der()) == ASKED
    at = datetime(2026, 11, 22, 9, 30, 0, 250000, tzinfo=UTC)
    answer = tsp.TimeStampResp.load(_answer(at=at, accuracy=timedelta(seconds=2, milliseconds=30)), strict=True)
    assert answer["status"]["status"].native == "granted"
    info = answer["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    assert info["gen_time"].native == at
    assert info["accuracy"].native == {"seconds": 2, "millis": 30, "micros": None}
    assert answer["time_stamp_token"]["content"]["version"].native == "v3"
    attributes = answer["time_stamp_token"]["content"]["signer_infos"][0]["signed_attrs"]
    assert "signing_certificate_v2" in [one["type"].native for one in attributes]


def test_a_good_answer_is_a_token_with_its_facts() -> None:
    at = now()
    read = _check(_answer(at=at))
    assert (read.gen_time, read.serial, read.policy) == (at, 42, TIME_POLICY)
    assert (read.digest, read.imprint, read.nonce) == (Digest.SHA256, IMPRINT, ASKED.nonce)
    assert read.certificate == UNIT.certificate
    assert read.accuracy == timedelta(seconds=1)
    assert set(read.certificates) == {UNIT.certificate, *UNIT.chain}
    assert read_token(read.encoded + b"\0\0") == read


def test_a_token_without_certificates_is_verified_with_those_at_hand() -> None:
    asked = dataclasses.replace(ASKED, certificates=False)
    answer = _answer(request=asked)
    assert read_token(read_response(answer)).certificates == ()
    with pytest.raises(errors.TimestampSignerUnknown):
        _check(answer, asked)
    _check(answer, asked, pool=(UNIT.certificate, *UNIT.chain))


STRANGE = ISSUING.signer("Anne LEBRUN")
OTHER = TestAuthority("Another root").unit()


def _resigned(change: Callable[[Any], None]) -> bytes:
    """An answer whose token was changed after it was signed."""
    answer = tsp.TimeStampResp.load(_answer())
    change(answer["time_stamp_token"]["content"])
    return answer.dump(force=True)  # type: ignore[no-any-return]


def _drop_reference(signed: Any) -> None:
    info = signed["signer_infos"][0]
    info["signed_attrs"] = [one for one in info["signed_attrs"] if one["type"].native != "signing_certificate_v2"]


def _break_signature(signed: Any) -> None:
    value = signed["signer_infos"][0]["signature"].native
    signed["signer_infos"][0]["signature"] = bytes([value[0] ^ 1]) + value[1:]


def _swap_certificates(signed: Any) -> None:
    signed["certificates"] = [
        library.CertificateChoices(name="certificate", value=library.Certificate.load(one))
        for one in (OTHER.certificate, *OTHER.chain)
    ]


def _swap_info(signed: Any) -> None:
    info = signed["encap_content_info"]["content"].parsed
    info["serial_number"] = 43
    signed["encap_content_info"]["content"] = info


SHA_224 = Digest.SHA256.identifier[:-1] + b"\x04"
LIES: dict[str, tuple[Callable[[], bytes], type[errors.BadTimestamp]]] = {
    "of another document": (
        lambda: _answer(request=dataclasses.replace(ASKED, imprint=bytes(32))), errors.TimestampOfOther,
    ),
    "by another digest": (
        lambda: _answer(request=Request(bytes(64), Digest.SHA512, ASKED.nonce)), errors.TimestampOfOther,
    ),
    "replayed": (lambda: _answer(request=dataclasses.replace(ASKED, nonce=7)), errors.TimestampReplayed),
    "without a nonce": (lambda: _answer(request=dataclasses.replace(ASKED, nonce=None)), errors.TimestampReplayed),
    "under another policy": (lambda: _answer(policy="1.2.3"), errors.TimestampPolicyRefused),
    "by someone else": (lambda: _answer(OTHER), errors.TimestampNotTrusted),
    "by a signer, not a unit": (lambda: _answer(STRANGE), errors.TimestampWrongUsage),
    "by a unit for more than time": (
        lambda: _answer(ISSUING.unit(usages=[ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING])),
        errors.TimestampWrongUsage,
    ),
    "by a unit whose usage is not critical": (
        lambda: _answer(ISSUING.unit(critical=False)), errors.TimestampWrongUsage,
    ),
    "by an expired unit": (
        lambda: _answer(ISSUING.unit(age=timedelta(days=30))), errors.TimestampExpired,
    ),
    "a slow clock": (lambda: _answer(at=now() - timedelta(minutes=6)), errors.TimestampClockWrong),
    "a fast clock": (lambda: _answer(at=now() + timedelta(minutes=6)), errors.TimestampClockWrong),
    "a refusal": (lambda: _answer(request=b"nonsense"), errors.TimestampRequestRefused),
    "signed by nobody known": (lambda: _resigned(_swap_certificates), errors.TimestampSignerUnknown),
    "that does not name its signer": (lambda: _resigned(_drop_reference), errors.TimestampSignerUnknown),
    "with a broken signature": (lambda: _resigned(_break_signature), errors.TimestampSignatureWrong),
    "changed after signing": (lambda: _resigned(_swap_info), errors.TimestampSignatureWrong),
    "by a broken digest": (
        lambda: _answer().replace(IMPRINT, bytes(32)).replace(Digest.SHA256.identifier, SHA_224), errors.TimestampWeak,
    ),
    "too large": (lambda: bytes(timestamps.LARGEST_RESPONSE + 1), errors.TimestampTooLarge),
    "a page": (lambda: b"<html>502 Bad Gateway</html>", errors.TimestampMalformed),
    "empty": (lambda: b"", errors.TimestampMalformed),
    "with bytes after it": (lambda: _answer() + b"\0", errors.TimestampMalformed),
    "granted without a token": (lambda: b"\x30\x05\x30\x03\x02\x01\x00", errors.TimestampMalformed),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_lies_is_refused_by_name(lie: str) -> None:
    answer, refusal = LIES[lie]
    with pytest.raises(errors.BadTimestamp) as refused:
        _check(answer())
    assert type(refused.value) is refusal


def test_a_weak_unit_is_refused_by_the_table() -> None:
    table = AlgorithmPolicy.parse("name = 'later'\n[digests]\nsha256 = 2020-01-01\nsha384 = 'no-end'\n[keys]\nrsa = []")
    with pytest.raises(errors.TimestampWeak):
        _check(_answer(), algorithms=table)


def test_our_own_unit_says_why_it_refuses() -> None:
    for request, said in (
        (b"", "bad data format"),
        (bytes(timestamps.LARGEST_REQUEST + 1), "bad data format"),
        (ASKED.to_der()[:-1], "bad data format"),
        (dataclasses.replace(ASKED, policy="1.2.3").to_der(), "unaccepted policy"),
        (dataclasses.replace(ASKED, imprint=b"short").to_der(), "bad data format"),
        (ASKED.to_der().replace(Digest.SHA256.identifier, Digest.SHA256.identifier[:-1] + b"\x04"), "bad algorithm"),
    ):
        answer = _answer(request=request)
        status = tsp.PKIStatusInfo.load(answer[2:], strict=True)  # All that is in it.
        assert status["status"].native == "rejection"
        assert len(status["fail_info"].native) == 1
        with pytest.raises(errors.TimestampRequestRefused) as refused:
            read_response(answer)
        assert said in str(refused.value)


def test_ed25519_units_give_time_too() -> None:
    unit = ISSUING.unit(key=ed25519.Ed25519PrivateKey.generate())
    assert str(algorithm_for(unit.certificate)) == "ed25519-sha512"
    assert _check(_answer(unit)).certificate == unit.certificate


TOKEN = token(UNIT, IMPRINT)
ANSWER = _answer()


@given(place=st.integers(0, len(ANSWER) - 1), value=st.integers(0, 255), cut=st.booleans())
def test_one_wrong_byte_is_never_trusted(place: int, value: int, cut: bool) -> None:
    bad = ANSWER[:place] if cut else ANSWER[:place] + bytes([value]) + ANSWER[place + 1 :]
    try:
        read = _check(bad)
    except errors.BadTimestamp:
        return
    # What is outside the token's signature may differ: the order of its certificates, one that is not needed.
    good = read_token(read_response(ANSWER))
    assert (read.info, read.signed.signed_attributes) == (good.info, good.signed.signed_attributes)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_name(content: bytes) -> None:
    with pytest.raises(errors.BadTimestamp):
        read_token(content)
    with pytest.raises(errors.TimestampRequestRefused):
        timestamps.read_request(content)


def test_a_token_is_verified_alone() -> None:
    assert verify_token(read_token(TOKEN)) == UNIT.certificate
