"""The guardian of retention: every sealed document is watched, renewed in time, and told of when it can't be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from django.db import IntegrityError, connections, transaction

from telesphore.ades import evidence_records as records
from telesphore.ades import lasting
from telesphore.ades.algorithms import Digest
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.outbox.models import Notice
from telesphore.signature import queries
from telesphore.signature.actions import renew, warn, watch
from telesphore.signature.errors import EnvelopeNotFound, NoEvidenceRecord
from telesphore.signature.models import Proof, ProofLeaf, ProofTree
from telesphore.signature.states import PROOF_TRANSITIONS, ProofMeans, ProofState
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries
from tests.cast import Cast
from tests.signature.circuits import ODILE, sent
from tests.signature.guard import POLICY, YEAR, Clockwork, completed, guarded, identifiers_of, weak_from

GUARDIAN = Actor.system(client="the guardian")


def file_of(cast: Cast, envelope_id: UUID) -> bytes:
    revision = queries.last_revision(organisation_id=cast.hospital, envelope_id=envelope_id)
    return vault_queries.read_blob(organisation_id=cast.hospital, blob_id=revision.blob_id, limit=2**24)


def record_of(cast: Cast, envelope_id: UUID) -> bytes:
    return queries.evidence_of(organisation_id=cast.hospital, envelope_id=envelope_id).records[0]


def proof_of(envelope_id: UUID) -> Proof:
    return Proof.objects.get(envelope_id=envelope_id)


def test_a_completed_document_is_watched_once_and_due_at_once_without_a_timestamp(cast: Cast) -> None:
    with guarded(Clockwork()):
        envelope_id = completed(cast)
        actor = Actor.system(cast.hospital)
        for _ in range(2):
            watch.watch(envelope_id=envelope_id, actor=actor, at=now())
    proof = proof_of(envelope_id)
    assert proof.state == ProofState.DUE
    assert not proof.timestamped
    assert proof.weakens_at > now() + YEAR, "the seal's certificate stands for years"
    assert Event.objects.filter(action="signature:proof:watch", subject_id=envelope_id).count() == 1


def test_an_envelope_under_way_is_not_watched(cast: Cast) -> None:
    with guarded(Clockwork()):
        envelope_id = sent(cast, [ODILE])
        with pytest.raises(EnvelopeNotFound):
            watch.watch(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
        assert watch.watch_some(actor=GUARDIAN, at=now(), most=10).watched == 0


def test_envelopes_of_before_the_guardian_are_watched_in_bounded_batches(cast: Cast) -> None:
    with guarded(Clockwork()):
        for _ in range(3):
            completed(cast)
        assert [watch.watch_some(actor=GUARDIAN, at=now(), most=2).watched for _ in range(3)] == [2, 1, 0]


def test_one_timestamp_carries_all_documents_and_each_has_its_record(cast: Cast) -> None:
    clockwork = Clockwork()
    with guarded(clockwork):
        envelopes = [completed(cast) for _ in range(3)]
        at = now()
        turn = renew.renew_due(actor=GUARDIAN, at=at)
        assert (turn.watched, turn.renewed, turn.left, turn.failures) == (3, 3, 0, {})
        assert clockwork.stamps == 1
        for envelope_id in envelopes:
            evidence = queries.evidence_of(organisation_id=cast.hospital, envelope_id=envelope_id)
            facts = records.verify(evidence.records[0], [file_of(cast, envelope_id)], beside=evidence.crls)
            assert facts.proved_at == at.replace(microsecond=0)
            assert facts.complete
            assert facts.beside == (facts.proved_at,), "what validates the seal was timestamped with the document"
            proof = proof_of(envelope_id)
            assert (proof.state, proof.renewals, proof.timestamped) == (ProofState.STANDING, 1, True)
            assert proof.due_at == proof.weakens_at - timedelta(days=180)
            assert evidence.certificates
    assert Event.objects.filter(action="signature:proof:gather", outcome="done").count() == 1


def test_renewals_go_on_for_twenty_years_at_the_cost_of_one_leaf_for_each_tree(cast: Cast) -> None:
    clockwork = Clockwork()
    with guarded(clockwork, batch=2):
        envelopes = [completed(cast) for _ in range(3)]
        at = now()
        for _ in range(2):
            renew.renew_due(actor=GUARDIAN, at=at)
        assert ProofTree.objects.count() == 2
        end = at + 20 * YEAR
        while at < end:
            at += timedelta(days=60)
            renew.renew_due(actor=GUARDIAN, at=at)
            standing = queries.standing(organisation_id=cast.hospital)
            assert standing.counts[ProofState.STANDING] == 3, (at, standing)
        for envelope_id in envelopes:
            facts = records.verify(record_of(cast, envelope_id), [file_of(cast, envelope_id)])
            assert facts.proved_at.year == now().year
            assert facts.steps[-1].time > end - 3 * YEAR
            for step in facts.steps[:-1]:
                assert step.needed_at is not None
                assert step.needed_at - step.time < 3 * YEAR
        assert ProofLeaf.objects.exclude(covers_id=None).exists()
        assert clockwork.stamps < 2 * 20


def test_a_digest_that_weakens_begins_a_new_chain_over_the_documents(cast: Cast) -> None:
    clockwork = Clockwork()
    with guarded(clockwork):
        envelopes = [completed(cast) for _ in range(2)]
        at = now()
        renew.renew_due(actor=GUARDIAN, at=at)
    weak = weak_from(POLICY, "sha256", at + YEAR)
    with guarded(clockwork, policy=weak):
        later = at + timedelta(days=100)
        assert renew.renew_due(actor=GUARDIAN, at=later).renewed == 0, "amended, but not due yet"
        assert {proof.cause for proof in Proof.objects.all()} == {"digest"}
        later = at + timedelta(days=200)
        assert renew.renew_due(actor=GUARDIAN, at=later).renewed == 2
        again = proof_of(envelopes[0]).due_at + timedelta(days=1)
        assert renew.renew_due(actor=GUARDIAN, at=again).renewed == 2
        for envelope_id in envelopes:
            steps = records.verify(record_of(cast, envelope_id), [file_of(cast, envelope_id)]).steps
            assert [(step.chain, step.digest) for step in steps] == [
                (0, Digest.SHA256), (1, Digest.SHA384), (1, Digest.SHA384)
            ]  # fmt: skip
            first = steps[0].digest_needed_at
            assert first is not None
            assert first < at + YEAR


def test_an_amended_table_that_ends_later_gives_the_proof_its_time_back(cast: Cast) -> None:
    clockwork, at = Clockwork(), now()
    with guarded(clockwork, policy=weak_from(POLICY, "sha384", at + timedelta(days=30))):
        completed(cast)
        renew.renew_due(actor=GUARDIAN, at=at)
        renew.renew_due(actor=GUARDIAN, at=at + timedelta(days=31))
        assert queries.standing().counts[ProofState.WEAKENED] == 1
    with guarded(clockwork):
        renew.renew_due(actor=GUARDIAN, at=at + timedelta(days=32))
        assert queries.standing().counts[ProofState.STANDING] == 1


def test_a_proof_that_was_not_renewed_is_weakened_and_stays_so(cast: Cast) -> None:
    clockwork = Clockwork()
    with guarded(clockwork):
        completed(cast)
        at = now()
        renew.renew_due(actor=GUARDIAN, at=at)
        turn = renew.renew_due(actor=GUARDIAN, at=at + 4 * YEAR)
        assert (turn.weakened, turn.renewed) == (1, 0)
        assert queries.standing().troubled == 1
        assert renew.renew_due(actor=GUARDIAN, at=at + 5 * YEAR).renewed == 0


def test_when_no_authority_answers_it_is_shouted_and_tried_again(cast: Cast) -> None:
    clockwork = Clockwork(away=True)
    with guarded(clockwork):
        for _ in range(2):
            completed(cast)
        at = now()
        turn = renew.renew_due(actor=GUARDIAN, at=at)
        assert turn.failures == {"authority-away": 2}
        assert {(p.state, p.failure, p.tries) for p in Proof.objects.all()} == {("failing", "authority-away", 1)}
        assert queries.standing(organisation_id=cast.hospital).failures == {"authority-away": 2}
        clockwork.away = False
        assert renew.renew_due(actor=GUARDIAN, at=at + timedelta(hours=1)).renewed == 2
        assert {(p.state, p.failure, p.tries) for p in Proof.objects.all()} == {("standing", "", 0)}
    assert Event.objects.filter(action="signature:proof:gather", outcome="refused").count() == 1


def test_a_timestamp_that_does_not_outlast_the_one_in_place_is_not_taken(cast: Cast) -> None:
    clockwork = Clockwork(life=2 * YEAR)
    with guarded(clockwork):
        completed(cast)
        at = now()
        renew.renew_due(actor=GUARDIAN, at=at)
        due = Proof.objects.get().due_at + timedelta(days=1)
        clockwork.units[due.year] = clockwork.units[at.year]
        assert renew.renew_due(actor=GUARDIAN, at=due).failures == {"no-longer-proof": 1}
        del clockwork.units[due.year]
        assert renew.renew_due(actor=GUARDIAN, at=due + timedelta(days=1)).renewed == 1


def test_one_damaged_document_does_not_keep_the_others_from_their_renewal(cast: Cast) -> None:
    from telesphore.vault import ports as vault_ports

    clockwork = Clockwork()
    with guarded(clockwork):
        envelopes = [completed(cast) for _ in range(5)]
        watch.watch_some(actor=GUARDIAN, at=now(), most=10)
        revision = queries.last_revision(organisation_id=cast.hospital, envelope_id=envelopes[2])
        vault_ports.store.get().delete(vault_queries.stored_name(cast.hospital, revision.blob_id))
        turn = renew.renew_due(actor=GUARDIAN, at=now())
    assert turn.renewed == 4
    assert turn.failures == {"blob-missing": 1}
    assert proof_of(envelopes[2]).state == ProofState.FAILING


def test_an_erased_document_has_no_proof_to_keep(cast: Cast) -> None:
    clockwork = Clockwork()
    with guarded(clockwork):
        envelope_id = completed(cast)
        watch.watch_some(actor=GUARDIAN, at=now(), most=10)
        key_id = proof_of(envelope_id).envelope.key_id
        vault.erase_keyset(
            organisation_id=cast.hospital, key_id=key_id, reason="test", actor=Actor.system(cast.hospital), at=now()
        )
        renew.renew_due(actor=GUARDIAN, at=now())
        assert proof_of(envelope_id).state == ProofState.ERASED
        assert queries.standing().troubled == 0


def test_a_renewal_leaves_nothing_without_its_trace(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from telesphore.signature.actions import gather

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with guarded(Clockwork()):
        completed(cast)
        watch.watch_some(actor=GUARDIAN, at=now(), most=10)
        with monkeypatch.context() as patch:
            patch.setattr(gather.audit, "record", broken)
            with pytest.raises(RuntimeError), transaction.atomic():
                renew.renew_due(actor=GUARDIAN, at=now())
    assert not ProofTree.objects.exists()
    assert Proof.objects.get().state == ProofState.DUE


def test_administrators_are_told_once_a_week(cast: Cast) -> None:
    from telesphore.accounts import actions as accounts
    from telesphore.accounts.states import Role

    person = accounts.add_person(
        email="claire.moreau@montfaucy.example", password=None, family_name="Moreau", given_name="Claire",
        actor=GUARDIAN, at=datetime(2026, 1, 5, tzinfo=UTC),
    )  # fmt: skip
    accounts.grant_role(
        person_id=person, organisation_id=cast.hospital, role=Role.ADMINISTRATOR, actor=GUARDIAN,
        at=datetime(2026, 1, 5, tzinfo=UTC),
    )  # fmt: skip
    with guarded(Clockwork(away=True)):
        completed(cast)
        at = now()
        for hours in range(3):
            renew.renew_due(actor=GUARDIAN, at=at + timedelta(hours=hours))
        assert Notice.objects.filter(kind=warn.KIND).count() == 1
        renew.renew_due(actor=GUARDIAN, at=at + timedelta(days=8))
        assert Notice.objects.filter(kind=warn.KIND).count() == 2


def test_a_document_whose_proof_is_in_its_file_has_no_record(cast: Cast) -> None:
    with guarded(Clockwork()):
        envelope_id = completed(cast)
        with pytest.raises(NoEvidenceRecord):
            queries.evidence_of(organisation_id=cast.hospital, envelope_id=envelope_id)


def test_a_change_of_means_reaches_what_is_watched_already(cast: Cast) -> None:
    with guarded(Clockwork(), means="file"):
        completed(cast)
        watch.watch_some(actor=GUARDIAN, at=now(), most=10)
        assert renew.set_means(means=ProofMeans.RECORD, actor=GUARDIAN, at=now()) == 1
        assert renew.renew_due(actor=GUARDIAN, at=now()).renewed == 1
        assert renew.set_means(means=ProofMeans.FILE, actor=GUARDIAN, at=now()) == 0, "a tree carries it"


def test_the_forecast_counts_both_means(cast: Cast) -> None:
    clockwork = Clockwork()
    with guarded(clockwork):
        assert queries.forecast(at=now()).in_files == 0
        for _ in range(3):
            completed(cast)
        at = now()
        renew.renew_due(actor=GUARDIAN, at=at)
        found = queries.forecast(at=at, organisation_id=cast.hospital)
        assert len(found.years) == 21
        assert sum(line.weakening for line in found.years) == 3
        assert found.in_files == 3 * found.in_records
        # A unit's certificate lives from a New Year for three years; its stamps are renewed half a year before.
        left = found.life - timedelta(days=180)
        assert found.in_records == pytest.approx(20 * YEAR / left, abs=1.5)
        assert [(a.name, a.documents, a.due_within_a_year) for a in found.authorities] == [("Autorité du temps", 3, 0)]
        assert queries.forecast(at=at, organisation_id=cast.elsewhere).standing.total == 0


def test_every_state_can_be_reached_and_none_is_left_that_does_not_lead_on() -> None:
    reached = {state for following in PROOF_TRANSITIONS.values() for state in following}
    assert set(PROOF_TRANSITIONS) == set(ProofState)
    assert reached == set(ProofState)


def test_a_tree_cannot_be_changed_nor_renewed_twice(cast: Cast) -> None:
    with guarded(Clockwork()):
        completed(cast)
        renew.renew_due(actor=GUARDIAN, at=now())
    tree = ProofTree.objects.get()
    for place in (1, 2):
        leaf = ProofLeaf(organisation_id=cast.hospital, tree_id=tree.id, place=place, covers_id=tree.id)
        if place == 1:
            leaf.save(force_insert=True)
            continue
        with pytest.raises(IntegrityError), transaction.atomic():
            leaf.save(force_insert=True)
    assert replace(POLICY, name="another").fingerprint == POLICY.fingerprint


def test_a_renewal_in_the_file_adds_a_revision_that_the_record_then_gives(cast: Cast) -> None:
    from telesphore.records import actions as record_actions
    from telesphore.records import queries as record_queries
    from telesphore.signature.actions import results

    clockwork = Clockwork()
    with guarded(clockwork, means="file"):
        envelope_id = completed(cast)
        system = Actor.system(cast.hospital)
        results.file_results(envelope_id=envelope_id, actor=system, at=now())
        sealed = file_of(cast, envelope_id)
        at = now()
        assert renew.renew_due(actor=GUARDIAN, at=at).renewed == 1
        first = file_of(cast, envelope_id)
        assert first.startswith(sealed)
        proof = proof_of(envelope_id)
        assert (proof.state, proof.timestamped, proof.authority) == ("standing", True, "Autorité du temps")
        later = proof.due_at + timedelta(days=1)
        with identifiers_of(later):
            assert renew.renew_due(actor=GUARDIAN, at=later).renewed == 1
        second = file_of(cast, envelope_id)
        assert second.startswith(first)
        assert lasting.validation_data(second).crls, "what validates the first timestamp is in the file"
        for _ in range(2):
            results.file_renewed(envelope_id=envelope_id, actor=system, at=later)
    document_id = record_queries.results_of(organisation_id=cast.hospital, source_id=envelope_id)["signed"]
    opened = record_actions.open_document(document_id=document_id, purpose="TREAT", actor=cast.lebrun, at=now())
    assert opened.pdf == second
    view = record_queries.document(document_id=document_id, actor=cast.lebrun, at=now())
    assert view.extended_at == later
    assert view.sha256 != view.first_sha256
    assert Event.objects.filter(action="signature:proof:renew", outcome="done").count() == 2
    assert Event.objects.filter(action="records:document:extend").count() == 1


def test_a_renewal_that_finds_another_file_changes_nothing(cast: Cast) -> None:
    from telesphore.signature.actions import extend

    class Meddling(Clockwork):
        def stamp(self, imprint: bytes, digest: Digest, *, organisation_id: UUID, at: datetime) -> bytes:
            if not self.stamps:
                self.stamps += 1
                extend.extend(proof_id=proof_of(envelope_id).id, actor=Actor.system(cast.hospital), at=at)
            return super().stamp(imprint, digest, organisation_id=organisation_id, at=at)

    with guarded(Meddling(), means="file"):
        envelope_id = completed(cast)
        turn = renew.renew_due(actor=GUARDIAN, at=now())
    assert turn.failures == {"proof-changed-meanwhile": 1}
    assert proof_of(envelope_id).renewals == 1
    assert proof_of(envelope_id).state == ProofState.STANDING


def test_what_hangs_on_an_authority_that_leaves_is_renewed_at_once_by_another(cast: Cast) -> None:
    clockwork = Clockwork()
    with guarded(clockwork):
        completed(cast)
        at = now()
        renew.renew_due(actor=GUARDIAN, at=at)
        assert renew.hasten(authority="another", actor=GUARDIAN, at=at) == 0
        assert renew.hasten(authority="Autorité du temps", actor=GUARDIAN, at=at) == 1
        soon = at + timedelta(hours=1)
        assert renew.renew_due(actor=GUARDIAN, at=soon).failures == {"no-longer-proof": 1}, "the same again is no help"
        other = Clockwork()
        other.authority = replace(other.authority, name="Une autre", certificate=b"")
    with guarded(other):
        assert renew.renew_due(actor=GUARDIAN, at=soon).renewed == 1
    assert Proof.objects.get().authority == "Une autre"


def test_two_guardians_at_once_renew_each_document_once(committed_cast: Cast) -> None:
    cast = committed_cast
    clockwork = Clockwork()
    with guarded(clockwork):
        envelopes = [completed(cast) for _ in range(4)]
        watch.watch_some(actor=GUARDIAN, at=now(), most=10)
        both = Barrier(2)
        turns: list[renew.Turn] = []

        def turn() -> None:
            both.wait()
            try:
                turns.append(renew.renew_due(actor=GUARDIAN, at=now()))
            finally:
                connections.close_all()

        workers = [Thread(target=turn) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(turns) == 2
        assert {(proof.state, proof.renewals) for proof in Proof.objects.all()} == {("standing", 1)}
        for envelope_id in envelopes:
            assert records.verify(record_of(cast, envelope_id), [file_of(cast, envelope_id)]).steps
