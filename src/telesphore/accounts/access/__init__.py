"""Who may what in this room, and what a role allows in every room."""

from telesphore.accounts.access.allow import check as check
from telesphore.accounts.access.allow import may as may
from telesphore.accounts.access.manage import check_administrator_remains as check_administrator_remains
from telesphore.accounts.access.manage import check_apart as check_apart
from telesphore.accounts.access.manage import check_manages as check_manages
from telesphore.accounts.access.manage import check_member as check_member
from telesphore.accounts.access.manage import check_other as check_other
from telesphore.accounts.access.manage import held as held
from telesphore.accounts.access.manage import known_elsewhere as known_elsewhere
from telesphore.accounts.access.manage import lock_person as lock_person
from telesphore.accounts.access.recognise import MOST_BETWEEN as MOST_BETWEEN
from telesphore.accounts.access.recognise import check_card as check_card
from telesphore.accounts.access.recognise import holder_of as holder_of
from telesphore.accounts.access.recognise import known_by as known_by
from telesphore.accounts.access.recognise import workstation_of as workstation_of
