"""The signature book, an envelope as those concerned see it, what a patient finds behind a link; how proofs stand."""

from telesphore.signature.queries.book import book, count_waiting, delegated_book, sent, signed_by
from telesphore.signature.queries.circuits import (
    PAGE,
    BookLine,
    EnvelopeView,
    PatientLine,
    RecipientLine,
    StepLine,
    envelope,
    envelopes_of_patient,
    last_revision,
    title,
    waiting_for_patient,
)
from telesphore.signature.queries.colleagues import count_to_hand_over
from telesphore.signature.queries.drafts import DraftLine, DraftView, composition_of, draft, drafts
from telesphore.signature.queries.prepared import ADDED_LIMIT, CardTask, card_task
from telesphore.signature.queries.proofs import (
    AuthorityLine,
    Forecast,
    Standing,
    YearLine,
    chains_of,
    due_by_record,
    due_in_files,
    evidence_of,
    forecast,
    standing,
)

__all__ = [
    "ADDED_LIMIT",
    "PAGE",
    "AuthorityLine",
    "BookLine",
    "CardTask",
    "DraftLine",
    "DraftView",
    "EnvelopeView",
    "Forecast",
    "PatientLine",
    "RecipientLine",
    "Standing",
    "StepLine",
    "YearLine",
    "book",
    "card_task",
    "chains_of",
    "composition_of",
    "count_to_hand_over",
    "count_waiting",
    "delegated_book",
    "draft",
    "drafts",
    "due_by_record",
    "due_in_files",
    "envelope",
    "envelopes_of_patient",
    "evidence_of",
    "forecast",
    "last_revision",
    "sent",
    "signed_by",
    "standing",
    "title",
    "waiting_for_patient",
]
