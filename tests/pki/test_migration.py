"""The tables of this release under the previous one's code: what it writes and reads still works."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.pki import access, queries
from telesphore.pki import actions as pki
from telesphore.pki.actions import establish
from telesphore.pki.formats import certificates, names
from telesphore.pki.models import Authority
from telesphore.pki.states import Level
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries
from tests.cast import Cast

_INSERT = """
INSERT INTO pki_authority (organisation_id, id, root, root_key_sealed, issuing, issuing_key_sealed, key_id,
                           established_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
"""As the previous release establishes an authority; it knows of no generation."""


def establish_as_before(cast: Cast) -> None:
    at, authority_id = now(), uuid7()
    key_id = vault_queries.organisation_keyset(cast.hospital)
    name = names.subject("Racine locale non qualifiée", organisation=names.UNQUALIFIED)
    root = certificates.make_root(name, at=at, lasts=establish.ROOT_LASTS)
    issuing = certificates.make_issuing(name, certificates.new_key(), root, at=at, lasts=establish.ISSUING_LASTS)

    def sealed(pair: certificates.Pair, which: str) -> bytes:
        place = f"pki:authority:{authority_id}:{which}"
        return vault.seal_text(organisation_id=cast.hospital, key_id=key_id, text=pair.key_pem(), context=place)

    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [cast.hospital, authority_id, root.certificate, sealed(root, "root"), issuing.certificate,
             sealed(issuing, "issuing"), key_id, at],
        )  # fmt: skip


def test_an_authority_of_the_previous_release_issues_publishes_and_is_renewed(cast: Cast) -> None:
    establish_as_before(cast)
    at = now()
    seal = pki.organisation_seal(organisation_id=cast.hospital, organisation_name="C", actor=cast.sylvie, at=at)
    data = pki.revocation_data(
        chain=(seal.certificate, *seal.chain), organisation_id=cast.hospital, actor=cast.sylvie, at=at
    )
    # Its lists were never made: they are, when first needed.
    assert (len(data.ocsps), len(data.crls)) == (1, 1)
    pki.maintain(actor=cast.sylvie, at=at)
    assert queries.published_list(Authority.objects.get().id, Level.ISSUING) is not None
    pki.renew(organisation_id=cast.hospital, actor=cast.sylvie, at=at)
    assert [one.generation for one in access.generations(cast.hospital)] == [2, 1]


def test_the_previous_release_still_makes_one_authority_only(committed_cast: Cast) -> None:
    barrier = threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait()
            establish_as_before(committed_cast)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Authority.objects.count() == 1


def test_the_previous_release_reads_and_seals_beside_the_next_generation(cast: Cast) -> None:
    at = now()
    pki.establish_authority(organisation_id=cast.hospital, actor=cast.sylvie, at=at)
    pki.renew(organisation_id=cast.hospital, actor=cast.sylvie, at=at)
    # It takes the first one, by the order of keys, and finds its issuing key as it left it.
    first = Authority.objects.filter(organisation_id=cast.hospital).first()
    assert first is not None
    assert first.generation == 1
    assert access.issuing_pair(first).key


@pytest.mark.parametrize("profile", ["seal", "unit", "responder"])
def test_a_certificate_whose_key_is_here_is_kept_with_it(cast: Cast, profile: str) -> None:
    authority_id = pki.establish_authority(organisation_id=cast.hospital, actor=cast.sylvie, at=now())
    with (
        pytest.raises(IntegrityError, match="certificate_content_kept_exactly"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO pki_certificate (organisation_id, id, authority_id, profile, serial_number, sha256, "
            "issued_at, expires_at) VALUES (%s, %s, %s, %s, '1', '', now(), now())",
            [cast.hospital, uuid7(), authority_id, profile],
        )
