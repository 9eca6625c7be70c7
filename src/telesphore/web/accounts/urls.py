"""The addresses of signing in that we open; a library's others (sign-up, social…) don't exist here."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path
from django.views.i18n import set_language

from telesphore.web.accounts import adapter  # noqa: F401 - its receivers trace who comes in, whatever the way.
from telesphore.web.accounts import cards, views, workstations

urlpatterns = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-in/again/", account.reauthenticate, name="account_reauthenticate"),
    path("security/password/", account.password_change, name="account_change_password"),
    path("sign-in/code/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/again/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("security/", mfa.index, name="mfa_index"),
    path("security/totp/", totp.activate_totp, name="mfa_activate_totp"),
    path("security/totp/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("security/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("security/recovery-codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("security/recovery-codes/keep/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("language/", set_language, name="set_language"),
    path("sign-in/card/", cards.sign_in, name="card_sign_in"),
    path("sign-in/card/challenge", cards.challenge, name="card_challenge"),
    path("sign-in/card/answer", cards.answer, name="card_answer"),
    path("sign-in/card/watch", workstations.watch, name="card_watch"),
    path("sign-in/certificate/", cards.sign_in_by_certificate, name="certificate_sign_in"),
    path("security/workstations/", workstations.workstations, name="workstations"),
    path("security/workstations/pair", workstations.begin, name="workstation_pair"),
    path("security/workstations/pair/<uuid:pairing_id>", workstations.wait, name="workstation_wait"),
    path("security/workstations/pair/<uuid:pairing_id>/cancel", workstations.cancel, name="workstation_cancel"),
    path("security/workstations/<uuid:workstation_id>/revoke", workstations.revoke, name="workstation_revoke"),
    path("agents/pair", workstations.pair, name="agent_pair"),
    path("organisation/", views.choose_organisation, name="choose_organisation"),
]
