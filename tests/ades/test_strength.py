"""When a proof weakens: the first of its certificates and algorithms decides."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from bench.world import Authority, TimestampUnit, ec_key, rsa_key

from telesphore.ades.algorithms import TS_119_312, AlgorithmPolicy, Digest
from telesphore.ades.strength import (
    FAR,
    NEVER,
    Cause,
    UnreadableProof,
    digest_end,
    key_end,
    last_proof,
    lasting_digest,
    strength_of,
)
from tests.papers import one_page

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
EVER = AlgorithmPolicy(
    "no end", dict.fromkeys((d.value for d in Digest), None), {"rsa": ((2048, None),), "ec": ((256, None),)}
)


@cache
def token(*, unit_years: int = 3, authority_years: int = 10) -> bytes:
    authority = Authority("Autorité", ec_key(), "sha384", AT - YEAR, AT + authority_years * YEAR)
    # Asked for a longer life than its authority's, it gets the authority's end; so the unit outlives no one.
    unit = TimestampUnit(authority, "Horodatage", rsa_key(), "sha256", AT, AT + unit_years * YEAR)
    return unit.stamp(Digest.SHA512.of(b"document"), "sha512", AT)


def test_a_timestamp_stands_until_its_certificate_ends() -> None:
    strength = strength_of(token(), EVER)
    assert (strength.weakens_at, strength.cause, strength.what) == (AT + 3 * YEAR, Cause.CERTIFICATE, "Horodatage")
    assert (strength.authority, strength.unit, strength.proved_at) == ("Autorité", "Horodatage", AT)
    assert strength.timestamped
    assert len(strength.certificates) == 2


@pytest.mark.parametrize(
    ("digests", "keys", "cause", "what"),
    [
        ({"sha256": date(2028, 1, 1)}, {}, Cause.DIGEST, "sha256"),
        ({"sha512": date(2028, 1, 1)}, {}, Cause.DIGEST, "sha512"),
        ({}, {"rsa": ((2048, date(2028, 1, 1)),)}, Cause.KEY, "rsa 2048"),
        ({}, {"ec": ((256, date(2028, 1, 1)),)}, Cause.KEY, "ec 384"),
    ],
)
def test_an_algorithm_that_ends_earlier_decides(digests: dict, keys: dict, cause: Cause, what: str) -> None:
    policy = replace(EVER, digests={**EVER.digests, **digests}, keys={**EVER.keys, **keys})
    strength = strength_of(token(), policy)
    assert (strength.weakens_at, strength.cause, strength.what) == (datetime(2028, 1, 1, tzinfo=UTC), cause, what)


def test_the_digest_of_an_anchors_own_signature_does_not_count() -> None:
    policy = replace(EVER, digests={**EVER.digests, "sha384": date(2020, 1, 1)})
    assert strength_of(token(), policy).what == "sha384", "it signed the unit's certificate"
    alone = Authority("Seule", ec_key(), "sha384", AT, AT + YEAR)
    unit = TimestampUnit(alone, "Horodatage", rsa_key(), "sha256", AT, AT + YEAR)
    alone.digest = "sha256"
    unit.certificate = alone.issue("Horodatage", unit.key, AT, AT + YEAR, timestamping=True)
    assert strength_of(unit.stamp(b"\0" * 32, "sha256", AT), policy).cause is Cause.CERTIFICATE


def test_what_a_table_does_not_name_never_held() -> None:
    policy = AlgorithmPolicy("poor", {"sha256": None}, {})
    assert strength_of(token(), policy).weakens_at == NEVER
    assert digest_end(policy, "sha1") == NEVER
    assert key_end(policy, "rsa", 2048) == NEVER
    assert key_end(TS_119_312, "rsa", 4096) == FAR


def test_an_authority_that_ends_first_decides() -> None:
    strength = strength_of(token(unit_years=20, authority_years=10), EVER)
    assert strength.weakens_at == AT + 10 * YEAR


def test_foreign_bytes_are_refused_by_name() -> None:
    for foreign in (b"", b"junk", token()[:200], b"\x30\x00"):
        with pytest.raises(UnreadableProof):
            strength_of(foreign, EVER)
    for pdf in (b"junk", one_page()):
        with pytest.raises(UnreadableProof):
            last_proof(pdf)


def test_new_proofs_are_made_with_a_digest_that_lasts() -> None:
    assert lasting_digest(EVER, AT + 20 * YEAR) is Digest.SHA256
    weak = replace(EVER, digests={**EVER.digests, "sha256": date(2030, 1, 1), "sha384": date(2031, 1, 1)})
    assert lasting_digest(weak, AT) is Digest.SHA256
    assert lasting_digest(weak, AT + 10 * YEAR) is Digest.SHA512
    all_end = replace(EVER, digests={"sha256": date(2030, 1, 1), "sha384": date(2031, 1, 1)})
    assert lasting_digest(all_end, AT + 10 * YEAR) is Digest.SHA384
