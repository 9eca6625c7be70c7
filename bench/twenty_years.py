"""Twenty years of proofs, in minutes: do signed documents stay provable while all around them changes?

Time moves by quarters, with an injected clock; nothing waits. A time-stamping certificate lives three years; the CA
above the units is replaced twice; one authority disappears, one has its unit compromised and revoked; SHA-256 is
declared weak in year 12 and RSA-2048 in year 15, both announced three years before. Documents are renewed by the
guardian's own code (`ades.strength`, `ades.renewal`, `ades.evidence_records`), some in their files, some by evidence
records. Every year each is judged by ours and, in files, by pyHanko, as of that day; and a document whose renewal was
skipped on purpose must be caught.

One limit that the run shows and does not hide: a compromised unit takes with it what only its stamps carry. What was
renewed by another authority before stands.
"""

import argparse
import asyncio
import io
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import pikepdf
from asn1crypto import ocsp, x509
from bench import frame
from bench.world import NEVER, Authority, Key, TimestampUnit, ec_key, rsa_key, sign
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.utils import CMSAlgorithmUsagePolicy
from pyhanko_certvalidator import context
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv import ades_past, poe, types
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import (
    REQUIRE_REVINFO,
    AlgorithmUsageConstraint,
    CertRevTrustPolicy,
    NonRevokedStatusAssertion,
)
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import OCSPContainer

from telesphore.ades import evidence_records as records
from telesphore.ades.algorithms import AlgorithmPolicy, Digest, algorithm_for
from telesphore.ades.errors import NoLongerProof
from telesphore.ades.evidence_records import ArchiveTimestamp, EvidenceRecord
from telesphore.ades.fields import SignatureField
from telesphore.ades.hash_trees import HashTree
from telesphore.ades.lasting import complete_document_timestamp, seals
from telesphore.ades.renewal import LASTING, check_outlasts, complete_renewal, due_at, prepare_renewal
from telesphore.ades.signing import complete, prepare
from telesphore.ades.strength import digest_end, last_proof, lasting_digest, strength_of
from telesphore.ades.verdict.result import Conclusion
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate

START = 2027
MARGIN = timedelta(days=180)
QUARTERS = (2, 5, 8, 11)
DISAPPEARS, COMPROMISED, SHA256_ENDS, RSA2048_ENDS, ANNOUNCED = 5, 2, 12, 15, 3
"""Years after the start; a table is amended `ANNOUNCED` years before what it says."""


def year(number: float) -> datetime:
    """The first day of a year of the simulation."""
    return datetime(START + int(number), 1, 1, tzinfo=UTC)


def policy_at(at: datetime) -> AlgorithmPolicy:
    """The dated table, as it stands on that day."""
    digests: dict[str, date | None] = dict.fromkeys((digest.value for digest in Digest), None)
    small: date | None = None
    if at >= year(SHA256_ENDS - ANNOUNCED):
        digests["sha256"] = year(SHA256_ENDS).date()
    if at >= year(RSA2048_ENDS - ANNOUNCED):
        small = year(RSA2048_ENDS).date()
    return AlgorithmPolicy("simulated", digests, {"rsa": ((2048, small), (3000, None)), "ec": ((256, None),)})


class DatedPolicy(CMSAlgorithmUsagePolicy):
    """The same table, for pyHanko."""

    def __init__(self, policy: AlgorithmPolicy) -> None:
        self._policy = policy

    def _constraint(self, end: date | None, known: bool, moment: datetime | None) -> AlgorithmUsageConstraint:
        if not known:
            return AlgorithmUsageConstraint(allowed=False)
        until = datetime(end.year, end.month, end.day, tzinfo=UTC) if end else None
        if until is not None and moment is not None and moment >= until:
            return AlgorithmUsageConstraint(allowed=False, not_allowed_after=until)
        return AlgorithmUsageConstraint(allowed=True, not_allowed_after=until)

    def digest_algorithm_allowed(self, algo: Any, moment: datetime | None) -> AlgorithmUsageConstraint:
        name = algo["algorithm"].native
        return self._constraint(self._policy.digests.get(name), name in self._policy.digests, moment)

    def signature_algorithm_allowed(
        self, algo: Any, moment: datetime | None, public_key: Any
    ) -> AlgorithmUsageConstraint:
        if public_key is not None and public_key.algorithm in ("rsa", "ec"):
            fitting = [end for least, end in self._policy.keys[public_key.algorithm] if public_key.bit_size >= least]
            found = self._constraint(fitting[-1] if fitting else None, bool(fitting), moment)
            if not found.allowed:
                return found
        try:
            name = algo.hash_algo
        except ValueError:
            return AlgorithmUsageConstraint(allowed=True)
        return self._constraint(self._policy.digests.get(name), name in self._policy.digests, moment)


@dataclass
class TimeService:
    """Who gives the time: authorities by spans, a new unit every year, certificates of three years."""

    name: str
    authorities: Sequence[tuple[float, Authority]]
    """From which year on each CA is used."""
    until: float = 100
    """The year in which it disappears."""
    stamps_until: datetime = NEVER
    units: dict[int, TimestampUnit] = field(default_factory=dict)

    def authority_at(self, at: datetime) -> Authority:
        return [authority for since, authority in self.authorities if at >= year(since)][-1]

    def there(self, at: datetime) -> bool:
        return at < year(self.until)

    def unit(self, at: datetime) -> TimestampUnit:
        number = at.year - START
        if number not in self.units:
            # Stronger material is used as soon as an end is announced.
            digest = "sha256" if number < SHA256_ENDS - ANNOUNCED else "sha512"
            key: Key = rsa_key(2048) if number < RSA2048_ENDS - ANNOUNCED else ec_key()
            since = year(number)
            self.units[number] = TimestampUnit(
                self.authority_at(at), f"{self.name}, unité {at.year}", key, digest, since, since + timedelta(days=1096)
            )
        return self.units[number]

    def answer(self, certificate: bytes, at: datetime) -> Evidence | None:
        """Whether one of its units holds (OCSP); None for another's, and once it has disappeared."""
        unit = next((unit for unit in self.units.values() if unit.certificate == certificate), None)
        return None if unit is None or not self.there(at) else unit.authority.answer(certificate, at)


@dataclass
class Paper:
    """A signed document and how its proof is kept."""

    name: str
    file: bytes
    made: int
    skipped: bool = False
    record: EvidenceRecord | None = None
    known: dict[bytes, None] = field(default_factory=dict)
    """OCSP answers kept beside the file with its record."""
    renewals: int = 0

    def proof(self) -> bytes:
        """The timestamp that carries it."""
        return self.record.chains[-1][-1].token if self.record else last_proof(self.file)

    def unit(self) -> bytes:
        """The certificate of the unit that gave it."""
        return strength_of(self.proof(), policy_at(year(0))).certificates[0]


class World:
    """Everything outside of the platform."""

    def __init__(self) -> None:
        def ca(name: str, key: Key, digest: str, since: float, until: float) -> Authority:
            return Authority(name, key, digest, year(since) - timedelta(days=400), year(until))

        self.people = ca("Professionnels", ec_key(), "sha512", 0, 60)
        south = [
            (0.0, ca("Sud, première", rsa_key(2048), "sha256", 0, 11)),
            (7.0, ca("Sud, deuxième", ec_key(), "sha512", 7, 18)),
            (14.0, ca("Sud, troisième", ec_key(), "sha512", 14, 40)),
        ]
        self.south = TimeService("Sud", south)
        self.north = TimeService("Nord", [(0.0, ca("Nord", rsa_key(2048), "sha256", 0, 30))], until=DISAPPEARS)
        self.west = TimeService("Ouest", [(0.0, ca("Ouest", rsa_key(2048), "sha256", 0, 30))])
        self.services = (self.north, self.south, self.west)
        self.stamps = 0
        self.signers: set[bytes] = set()

    def stamp(self, imprint: bytes, digest: Digest, at: datetime, service: TimeService | None = None) -> bytes:
        """By the one asked for, or by the first that is there: the north until it disappears, then the south."""
        chosen = service or next(one for one in (self.north, self.south) if at < one.stamps_until)
        self.stamps += 1
        return chosen.unit(at).stamp(imprint, digest.value, at)

    def anchors(self) -> list[bytes]:
        return [self.people.certificate, *(ca.certificate for one in self.services for _, ca in one.authorities)]

    def evidence(self, at: datetime, *certificates: bytes) -> Evidence:
        """What can be known on that day of these signers and units."""
        found = [service.answer(one, at) for service in self.services for one in certificates]
        found += [self.people.answer(one, at) for one in certificates if one in self.signers]
        known = [one for one in found if one is not None]
        return Evidence(
            certificates=[*self.anchors(), *(one for answer in known for one in answer.certificates)],
            ocsps=[one for answer in known for one in answer.ocsps],
        )

    def of_today(self, paper: "Paper", at: datetime) -> Evidence:
        """What who validates the file on that day can ask of the units that have not expired."""
        units = [token.certificate for seal in seals(paper.file) for token in seal.tokens if token.certificate]
        units += [paper.unit()]
        return self.evidence(
            at, *(one for one in dict.fromkeys(units) if load_der_x509_certificate(one).not_valid_after_utc > at)
        )

    def unanswered(self, paper: "Paper", at: datetime) -> list[NonRevokedStatusAssertion]:
        """Of the units in a file that have not expired, those whose authority is gone: pyHanko asks of them how they
        stand today, though a later timestamp carries theirs, and nobody is there to answer. Who validates says so."""
        gone = [unit.certificate for one in self.services if not one.there(at) for unit in one.units.values()]
        units = {token.certificate for seal in seals(paper.file) for token in seal.tokens}
        return [NonRevokedStatusAssertion(sha256(one).digest(), at) for one in gone if one in units]

    def paper(self, name: str, at: datetime, *, service: TimeService | None = None) -> Paper:
        """A new document: signed, stamped, with what validates it, stamped again: B-LTA."""
        number = at.year - START
        digest = Digest.SHA256 if number < SHA256_ENDS - ANNOUNCED else Digest.SHA512
        key: Key = rsa_key(2048) if number < RSA2048_ENDS - ANNOUNCED else ec_key()
        certificate = self.people.issue(f"Dr {name}", key, at - timedelta(days=1), at + timedelta(days=365))
        self.signers.add(certificate)
        blank = pikepdf.new()
        blank.add_blank_page()
        out = io.BytesIO()
        blank.save(out)
        algorithm = algorithm_for(certificate, digest=digest)
        prepared = prepare(
            out.getvalue(), field=SignatureField("Signature1", 0, None), certificate=certificate,
            chain=[self.people.certificate], appearance=None, signed_at=at, certify=True, algorithm=algorithm,
            policy=policy_at(at),
        )  # fmt: skip
        signature = sign(key, prepared.to_be_signed, digest.value)
        token = self.stamp(digest.of(signature), digest, at, service)
        signed = complete(prepared, signature, timestamp=token)
        moment = at + timedelta(minutes=5)
        unit = strength_of(token, policy_at(at)).certificates[0]
        evidence = self.evidence(moment, certificate, unit)
        ready = prepare_renewal(signed, evidence, policy=policy_at(at), at=moment).timestamp
        token = self.stamp(ready.imprint, ready.digest, moment, service)
        return Paper(name, complete_document_timestamp(ready, token), number)


@dataclass
class Guardian:
    """What the guardian does in a turn, with its own functions; where its rows are is the difference."""

    world: World
    in_files: list[Paper]
    in_records: list[Paper]
    leaving: set[str] = field(default_factory=set)
    """Names of CAs that announced their end, or are no longer trusted: what hangs on them is due at once."""
    refused: int = 0
    seconds: float = 0

    def turn(self, at: datetime) -> dict[str, int]:
        """Renew what is due; how many by each means, and the timestamps that it took."""
        before, started = self.world.stamps, time.perf_counter()
        files = sum(self._renew_file(paper, at) for paper in self.in_files if self._due(paper, at))
        found = [paper for paper in self.in_records if self._due(paper, at)]
        documents = self._renew_records(found, at) if found else 0
        self.seconds += time.perf_counter() - started
        return {"in_files": files, "by_records": documents, "stamps": self.world.stamps - before}

    def _due(self, paper: Paper, at: datetime) -> bool:
        strength = strength_of(paper.proof(), policy_at(at))
        # Looked at from when the stamp was given, as the guardian's row was written then.
        assert strength.proved_at is not None
        due = due_at(strength.weakens_at, timestamped=True, margin=MARGIN, at=strength.proved_at)
        return not paper.skipped and (due <= at or strength.authority in self.leaving)

    def _renew_file(self, paper: Paper, at: datetime) -> bool:
        policy = policy_at(at)
        evidence = self.world.evidence(at, paper.unit())
        prepared = prepare_renewal(paper.file, evidence, policy=policy, at=at)
        token = self.world.stamp(prepared.timestamp.imprint, prepared.timestamp.digest, at)
        try:
            paper.file = complete_renewal(prepared, token, policy=policy)
        except NoLongerProof:
            self.refused += 1
            return False
        paper.renewals += 1
        return True

    def _renew_records(self, found: Sequence[Paper], at: datetime) -> int:
        policy = policy_at(at)
        weak = {digest for digest in Digest if digest_end(policy, digest.value) <= at + 2 * MARGIN}
        batches: dict[Digest, list[Paper]] = {}
        for paper in found:
            used = paper.record.chains[-1][0].digest if paper.record else None
            batches.setdefault(used if used and used not in weak else lasting_digest(policy, at + LASTING), []).append(
                paper
            )
        for digest, papers in batches.items():
            groups = []
            answers: dict[bytes, Sequence[bytes]] = {}
            for paper in papers:
                unit = paper.unit()
                # Asked once for each unit, so that what one timestamp carried stays one leaf.
                beside = answers.setdefault(unit, self.world.evidence(at, unit).ocsps)
                paper.known |= dict.fromkeys(beside)
                if paper.record and paper.record.chains[-1][0].digest is digest:
                    groups.append(records.group_of_timestamp(digest, paper.proof(), beside))
                elif paper.record:
                    groups.append(records.group_of_renewal(digest, [paper.file, *beside], paper.record.chains))
                else:
                    groups.append(records.group_of(digest, [paper.file, *beside]))
            # What one timestamp carried already is one leaf.
            leaves = list(dict.fromkeys(groups))
            tree = HashTree.grow(digest, leaves)
            token = self.world.stamp(tree.root, digest, at)
            try:
                for paper in papers:
                    check_outlasts(strength_of(token, policy), strength_of(paper.proof(), policy))
            except NoLongerProof:
                self.refused += len(papers)
                continue
            for paper, group in zip(papers, groups, strict=True):
                stamped = ArchiveTimestamp.of(tree, leaves.index(group), token)
                if paper.record is None:
                    paper.record = EvidenceRecord(((stamped,),))
                elif paper.record.chains[-1][0].digest is digest:
                    paper.record = paper.record.with_timestamp(stamped)
                else:
                    paper.record = paper.record.with_chain(stamped)
                paper.renewals += 1
        return len(found)


def ours(world: World, paper: Paper, at: datetime) -> tuple[bool, str]:
    """Whether `ades.verdict` finds the document valid on that day, and what it says."""
    trust = Trust(anchors=[Anchor(one) for one in world.anchors()], policy=policy_at(at))
    today = world.of_today(paper, at)
    evidence = Evidence(
        certificates=today.certificates,
        ocsps=[*paper.known, *today.ocsps],
        records=[paper.record.dump()] if paper.record else [],
    )
    verdict = validate(paper.file, trust=trust, at=at, evidence=evidence, compare_pages=False)
    said = "; ".join(map(str, verdict.findings)) or verdict.signatures[0].level.value
    return verdict.conclusion in (Conclusion.VALID, Conclusion.WARNING), said


@contextmanager
def clock(at: datetime) -> Iterator[None]:
    """Where pyHanko reads the machine's clock itself, it reads this time."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # Never a `Stopped`, always aware.
            return at.astimezone(tz or UTC)

    modules = (ades, context, ades_past, poe, types)
    for module in modules:
        module.datetime = Stopped
    try:
        yield
    finally:
        for module in modules:
            module.datetime = datetime


def pyhanko(world: World, paper: Paper, at: datetime) -> tuple[bool, str]:
    """Whether pyHanko finds it valid on that day (EN 319 102-1 §5.6.3), revocation data required."""
    policy = DatedPolicy(policy_at(at))
    anchors = [x509.Certificate.load(one) for one in world.anchors()]
    specification = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(anchors),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
        algorithm_usage_policy=policy,
    )
    answers = [
        container
        for one in world.of_today(paper, at).ocsps
        for container in OCSPContainer.load_multi(ocsp.OCSPResponse.load(one))
    ]
    spec = SignatureValidationSpec(
        cert_validation_policy=specification,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=LocalKnowledge(
            known_ocsps=answers, known_certs=anchors, nonrevoked_assertions=world.unanswered(paper, at)
        ),
        signature_algorithm_policy=policy,
    )
    embedded = PdfFileReader(io.BytesIO(paper.file)).embedded_regular_signatures[0]
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True)
    with clock(at):
        result = asyncio.run(ades_lta_validation(embedded, PdfSignatureValidationSpec(spec), timing_info=timing))
    return str(result.ades_subindic) == "AdESPassed.OK", str(result.ades_subindic)


def simulate(
    *, years: int, each: int, every: int, say: Callable[[str], None], others: Callable[[int], bool] = lambda _: True
) -> dict[str, Any]:
    """Run it.

    Args:
        each: documents of the first year by each means.
        every: after so many years, one more by each means is made.
        others: in which years pyHanko is asked too.
    """
    world = World()
    start = year(0) + timedelta(days=20)
    services = [world.north, world.south, world.west]
    made = [world.paper(f"fichier {n}", start, service=services[n % 3]) for n in range(each)]
    tallied = [world.paper(f"preuve {n}", start, service=services[n % 3]) for n in range(each)]
    skipped = world.paper("oublié", start)
    skipped.skipped = True
    hanging: Paper | None = None
    guardian = Guardian(world, made, tallied)
    lines: list[dict[str, Any]] = []
    for number in range(years):
        renewed = {"in_files": 0, "by_records": 0, "stamps": 0}
        started = time.perf_counter()
        if number and number % every == 0:
            at = year(number) + timedelta(days=20)
            made.append(world.paper(f"fichier de {at.year}", at))
            tallied.append(world.paper(f"preuve de {at.year}", at))
        if number == COMPROMISED:
            # Stamped by the unit that will be revoked, and by no other: what no guardian can save.
            hanging = world.paper("suspendu", year(number) + timedelta(days=40), service=world.west)
        for month in QUARTERS:
            if (number, month) == (DISAPPEARS - 1, QUARTERS[-1]):
                # It says so some weeks before, as it must (EN 319 401 §7.12): it still answers, and stamps no more.
                guardian.leaving.add(world.north.authorities[0][1].name)
                world.north.stamps_until = year(number)
            for what, count in guardian.turn(datetime(START + number, month, 15, tzinfo=UTC)).items():
                renewed[what] += count
        if number == COMPROMISED:
            # Its first unit has not expired yet; what it stamped was renewed by another authority three days before.
            for unit in world.west.units.values():
                unit.authority.revoke(unit.certificate, datetime(START + number, 8, 18, tzinfo=UTC))
        at = datetime(START + number, 12, 20, tzinfo=UTC)
        verdicts = {
            "ours_in_files": [ours(world, paper, at) for paper in made],
            "pyhanko_in_files": [pyhanko(world, paper, at) for paper in made if others(number)],
            "ours_by_records": [ours(world, paper, at) for paper in tallied],
        }
        line: dict[str, Any] = {
            "year": number,
            "documents": len(made) + len(tallied),
            "renewed": renewed,
            **{name: {"valid": sum(ok for ok, _ in found), "of": len(found)} for name, found in verdicts.items()},
            "wrong": sorted({f"{name}: {said}" for name, found in verdicts.items() for ok, said in found if not ok}),
            "skipped_ours": ours(world, skipped, at),
            "skipped_pyhanko": pyhanko(world, skipped, at) if others(number) else None,
            "hanging_ours": ours(world, hanging, at) if hanging else None,
            "seconds": round(time.perf_counter() - started, 2),
        }
        lines.append(line)
        say(f"{at.year}: {line}")
    weakens = strength_of(last_proof(skipped.file), policy_at(year(0))).weakens_at
    return {
        "years": lines,
        "stamps": world.stamps,
        "renewals": sum(paper.renewals for paper in made + tallied),
        "refused": guardian.refused,
        "guardian_seconds": round(guardian.seconds, 2),
        "largest_file": max(len(paper.file) for paper in made),
        "largest_record": max(len(paper.record.dump()) for paper in tallied if paper.record),
        "chains": max(len(paper.record.chains) for paper in tallied if paper.record),
        "skipped_weakens": weakens.date().isoformat(),
    }


def caught(results: dict[str, Any]) -> bool:
    """The document that was skipped is valid until its stamp weakens, and never after, in ours and in pyHanko."""
    lines = results["years"]
    ends = date.fromisoformat(results["skipped_weakens"]).year - START
    judged = [(line["year"], line[name]) for line in lines for name in ("skipped_ours", "skipped_pyhanko")]
    return all(found[0] is (number < ends) for number, found in judged if found is not None)


def main() -> None:
    """Print the object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="few documents, every year")
    parser.add_argument("--documents", type=int, default=10, help="of each means in the first year")
    parser.add_argument("--verbose", action="store_true", help="say each year on stderr")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)

    def say(line: str) -> None:
        if chosen.verbose:
            print(line, file=sys.stderr)

    results = simulate(years=21, each=3 if chosen.short else chosen.documents, every=7 if chosen.short else 1, say=say)
    judged = {
        name: sum(line[name]["of"] - line[name]["valid"] for line in results["years"])
        for name in ("ours_in_files", "pyhanko_in_files", "ours_by_records")
    }
    frame.report(
        "twenty_years",
        results,
        [frame.aim(f"not valid: {name}", count, "verdicts", 0, "<=") for name, count in judged.items()]
        + [frame.aim("the skipped document is caught", float(caught(results)), "", 1, ">=")],
    )


if __name__ == "__main__":
    main()
