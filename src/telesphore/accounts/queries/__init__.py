"""Who persons and organisations are, as other rooms may show them; members as their organisation sees them."""

from telesphore.accounts.queries.members import InvitationLine as InvitationLine
from telesphore.accounts.queries.members import Member as Member
from telesphore.accounts.queries.members import MemberLine as MemberLine
from telesphore.accounts.queries.members import RoleLine as RoleLine
from telesphore.accounts.queries.members import UnitLine as UnitLine
from telesphore.accounts.queries.members import invitation as invitation
from telesphore.accounts.queries.members import invitations_to as invitations_to
from telesphore.accounts.queries.members import member as member
from telesphore.accounts.queries.members import members as members
from telesphore.accounts.queries.members import suspensions as suspensions
from telesphore.accounts.queries.members import units as units
from telesphore.accounts.queries.people import MembershipCard as MembershipCard
from telesphore.accounts.queries.people import OrganisationCard as OrganisationCard
from telesphore.accounts.queries.people import PersonCard as PersonCard
from telesphore.accounts.queries.people import administrators as administrators
from telesphore.accounts.queries.people import has_way_in as has_way_in
from telesphore.accounts.queries.people import live as live
from telesphore.accounts.queries.people import memberships as memberships
from telesphore.accounts.queries.people import organisation_card as organisation_card
from telesphore.accounts.queries.people import organisations as organisations
from telesphore.accounts.queries.people import person_card as person_card
from telesphore.accounts.queries.people import person_cards as person_cards
from telesphore.accounts.queries.people import person_of as person_of
from telesphore.accounts.queries.people import professionals as professionals
from telesphore.accounts.queries.people import roles_held as roles_held
