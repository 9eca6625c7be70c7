"""What a record holds, for those who may see it; who comes to it by an account, or for somebody else."""

from telesphore.records.queries.entrance import AccountView as AccountView
from telesphore.records.queries.entrance import Entrance as Entrance
from telesphore.records.queries.entrance import InvitationView as InvitationView
from telesphore.records.queries.entrance import RepresentationLine as RepresentationLine
from telesphore.records.queries.entrance import account_of as account_of
from telesphore.records.queries.entrance import entrances as entrances
from telesphore.records.queries.entrance import invitation as invitation
from telesphore.records.queries.entrance import representations as representations
from telesphore.records.queries.record import PAGE as PAGE
from telesphore.records.queries.record import DocumentLine as DocumentLine
from telesphore.records.queries.record import DocumentView as DocumentView
from telesphore.records.queries.record import PatientCard as PatientCard
from telesphore.records.queries.record import PrintCard as PrintCard
from telesphore.records.queries.record import TeamLine as TeamLine
from telesphore.records.queries.record import card as card
from telesphore.records.queries.record import care_team as care_team
from telesphore.records.queries.record import document as document
from telesphore.records.queries.record import document_title as document_title
from telesphore.records.queries.record import documents as documents
from telesphore.records.queries.record import file_of as file_of
from telesphore.records.queries.record import last_revision as last_revision
from telesphore.records.queries.record import my_patients as my_patients
from telesphore.records.queries.record import patient_cards as patient_cards
from telesphore.records.queries.record import print_token_hash as print_token_hash
from telesphore.records.queries.record import printed_copy as printed_copy
from telesphore.records.queries.record import results_of as results_of
