"""What can happen: organisations are founded and described; people are invited, given roles, suspended; they leave."""

from telesphore.accounts.actions.add import add_person as add_person
from telesphore.accounts.actions.delegate import give_delegation as give_delegation
from telesphore.accounts.actions.delegate import withdraw_delegation as withdraw_delegation
from telesphore.accounts.actions.describe import describe_practitioner as describe_practitioner
from telesphore.accounts.actions.enter import note_refused_sign_in as note_refused_sign_in
from telesphore.accounts.actions.enter import note_sign_in as note_sign_in
from telesphore.accounts.actions.enter import note_sign_out as note_sign_out
from telesphore.accounts.actions.found import found_organisation as found_organisation
from telesphore.accounts.actions.grant import end_role as end_role
from telesphore.accounts.actions.grant import grant_role as grant_role
from telesphore.accounts.actions.invite import LINK_TO_JOIN as LINK_TO_JOIN
from telesphore.accounts.actions.invite import Invited as Invited
from telesphore.accounts.actions.invite import Newcomer as Newcomer
from telesphore.accounts.actions.invite import invite as invite
from telesphore.accounts.actions.invite import resend as resend
from telesphore.accounts.actions.invite import withdraw_invitation as withdraw_invitation
from telesphore.accounts.actions.join import join as join
from telesphore.accounts.actions.join import join_by_link as join_by_link
from telesphore.accounts.actions.leave import leave as leave
from telesphore.accounts.actions.settle import change_organisation as change_organisation
from telesphore.accounts.actions.settle import close_unit as close_unit
from telesphore.accounts.actions.settle import open_unit as open_unit
from telesphore.accounts.actions.settle import rename_unit as rename_unit
from telesphore.accounts.actions.suspend import lift as lift
from telesphore.accounts.actions.suspend import suspend as suspend
