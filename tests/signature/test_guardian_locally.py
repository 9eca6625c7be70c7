"""The guardian with the platform's own authority: what is sealed at B-LTA stands, is renewed in time, and validates."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from telesphore.ades import evidence_records as records
from telesphore.ades import lasting
from telesphore.ades.strength import strength_of
from telesphore.ades.verdict.result import Conclusion
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.pki import ports as pki_ports
from telesphore.pki import queries as pki
from telesphore.signature import ports, queries
from telesphore.signature.actions import renew, seal, watch
from telesphore.signature.models import Proof
from telesphore.signature.states import ProofState
from telesphore.vault import queries as vault
from tests.cast import Cast
from tests.signature.circuits import ODILE, odile_signs, sent
from tests.signature.guard import POLICY, identifiers_of

GUARDIAN = Actor.system(client="the guardian")


@pytest.mark.parametrize("means", ["file", "record"])
def test_a_document_sealed_by_the_local_authority_stays_valid(cast: Cast, means: str) -> None:
    before = ports.retention._factory
    ports.retention.bind(lambda: ports.Retention(POLICY, timedelta(days=180), means, 100))
    try:
        envelope_id = sent(cast, [ODILE])
        odile_signs(cast, envelope_id)
        seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
        watch.watch_some(actor=GUARDIAN, at=now(), most=10)
        proof = Proof.objects.get()
        assert (proof.state, proof.timestamped) == (ProofState.STANDING, True)
        assert proof.due_at > now() + timedelta(days=2 * 365)
        for _ in range(2):
            at = Proof.objects.get().due_at + timedelta(days=1)
            with identifiers_of(at):
                turn = renew.renew_due(actor=GUARDIAN, at=at)
            assert (turn.renewed, turn.failures) == (1, {})
            _check_valid(cast, envelope_id, means, at + timedelta(days=1))
    finally:
        ports.retention._factory, ports.retention._instance = before, None


def _check_valid(cast: Cast, envelope_id: UUID, means: str, at: datetime) -> None:
    revision = queries.last_revision(organisation_id=cast.hospital, envelope_id=envelope_id)
    file = vault.read_blob(organisation_id=cast.hospital, blob_id=revision.blob_id, limit=2**24)
    kept = NOTHING_MORE
    chains = lasting.chains(file, anchors=pki.trust_anchors(cast.hospital), at=at)
    if means == "record":
        kept = queries.evidence_of(organisation_id=cast.hospital, envelope_id=envelope_id)
        token = records.EvidenceRecord.load(kept.records[0]).chains[-1][-1].token
        chains = (strength_of(token, POLICY).certificates,)
    today = [
        pki_ports.revocation_source.get().fetch(chain, organisation_id=cast.hospital, at=at) for chain in chains[-1:]
    ]
    evidence = Evidence(
        certificates=(*kept.certificates, *(one for data in today for one in data.certificates)),
        ocsps=(*kept.ocsps, *(one for data in today for one in data.ocsps)),
        crls=(*kept.crls, *(one for data in today for one in data.crls)),
        records=kept.records,
    )
    trust = replace(pki.trust(cast.hospital), policy=POLICY)
    verdict = validate(file, trust=trust, at=at, evidence=evidence, compare_pages=False)
    assert verdict.conclusion in (Conclusion.VALID, Conclusion.WARNING), [str(one) for one in verdict.findings]
