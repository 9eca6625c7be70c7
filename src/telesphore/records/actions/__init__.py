"""Register a patient, make up the care team; deposit, open, print and withdraw documents. Opening is an act too."""

from telesphore.records.actions.extend import extend_result
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
from telesphore.records.actions.withdraw import withdraw_document

__all__ = [
    "Deposit",
    "Identity",
    "OpenedDocument",
    "PrintedDocument",
    "add_to_care_team",
    "deposit",
    "extend_result",
    "file_result",
    "open_document",
    "open_record",
    "print_document",
    "register_patient",
    "withdraw_document",
]
