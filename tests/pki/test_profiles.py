"""What each kind of certificate says: RFC 5280, EN 319 412, and that nothing is qualified."""

from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from telesphore.ades.algorithms import Digest
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki.formats import certificates
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.ports import revocation_source, timestamper
from telesphore.pki.states import Profile
from tests.cast import Cast

SHORT_TERM = x509.ObjectIdentifier("0.4.0.194121.2.1")
QC_STATEMENTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3")


@pytest.fixture
def given(cast: Cast) -> dict[str, x509.Certificate]:
    """One certificate of each kind, from an authority that has a name and a number."""
    at = now()
    pki.initialise(
        organisation_id=cast.hospital, organisation_name="Centre hospitalier de Montfaucy",
        organisation_identifier="NTRFR-260380013", actor=cast.sylvie, at=at,
    )  # fmt: skip
    patient = pki.issue_for_one_signature(
        organisation_id=cast.hospital, given_name="Odile", family_name="Marchetti", serial_number=cast.odile_id.hex,
        actor=cast.odile, at=at,
    )  # fmt: skip
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    professional, _chain = pki.issue_for_key(
        organisation_id=cast.hospital, public_key_der=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        given_name="Anne", family_name="Lebrun", title="Dr", rpps="10101234567", actor=cast.lebrun, at=at,
        holder_id=cast.lebrun.person_id,
    )  # fmt: skip
    seal = pki.organisation_seal(
        organisation_id=cast.hospital, organisation_name="Centre hospitalier de Montfaucy", actor=cast.sylvie, at=at
    )
    timestamper.get().stamp(bytes(32), Digest.SHA256, organisation_id=cast.hospital, at=at)
    revocation_source.get().fetch((seal.certificate, *seal.chain), organisation_id=cast.hospital, at=at)
    authority = Authority.objects.get()
    kept = {row.profile: bytes(row.content) for row in Certificate.objects.exclude(content=None) if row.content}
    return {
        name: x509.load_der_x509_certificate(der)
        for name, der in {
            "root": bytes(authority.root), "issuing": bytes(authority.issuing), "patient": patient.certificate,
            "professional": professional, "seal": seal.certificate, "unit": kept["unit"],
            "responder": kept["responder"],
        }.items()
    }  # fmt: skip


def value(certificate: x509.Certificate, kind: Any) -> Any:
    return certificate.extensions.get_extension_for_class(kind).value


def name(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    return str(certificate.subject.get_attributes_for_oid(oid)[0].value)


def test_serial_numbers_are_long_random_and_positive(given: dict[str, x509.Certificate]) -> None:
    numbers = [certificate.serial_number for certificate in given.values()]
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 2**159 for number in numbers)
    # Of seven numbers of 159 random bits, one below 2**100 would be a wonder.
    assert all(number.bit_length() > 100 for number in numbers)


def test_nothing_outlives_its_issuer(given: dict[str, x509.Certificate]) -> None:
    issuing = given["issuing"]
    assert issuing.not_valid_after_utc <= given["root"].not_valid_after_utc
    for kind in ("patient", "professional", "seal", "unit", "responder"):
        assert given[kind].not_valid_after_utc <= issuing.not_valid_after_utc
        assert given[kind].not_valid_before_utc >= issuing.not_valid_before_utc


def test_what_an_authority_would_give_beyond_its_end_is_cut(cast: Cast) -> None:
    at = now()
    root = certificates.make_root(x509.Name([]), at=at, lasts=timedelta(days=100))
    issuing = certificates.make_issuing(x509.Name([]), certificates.new_key(), root, at=at, lasts=timedelta(days=900))
    assert x509.load_der_x509_certificate(issuing.certificate).not_valid_after_utc == (
        at + timedelta(days=100)
    ).replace(microsecond=0)


def test_nothing_claims_to_be_qualified_and_everything_says_that_it_is_not(given: dict[str, x509.Certificate]) -> None:
    for kind, certificate in given.items():
        assert QC_STATEMENTS not in [one.oid for one in certificate.extensions]
        said = certificate.issuer.rfc4514_string()
        assert "non qualifiée" in said, kind
    for kind in ("patient", "professional", "seal", "unit", "responder"):
        (policy,) = value(given[kind], x509.CertificatePolicies)
        assert policy.policy_identifier.dotted_string.startswith(certificates.ARC)
        assert "non qualifié" in policy.policy_qualifiers[0].explicit_text


def test_each_kind_has_a_policy_of_its_own(given: dict[str, x509.Certificate]) -> None:
    kinds = ("patient", "professional", "seal", "unit", "responder")
    policies = {value(given[kind], x509.CertificatePolicies)[0].policy_identifier for kind in kinds}
    assert len(policies) == len(kinds)


@pytest.mark.parametrize("kind", ["patient", "professional", "seal"])
def test_signers_keys_commit_and_do_nothing_else(given: dict[str, x509.Certificate], kind: str) -> None:
    usage = given[kind].extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value == certificates._usage("content_commitment")
    with pytest.raises(x509.ExtensionNotFound):
        value(given[kind], x509.ExtendedKeyUsage)


def test_a_unit_stamps_and_does_nothing_else(given: dict[str, x509.Certificate]) -> None:
    unit = given["unit"]
    usage = unit.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    period = value(unit, x509.PrivateKeyUsagePeriod)
    # What it stamps on its last day still holds for three years.
    assert unit.not_valid_after_utc.replace(tzinfo=None) - period.not_after.replace(tzinfo=None) >= timedelta(days=1095)
    assert period.not_after - period.not_before <= timedelta(days=3 * 366)
    assert "Horodatage" in name(unit, NameOID.COMMON_NAME)


def test_a_responder_is_delegated_and_not_asked_about(given: dict[str, x509.Certificate]) -> None:
    responder = given["responder"]
    assert list(value(responder, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert value(responder, x509.OCSPNoCheck)
    with pytest.raises(x509.ExtensionNotFound):
        value(responder, x509.CRLDistributionPoints)
    assert responder.not_valid_after_utc - responder.not_valid_before_utc < timedelta(days=100)


def test_a_patients_certificate_says_that_its_short_life_stands_for_revocation(
    given: dict[str, x509.Certificate],
) -> None:
    extension = given["patient"].extensions.get_extension_for_oid(SHORT_TERM)
    assert not extension.critical
    assert extension.value.public_bytes() == b"\x05\x00"
    assert SHORT_TERM not in [one.oid for one in given["professional"].extensions]


def test_names_follow_en_319_412(given: dict[str, x509.Certificate], cast: Cast) -> None:
    professional, patient, seal = given["professional"], given["patient"], given["seal"]
    for person, given_name, surname in ((professional, "Anne", "Lebrun"), (patient, "Odile", "Marchetti")):
        assert name(person, NameOID.COUNTRY_NAME) == "FR"
        assert (name(person, NameOID.GIVEN_NAME), name(person, NameOID.SURNAME)) == (given_name, surname)
        assert name(person, NameOID.COMMON_NAME) == f"{given_name} {surname.upper()}"
    assert name(professional, NameOID.SERIAL_NUMBER) == "RP:FR-10101234567"
    # Odile's number is ours, and tells nothing of her.
    assert name(patient, NameOID.SERIAL_NUMBER) == cast.odile_id.hex
    for legal in (seal, given["root"], given["issuing"], given["unit"]):
        assert name(legal, NameOID.ORGANIZATION_NAME) == "Centre hospitalier de Montfaucy"
        assert name(legal, NameOID.ORGANIZATION_IDENTIFIER) == "NTRFR-260380013"


def test_a_long_name_is_cut_to_what_the_standard_allows(cast: Cast) -> None:
    seal = pki.organisation_seal(
        organisation_id=cast.hospital, organisation_name="Groupement " * 12, actor=cast.sylvie, at=now()
    )
    certificate = x509.load_der_x509_certificate(seal.certificate)
    assert name(certificate, NameOID.COMMON_NAME) == ("Cachet — " + "Groupement " * 12).encode()[:64].decode()
    assert len(name(certificate, NameOID.ORGANIZATION_NAME)) == 64


def test_a_cut_never_breaks_a_character(cast: Cast) -> None:
    at = now()
    token = pki.issue_for_one_signature(
        organisation_id=cast.hospital, given_name="É" * 40, family_name="x" + "é" * 40, serial_number="1",
        actor=cast.odile, at=at,
    )  # fmt: skip
    certificate = x509.load_der_x509_certificate(token.certificate)
    assert name(certificate, NameOID.GIVEN_NAME) == "É" * 32
    assert name(certificate, NameOID.SURNAME) == "x" + "é" * 31


def test_every_certificate_says_where_to_ask(given: dict[str, x509.Certificate]) -> None:
    authority_id = Authority.objects.get().id
    base = f"http://localhost:8000/pki/{authority_id}"
    for kind in ("patient", "professional", "seal", "unit"):
        parsed = asn1_x509.Certificate.load(given[kind].public_bytes(Encoding.DER))
        assert parsed.ocsp_urls == [f"{base}/ocsp"]
        assert [point.url for point in parsed.crl_distribution_points] == [f"{base}/crl"]
    issuing = asn1_x509.Certificate.load(given["issuing"].public_bytes(Encoding.DER))
    assert issuing.ocsp_urls == []
    assert [point.url for point in issuing.crl_distribution_points] == [f"{base}/root-crl"]


def test_authorities_sign_certificates_and_lists_only(given: dict[str, x509.Certificate]) -> None:
    for kind, depth in (("root", 1), ("issuing", 0)):
        assert value(given[kind], x509.BasicConstraints) == x509.BasicConstraints(ca=True, path_length=depth)
        assert value(given[kind], x509.KeyUsage) == certificates._usage("key_cert_sign", "crl_sign")
    for kind in ("patient", "professional", "seal", "unit", "responder"):
        constraints = given[kind].extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS)
        assert constraints.critical
        assert not constraints.value.ca


def test_a_members_certificate_is_known_as_theirs(given: dict[str, x509.Certificate], cast: Cast) -> None:
    row = Certificate.objects.get(profile=Profile.PROFESSIONAL)
    assert row.holder_id == cast.lebrun.person_id
