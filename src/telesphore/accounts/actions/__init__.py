"""What can happen: organisations are founded, persons made known, roles given; people come in and go out."""

from telesphore.accounts.actions.add import add_person as add_person
from telesphore.accounts.actions.back_up import close_backup as close_backup
from telesphore.accounts.actions.back_up import end_backups as end_backups
from telesphore.accounts.actions.back_up import enter_by_backup as enter_by_backup
from telesphore.accounts.actions.back_up import open_backup as open_backup
from telesphore.accounts.actions.back_up import send_backup_code as send_backup_code
from telesphore.accounts.actions.enter import note_refused_sign_in as note_refused_sign_in
from telesphore.accounts.actions.enter import note_sign_in as note_sign_in
from telesphore.accounts.actions.enter import note_sign_out as note_sign_out
from telesphore.accounts.actions.found import found_organisation as found_organisation
from telesphore.accounts.actions.grant import grant_role as grant_role
from telesphore.accounts.actions.keep_session import change_key as change_key
from telesphore.accounts.actions.keep_session import end_session as end_session
from telesphore.accounts.actions.keep_session import end_sessions_of as end_sessions_of
from telesphore.accounts.actions.keep_session import lock as lock
from telesphore.accounts.actions.keep_session import open_session as open_session
from telesphore.accounts.actions.keep_session import touch as touch
from telesphore.accounts.actions.keep_session import unlock as unlock
from telesphore.accounts.actions.recognise import choose_activity as choose_activity
from telesphore.accounts.actions.recognise import end_by_provider as end_by_provider
from telesphore.accounts.actions.recognise import link_identity as link_identity
from telesphore.accounts.actions.recognise import recognise as recognise
