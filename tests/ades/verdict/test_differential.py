"""Our verdicts beside those of programs that we did not write: pyHanko for files, openssl for chains."""

import io
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import crl as lists
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from telesphore.ades import cms
from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.verdict.certificates import Certificate
from telesphore.ades.verdict.path import Paths, Purpose, check_path
from telesphore.ades.verdict.result import Conclusion, Indication
from telesphore.ades.verdict.trust import Anchor, Evidence
from telesphore.ades.verdict.validate import validate
from tests.ades.verdict.files import sign, stamp, store
from tests.ades.verdict.test_sub_indications import (
    BORN,
    CA,
    CA_USE,
    ISSUING,
    LEBRUN,
    NOW,
    ROOT,
    SIGNS,
    TRUST,
    UNIT,
    _built,
    _key,
    _top,
    _usage,
    by,
    known,
    misissued,
)
from tests.certificates import Signer, TestAuthority


def pyhanko_trusts(pdf: bytes, evidence: Evidence) -> bool:
    """Whether every signature is intact, valid and trusted by pyHanko, revocation asked for."""
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
        context = ValidationContext(
            trust_roots=[asn1.Certificate.load(ROOT.certificate)], other_certs=[],
            crls=[lists.CertificateList.load(one) for one in evidence.crls],
            revocation_mode="require", allow_fetching=False, moment=NOW,
        )  # fmt: skip
        found = [validate_pdf_signature(one, context) for one in signatures]
        return bool(found) and all(one.intact and one.valid and one.trusted for one in found)
    except Exception:  # noqa: BLE001 - whatever it says of a bad file, it does not trust it.
        return False


def ours_trusts(pdf: bytes, evidence: Evidence) -> bool:
    verdict = validate(pdf, trust=TRUST, at=NOW, evidence=evidence, compare_pages=False)
    return bool(verdict.signatures) and all(one.indication is Indication.TOTAL_PASSED for one in verdict.signatures)


def files() -> dict[str, tuple[bytes, Evidence]]:
    signed = by(LEBRUN)
    stamped = by(LEBRUN, stamps=[(UNIT, NOW)])
    kept = store(stamped, certificates=[ROOT.certificate, ISSUING.certificate], crls=known().crls)
    return {
        "signed": (signed, known()),
        "signed twice": (sign(signed, "Signature2", ISSUING.signer("Odile", since=BORN, days=365), NOW), known()),
        "stamped": (stamped, known()),
        "kept": (kept, known()),
        "sealed": (stamp(kept, UNIT, NOW), known()),
        "revoked": (signed, known(issuing={LEBRUN.certificate: NOW - timedelta(days=1)})),
        "its authority revoked": (signed, known(root={ISSUING.certificate: NOW - timedelta(days=1)})),
        "nothing known": (signed, Evidence()),
        "expired": (by(ISSUING.signer("Anne LEBRUN", since=BORN, days=20)), known()),
        "not yet valid": (by(ISSUING.signer("Anne LEBRUN", since=NOW + timedelta(days=1), days=20)), known()),
        "a stranger's": (by(TestAuthority("Another", born=BORN).signer("Anne LEBRUN", since=BORN, days=365)), known()),
        "altered": (signed.replace(b"/MediaBox", b"/CropBoxx", 1), known()),
        **{
            f"misissued: {name}": (by(signer), known())
            for name, signer in misissued().items()
            # pyHanko does not look at extended uses unless told.
            if "server" not in name and "time-stamping" not in name
        },
    }


@pytest.mark.parametrize("name", files())
def test_pyhanko_and_we_agree(name: str) -> None:
    pdf, evidence = files()[name]
    assert ours_trusts(pdf, evidence) is pyhanko_trusts(pdf, evidence)


SIGNED = by(LEBRUN)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.integers(0, len(SIGNED) - 1), value=st.integers(0, 255))
def test_one_byte_changed_anywhere_never_passes_unless_nothing_signed_changes(place: int, value: int) -> None:
    changed = SIGNED[:place] + bytes([value]) + SIGNED[place + 1 :]
    verdict = validate(changed, trust=TRUST, at=NOW, evidence=known(), compare_pages=False)
    if verdict.conclusion is Conclusion.VALID:
        # Only in what the signature leaves out, and there only in what no signature covers (RFC 5652 §5.1), such as
        # the list of digests that nobody reads, or the case of a digit.
        end = SIGNED.index(b">", START)
        assert changed[:START] + changed[end:] == SIGNED[:START] + SIGNED[end:]
        parsed, original = (cms.parse(bytes.fromhex(one[START:end].decode())) for one in (changed, SIGNED))
        assert (parsed.signature, parsed.signed_attributes) == (original.signature, original.signed_attributes)
        assert parsed.signer == LEBRUN.certificate


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(SIGNED)), st.integers(0, 60), st.binary(max_size=40)), min_size=1, max_size=6
    )
)
def test_whatever_the_bytes_there_is_a_verdict(cuts: list[tuple[int, int, bytes]]) -> None:
    content = SIGNED
    for place, length, instead in cuts:
        content = content[:place] + instead + content[place + length :]
    validate(content, trust=TRUST, at=NOW, evidence=known(), compare_pages=False)


START = SIGNED.rindex(b"/Contents <") + 11
_HELD = bytes.fromhex(SIGNED[START : SIGNED.index(b">", START)].decode())
# As long as its outermost length says (X.690 §8.1.3.5, two octets): a signature's own last byte may be a zero.
CMS = _HELD[: 4 + int.from_bytes(_HELD[2:4], "big")]
EDITS = st.lists(st.tuples(st.integers(0, len(CMS) - 1), st.integers(0, 255)), min_size=1, max_size=4)


def _edited(content: bytes, edits: list[tuple[int, int]]) -> bytes:
    changed = bytearray(content)
    for place, value in edits:
        changed[place % len(content)] = value
    return bytes(changed)


@settings(max_examples=150, deadline=None)
@given(edits=EDITS)
def test_a_signature_whose_bytes_were_changed_never_passes(edits: list[tuple[int, int]]) -> None:
    changed = _edited(CMS, edits)
    pdf = SIGNED[:START] + changed.hex().encode() + SIGNED[START + 2 * len(CMS) :]
    verdict = validate(pdf, trust=TRUST, at=NOW, evidence=known(), compare_pages=False)
    if verdict.conclusion is Conclusion.VALID:
        # What is not signed: certificates beside the signer's, or how the algorithm's parameters are written.
        parsed, original = cms.parse(changed), cms.parse(CMS)
        assert (parsed.signature, parsed.signed_attributes) == (original.signature, original.signed_attributes)
        assert parsed.signer == LEBRUN.certificate


@settings(max_examples=100, deadline=None)
@given(edits=EDITS, which=st.integers(0, 1))
def test_a_list_whose_bytes_were_changed_is_not_believed(edits: list[tuple[int, int]], which: int) -> None:
    crls = list(CRLS)
    crls[which] = _edited(crls[which], edits)
    verdict = validate(SIGNED, trust=TRUST, at=NOW, evidence=Evidence(crls=crls), compare_pages=False)
    assert (verdict.conclusion is Conclusion.VALID) is (crls == CRLS)


CRLS = known().crls


# Chains


def _pem(*ders: bytes) -> bytes:
    return b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in ders)


def _ours_trusts_chain(signer: Signer, moment: timedelta) -> bool:
    paths = Paths([Anchor(ROOT.certificate)], signer.chain)
    found = paths.to_anchor(Certificate(signer.certificate))
    return any(check_path(path, Purpose.SIGNATURE, NOW + moment, TS_119_312) is None for path in found)


def _cross_certified() -> Signer:
    """An authority of another root, which ours certified too."""
    other = TestAuthority("Other root", born=BORN, days=3650)
    issuing = TestAuthority("Crossed", issuer=other, born=BORN, days=2000)
    crossed = _built("Crossed", issuing.key, _top(), [CA, CA_USE, *_identifiers(issuing)])
    signer = issuing.signer("Anne LEBRUN", since=BORN, days=365)
    return Signer(signer.certificate, (issuing.certificate, crossed.certificate, other.certificate), signer.key)


def _identifiers(authority: TestAuthority) -> list[tuple[x509.ExtensionType, bool]]:
    public = authority.key.public_key()
    return [
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ROOT.key.public_key()), False),
    ]


def _chains() -> dict[str, Signer]:
    deep = _top()
    for level in range(4):
        deep = _built(f"Level {level}", _key(), deep, [CA, CA_USE])
    return {
        "usual": LEBRUN,
        "deep": _built("Anne LEBRUN", _key(), deep, [SIGNS]),
        "cross-certified": _cross_certified(),
        "policies required": _built(
            "Anne LEBRUN", _key(), _built("Policies", _key(), _top(), [CA, CA_USE]),
            [SIGNS, (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), True)],
        ),
        "no usage": _built("Anne LEBRUN", _key(), _top(), []),
        "no authority's usage": _built(
            "Anne LEBRUN", _key(), _built("Silent", _key(), _top(), [CA, (_usage(digital_signature=True), True)]),
            [SIGNS],
        ),
        **{
            name: signer for name, signer in misissued().items()
            # openssl looks at uses only when it is told a purpose.
            if not any(word in name for word in ("unit", "encryption", "server"))
        },
    }  # fmt: skip


def _strict(name: str) -> bool:
    """What openssl calls strict also wants key identifiers, which these bare certificates lack."""
    return name in ("usual", "cross-certified")


@pytest.mark.parametrize("name", _chains())
@pytest.mark.parametrize("moment", [timedelta(0), timedelta(days=-200), timedelta(days=500), timedelta(days=5000)])
def test_openssl_and_we_agree_on_chains(name: str, moment: timedelta, tmp_path: Path) -> None:
    signer = _chains()[name]
    when = int((NOW + moment).timestamp())
    # openssl goes up by one way and never turns back: it is shown the one that leads to the root.
    between = signer.chain[1:2] if name == "cross-certified" else signer.chain
    for file, content in (
        ("root.pem", _pem(ROOT.certificate)), ("between.pem", _pem(*between)),
        ("signer.pem", _pem(signer.certificate)),
    ):  # fmt: skip
        (tmp_path / file).write_bytes(content)
    answer = subprocess.run(
        ["openssl", "verify", *(["-x509_strict"] if _strict(name) else []), "-attime", str(when), "-CAfile", "root.pem",
         "-untrusted", "between.pem", "signer.pem"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    theirs = answer.returncode == 0
    if moment == timedelta(days=5000):
        # Past the root's own end, where openssl refuses what RFC 5280 §6.1.1 d leaves to us.
        assert not theirs
    assert _ours_trusts_chain(signer, moment) is theirs, answer.stderr.decode()
