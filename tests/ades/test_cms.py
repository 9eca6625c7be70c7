"""CMS written by hand, judged by OpenSSL and by a library that encodes it otherwise; and read from hostile bytes."""

import asyncio
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as library
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import example, given
from hypothesis import strategies as st
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Algorithm, Digest, algorithm_for, check, sign_with
from telesphore.ades.errors import MalformedSignature, NotDer, SignatureTooLarge, UnknownAlgorithm
from tests.certificates import Key, Signer, TestAuthority

ROOT = TestAuthority()
ISSUING = TestAuthority("Issuing authority", issuer=ROOT)
LEBRUN = ISSUING.signer("Anne LEBRUN", rsa.generate_private_key(65537, 2048))
ODILE = ISSUING.signer("Odile MARCHETTI")
CONTENT = b"Compte rendu d'hospitalisation\n" * 40
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def _signed(signer: Signer = LEBRUN, algorithm: Algorithm | None = None) -> bytes:
    algorithm = algorithm or algorithm_for(signer.certificate)
    attributes = cms.signed_attributes(algorithm, algorithm.digest.of(CONTENT), signer.certificate, signing_time=AT)
    signature = sign_with(signer.key, algorithm, attributes)
    return cms.assemble(algorithm, attributes, signature, signer.certificate, signer.chain)


SIGNED = _signed()


@pytest.mark.parametrize(
    ("key", "digest", "pss"),
    [
        (LEBRUN.key, Digest.SHA256, False),
        (LEBRUN.key, Digest.SHA512, False),
        (LEBRUN.key, Digest.SHA3_256, False),
        (LEBRUN.key, Digest.SHA256, True),
        (LEBRUN.key, Digest.SHA3_512, True),
        (ec.generate_private_key(ec.SECP256R1()), Digest.SHA256, False),
        (ec.generate_private_key(ec.SECP384R1()), Digest.SHA384, False),
        (ec.generate_private_key(ec.SECP256R1()), Digest.SHA3_256, False),
    ],
)
def test_openssl_verifies_every_algorithm(key: Key, digest: Digest | None, pss: bool, tmp_path: Path) -> None:
    signer = ISSUING.signer("Anne LEBRUN", key)
    algorithm = algorithm_for(signer.certificate, digest=digest, pss=pss)
    (tmp_path / "signed").write_bytes(_signed(signer, algorithm))
    (tmp_path / "content").write_bytes(CONTENT)
    pem = subprocess.run(["openssl", "x509", "-inform", "DER"], input=ROOT.certificate, capture_output=True, check=True)
    (tmp_path / "root").write_bytes(pem.stdout)
    command = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-content", "content",
        "-CAfile", "root", "-cades", "-purpose", "any", "-out", "out",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "CAdES Verification successful" in done.stderr, done.stderr
    (tmp_path / "content").write_bytes(CONTENT + b".")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), LEBRUN.key, ODILE.key])
def test_pyhanko_verifies_them_too(key: Key) -> None:
    """Ed25519 above all, which OpenSSL 3.0 does not verify in CMS."""
    signed = _signed(ISSUING.signer("Anne LEBRUN", key))
    context = ValidationContext(trust_roots=[x509.Certificate.load(ROOT.certificate)], allow_fetching=False)
    signed_data = library.ContentInfo.load(signed)["content"]
    for content, good in ((CONTENT, True), (CONTENT + b".", False)):
        status = asyncio.run(async_validate_detached_cms(content, signed_data, context))
        assert (status.intact, status.valid, status.trusted) == (good, True, good)


def test_what_is_written_is_der_that_a_library_reads_and_writes_alike() -> None:
    again = library.ContentInfo.load(SIGNED, strict=True)
    assert again.copy().dump(force=True) == SIGNED
    (signer,) = again["content"]["signer_infos"]
    assert {one.chosen.dump() for one in again["content"]["certificates"]} == {LEBRUN.certificate, *LEBRUN.chain}
    assert [one["type"].native for one in signer["signed_attrs"]] == [
        "content_type", "signing_time", "message_digest", "signing_certificate_v2"
    ]  # fmt: skip
    assert signer["signed_attrs"].untag().dump() == cms.parse(SIGNED).signed_attributes


def test_what_is_read_is_what_was_written() -> None:
    read = cms.parse(SIGNED + b"\0" * 500)
    assert read.size == len(SIGNED)
    assert read.encoded == SIGNED
    assert read.signer == LEBRUN.certificate
    assert read.claimed_at == AT
    assert read.message_digest == Digest.SHA256.of(CONTENT)
    assert read.signed_content_type == read.content_type == cms.DATA
    assert read.content is None
    assert read.reference is not None
    assert read.reference.matches(LEBRUN.certificate)
    assert not read.reference.matches(ODILE.certificate)
    check(LEBRUN.certificate, read.algorithm, read.signed_attributes, read.signature)


def test_a_token_in_a_signature_leaves_what_was_signed_as_it_was() -> None:
    one, two = sorted([_signed(ODILE), _signed(LEBRUN)])  # Stand for tokens, which are CMS too.
    stamped = cms.add_unsigned(SIGNED, cms.SIGNATURE_TIME_STAMP, one)
    stamped = cms.add_unsigned(stamped, cms.SIGNATURE_TIME_STAMP, two)
    before, after = cms.parse(SIGNED), cms.parse(stamped)
    assert after.values(cms.SIGNATURE_TIME_STAMP) == (one, two)
    assert (after.signed_attributes, after.signature) == (before.signed_attributes, before.signature)
    assert cms.set_unsigned(stamped, ()) == SIGNED
    (signer,) = library.ContentInfo.load(stamped, strict=True)["content"]["signer_infos"]
    assert [one["type"].native for one in signer["unsigned_attrs"]] == ["signature_time_stamp_token"] * 2


def test_validation_data_is_added_once() -> None:
    crl, ocsp = ISSUING.crl(), ISSUING.ocsp(LEBRUN.certificate)
    full = cms.add_validation_values(
        SIGNED, certificates=[ROOT.certificate, ODILE.certificate], crls=[crl, crl], ocsps=[ocsp]
    )
    read = cms.parse(full)
    assert sorted(read.certificates) == sorted({LEBRUN.certificate, *LEBRUN.chain, ODILE.certificate})
    assert (read.crls, read.ocsps) == ((crl,), (ocsp,))
    assert cms.add_validation_values(full, certificates=[ROOT.certificate], crls=[crl], ocsps=[ocsp]) == full
    strict = library.ContentInfo.load(full, strict=True)
    assert strict["content"]["version"].native == "v5"
    assert strict.copy().dump(force=True) == full


def test_a_certificate_put_in_the_signers_place_is_not_taken_for_it() -> None:
    algorithm = algorithm_for(ODILE.certificate)
    attributes = cms.signed_attributes(algorithm, algorithm.digest.of(CONTENT), LEBRUN.certificate)
    swapped = cms.assemble(algorithm, attributes, ODILE.sign(attributes), ODILE.certificate, ODILE.chain)
    assert cms.parse(swapped).signer is None


def test_a_signature_by_a_broken_digest_is_read_and_refused_by_name() -> None:
    loaded = library.ContentInfo.load(SIGNED)
    loaded["content"]["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}
    read = cms.parse(loaded.dump(force=True))
    assert read.signer == LEBRUN.certificate
    with pytest.raises(UnknownAlgorithm):
        read.algorithm  # noqa: B018 - reading it is what is refused.


def test_two_signers_or_none_are_refused() -> None:
    for signers in ([], [0, 0]):
        loaded = library.ContentInfo.load(SIGNED)
        one = loaded["content"]["signer_infos"][0]
        loaded["content"]["signer_infos"] = [one.copy() for _ in signers]
        with pytest.raises(MalformedSignature):
            cms.parse(loaded.dump(force=True))


def test_an_attribute_signed_twice_is_refused() -> None:
    algorithm = algorithm_for(LEBRUN.certificate)
    attributes = cms.signed_attributes(
        algorithm, b"a" * 32, LEBRUN.certificate, more=[(cms.MESSAGE_DIGEST, (der.octets(b"b" * 32),))]
    )
    with pytest.raises(MalformedSignature):
        cms.parse(cms.assemble(algorithm, attributes, b"", LEBRUN.certificate, ()))


def test_what_follows_a_signature_must_be_zeros() -> None:
    for tail in (b"\0\0\1", b"x", SIGNED):
        with pytest.raises(MalformedSignature):
            cms.parse(SIGNED + tail)


def test_indefinite_lengths_are_refused() -> None:
    for top in (b"\x30\x80", b"\x30\x85\0\0\0\0\5", b"\x30\x84\0\0\0\5", b"\x30\x81\x05"):
        with pytest.raises(MalformedSignature):
            cms.parse(top + SIGNED[4:])


def test_a_signature_too_large_is_refused_unread() -> None:
    with pytest.raises(SignatureTooLarge):
        cms.parse(bytes(cms.LARGEST + 1))


def _read_all(content: bytes) -> None:
    read = cms.parse(content)
    for name in ("signer", "claimed_at", "message_digest", "signed_content_type", "reference", "algorithm"):
        getattr(read, name)


@given(place=st.integers(0, len(SIGNED) - 1), value=st.integers(0, 255), cut=st.booleans())
def test_one_wrong_byte_is_read_or_refused_by_name(place: int, value: int, cut: bool) -> None:
    bad = SIGNED[:place] if cut else SIGNED[:place] + bytes([value]) + SIGNED[place + 1 :]
    try:
        _read_all(bad)
    except (MalformedSignature, UnknownAlgorithm):
        return


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_by_name(content: bytes) -> None:
    for bad in (content, der.sequence(der.oid(cms.SIGNED_DATA), der.tlv(0xA0, content))):
        with pytest.raises(MalformedSignature):
            _read_all(bad)


@given(st.integers(-(2**200), 2**200))
@example(-128)
@example(-32768)
@example(128)
def test_integers_go_there_and_back(value: int) -> None:
    written = der.integer(value)
    assert der.read_integer(written, der.node(written, 0, len(written))) == value


@given(st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - hypothesis adds the zone.
def test_times_go_there_and_back(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    written = der.generalized_time(at)
    assert der.read_time(written, der.node(written, 0, len(written))) == at
    written = der.utc_time(at)
    assert der.read_time(written, der.node(written, 0, len(written))) == at.replace(
        microsecond=0 if at.year < 2050 else at.microsecond
    )


@pytest.mark.parametrize(
    "text", [b"2611220930Z", b"20261122093000", b"20261122093000.0Z", b"20261122093000.Z", b"20261322093000Z", b"Z"]
)
def test_times_that_der_does_not_allow_are_refused(text: bytes) -> None:
    for tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        written = der.tlv(tag, text)
        with pytest.raises(NotDer):
            der.read_time(written, der.node(written, 0, len(written)))


@pytest.mark.parametrize("dotted", ["1.2.840.113549.1.7.2", "2.999.3", "0.9.2342", "2.16.840.1.101.3.4.2.1"])
def test_object_identifiers_go_there_and_back(dotted: str) -> None:
    written = der.oid(dotted)
    assert der.read_oid(written, der.node(written, 0, len(written))) == dotted
