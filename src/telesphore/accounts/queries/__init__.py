"""Who persons and organisations are, as other rooms may show them."""

from telesphore.accounts.queries.backup import BackupCard as BackupCard
from telesphore.accounts.queries.backup import BackupUse as BackupUse
from telesphore.accounts.queries.backup import any_backup_open as any_backup_open
from telesphore.accounts.queries.backup import backup_for as backup_for
from telesphore.accounts.queries.backup import backup_report as backup_report
from telesphore.accounts.queries.backup import backups as backups
from telesphore.accounts.queries.backup import open_backup as open_backup
from telesphore.accounts.queries.structures import ProfessionalIdentity as ProfessionalIdentity
from telesphore.accounts.queries.structures import organisation_of as organisation_of
from telesphore.accounts.queries.structures import professional_identity as professional_identity
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
from telesphore.accounts.queries.presence import Presence as Presence
from telesphore.accounts.queries.presence import chosen_limits as chosen_limits
from telesphore.accounts.queries.presence import limits_of as limits_of
from telesphore.accounts.queries.presence import presence as presence
from telesphore.accounts.queries.presence import sessions_of as sessions_of
