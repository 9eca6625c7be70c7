"""Register a patient, make up the care team; deposit, open, print and withdraw documents; invite the patient and those
who act for them. Opening is an act too.
"""

from telesphore.records.actions.ask import ask_for_link, send_link, send_links
from telesphore.records.actions.contact import change_contact, change_language
from telesphore.records.actions.extend import extend_result
from telesphore.records.actions.invite import (
    LINK_TO_ACCOUNT,
    confirm_account,
    end_account,
    enter_record,
    invite_patient,
)
from telesphore.records.actions.keep import (
    Deposit,
    Identity,
    OpenedDocument,
    add_to_care_team,
    deposit,
    file_result,
    open_document,
    open_record,
    register_patient,
)
from telesphore.records.actions.print import PrintedDocument, print_document
from telesphore.records.actions.report import REPORT, Why, report_access
from telesphore.records.actions.represent import (
    LINK_TO_REPRESENT,
    Basis,
    Somebody,
    confirm_representation,
    end_representation,
    invite_representative_again,
    record_representation,
)
from telesphore.records.actions.withdraw import withdraw_document, withdraw_result

__all__ = [
    "LINK_TO_ACCOUNT",
    "LINK_TO_REPRESENT",
    "REPORT",
    "Basis",
    "Deposit",
    "Identity",
    "OpenedDocument",
    "PrintedDocument",
    "Somebody",
    "Why",
    "add_to_care_team",
    "ask_for_link",
    "change_contact",
    "change_language",
    "confirm_account",
    "confirm_representation",
    "deposit",
    "end_account",
    "end_representation",
    "enter_record",
    "extend_result",
    "file_result",
    "invite_patient",
    "invite_representative_again",
    "open_document",
    "open_record",
    "print_document",
    "record_representation",
    "register_patient",
    "report_access",
    "send_link",
    "send_links",
    "withdraw_document",
    "withdraw_result",
]
