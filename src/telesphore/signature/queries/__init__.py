"""The signature book, an envelope as those concerned see it, what a patient finds behind a link; how long proofs last."""

from telesphore.signature.queries.circuits import (
    PAGE,
    BookLine,
    EnvelopeView,
    RecipientLine,
    StepLine,
    book,
    count_waiting,
    envelope,
    envelopes_of_patient,
    last_revision,
    sent,
    signed_by,
    title,
)

__all__ = [
    "PAGE",
    "BookLine",
    "EnvelopeView",
    "RecipientLine",
    "StepLine",
    "book",
    "count_waiting",
    "envelope",
    "envelopes_of_patient",
    "last_revision",
    "sent",
    "signed_by",
    "title",
]
