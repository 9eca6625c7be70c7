"""The rows of this room."""

from telesphore.accounts.models.asked import Asked as Asked
from telesphore.accounts.models.entries import ApiToken as ApiToken
from telesphore.accounts.models.entries import BackupAccess as BackupAccess
from telesphore.accounts.models.entries import BackupCode as BackupCode
from telesphore.accounts.models.entries import DirectoryEntry as DirectoryEntry
from telesphore.accounts.models.entries import Session as Session
from telesphore.accounts.models.people import Delegation as Delegation
from telesphore.accounts.models.people import Invitation as Invitation
from telesphore.accounts.models.people import Membership as Membership
from telesphore.accounts.models.people import Organisation as Organisation
from telesphore.accounts.models.people import Person as Person
from telesphore.accounts.models.people import Unit as Unit
from telesphore.accounts.models.ways import SetUpLink as SetUpLink
from telesphore.accounts.models.workstations import Pairing as Pairing
from telesphore.accounts.models.workstations import Workstation as Workstation
