"""What can happen: organisations are founded, persons made known, roles given; people come in and go out."""

from telesphore.accounts.actions.add import add_person as add_person
from telesphore.accounts.actions.enter import note_refused_sign_in as note_refused_sign_in
from telesphore.accounts.actions.enter import note_sign_in as note_sign_in
from telesphore.accounts.actions.enter import note_sign_out as note_sign_out
from telesphore.accounts.actions.found import found_organisation as found_organisation
from telesphore.accounts.actions.grant import grant_role as grant_role
from telesphore.accounts.actions.prove import spend_code as spend_code
from telesphore.accounts.actions.prove import spend_recovery_code as spend_recovery_code
from telesphore.accounts.actions.recover import Followed as Followed
from telesphore.accounts.actions.recover import asks_code as asks_code
from telesphore.accounts.actions.recover import follow as follow
from telesphore.accounts.actions.recover import reset_ways as reset_ways
from telesphore.accounts.actions.recover import send_recovery_link as send_recovery_link
from telesphore.accounts.actions.warn import warn_of_new_device as warn_of_new_device
from telesphore.accounts.actions.ways import add_passkey as add_passkey
from telesphore.accounts.actions.ways import add_totp as add_totp
from telesphore.accounts.actions.ways import keep_recovery_codes as keep_recovery_codes
from telesphore.accounts.actions.ways import make_recovery_codes as make_recovery_codes
from telesphore.accounts.actions.ways import remove_passkey as remove_passkey
from telesphore.accounts.actions.ways import remove_password as remove_password
from telesphore.accounts.actions.ways import remove_totp as remove_totp
from telesphore.accounts.actions.ways import rename_passkey as rename_passkey
from telesphore.accounts.actions.ways import set_password as set_password
