"""EU trusted lists, believed only as far as they are signed; and what they make of a signature."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from lxml import etree

from telesphore.ades import der
from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.trusted_lists import (
    TrustedListExpired,
    TrustedListNotSigned,
    TrustedListTooLarge,
    TrustedListUnreadable,
    read,
)
from telesphore.ades.verdict.result import Conclusion, Qualification, Verdict
from telesphore.ades.verdict.trust import AnchorKind, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.ades.verdict.files import form, sign
from tests.ades.verdict.lists import DS, TSL, Service, list_of_lists, national, qualification
from tests.certificates import Signer, TestAuthority

NOW = now().replace(microsecond=0)
DAY = timedelta(days=1)
BORN = NOW - 300 * DAY
SCHEME = TestAuthority("Scheme operator", born=BORN, days=3650).signer("List signer", since=BORN, days=3650)
STRANGER = TestAuthority("Stranger", born=BORN, days=3650).signer("List signer", since=BORN, days=3650)
ISSUER = TestAuthority("Qualified issuer", born=BORN, days=3650)
STAMPS = TestAuthority("Qualified stamps", born=BORN, days=3650)
UNIT = STAMPS.unit("Qualified unit", since=BORN, days=3650)
GRANTED = (("granted", BORN - 500 * DAY),)
SERVICE = Service(ISSUER.certificate, GRANTED)
COMPLIANT, DEVICE = "0.4.0.1862.1.1", "0.4.0.1862.1.4"
FOR_SIGNATURES, FOR_SEALS, FOR_SITES = (f"0.4.0.1862.1.6.{kind}" for kind in (1, 2, 3))


def _statements(*names: str, kind: str = FOR_SIGNATURES) -> x509.UnrecognizedExtension:
    parts = [der.sequence(der.oid(name)) for name in names]
    parts.append(der.sequence(der.oid("0.4.0.1862.1.6"), der.sequence(der.oid(kind))))
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), der.sequence(*parts))


def person(*names: str, kind: str = FOR_SIGNATURES, policies: tuple[str, ...] = ()) -> Signer:
    extensions: list[tuple[x509.ExtensionType, bool]] = [(_statements(*names, kind=kind), False)] if names else []
    if policies:
        found = [x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in policies]
        extensions.append((x509.CertificatePolicies(found), False))
    return ISSUER.signer("Anne LEBRUN", since=NOW - 10 * DAY, days=100, extensions=extensions)


def judge(signer: Signer, *services: Service, stamped: bool = False) -> Verdict:
    content = national(SCHEME, list(services or (SERVICE,)), at=NOW - DAY)
    trust = Trust(read(content, signers=[SCHEME.certificate]).anchors, TS_119_312)
    pdf = sign(form(), "Signature1", signer, NOW, stamps=[(UNIT, NOW)] if stamped else [])
    return validate(pdf, trust=trust, at=NOW, evidence=Evidence(crls=[ISSUER.crl(at=NOW), STAMPS.crl(at=NOW)]))


def test_a_list_says_whose_it_is_and_when_it_ends() -> None:
    found = read(national(SCHEME, [SERVICE], at=NOW, sequence=7, days=30), signers=[SCHEME.certificate])
    assert (found.kind, found.territory, found.operator, found.sequence) == ("EUgeneric", "FR", "The suite", 7)
    assert (found.issued_at, found.next_update) == (NOW, NOW + 30 * DAY)
    assert [(one.certificate, one.kind) for one in found.anchors] == [(ISSUER.certificate, AnchorKind.TRUSTED_LIST)]
    found.check_fresh(NOW + 29 * DAY)
    for moment in (NOW + 31 * DAY, NOW - DAY):
        with pytest.raises(TrustedListExpired):
            found.check_fresh(moment)


def test_the_list_of_lists_points_at_others() -> None:
    found = read(list_of_lists(SCHEME, {"FR": STRANGER.certificate}, at=NOW), signers=[SCHEME.certificate])
    (pointer,) = found.pointers
    assert (pointer.territory, pointer.location, pointer.machine) == ("FR", "https://lists.example/FR.xml", True)
    assert pointer.signers == (STRANGER.certificate,)


def test_a_list_signed_by_who_was_not_pointed_at_is_refused() -> None:
    with pytest.raises(TrustedListNotSigned):
        read(national(STRANGER, [SERVICE], at=NOW), signers=[SCHEME.certificate])
    with pytest.raises(TrustedListNotSigned):
        read(national(SCHEME, [SERVICE], at=NOW), signers=[])


def test_a_list_signed_with_a_certificate_that_was_over_is_refused() -> None:
    with pytest.raises(TrustedListNotSigned):
        read(national(SCHEME, [SERVICE], at=NOW + 4000 * DAY), signers=[SCHEME.certificate])


def _altered(content: bytes) -> bytes:
    return content.replace(b"Montfaucy Trust", b"Somebody else..")


def _bare(content: bytes) -> bytes:
    root = etree.fromstring(content)
    root.remove(root.find(f"{{{DS}}}Signature"))
    return etree.tostring(root)


def _wrapped(content: bytes) -> bytes:
    """The signed list inside another, which says something else."""
    root, outer = etree.fromstring(content), etree.fromstring(_altered(content))
    outer.replace(outer.find(f"{{{DS}}}Signature"), root.find(f"{{{DS}}}Signature"))
    outer.append(root)
    return etree.tostring(outer)


def _added(content: bytes) -> bytes:
    root = etree.fromstring(content)
    root.append(etree.fromstring(content).find(f"{{{TSL}}}TrustServiceProviderList"))
    return etree.tostring(root)


def _of_properties_only(content: bytes) -> bytes:
    """The reference to the whole list taken away from what is signed."""
    root = etree.fromstring(content)
    information = root.find(f"{{{DS}}}Signature/{{{DS}}}SignedInfo")
    information.remove(information.find(f"{{{DS}}}Reference"))
    return etree.tostring(root)


@pytest.mark.parametrize("change", [_altered, _bare, _wrapped, _added, _of_properties_only])
def test_what_the_signature_does_not_cover_is_not_believed(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TrustedListNotSigned):
        read(change(national(SCHEME, [SERVICE], at=NOW)), signers=[SCHEME.certificate])


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<", b"<a/>", b"\x00" * 100,
        b'<!DOCTYPE a [<!ENTITY b "c">]><TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"/>',
        b'<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"/>',
        b"<a>" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_a_list_is_refused(content: bytes) -> None:
    with pytest.raises(TrustedListUnreadable):
        read(content, signers=[SCHEME.certificate])


def test_a_list_beyond_all_size_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = national(SCHEME, [SERVICE], at=NOW)
    monkeypatch.setattr("telesphore.ades.trusted_lists.LARGEST", len(content) - 1)
    with pytest.raises(TrustedListTooLarge):
        read(content, signers=[SCHEME.certificate])
    monkeypatch.undo()
    monkeypatch.setattr("telesphore.ades.trusted_lists.MOST_ELEMENTS", 20)
    with pytest.raises(TrustedListTooLarge):
        read(content, signers=[SCHEME.certificate])


def test_a_qualified_certificate_in_a_qualified_device_makes_a_qualified_signature() -> None:
    verdict = judge(person(COMPLIANT, DEVICE))
    assert verdict.conclusion is Conclusion.VALID
    assert verdict.signatures[0].qualification is Qualification.QUALIFIED
    assert judge(person(COMPLIANT, DEVICE, kind=FOR_SEALS)).signatures[0].qualification is Qualification.QUALIFIED


@pytest.mark.parametrize(
    ("signer", "services", "expected"),
    [
        (person(), (SERVICE,), Qualification.ADVANCED),
        (person(DEVICE), (SERVICE,), Qualification.ADVANCED),
        (person(COMPLIANT), (SERVICE,), Qualification.ADVANCED_QUALIFIED_CERTIFICATE),
        (person(COMPLIANT, DEVICE, kind=FOR_SITES), (SERVICE,), Qualification.ADVANCED),
        (person(COMPLIANT, DEVICE), (Service(ISSUER.certificate, (("withdrawn", BORN),)),), Qualification.ADVANCED),
        (
            person(COMPLIANT, DEVICE),
            (Service(ISSUER.certificate, (("withdrawn", NOW - DAY), ("granted", BORN))),),
            Qualification.ADVANCED,
        ),
        (
            person(COMPLIANT, DEVICE),
            (Service(ISSUER.certificate, (("granted", NOW - DAY), ("withdrawn", BORN))),),
            Qualification.ADVANCED,
        ),
        (person(COMPLIANT, DEVICE), (Service(ISSUER.certificate, (("granted", NOW - DAY),)),), Qualification.ADVANCED),
        (
            person(COMPLIANT, DEVICE, kind=FOR_SEALS),
            (Service(ISSUER.certificate, GRANTED, uses=("ForeSignatures",)),),
            Qualification.ADVANCED,
        ),
        (
            person(COMPLIANT, DEVICE),
            (Service(ISSUER.certificate, GRANTED, kind="TSA/QTST"),),
            Qualification.ADVANCED,
        ),
        (
            person(COMPLIANT, DEVICE),
            (SERVICE, Service(ISSUER.certificate, (("withdrawn", BORN),), name="The same key")),
            Qualification.ADVANCED,
        ),
    ],
    ids=["not qualified", "device only", "no device", "for sites", "withdrawn", "withdrawn since", "granted since",
         "began after", "seals not granted", "another kind", "two services of one key"],
)  # fmt: skip
def test_a_signature_is_never_worth_more_than_the_list_says(
    signer: Signer, services: tuple[Service, ...], expected: Qualification
) -> None:
    verdict = judge(signer, *services)
    assert verdict.conclusion is Conclusion.VALID
    assert verdict.signatures[0].qualification is expected


ALWAYS = (
    '<s:CriteriaList assert="all"><s:KeyUsage><s:KeyUsageBit name="nonRepudiation">true</s:KeyUsageBit></s:KeyUsage>'
    "</s:CriteriaList>"
)
NEVER = ALWAYS.replace("true", "false")


def _policy(name: str, asserts: str = "atLeastOne") -> str:
    return (
        f'<s:CriteriaList assert="{asserts}"><s:PolicySet><s:PolicyIdentifier>'
        f'<x:Identifier xmlns:x="http://uri.etsi.org/01903/v1.3.2#" Qualifier="OIDAsURN">urn:oid:{name}</x:Identifier>'
        "</s:PolicyIdentifier></s:PolicySet></s:CriteriaList>"
    )


@pytest.mark.parametrize(
    ("said", "extension", "expected"),
    [
        ((COMPLIANT,), qualification("QCWithQSCD", ALWAYS), Qualification.QUALIFIED),
        ((COMPLIANT,), qualification("QCWithQSCD", NEVER), Qualification.ADVANCED_QUALIFIED_CERTIFICATE),
        ((COMPLIANT,), qualification("QCWithSSCD", _policy("1.2.3")), Qualification.QUALIFIED),
        ((COMPLIANT,), qualification("QCWithSSCD", _policy("1.2.4")), Qualification.ADVANCED_QUALIFIED_CERTIFICATE),
        ((COMPLIANT,), qualification("QCWithSSCD", _policy("1.2.4", "none")), Qualification.QUALIFIED),
        ((COMPLIANT, DEVICE), qualification("QCNoQSCD", ALWAYS), Qualification.ADVANCED_QUALIFIED_CERTIFICATE),
        ((COMPLIANT, DEVICE), qualification("NotQualified", ALWAYS), Qualification.ADVANCED),
        ((COMPLIANT, DEVICE), qualification("QCForWSA", ALWAYS), Qualification.ADVANCED),
        ((), qualification("QCStatement", ALWAYS), Qualification.ADVANCED_QUALIFIED_CERTIFICATE),
        (
            (COMPLIANT,),
            qualification("QCWithQSCD", '<s:CriteriaList assert="none"><s:Unheard/></s:CriteriaList>'),
            Qualification.ADVANCED_QUALIFIED_CERTIFICATE,
        ),
    ],
)
def test_a_list_corrects_what_certificates_say_of_themselves(
    said: tuple[str, ...], extension: str, expected: Qualification
) -> None:
    signer = person(*said, policies=("1.2.3", "1.2.5"))
    service = Service(ISSUER.certificate, GRANTED, qualifications=extension)
    assert judge(signer, service).signatures[0].qualification is expected


def test_a_timestamp_is_qualified_if_the_list_granted_it_then() -> None:
    granted = Service(STAMPS.certificate, GRANTED, kind="TSA/QTST")
    ended = Service(STAMPS.certificate, (("withdrawn", NOW - DAY), *GRANTED), kind="TSA/QTST")
    for service, expected in ((granted, True), (ended, False)):
        (stamp,) = judge(person(COMPLIANT, DEVICE), SERVICE, service, stamped=True).signatures[0].timestamps
        assert (stamp.sub_indication, stamp.qualified) == (None, expected)


def test_nothing_is_said_of_the_worth_of_a_signature_that_is_not_valid() -> None:
    signer = person(COMPLIANT, DEVICE)
    content = national(SCHEME, [SERVICE], at=NOW)
    trust = Trust(read(content, signers=[SCHEME.certificate]).anchors, TS_119_312)
    verdict = validate(sign(form(), "Signature1", signer, NOW), trust=trust, at=NOW)
    assert verdict.signatures[0].qualification is Qualification.NOT_ASSESSED
