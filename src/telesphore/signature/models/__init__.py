"""Envelopes, drafts, how long proofs stand; and the shape of what is composed."""

from telesphore.signature.models.bedside import Bedside
from telesphore.signature.models.bulk import BulkRow, BulkSend
from telesphore.signature.models.composition import (
    MOST_DOCUMENTS,
    MOST_FIELDS,
    MOST_PARTIES,
    MOST_STEPS,
    Composition,
    Part,
    Party,
    PlacedField,
    StepPlan,
)
from telesphore.signature.models.digests import Digest
from telesphore.signature.models.drafts import Draft
from telesphore.signature.models.embedding import Embedding, FramingOrigin
from telesphore.signature.models.envelopes import (
    Envelope,
    EnvelopePart,
    Field,
    Prepared,
    Recipient,
    Revision,
    Step,
    Watcher,
)
from telesphore.signature.models.proofs import EARLIEST, LATEST, Proof, ProofLeaf, ProofTree
from telesphore.signature.models.templates import Definition, Paper, Template, TemplateVersion
from telesphore.signature.models.thread import Entry, ThreadReading

__all__ = [
    "EARLIEST",
    "LATEST",
    "MOST_DOCUMENTS",
    "MOST_FIELDS",
    "MOST_PARTIES",
    "MOST_STEPS",
    "Bedside",
    "BulkRow",
    "BulkSend",
    "Composition",
    "Definition",
    "Digest",
    "Draft",
    "Embedding",
    "Entry",
    "Envelope",
    "EnvelopePart",
    "Field",
    "FramingOrigin",
    "Paper",
    "Part",
    "Party",
    "PlacedField",
    "Prepared",
    "Proof",
    "ProofLeaf",
    "ProofTree",
    "Recipient",
    "Revision",
    "Step",
    "StepPlan",
    "Template",
    "TemplateVersion",
    "ThreadReading",
    "Watcher",
]
