"""The addresses of signing in that we open; a library's others (sign-up, social…) don't exist here."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from django.urls import path
from django.views.i18n import set_language

from telesphore.web.accounts import security, sign_in, views

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-in/code/", sign_in.second_step, name="mfa_authenticate"),
    path("sign-in/passkey/", sign_in.sign_in_by_passkey, name="passkey-sign-in"),
    path("sign-in/passkey/begin/", sign_in.begin_proving, name="passkey-prove"),
    path("sign-in/lost/", sign_in.lost, name="lost"),
    path("sign-in/set-up/<str:token>/", sign_in.follow, name="follow-set-up"),
    path("sign-in/again/", account.reauthenticate, name="account_reauthenticate"),
    path("sign-in/again/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("sign-in/again/passkey/", sign_in.prove_again_by_passkey, name="passkey-prove-again"),
    path("security/", security.security, name="mfa_index"),
    path("security/set-up/", security.set_up, name="set-up"),
    path("security/passkeys/begin/", security.begin_making, name="passkey-begin"),
    path("security/passkeys/add/", security.add_passkey, name="passkey-add"),
    path("security/passkeys/<int:passkey_id>/name/", security.rename_passkey, name="passkey-rename"),
    path("security/passkeys/<int:passkey_id>/remove/", security.remove_passkey, name="passkey-remove"),
    path("security/totp/", security.add_totp, name="mfa_activate_totp"),
    path("security/totp/remove/", security.remove_totp, name="mfa_deactivate_totp"),
    path("security/recovery-codes/", security.recovery_codes, name="mfa_view_recovery_codes"),
    path("security/recovery-codes/keep/", security.keep_recovery_codes, name="recovery-codes-keep"),
    path("security/password/", security.password, name="account_change_password"),
    path("security/password/remove/", security.remove_password, name="password-remove"),
    path("language/", set_language, name="set_language"),
    path("organisation/", views.choose_organisation, name="choose_organisation"),
]
