"""A made file for every way in which a signature can fail (ETSI TS 119 102-1 table 6)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from telesphore.ades import cms
from telesphore.ades.algorithms import TS_119_312, Algorithm, Digest, Scheme, algorithm_for
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Indication, SubIndication, Verdict
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.ades.verdict.files import form, sign, signature, stamp
from tests.certificates import Key, Signer, TestAuthority

NOW = now().replace(microsecond=0)
DAY = timedelta(days=1)
BORN = NOW - 30 * DAY
ROOT = TestAuthority(born=BORN, days=3650)
ISSUING = TestAuthority("Issuing of the suite", issuer=ROOT, born=BORN, days=2000)
LEBRUN = ISSUING.signer("Anne LEBRUN", since=BORN, days=365)
UNIT = ROOT.unit(since=BORN, days=2000)
TRUST = Trust([Anchor(ROOT.certificate)], TS_119_312)


def known(**revoked: object) -> Evidence:
    """Fresh CRLs of both authorities, on which these stand."""
    lists = {name: revoked.get(name, {}) for name in ("root", "issuing")}
    return Evidence(crls=[ROOT.crl(lists["root"], at=NOW), ISSUING.crl(lists["issuing"], at=NOW)])  # type: ignore[arg-type]


def judge(pdf: bytes, **changes: object) -> Verdict:
    return validate(pdf, **{"trust": TRUST, "at": NOW, "evidence": known(), **changes})  # type: ignore[arg-type]


def outcome(verdict: Verdict) -> tuple[SubIndication | None, Reason, Conclusion]:
    return verdict.signatures[0].sub_indication, verdict.findings[0].reason, verdict.conclusion


def by(signer: Signer, **options: object) -> bytes:
    return sign(form(), "Signature1", signer, NOW, **options)  # type: ignore[arg-type]


def test_the_chain_of_these_tests_is_valid_unless_something_is_wrong() -> None:
    assert judge(by(LEBRUN)).conclusion is Conclusion.VALID


# Form


def _wrapped(pdf: bytes, change: Callable[[int, int, int], tuple[int, ...]]) -> bytes:
    place = pdf.rindex(b"[0 ")
    end = pdf.index(b"]", place)
    _, *ranges = map(int, pdf[place + 1 : end].split())
    return pdf[: place + 1] + b" ".join(b"%d" % one for one in change(*ranges)).ljust(end - place - 1) + pdf[end:]


@pytest.mark.parametrize(
    "change",
    [
        lambda a, b, c: (1, a - 1, b, c),
        lambda a, b, c: (0, a - 3, b, c),
        lambda a, b, c: (0, a, b + 5, c - 5),
        lambda a, b, c: (0, a, b, c + 10),
        lambda a, b, c: (0, a, b, c - 20),
        lambda a, b, c: (0, a, b),
        lambda a, b, c: (0, a, b, c, b + c, 0),
        lambda a, b, c: (0, b, a, c),
        lambda a, b, c: (0, a, b, -c),
        lambda a, b, c: (0, a, a, c),
        lambda a, b, c: (0, 0, b, c),
    ],
    ids=["not from 0", "hole early", "hole wide", "past the end", "short", "three", "six", "crossed", "negative",
         "no hole", "nothing before"],
)  # fmt: skip
def test_a_byte_range_that_lies_is_a_forgery(change: Callable[[int, int, int], tuple[int, ...]]) -> None:
    assert outcome(judge(_wrapped(by(LEBRUN), change))) == (
        SubIndication.FORMAT_FAILURE, Reason.COVERAGE_MALFORMED, Conclusion.INVALID,
    )  # fmt: skip


@pytest.mark.parametrize("value", [None, b" null", b" []", b" 0", b" [0 0 0 0]", b" [0.5 10 20 30]"])
def test_a_byte_range_that_is_none_is_a_forgery(value: bytes | None) -> None:
    pdf = by(LEBRUN)
    place = pdf.rindex(b"/ByteRange")
    end = pdf.index(b"]", place) + 1
    other = b"/ByteRangX" + pdf[place + 10 : end] if value is None else b"/ByteRange" + value.ljust(end - place - 10)
    assert outcome(judge(pdf[:place] + other + pdf[end:]))[1:] == (Reason.COVERAGE_MALFORMED, Conclusion.INVALID)


@pytest.mark.parametrize("contents", [b"<>", b"(forged)", b"null", b"<00>"])
def test_contents_that_are_not_a_signature_are_a_forgery(contents: bytes) -> None:
    """The universal forgeries of 2019: no /Contents, an empty one, one of zeros."""
    pdf = by(LEBRUN)
    start = pdf.rindex(b"/Contents <") + 10
    end = pdf.index(b">", start) + 1
    pdf = pdf[:start] + contents.ljust(end - start) + pdf[end:]
    assert outcome(judge(pdf))[2] is Conclusion.INVALID


def test_zeros_for_a_signature_are_malformed() -> None:
    pdf = by(LEBRUN, make=lambda covered: b"")
    assert outcome(judge(pdf)) == (SubIndication.FORMAT_FAILURE, Reason.SIGNATURE_MALFORMED, Conclusion.INVALID)


# Bytes


def test_a_signature_value_that_does_not_verify() -> None:
    other = replace(LEBRUN, key=ec.generate_private_key(ec.SECP256R1()))
    assert outcome(judge(by(other))) == (
        SubIndication.SIG_CRYPTO_FAILURE, Reason.SIGNATURE_WRONG, Conclusion.INVALID,
    )  # fmt: skip


def test_another_document_s_signature_pasted_in() -> None:
    pasted = signature(LEBRUN, b"another document")
    assert outcome(judge(by(LEBRUN, make=lambda covered: pasted))) == (
        SubIndication.HASH_FAILURE, Reason.DIGEST_DIFFERS, Conclusion.INVALID,
    )  # fmt: skip


def test_no_certificate_of_the_signer() -> None:
    def bare(covered: bytes) -> bytes:
        whole = asn1.ContentInfo.load(signature(LEBRUN, covered))
        whole["content"]["certificates"] = None
        content: bytes = whole.dump(force=True)
        return content

    assert outcome(judge(by(LEBRUN, make=bare))) == (
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND, Reason.NO_SIGNING_CERTIFICATE, Conclusion.UNKNOWN,
    )  # fmt: skip
    beside = replace(known(), certificates=[LEBRUN.certificate, ISSUING.certificate])
    assert judge(by(LEBRUN, make=bare), evidence=beside).conclusion is Conclusion.VALID


def _twin(signer: Signer, authority: TestAuthority) -> bytes:
    """Another certificate of the same issuer, serial number and key."""
    own = x509.load_der_x509_certificate(signer.certificate)
    return (
        x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Someone else")]))
        .issuer_name(own.issuer).public_key(own.public_key()).serial_number(own.serial_number)  # type: ignore[arg-type]
        .not_valid_before(own.not_valid_before_utc).not_valid_after(own.not_valid_after_utc)
        .sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_certificate_in_another_s_place_is_refused() -> None:
    twin = _twin(LEBRUN, ISSUING)

    def substituted(covered: bytes) -> bytes:
        parsed = cms.parse(signature(LEBRUN, covered))
        return cms.assemble(parsed.algorithm, parsed.signed_attributes, parsed.signature, twin, ISSUING.chain)

    assert outcome(judge(by(LEBRUN, make=substituted))) == (
        SubIndication.SIG_CONSTRAINTS_FAILURE, Reason.CERTIFICATE_SUBSTITUTED, Conclusion.UNKNOWN,
    )  # fmt: skip


# Certificates


def _issued(extensions: list[tuple[x509.ExtensionType, bool]], authority: TestAuthority = ISSUING) -> Signer:
    return authority.signer("Anne LEBRUN", since=BORN, days=365, extensions=extensions)


def _usage(**allowed: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def _built(
    subject: str, key: Key, issuer: Signer, extensions: list[tuple[x509.ExtensionType, bool]], *, version_of: str = ""
) -> Signer:
    """A certificate with these extensions and no others."""
    above = x509.load_der_x509_certificate(issuer.certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(above.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BORN)
        .not_valid_after(NOW + 365 * DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    der = builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    return Signer(der, (issuer.certificate, *issuer.chain), key)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _top() -> Signer:
    return Signer(ROOT.certificate, (), ROOT.key)


CA = (x509.BasicConstraints(ca=True, path_length=None), True)
CA_USE = (_usage(key_cert_sign=True, crl_sign=True), True)
SIGNS = (_usage(content_commitment=True), True)


def _constrained(constraints: x509.NameConstraints) -> Signer:
    return _built("Constrained", _key(), _top(), [CA, CA_USE, (constraints, True)])


def _directory(name: str) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))


def misissued() -> dict[str, Signer]:
    """Signers whose chain breaks a rule each."""
    short = _built("Short", _key(), _top(), [(x509.BasicConstraints(ca=True, path_length=0), True), CA_USE])
    return {
        "a person who issues": _built("Anne LEBRUN", _key(), LEBRUN, [SIGNS]),
        "too deep": _built("Anne LEBRUN", _key(), _built("Deep", _key(), short, [CA, CA_USE]), [SIGNS]),
        "an authority that may not sign certificates": _built(
            "Anne LEBRUN", _key(), _built("Mute", _key(), _top(), [CA, (_usage(crl_sign=True), True)]), [SIGNS]
        ),
        "no basic constraints": _built("Anne LEBRUN", _key(), _built("Bare", _key(), _top(), [CA_USE]), [SIGNS]),
        "outside the permitted names": _built(
            "Anne LEBRUN", _key(), _constrained(x509.NameConstraints([_directory("Another")], None)), [SIGNS]
        ),
        "among the excluded names": _built(
            "Anne LEBRUN", _key(), _constrained(x509.NameConstraints(None, [_directory("anne  lebrun")])), [SIGNS]
        ),
        "an address outside": _built(
            "Anne LEBRUN", _key(), _constrained(x509.NameConstraints([x509.RFC822Name(".example.org")], None)),
            [SIGNS, (x509.SubjectAlternativeName([x509.RFC822Name("anne@example.com")]), False)],
        ),
        "an unknown critical extension": _issued(
            [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]
        ),
        "a key for encryption": _built("Anne LEBRUN", _key(), _top(), [(_usage(key_encipherment=True), True)]),
        "a certificate of a server": _issued([(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]),
        "a certificate of a time-stamping unit": replace(UNIT),
    }  # fmt: skip


@pytest.mark.parametrize("what", misissued())
def test_a_chain_that_breaks_a_rule_is_not_believed(what: str) -> None:
    found = outcome(judge(by(misissued()[what])))
    assert found[0] is SubIndication.CHAIN_CONSTRAINTS_FAILURE, found
    assert found[2] is Conclusion.UNKNOWN


def test_names_inside_the_constraints_are_believed() -> None:
    allowed = _constrained(x509.NameConstraints([_directory("Anne LEBRUN"), x509.RFC822Name(".example.org")], None))
    address = x509.SubjectAlternativeName([x509.RFC822Name("anne@chu.example.org")])
    signer = _built("Anne LEBRUN", _key(), allowed, [SIGNS, (address, False)])
    lists = TestAuthority("Constrained")
    lists.key = allowed.key
    evidence = Evidence(crls=[*known().crls, lists.crl(at=NOW)])
    assert judge(by(signer), evidence=evidence).conclusion is Conclusion.VALID


def test_a_key_for_authentication_is_a_warning() -> None:
    signer = _built("Anne LEBRUN", _key(), _top(), [(_usage(digital_signature=True), True)])
    verdict = judge(by(signer))
    assert (verdict.conclusion, verdict.findings[0].reason) == (Conclusion.WARNING, Reason.NOT_FOR_COMMITMENT)


# Revocation


def test_revoked_before_the_signer_s_own_date() -> None:
    verdict = judge(by(LEBRUN), evidence=known(issuing={LEBRUN.certificate: NOW - DAY}))
    assert outcome(verdict) == (SubIndication.REVOKED, Reason.REVOKED_WHEN_SIGNED, Conclusion.INVALID)


def test_revoked_since_and_nothing_proves_that_it_was_signed_before() -> None:
    pdf = sign(form(), "Signature1", LEBRUN, NOW - 2 * DAY)
    verdict = judge(pdf, evidence=known(issuing={LEBRUN.certificate: NOW - DAY}))
    assert outcome(verdict) == (SubIndication.REVOKED_NO_POE, Reason.REVOKED_NO_PROOF, Conclusion.UNKNOWN)


def test_revoked_since_and_a_timestamp_proves_that_it_was_signed_before() -> None:
    pdf = sign(form(), "Signature1", LEBRUN, NOW - 2 * DAY, stamps=[(UNIT, NOW - 2 * DAY)])
    verdict = judge(pdf, evidence=known(issuing={LEBRUN.certificate: NOW - DAY}))
    assert verdict.conclusion is Conclusion.VALID
    assert verdict.signatures[0].proved_at == NOW - 2 * DAY


def test_a_timestamp_made_after_the_revocation_proves_nothing_useful() -> None:
    pdf = sign(form(), "Signature1", LEBRUN, NOW - 2 * DAY, stamps=[(UNIT, NOW - DAY / 2)])
    verdict = judge(pdf, evidence=known(issuing={LEBRUN.certificate: NOW - DAY}))
    assert outcome(verdict)[0] is SubIndication.REVOKED_NO_POE


def test_an_authority_revoked() -> None:
    verdict = judge(by(LEBRUN), evidence=known(root={ISSUING.certificate: NOW - DAY}))
    assert outcome(verdict) == (SubIndication.REVOKED_CA_NO_POE, Reason.REVOKED_NO_PROOF, Conclusion.UNKNOWN)


def test_a_revoked_authority_s_later_word_on_others_does_not_count() -> None:
    """Who stole its key signs lists on which nobody is revoked."""
    pdf = sign(form(), "Signature1", LEBRUN, NOW - 2 * DAY, stamps=[(UNIT, NOW - 2 * DAY)])
    verdict = judge(pdf, evidence=known(root={ISSUING.certificate: NOW - DAY}))
    assert outcome(verdict)[0] is SubIndication.TRY_LATER


def test_suspended() -> None:
    held = ISSUING.ocsp(LEBRUN.certificate, at=NOW, revoked_at=NOW - DAY, reason=x509.ReasonFlags.certificate_hold)
    verdict = judge(by(LEBRUN), evidence=Evidence(ocsps=[held], crls=[ROOT.crl(at=NOW)]))
    assert outcome(verdict) == (SubIndication.TRY_LATER, Reason.ON_HOLD, Conclusion.UNKNOWN)


def test_revocation_data_too_old() -> None:
    evidence = Evidence(crls=[ROOT.crl(at=NOW), ISSUING.crl(at=NOW - 20 * DAY, days=7)])
    assert outcome(judge(by(LEBRUN), evidence=evidence)) == (
        SubIndication.TRY_LATER, Reason.REVOCATION_STALE, Conclusion.UNKNOWN,
    )  # fmt: skip


def test_revocation_data_of_tomorrow_is_not_believed() -> None:
    evidence = Evidence(crls=[ROOT.crl(at=NOW), ISSUING.crl(at=NOW + DAY)])
    assert outcome(judge(by(LEBRUN), evidence=evidence))[0] is SubIndication.TRY_LATER


@pytest.mark.parametrize("kind", ["issuer", "delegated"])
def test_an_ocsp_answer_of_who_may_answer(kind: str) -> None:
    responder = ISSUING.responder(since=BORN, days=365) if kind == "delegated" else None
    answer = ISSUING.ocsp(LEBRUN.certificate, at=NOW, responder=responder)
    verdict = judge(by(LEBRUN), evidence=Evidence(ocsps=[answer], crls=[ROOT.crl(at=NOW)]))
    assert verdict.conclusion is Conclusion.VALID


@pytest.mark.parametrize("who", ["a signer of the same authority", "a responder of another", "a stranger"])
def test_an_ocsp_answer_of_who_may_not_answer(who: str) -> None:
    responder = {
        "a signer of the same authority": ISSUING.signer("Someone", since=BORN, days=365),
        "a responder of another": ROOT.responder(since=BORN, days=365),
        "a stranger": TestAuthority("Issuing of the suite").responder(since=BORN, days=365),
    }[who]
    answer = ISSUING.ocsp(LEBRUN.certificate, at=NOW, responder=responder)
    verdict = judge(by(LEBRUN), evidence=Evidence(ocsps=[answer], crls=[ROOT.crl(at=NOW)]))
    assert outcome(verdict)[0] is SubIndication.TRY_LATER


def test_a_list_signed_by_a_namesake_is_not_believed() -> None:
    impostor = TestAuthority("Issuing of the suite", born=BORN)
    evidence = Evidence(crls=[ROOT.crl(at=NOW), impostor.crl(at=NOW)], certificates=[impostor.certificate])
    assert outcome(judge(by(LEBRUN), evidence=evidence))[0] is SubIndication.TRY_LATER


def test_who_lives_a_day_needs_no_revocation_data() -> None:
    verdict = judge(by(ROOT.signer("Camille", since=NOW - DAY / 4, days=0.5)), evidence=Evidence())
    assert verdict.conclusion is Conclusion.VALID
    assert verdict.signatures[0].short_lived


# Time


def test_expired_by_the_signer_s_own_date() -> None:
    pdf = by(ISSUING.signer("Anne LEBRUN", since=BORN, days=20))
    assert outcome(judge(pdf)) == (SubIndication.EXPIRED, Reason.EXPIRED_WHEN_SIGNED, Conclusion.INVALID)


def test_not_yet_valid() -> None:
    pdf = by(ISSUING.signer("Anne LEBRUN", since=NOW + DAY, days=20))
    assert outcome(judge(pdf)) == (SubIndication.NOT_YET_VALID, Reason.NOT_YET_VALID, Conclusion.INVALID)


def test_a_clock_that_is_behind_the_file_accuses_nobody() -> None:
    pdf = by(ISSUING.signer("Anne LEBRUN", since=NOW - DAY, days=20))
    early = judge(pdf, at=NOW - 30 * DAY)
    assert outcome(early) == (SubIndication.TRY_LATER, Reason.JUDGED_TOO_EARLY, Conclusion.UNKNOWN)
    assert early.signatures[0].indication is Indication.INDETERMINATE


def test_timestamps_that_contradict_each_other() -> None:
    pdf = stamp(stamp(by(LEBRUN), UNIT, NOW - DAY), UNIT, NOW - 2 * DAY)
    verdict = judge(pdf)
    assert [one.sub_indication for one in verdict.timestamps] == [SubIndication.TIMESTAMP_ORDER_FAILURE, None]
    assert Reason.TIMESTAMP_NOT_VALID in [finding.reason for finding in verdict.findings]


def test_a_document_timestamp_of_other_bytes_means_that_the_file_was_altered() -> None:
    from tests.ades.verdict.files import token

    pdf = stamp(by(LEBRUN), UNIT, NOW, make=lambda covered: token(UNIT, covered + b"!", NOW))
    verdict = judge(pdf)
    assert (verdict.conclusion, verdict.findings[0].reason) == (Conclusion.INVALID, Reason.TIMESTAMP_BROKEN)


@pytest.mark.parametrize(
    "unit",
    [ROOT.signer("No unit", since=BORN), ROOT.unit(since=BORN, days=100, critical=False),
     ROOT.unit(since=BORN, days=100, usages=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING))],
    ids=["signer", "not critical", "two uses"],
)  # fmt: skip
def test_who_is_no_time_stamping_unit_proves_no_time(unit: Signer) -> None:
    verdict = judge(by(LEBRUN, stamps=[(unit, NOW)]))
    assert verdict.conclusion is Conclusion.WARNING
    assert verdict.signatures[0].proved_at is None
    assert verdict.signatures[0].timestamps[0].sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


# Algorithms


def test_a_key_too_small() -> None:
    small = ISSUING.signer("Anne LEBRUN", rsa.generate_private_key(65537, 1024), since=BORN, days=365)

    def weakly(covered: bytes) -> bytes:
        return signature(small, covered, algorithm=Algorithm(Scheme.RSA_PKCS1, Digest.SHA256))

    assert outcome(judge(by(small, make=weakly)))[0] is SubIndication.CRYPTO_CONSTRAINTS_FAILURE


def test_an_algorithm_that_has_weakened_since() -> None:
    weakened = replace(TS_119_312, digests={**TS_119_312.digests, "sha256": date(NOW.year, 1, 1)})
    verdict = judge(by(LEBRUN), trust=Trust([Anchor(ROOT.certificate)], weakened))
    assert outcome(verdict) == (
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, Reason.ALGORITHM_WEAK, Conclusion.UNKNOWN,
    )  # fmt: skip


def test_a_digest_that_was_never_in_the_table() -> None:
    shorter = replace(TS_119_312, digests={"sha512": None})
    signer = ROOT.signer("Camille", since=NOW - DAY / 4, days=0.5)
    verdict = judge(by(signer), trust=Trust([Anchor(ROOT.certificate)], shorter), evidence=Evidence())
    assert outcome(verdict)[:2] == (SubIndication.CRYPTO_CONSTRAINTS_FAILURE, Reason.ALGORITHM_FORBIDDEN)


def test_every_algorithm_is_judged() -> None:
    for key in (rsa.generate_private_key(65537, 2048), _key(), ec.generate_private_key(ec.SECP384R1())):
        signer = ISSUING.signer("Anne LEBRUN", key, since=BORN, days=365)
        algorithms = [algorithm_for(signer.certificate)]
        if isinstance(key, rsa.RSAPrivateKey):
            algorithms += [algorithm_for(signer.certificate, pss=True, digest=digest) for digest in Digest]
        for algorithm in algorithms:
            verdict = judge(by(signer, algorithm=algorithm))
            assert verdict.conclusion is Conclusion.VALID, algorithm
