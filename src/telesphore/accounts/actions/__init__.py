"""What can happen: organisations are founded, persons made known, roles given; people come in and go out."""

from telesphore.accounts.actions.add import add_person as add_person
from telesphore.accounts.actions.enter import note_refused_sign_in as note_refused_sign_in
from telesphore.accounts.actions.enter import note_sign_in as note_sign_in
from telesphore.accounts.actions.enter import note_sign_out as note_sign_out
from telesphore.accounts.actions.found import found_organisation as found_organisation
from telesphore.accounts.actions.grant import grant_role as grant_role
from telesphore.accounts.actions.pair import Begun as Begun
from telesphore.accounts.actions.pair import Paired as Paired
from telesphore.accounts.actions.pair import begin_pairing as begin_pairing
from telesphore.accounts.actions.pair import cancel_pairing as cancel_pairing
from telesphore.accounts.actions.pair import note_use as note_use
from telesphore.accounts.actions.pair import pair_workstation as pair_workstation
from telesphore.accounts.actions.pair import revoke_workstation as revoke_workstation
from telesphore.accounts.actions.recognise import CardAnswer as CardAnswer
from telesphore.accounts.actions.recognise import recognise_card as recognise_card
from telesphore.accounts.actions.recognise import recognise_certificate as recognise_certificate
