"""Authorities, units and lists through the years: renewed before they end, never twice at once, kept after crashes."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from django.db import IntegrityError, connection

from telesphore.ades.algorithms import Digest
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.pki import access, queries
from telesphore.pki import actions as pki
from telesphore.pki.errors import (
    AuthorityEnded,
    CertificateNotYet,
    CertificateOver,
    CertificateRevoked,
    ClockWentBack,
    RevokedAlready,
    TimestampUnavailable,
)
from telesphore.pki.models import Authority, Certificate, Revocation, RevocationList, TimestampCounter
from telesphore.pki.ports import revocation_source, timestamper
from telesphore.pki.states import Level, Profile, Reason, Standing
from tests.cast import Cast

DAY = timedelta(days=1)


def seal_of(cast: Cast, at: datetime) -> pki.IssuedToken:
    return pki.organisation_seal(
        organisation_id=cast.hospital, organisation_name="Centre hospitalier", actor=cast.sylvie, at=at
    )


def serial_of(certificate: bytes) -> str:
    return f"{x509.load_der_x509_certificate(certificate).serial_number:x}"


def revoke(cast: Cast, certificate: bytes, at: datetime) -> None:
    pki.revoke_certificate(
        organisation_id=cast.hospital, serial_number=serial_of(certificate), reason=Reason.SUPERSEDED,
        actor=cast.sylvie, at=at,
    )  # fmt: skip


def stamp(cast: Cast, at: datetime) -> Any:
    token = timestamper.get().stamp(bytes(32), Digest.SHA256, organisation_id=cast.hospital, at=at)
    return cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed


def at_once(count: int, work: Callable[[], object]) -> list[BaseException]:
    """Run it in as many threads, each with a connection of its own; what each raised."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        try:
            barrier.wait()
            work()
        except BaseException as failure:  # noqa: BLE001 - the test looks at each.
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


# Generations


def test_the_next_authority_issues_and_the_one_before_still_answers(cast: Cast) -> None:
    at = now()
    before = seal_of(cast, at)
    pki.renew(organisation_id=cast.hospital, actor=cast.sylvie, at=at)
    after = seal_of(cast, at)
    assert after.certificate != before.certificate
    assert after.chain[0] != before.chain[0]
    assert after.chain[1] == before.chain[1]
    for token in (before, after):
        data = revocation_source.get().fetch((token.certificate, *token.chain), organisation_id=cast.hospital, at=at)
        assert (len(data.ocsps), len(data.crls)) == (1, 1)
    revoke(cast, before.certificate, at)
    first, second = Authority.objects.order_by("generation")
    assert len(queries.revoked_by(first, Level.ISSUING)) == 1
    assert queries.revoked_by(second, Level.ISSUING) == []


def test_a_root_that_ends_soon_is_replaced_and_both_are_trusted(cast: Cast) -> None:
    at = now()
    first = seal_of(cast, at)
    later = at + 13 * 365 * DAY
    pki.renew(organisation_id=cast.hospital, actor=cast.sylvie, at=later)
    second = seal_of(cast, later)
    assert queries.trust_anchors(cast.hospital) == [first.chain[1], second.chain[1]]
    assert len(set(queries.all_trust_anchors())) == 2


def test_an_authority_that_has_expired_issues_nothing(cast: Cast) -> None:
    at = now()
    seal_of(cast, at)
    with pytest.raises(AuthorityEnded):
        seal_of(cast, at + 15 * 365 * DAY + DAY)


def test_a_seal_near_its_authoritys_end_is_not_made_anew_at_each_use(cast: Cast) -> None:
    at = now()
    seal_of(cast, at)
    late = at + 15 * 365 * DAY - 5 * DAY
    assert seal_of(cast, late).certificate == seal_of(cast, late + DAY).certificate


def test_of_renewals_at_once_one_makes_the_next_generation(committed_cast: Cast) -> None:
    at = now()
    seal_of(committed_cast, at)
    made = []

    def renew() -> None:
        made.append(pki.renew(organisation_id=committed_cast.hospital, actor=committed_cast.sylvie, at=at))

    assert at_once(4, renew) == []
    generations = set(Authority.objects.values_list("generation", flat=True))
    # Those that began before the first had committed found it made; one that came later made one more.
    assert generations == set(range(1, len(generations) + 1))
    assert len(set(made)) == len(generations) - 1
    assert Event.objects.filter(action="pki:authority:establish", outcome="done").count() == len(generations)


# The time


def test_units_serial_numbers_rise_and_never_repeat(committed_cast: Cast) -> None:
    at = now()
    numbers: list[int] = []
    stamp(committed_cast, at)
    assert at_once(6, lambda: numbers.append(stamp(committed_cast, at)["serial_number"].native)) == []
    assert len(set(numbers)) == 6
    following = [stamp(committed_cast, at)["serial_number"].native for _ in range(3)]
    assert following == sorted(following)
    assert following[0] > max(numbers)
    assert all(number < 2**159 for number in following)
    assert Certificate.objects.filter(profile=Profile.UNIT).count() == 1


def test_of_first_stamps_at_once_one_makes_the_unit(committed_cast: Cast) -> None:
    at = now()
    pki.establish_authority(organisation_id=committed_cast.hospital, actor=committed_cast.sylvie, at=at)
    assert at_once(4, lambda: stamp(committed_cast, at)) == []
    assert Certificate.objects.filter(profile=Profile.UNIT).count() == 1
    assert TimestampCounter.objects.get().made == 4


def test_a_clock_that_went_back_stamps_nothing(cast: Cast) -> None:
    at = now()
    stamp(cast, at)
    # Two machines may differ by minutes.
    stamp(cast, at - timedelta(minutes=4))
    with pytest.raises(ClockWentBack):
        stamp(cast, at - timedelta(minutes=6))
    stamp(cast, at + timedelta(seconds=1))


def test_a_stamp_says_policy_accuracy_and_time(cast: Cast) -> None:
    at = now()
    info = stamp(cast, at)
    assert info["policy"].native.startswith("2.25.")
    assert info["accuracy"]["seconds"].native == 1
    assert info["gen_time"].native == at


def test_a_units_key_is_used_for_two_years_and_its_stamps_hold_for_three_more(cast: Cast) -> None:
    at = now()
    stamp(cast, at)
    stamp(cast, at + 729 * DAY)
    assert Certificate.objects.filter(profile=Profile.UNIT).count() == 1
    stamp(cast, at + 731 * DAY)
    ends = Certificate.objects.filter(profile=Profile.UNIT).latest("expires_at").expires_at
    assert ends > at + (731 + 1825 - 1) * DAY
    assert Certificate.objects.filter(profile=Profile.UNIT).count() == 2


def test_a_unit_that_was_revoked_stamps_no_more(cast: Cast) -> None:
    at = now()
    stamp(cast, at)
    first = Certificate.objects.get(profile=Profile.UNIT)
    assert first.content is not None
    revoke(cast, bytes(first.content), at)
    stamp(cast, at)
    assert Certificate.objects.filter(profile=Profile.UNIT).count() == 2


# Upkeep


def maintained(at: datetime) -> int:
    return pki.maintain(actor=Actor.system(), at=at)


def test_the_worker_makes_lists_long_before_they_end_and_not_before(cast: Cast) -> None:
    at = now()
    seal_of(cast, at)
    first = RevocationList.objects.filter(level=Level.ISSUING).get()
    assert maintained(at + DAY) == 0
    assert RevocationList.objects.filter(level=Level.ISSUING).count() == 1
    assert maintained(at + 4 * DAY) == 0
    second = RevocationList.objects.filter(level=Level.ISSUING).latest("number")
    assert second.number > first.number
    assert second.made_at < first.next_update - 2 * DAY
    maintained(at + 100 * DAY)
    assert RevocationList.objects.filter(level=Level.ROOT).count() == 2


def test_the_worker_renews_the_responder_and_the_unit_before_they_are_needed(cast: Cast) -> None:
    at = now()
    token = seal_of(cast, at)
    maintained(at)
    assert not Certificate.objects.filter(profile__in=[Profile.UNIT, Profile.RESPONDER]).exists()
    stamp(cast, at)
    revocation_source.get().fetch((token.certificate, *token.chain), organisation_id=cast.hospital, at=at)
    maintained(at + 61 * DAY)
    assert Certificate.objects.filter(profile=Profile.RESPONDER).count() == 2
    maintained(at + 705 * DAY)
    assert Certificate.objects.filter(profile=Profile.UNIT).count() == 2
    maintained(at + 705 * DAY)
    assert Certificate.objects.filter(profile=Profile.UNIT).count() == 2


def test_the_worker_renews_the_seal_a_month_before_its_end_under_its_own_name(cast: Cast) -> None:
    at = now()
    first = seal_of(cast, at)
    maintained(at + 690 * DAY)
    assert Certificate.objects.filter(profile=Profile.SEAL).count() == 1
    maintained(at + 710 * DAY)
    assert Certificate.objects.filter(profile=Profile.SEAL).count() == 2
    second = seal_of(cast, at + 711 * DAY)
    assert second.certificate != first.certificate
    names = {x509.load_der_x509_certificate(one.certificate).subject for one in (first, second)}
    assert len(names) == 1


def test_the_worker_makes_no_seal_in_the_place_of_a_revoked_one(cast: Cast) -> None:
    at = now()
    revoke(cast, seal_of(cast, at).certificate, at)
    maintained(at)
    assert Certificate.objects.filter(profile=Profile.SEAL).count() == 1


def test_a_process_that_dies_after_it_made_an_authority_leaves_its_lists_to_the_worker(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**_: object) -> None:
        raise KeyboardInterrupt

    at = now()
    with monkeypatch.context() as patched:
        patched.setattr("telesphore.pki.actions.establish.publish_due_lists", die)
        with pytest.raises(KeyboardInterrupt):
            seal_of(committed_cast, at)
    assert Authority.objects.count() == 1
    assert not RevocationList.objects.exists()
    assert maintained(at) == 0
    assert sorted(RevocationList.objects.values_list("level", flat=True)) == ["issuing", "root"]


def test_a_process_that_dies_between_the_list_and_the_removal_keeps_the_root_key(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, secret = now(), "a phrase of some length"
    seal_of(committed_cast, at)
    content = pki.export_root_key(
        organisation_id=committed_cast.hospital, passphrase=secret, actor=committed_cast.sylvie, at=at
    )

    def remove() -> datetime:
        return pki.remove_root_key(
            organisation_id=committed_cast.hospital, exported=content, passphrase=secret, actor=committed_cast.sylvie,
            at=at,
        )  # fmt: skip

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("telesphore.pki.actions.root_key._remove", die)
        with pytest.raises(KeyboardInterrupt):
            remove()
    assert Authority.objects.get().root_key_sealed is not None
    until = remove()
    assert Authority.objects.get().root_key_sealed is None
    root_list = RevocationList.objects.filter(level=Level.ROOT).latest("number")
    assert root_list.next_update == until


def test_what_fails_for_one_organisation_does_not_stop_the_others(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    at = now()
    seal_of(cast, at)
    pki.establish_authority(organisation_id=cast.elsewhere, actor=cast.cherif, at=at)
    broken = Authority.objects.order_by("organisation_id").first()
    assert broken is not None
    Authority.objects.filter(organisation_id=broken.organisation_id).update(issuing_key_sealed=b"damaged")
    assert maintained(at + 4 * DAY) == 1
    assert RevocationList.objects.filter(level=Level.ISSUING).count() == 3


def test_of_lists_made_at_once_one_is_taken(committed_cast: Cast) -> None:
    at = now()
    token = seal_of(committed_cast, at)
    authority = Authority.objects.get()
    Revocation.objects.create(
        organisation_id=authority.organisation_id, authority_id=authority.id, reason=Reason.SUPERSEDED, at=at,
        certificate_id=Certificate.objects.get(serial_number=serial_of(token.certificate)).id,
    )  # fmt: skip

    def publish() -> None:
        pki.publish_list(
            organisation_id=authority.organisation_id, authority_id=authority.id, level=Level.ISSUING,
            actor=Actor.system(), at=at,
        )  # fmt: skip

    assert at_once(4, publish) == []
    numbers = list(RevocationList.objects.filter(level=Level.ISSUING).values_list("number", "entries"))
    assert sorted(entries for _, entries in numbers) == [0, 1]


# Revocation


def test_of_revocations_at_once_one_stands_and_the_list_names_it_once(committed_cast: Cast) -> None:
    at = now()
    token = seal_of(committed_cast, at)
    failures = at_once(3, lambda: revoke(committed_cast, token.certificate, at))
    assert [type(failure) for failure in failures] == [RevokedAlready, RevokedAlready]
    crl = x509.load_der_x509_crl(bytes(RevocationList.objects.filter(level=Level.ISSUING).latest("number").content))
    assert len(list(crl)) == 1
    assert Event.objects.filter(action="pki:certificate:revoke", outcome="done").count() == 1


def test_no_revocation_without_its_event(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    at = now()
    token = seal_of(cast, at)

    def fail(*_: object, **__: object) -> None:
        raise IntegrityError("the trail is full")

    monkeypatch.setattr("telesphore.pki.actions.revoke.audit.record", fail)
    with pytest.raises(IntegrityError):
        revoke(cast, token.certificate, at)
    assert not Revocation.objects.exists()


def test_a_process_that_dies_after_a_revocation_leaves_the_list_to_the_worker(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    at = now()
    token = seal_of(committed_cast, at)

    def die(**_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("telesphore.pki.actions.revoke.publish_list", die)
        with pytest.raises(KeyboardInterrupt):
            revoke(committed_cast, token.certificate, at)
    # OCSP tells at once, from the row.
    status = queries.certificate_status(token.certificate, organisation_id=committed_cast.hospital, at=at)
    assert status.standing is Standing.REVOKED
    job = ProcrastinateJob.objects.get(task_name="pki:publish-list")
    from telesphore.pki.actions.revoke import publish_list_later

    for _ in range(2):
        publish_list_later(**job.args)
    lists = RevocationList.objects.filter(level=Level.ISSUING).order_by("number")
    assert [one.entries for one in lists] == [0, 1]


def test_a_revocation_can_be_neither_changed_nor_taken_back(committed_cast: Cast) -> None:
    from django.db import ProgrammingError

    at = now()
    revoke(committed_cast, seal_of(committed_cast, at).certificate, at)
    with pytest.raises(ProgrammingError):
        Revocation.objects.all().delete()
    with pytest.raises(ProgrammingError):
        Revocation.objects.update(at=at + DAY)
    with pytest.raises(ProgrammingError):
        RevocationList.objects.all().delete()


# How certificates stand


def test_a_seal_is_made_anew_once_it_is_revoked(cast: Cast) -> None:
    at = now()
    first = seal_of(cast, at)
    revoke(cast, first.certificate, at)
    assert seal_of(cast, at).certificate != first.certificate


def test_standing_is_told_at_every_time(cast: Cast) -> None:
    at = now()
    certificate = seal_of(cast, at).certificate

    def standing(when: datetime) -> Standing:
        return queries.certificate_status(certificate, organisation_id=cast.hospital, at=when).standing

    assert standing(at - DAY) is Standing.NOT_YET
    assert standing(at) is Standing.GOOD
    assert standing(at + 3 * 365 * DAY) is Standing.EXPIRED
    revoke(cast, certificate, at + DAY)
    assert standing(at) is Standing.GOOD
    assert standing(at + DAY) is Standing.REVOKED
    elsewhere = queries.certificate_status(certificate, organisation_id=cast.elsewhere, at=at + 2 * DAY)
    assert elsewhere.standing is Standing.FOREIGN


def test_signing_is_refused_with_the_date(cast: Cast, english: None) -> None:
    at = datetime(2027, 3, 4, 12, tzinfo=now().tzinfo)
    certificate = seal_of(cast, at).certificate

    def check(when: datetime) -> None:
        queries.check_may_sign(certificate, organisation_id=cast.hospital, at=when)

    check(at)
    with pytest.raises(CertificateNotYet, match="March 4, 2027"):
        check(at - DAY)
    with pytest.raises(CertificateOver, match="March 3, 2029"):
        check(at + 3 * 365 * DAY)
    revoke(cast, certificate, at + DAY)
    with pytest.raises(CertificateRevoked, match="March 5, 2027"):
        check(at + 2 * DAY)


def test_all_that_a_revoked_authority_gave_falls_with_it(cast: Cast) -> None:
    at = now()
    certificate = seal_of(cast, at).certificate
    pki.revoke_authority(
        organisation_id=cast.hospital, authority_id=Authority.objects.get().id, reason=Reason.AUTHORITY_COMPROMISE,
        actor=cast.sylvie, at=at,
    )  # fmt: skip
    with pytest.raises(CertificateRevoked):
        queries.check_may_sign(certificate, organisation_id=cast.hospital, at=at)
    with pytest.raises(TimestampUnavailable):
        stamp(cast, at)
    pki.renew(organisation_id=cast.hospital, actor=cast.sylvie, at=at)
    stamp(cast, at)


# What a batch costs


def test_a_seal_opened_once_signs_many_times_without_the_vault(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    unseal = access.unseal

    def counted(*arguments: Any) -> Any:
        opened.append(arguments[-1])
        return unseal(*arguments)

    monkeypatch.setattr(access, "unseal", counted)
    at = now()
    seal_of(cast, at)
    opened.clear()
    token = seal_of(cast, at)
    for number in range(500):
        token.sign(b"report %d" % number)
    assert len(opened) == 1
    opened.clear()
    pki.issue_for_one_signature(
        organisation_id=cast.hospital, given_name="Odile", family_name="Marchetti", serial_number="1",
        actor=cast.odile, at=at,
    )  # fmt: skip
    # The issuing key, and not the root's.
    assert [str(place).rpartition(":")[2] for place in opened] == ["issuing"]
