"""The signature book, an envelope as those concerned see it, what a patient finds behind a link; how proofs stand."""

from telesphore.signature.queries.bedside import AtBedside, ForBedside, at_bedside, bedside_ended, for_bedside
from telesphore.signature.queries.circuits import (
    PAGE,
    BookLine,
    PatientLine,
    book,
    count_waiting,
    envelopes_of_patient,
    is_unsigned,
    kind_of,
    last_revision,
    revisions_of,
    sent,
    signed_by,
    title,
    waiting_for_patient,
)
from telesphore.signature.queries.colleagues import count_to_hand_over, delegated_book
from telesphore.signature.queries.consents import ConsentView, consent, may_withdraw, withdrawal_of
from telesphore.signature.queries.drafts import DraftLine, DraftView, composition_of, draft, drafts
from telesphore.signature.queries.envelopes import EnvelopeView, PartLine, RecipientLine, StepLine, envelope
from telesphore.signature.queries.fields import FieldLine, fields_to_fill
from telesphore.signature.queries.guests import GuestCard, guests_of
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
from telesphore.signature.queries.recalls import may_recall, may_take_back
from telesphore.signature.queries.seals import SealWait, seal_waits
from telesphore.signature.queries.undelivered import UndeliveredLine, undelivered

__all__ = [
    "ADDED_LIMIT",
    "PAGE",
    "AtBedside",
    "AuthorityLine",
    "BookLine",
    "CardTask",
    "ConsentView",
    "DraftLine",
    "DraftView",
    "EnvelopeView",
    "FieldLine",
    "ForBedside",
    "Forecast",
    "GuestCard",
    "PartLine",
    "PatientLine",
    "RecipientLine",
    "SealWait",
    "Standing",
    "StepLine",
    "UndeliveredLine",
    "YearLine",
    "at_bedside",
    "bedside_ended",
    "book",
    "card_task",
    "chains_of",
    "composition_of",
    "consent",
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
    "fields_to_fill",
    "for_bedside",
    "forecast",
    "guests_of",
    "is_unsigned",
    "kind_of",
    "last_revision",
    "may_recall",
    "may_take_back",
    "may_withdraw",
    "revisions_of",
    "seal_waits",
    "sent",
    "signed_by",
    "standing",
    "title",
    "undelivered",
    "waiting_for_patient",
    "withdrawal_of",
]
