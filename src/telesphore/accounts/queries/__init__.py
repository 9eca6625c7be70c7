"""Who persons and organisations are, as other rooms may show them."""

from telesphore.accounts.queries.people import MembershipCard as MembershipCard
from telesphore.accounts.queries.people import OrganisationCard as OrganisationCard
from telesphore.accounts.queries.people import PersonCard as PersonCard
from telesphore.accounts.queries.people import administrators as administrators
from telesphore.accounts.queries.people import memberships as memberships
from telesphore.accounts.queries.people import organisation_card as organisation_card
from telesphore.accounts.queries.people import organisations as organisations
from telesphore.accounts.queries.people import person_card as person_card
from telesphore.accounts.queries.people import person_cards as person_cards
from telesphore.accounts.queries.people import person_of as person_of
from telesphore.accounts.queries.people import professionals as professionals
from telesphore.accounts.queries.workstations import PairingCard as PairingCard
from telesphore.accounts.queries.workstations import WorkstationCard as WorkstationCard
from telesphore.accounts.queries.workstations import card_anchors as card_anchors
from telesphore.accounts.queries.workstations import cards_open_the_door as cards_open_the_door
from telesphore.accounts.queries.workstations import has_workstations as has_workstations
from telesphore.accounts.queries.workstations import is_holder as is_holder
from telesphore.accounts.queries.workstations import pairing as pairing
from telesphore.accounts.queries.workstations import request_for_anybody as request_for_anybody
from telesphore.accounts.queries.workstations import request_for_member as request_for_member
from telesphore.accounts.queries.workstations import workstations as workstations
