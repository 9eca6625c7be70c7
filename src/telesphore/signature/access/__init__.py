"""Who may act on an envelope, and with which certificate."""

from telesphore.signature.access.bedside import patient_awaited
from telesphore.signature.access.certificates import Checks, check_certificate, check_holder
from telesphore.signature.access.consents import consent_of
from telesphore.signature.access.drafts import draft_of
from telesphore.signature.access.places import (
    ACTS,
    OWN,
    Authority,
    all_prepared_of,
    authority,
    check_asked,
    check_before_act,
    check_can_sign,
    check_open,
    check_transition,
    check_waits,
    in_place_of,
    is_own,
    place_read,
    prepared_of,
    recipient_of,
    sender_or_recipient,
    sent_by,
    watches,
)
from telesphore.signature.access.represented import check_acts_alone, stand_ins
from telesphore.signature.access.templates import (
    bulk_of,
    check_manages,
    check_scope,
    manages,
    template_of,
    templates_of,
    units_for,
)

__all__ = [
    "ACTS",
    "OWN",
    "Authority",
    "Checks",
    "all_prepared_of",
    "authority",
    "bulk_of",
    "check_acts_alone",
    "check_asked",
    "check_before_act",
    "check_can_sign",
    "check_certificate",
    "check_holder",
    "check_manages",
    "check_open",
    "check_scope",
    "check_transition",
    "check_waits",
    "consent_of",
    "draft_of",
    "in_place_of",
    "is_own",
    "manages",
    "patient_awaited",
    "place_read",
    "prepared_of",
    "recipient_of",
    "sender_or_recipient",
    "sent_by",
    "stand_ins",
    "template_of",
    "templates_of",
    "units_for",
    "watches",
]
