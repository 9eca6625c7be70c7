"""What can happen: organisations are founded, persons made known, roles given; people come in and go out."""

from telesphore.accounts.actions.add import add_person as add_person
from telesphore.accounts.actions.enter import note_refused_sign_in as note_refused_sign_in
from telesphore.accounts.actions.enter import note_sign_in as note_sign_in
from telesphore.accounts.actions.enter import note_sign_out as note_sign_out
from telesphore.accounts.actions.found import found_organisation as found_organisation
from telesphore.accounts.actions.grant import grant_role as grant_role
