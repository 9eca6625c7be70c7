"""Algorithms as DER names them, and the dated table that says how long they hold."""

import json
from datetime import UTC, date, datetime

import pytest
from asn1crypto import algos
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from telesphore.ades.algorithms import (
    TS_119_312,
    Algorithm,
    AlgorithmPolicy,
    Digest,
    Scheme,
    algorithm_for,
    check,
    key_of,
    sign_with,
)
from telesphore.ades.errors import (
    BadPolicy,
    NotDer,
    SignatureDoesNotMatch,
    UnknownAlgorithm,
    UnknownKeyType,
    WeakAlgorithm,
)
from tests.certificates import Key, TestAuthority

ROOT = TestAuthority()
RSA = rsa.generate_private_key(65537, 2048)
EVERY = [
    *[(RSA, digest, pss) for digest in Digest for pss in (False, True)],
    *[(ec.generate_private_key(ec.SECP256R1()), digest, False) for digest in Digest],
    *[(ec.generate_private_key(ec.SECP384R1()), digest, False) for digest in Digest if digest.size >= 48],
    (ed25519.Ed25519PrivateKey.generate(), Digest.SHA512, False),
]


@pytest.mark.parametrize(("key", "digest", "pss"), EVERY)
def test_what_a_key_signs_its_certificate_verifies_and_nothing_else(key: Key, digest: Digest, pss: bool) -> None:
    certificate = ROOT.issue("Anne LEBRUN", key.public_key())
    algorithm = algorithm_for(certificate, digest=digest, pss=pss)
    signature = sign_with(key, algorithm, b"what was read")
    check(certificate, algorithm, b"what was read", signature)
    for wrong in ((b"what was reaD", signature), (b"what was read", signature[:-1]), (b"what was read", b"")):
        with pytest.raises(SignatureDoesNotMatch):
            check(certificate, algorithm, *wrong)
    for other in {Algorithm(scheme, Digest.SHA512) for scheme in Scheme} - {algorithm}:
        with pytest.raises(SignatureDoesNotMatch):
            check(certificate, other, b"what was read", signature)


@pytest.mark.parametrize(("key", "digest", "pss"), EVERY)
def test_der_names_an_algorithm_and_reads_it_back(key: Key, digest: Digest, pss: bool) -> None:
    algorithm = algorithm_for(ROOT.issue("Anne LEBRUN", key.public_key()), digest=digest, pss=pss)
    assert Algorithm.from_identifiers(algorithm.identifier, algorithm.digest_identifier) == algorithm
    assert Algorithm.from_identifiers(algorithm.identifier) == algorithm
    assert algos.DigestAlgorithm.load(algorithm.digest_identifier, strict=True)["algorithm"].native == digest.value
    read = algos.SignedDigestAlgorithm.load(algorithm.identifier, strict=True)
    if not (algorithm.scheme is Scheme.RSA_PKCS1 and "sha3" in digest.value):  # That library does not know these.
        names = {Scheme.RSA_PKCS1: "rsassa_pkcs1v15", Scheme.RSA_PSS: "rsassa_pss"}
        assert read.signature_algo == names.get(algorithm.scheme, algorithm.scheme.value)
    if algorithm.scheme is Scheme.RSA_PSS:
        assert read["parameters"]["salt_length"].native == digest.size
        assert read.hash_algo == digest.value


def test_each_key_has_the_digest_that_fits_it() -> None:
    fitting = {
        rsa.generate_private_key(65537, 2048): "rsa-pkcs1-sha256",
        ec.generate_private_key(ec.SECP256R1()): "ecdsa-sha256",
        ec.generate_private_key(ec.SECP384R1()): "ecdsa-sha384",
        ed25519.Ed25519PrivateKey.generate(): "ed25519-sha512",
    }
    for key, name in fitting.items():
        assert str(algorithm_for(ROOT.issue("Anne LEBRUN", key.public_key()))) == name


def test_weak_keys_and_foreign_ones_are_refused() -> None:
    for key in (
        rsa.generate_private_key(65537, 1024),
        rsa.generate_private_key(3, 2048),
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed448.Ed448PrivateKey.generate(),
    ):
        with pytest.raises(UnknownKeyType):
            algorithm_for(ROOT.issue("Anne LEBRUN", key.public_key()))
    with pytest.raises(UnknownKeyType):
        algorithm_for(b"no certificate")
    with pytest.raises(WeakAlgorithm):
        algorithm_for(
            ROOT.issue("Anne LEBRUN", ec.generate_private_key(ec.SECP384R1()).public_key()), digest=Digest.SHA256
        )
    with pytest.raises(WeakAlgorithm):
        algorithm_for(
            ROOT.issue("Anne LEBRUN", ed25519.Ed25519PrivateKey.generate().public_key()), digest=Digest.SHA256
        )


@pytest.mark.parametrize("name", ["sha1_rsa", "md5_rsa", "sha1_ecdsa", "sha224_rsa", "sha256_dsa", "rsassa_pss"])
def test_broken_and_unknown_algorithms_are_refused_by_name(name: str) -> None:
    identifier = algos.SignedDigestAlgorithm({"algorithm": name}).dump()
    with pytest.raises(UnknownAlgorithm):
        Algorithm.from_identifiers(identifier)
    with pytest.raises(UnknownAlgorithm):
        Algorithm.from_identifiers(identifier, Digest.SHA256.identifier)


def test_a_signature_and_a_digest_that_disagree_are_refused() -> None:
    with pytest.raises(UnknownAlgorithm):
        Algorithm.from_identifiers(Algorithm(Scheme.ECDSA, Digest.SHA384).identifier, Digest.SHA256.identifier)
    with pytest.raises(UnknownAlgorithm):
        Algorithm.from_identifiers(Algorithm(Scheme.ED25519, Digest.SHA512).identifier, Digest.SHA256.identifier)


def test_a_bare_key_type_takes_the_digest_beside_it() -> None:
    bare = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"}).dump()
    assert Algorithm.from_identifiers(bare, Digest.SHA384.identifier) == Algorithm(Scheme.RSA_PKCS1, Digest.SHA384)
    with pytest.raises(UnknownAlgorithm):
        Algorithm.from_identifiers(bare)


def test_the_table_knows_when_small_rsa_keys_end() -> None:
    before, after = datetime(2028, 12, 31, 23, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    assert TS_119_312.key_holds("rsa", 2048, before)
    assert not TS_119_312.key_holds("rsa", 2048, after)
    assert TS_119_312.key_holds("rsa", 3072, after)
    assert not TS_119_312.key_holds("rsa", 1024, before)
    assert not TS_119_312.digest_holds("sha1", before)
    certificate = ROOT.issue("Anne LEBRUN", RSA.public_key())
    assert key_of(certificate) == ("rsa", 2048)
    TS_119_312.check_signing(certificate, algorithm_for(certificate), before)
    with pytest.raises(WeakAlgorithm):
        TS_119_312.check_signing(certificate, algorithm_for(certificate), after)


TABLE = """
name = "Hospital's own, January 2031"
[digests]
sha256 = 2038-01-01
sha512 = "never"
sha3_256 = "no-end"
[keys]
rsa = [[3000, "2035-01-01"], [4000, "no-end"]]
"""


def test_the_table_is_amended_by_a_file() -> None:
    amended = AlgorithmPolicy.parse(TABLE, amends=TS_119_312)
    assert amended.name == "Hospital's own, January 2031"
    assert amended.digests["sha256"] == date(2038, 1, 1)
    assert "sha512" not in amended.digests
    assert amended.digests["sha384"] is None
    assert amended.keys["rsa"] == ((3000, date(2035, 1, 1)), (4000, None))
    assert amended.keys["ec"] == TS_119_312.keys["ec"]
    assert set(AlgorithmPolicy.parse(TABLE).digests) == {"sha256", "sha3_256"}
    as_json = json.dumps({"name": "x", "digests": {"sha256": "2038-01-01"}, "keys": {"ec": [[256, "no-end"]]}})
    assert AlgorithmPolicy.parse(as_json).keys == {"ec": ((256, None),)}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[", "TOML nor JSON"),
        ("{", "TOML nor JSON"),
        ("", "name"),
        ("name = 3", "name"),
        ("name = 'x'\nother = 1", "the table"),
        ("name = 'x'\n[digests]\nmd5 = 'no-end'", "digests"),
        ("name = 'x'\n[digests]\nsha1 = 2040-01-01", "digests"),
        ("name = 'x'\n[digests]\nsha256 = 'soon'", "digests.sha256"),
        ("name = 'x'\n[digests]\nsha256 = 2031-01-01T00:00:00Z", "digests.sha256"),
        ("name = 'x'\ndigests = []", "digests"),
        ("name = 'x'\n[keys]\ndsa = [[2048, 'no-end']]", "keys"),
        ("name = 'x'\n[keys]\nrsa = 2048", "keys.rsa"),
        ("name = 'x'\n[keys]\nrsa = [[3000, 'no-end'], [2048, 'no-end']]", "keys.rsa"),
        ("name = 'x'\n[keys]\nrsa = [[3000, 'no-end', 2]]", "keys.rsa"),
        ("name = 'x'\n[keys]\nrsa = [[true, 'no-end']]", "keys.rsa"),
    ],
)
def test_a_table_that_can_not_be_read_says_where(text: str, named: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        AlgorithmPolicy.parse(text, amends=TS_119_312)
    assert named in str(refused.value)


def test_nothing_malformed_is_taken_for_an_algorithm() -> None:
    good = Algorithm(Scheme.RSA_PSS, Digest.SHA256).identifier
    for cut in range(len(good)):
        for bad in (good[:cut], good[:cut] + b"\xff" + good[cut + 1 :]):
            with pytest.raises((UnknownAlgorithm, NotDer)):
                Algorithm.from_identifiers(bad, Digest.SHA384.identifier)
