"""How long proofs stand: the evidence record of a document, what stands and what doesn't, and the years to come."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import ExtractYear

from telesphore.ades.algorithms import Digest
from telesphore.ades.evidence_records import ArchiveTimestamp, Chain, EvidenceRecord
from telesphore.ades.hash_trees import Group, HashTree
from telesphore.ades.verdict.trust import Evidence
from telesphore.signature import ports
from telesphore.signature.errors import NoEvidenceRecord
from telesphore.signature.models import Proof, ProofLeaf, ProofTree
from telesphore.signature.states import ProofMeans, ProofState

YEARS = 20
"""How far a forecast looks: the time for which a health document must stay provable."""
YEAR = timedelta(days=365.25)
USUAL_LIFE = timedelta(days=3 * 365)
"""Of a timestamp, where none was given yet to tell."""


def chains_of(*, proof: Proof) -> tuple[Chain, ...]:
    """The chains of archive timestamps (RFC 4998) that carry a document; none while its proof is in its file only.

    Two queries for each renewal, and a tree grown again: some milliseconds.
    """
    organisation_id = proof.organisation_id
    first = list(
        ProofLeaf.objects.filter(organisation_id=organisation_id, proof_id=proof.id)
        .select_related("tree")
        .order_by("chain")
    )
    chains = []
    for number, leaf in enumerate(first):
        ends_at = first[number + 1].after_id if number + 1 < len(first) else None
        chain = [_archive_timestamp(leaf)]
        tree_id = leaf.tree_id
        while tree_id != ends_at:
            renewing = ProofLeaf.objects.filter(organisation_id=organisation_id, covers_id=tree_id)
            following = renewing.select_related("tree").first()
            if following is None:
                break
            chain.append(_archive_timestamp(following))
            tree_id = following.tree_id
        chains.append(tuple(chain))
    return tuple(chains)


def _archive_timestamp(leaf: ProofLeaf) -> ArchiveTimestamp:
    digest = Digest(leaf.tree.digest)
    groups: list[Group] = [(value,) for value in _values(digest, bytes(leaf.tree.leaves))]
    groups[leaf.place] = tuple(_values(digest, bytes(leaf.hashes)))
    return ArchiveTimestamp.of(HashTree.grow(digest, groups), leaf.place, bytes(leaf.tree.token))


def _values(digest: Digest, joined: bytes) -> list[bytes]:
    return [joined[start : start + digest.size] for start in range(0, len(joined), digest.size)]


def evidence_of(*, organisation_id: UUID, envelope_id: UUID) -> Evidence:
    """What a validation needs beside the file of an envelope: its evidence record, and what was known of those who
    gave the timestamps when each was renewed. The caller has decided that the file may be seen.

    Raises:
        NoEvidenceRecord: its proof is in its file.
    """
    proof = Proof.objects.filter(organisation_id=organisation_id, envelope_id=envelope_id).first()
    chains = chains_of(proof=proof) if proof else ()
    if not chains:
        raise NoEvidenceRecord
    tokens = [stamp.token for chain in chains for stamp in chain]
    trees = ProofTree.objects.filter(organisation_id=organisation_id, token__in=tokens)
    known: dict[str, dict[bytes, None]] = {"certificates": {}, "ocsps": {}, "crls": {}}
    for row in trees:
        for name, ones in json.loads(bytes(row.validation)).items():
            known[name] |= dict.fromkeys(map(base64.b64decode, ones))
    return Evidence(
        certificates=tuple(known["certificates"]),
        ocsps=tuple(known["ocsps"]),
        crls=tuple(known["crls"]),
        records=(EvidenceRecord(chains).dump(),),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How many proofs stand, by state.

    Attributes:
        untimestamped: of those that stand or are due, how many no timestamp carries yet.
        next_due_at: when the next renewal is due; None when nothing is watched.
        failures: code of a refusal → how many proofs met it at their last try.
    """

    counts: dict[str, int]
    untimestamped: int
    next_due_at: datetime | None
    failures: dict[str, int]

    @property
    def total(self) -> int:
        """All that are watched."""
        return sum(self.counts.values())

    @property
    def troubled(self) -> int:
        """Those that someone must look at."""
        return self.counts[ProofState.FAILING] + self.counts[ProofState.WEAKENED]


def standing(*, organisation_id: UUID | None = None) -> Standing:
    """How proofs stand, in an organisation or in all. Three queries."""
    rows = _proofs(organisation_id)
    counts = {state.value: 0 for state in ProofState}
    counts |= dict(rows.order_by().values_list("state").annotate(Count("id")))
    living = rows.filter(state__in=(ProofState.STANDING, ProofState.DUE, ProofState.FAILING))
    told = living.aggregate(due=Min("due_at"), without=Count("id", filter=Q(timestamped=False)))
    troubled = rows.exclude(failure="").order_by().values_list("failure").annotate(Count("id"))
    return Standing(counts, told["without"], told["due"], dict(troubled))


@dataclass(frozen=True, slots=True)
class YearLine:
    """One year of a forecast.

    Attributes:
        weakening: documents whose proof would weaken in it if nothing were renewed.
        due: documents to renew in it, as things stand.
        in_files, in_records: timestamps that all renewals of the year take, by each means.
    """

    year: int
    weakening: int
    due: int
    in_files: int
    in_records: int


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """What would happen if who gave timestamps stopped tomorrow: what they gave stands until `first_weakens_at`; what
    is due within a year needs another authority.

    Attributes:
        timestamped: False for those who signed documents that no timestamp carries yet.
    """

    name: str
    timestamped: bool
    documents: int
    first_weakens_at: datetime
    last_weakens_at: datetime
    due_within_a_year: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The years to come.

    Attributes:
        life: how long a new timestamp is taken to stand: as long as the newest one in place.
        batch: documents under one tree.
    """

    at: datetime
    standing: Standing
    years: tuple[YearLine, ...]
    authorities: tuple[AuthorityLine, ...]
    life: timedelta
    margin: timedelta
    batch: int
    policy: str

    @property
    def in_files(self) -> int:
        """Timestamps over all years, each document renewed in its file."""
        return sum(line.in_files for line in self.years)

    @property
    def in_records(self) -> int:
        """Timestamps over all years, by evidence records."""
        return sum(line.in_records for line in self.years)


def forecast(*, at: datetime, organisation_id: UUID | None = None) -> Forecast:
    """What the next twenty years ask for, in an organisation or in all. A constant number of queries."""
    retention = ports.retention.get()
    rows = _proofs(organisation_id).filter(state__in=(ProofState.STANDING, ProofState.DUE, ProofState.FAILING))
    newest = rows.filter(timestamped=True).order_by("-proved_at").values_list("proved_at", "weakens_at").first()
    life = newest[1] - newest[0] if newest and newest[0] else USUAL_LIFE
    years = _years(
        weakening=dict(rows.order_by().values_list(ExtractYear("weakens_at")).annotate(Count("id"))),
        due=dict(rows.order_by().values_list(ExtractYear("due_at")).annotate(Count("id"))),
        first=at.year,
        every=max(life - min(retention.margin, life / 2), timedelta(days=1)),
        batch=retention.batch,
    )
    soon = at + timedelta(days=365)
    authorities = (
        rows.order_by()
        .values("authority", "timestamped")
        .annotate(
            documents=Count("id"),
            first=Min("weakens_at"),
            last=Max("weakens_at"),
            soon=Count("id", filter=Q(due_at__lt=soon)),
        )
        .order_by("-documents", "authority")
    )
    return Forecast(
        at=at,
        standing=standing(organisation_id=organisation_id),
        years=years,
        authorities=tuple(
            AuthorityLine(
                row["authority"], row["timestamped"], row["documents"], row["first"], row["last"], row["soon"]
            )
            for row in authorities
        ),
        life=life,
        margin=retention.margin,
        batch=retention.batch,
        policy=retention.policy.name,
    )


def _years(
    *, weakening: dict[int, int], due: dict[int, int], first: int, every: timedelta, batch: int
) -> tuple[YearLine, ...]:
    """Each document is renewed when it is due, then again and again; those of one year fall due together again."""
    last = first + YEARS
    in_files = dict.fromkeys(range(first, last + 1), 0)
    in_records = dict.fromkeys(range(first, last + 1), 0)
    for year, documents in sorted(due.items()):
        moment = float(max(year, first))
        trees = ceil(documents / batch)
        while moment <= last:
            in_files[int(moment)] += documents
            in_records[int(moment)] += trees
            # From the second renewal on, the leaves of a tree are the timestamps of earlier trees.
            trees = ceil(trees / batch)
            moment += max(every / YEAR, 1 / 12)
    return tuple(
        YearLine(
            year,
            sum(n for end, n in weakening.items() if max(end, first) == year),
            sum(n for start, n in due.items() if max(start, first) == year),
            in_files[year],
            in_records[year],
        )
        for year in range(first, last + 1)
    )


def _proofs(organisation_id: UUID | None) -> QuerySet[Proof]:
    return Proof.objects.filter(organisation_id=organisation_id) if organisation_id else Proof.objects.all()


def due_in_files(*, organisation_id: UUID, most: int) -> list[Proof]:
    """The proofs of an organisation that are to be renewed in their files now, at most so many: first those that were
    tried the least, then those that weaken first."""
    return list(_due(organisation_id, ProofMeans.FILE)[:most])


def due_by_record(*, organisation_id: UUID, weak: Sequence[Digest], most: int) -> list[Proof]:
    """The proofs of an organisation that evidence records are to renew now.

    At most so many that begin a chain: those that no tree carries, and those of trees that hash with a weak digest.
    Of each other tree, and at most so many, one proof stands for all that it carries.
    """
    rows = _due(organisation_id, ProofMeans.RECORD)
    trees = ProofTree.objects.filter(organisation_id=organisation_id, digest__in=[digest.value for digest in weak])
    begins = Q(tree_id=None) | Q(tree_id__in=trees.values("id"))
    carried = rows.exclude(begins).order_by("tree_id").distinct("tree_id")
    return [*rows.filter(begins)[:most], *carried[:most]]


def _due(organisation_id: UUID, means: ProofMeans) -> QuerySet[Proof]:
    return Proof.objects.filter(
        organisation_id=organisation_id, means=means, state__in=(ProofState.DUE, ProofState.FAILING)
    ).order_by("tries", "weakens_at", "id")
