"""The addresses of signing in that we open; a library's others (sign-up, social…) don't exist here."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.decorators.debug import sensitive_post_parameters
from django.views.i18n import set_language

from telesphore.web.accounts import (
    adapter,  # noqa: F401 - its receivers trace who comes in, whatever the way.
    again,
    backup,
    cards,
    psc,
    security,
    sessions,
    sign_in,
    tokens,
    views,
    workstations,
)
from telesphore.web.accounts import again, backup, cards, psc, sessions, tokens, views, workstations

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path(
        "sign-in/again/",
        login_required(sensitive_post_parameters("password", "code")(again.AgainView.as_view())),
        name="account_reauthenticate",
    ),
    path("security/password/", account.password_change, name="account_change_password"),
    path("sign-in/code/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/again/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("security/", mfa.index, name="mfa_index"),
    path("security/totp/", totp.activate_totp, name="mfa_activate_totp"),
    path("security/totp/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("security/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("security/recovery-codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("security/recovery-codes/keep/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("locked/", sessions.locked, name="locked"),
    path("locked/passkey/", sessions.passkey_options, name="unlock_passkey_options"),
    path("session/", sessions.session_state, name="session_state"),
    path("session/seen/", sessions.session_seen, name="session_seen"),
    path("session/lock/", sessions.lock_session, name="lock_session"),
    path("security/sessions/", sessions.sessions, name="sessions"),
    path("security/sessions/end/", sessions.end_all_sessions, name="end_all_sessions"),
    path("security/sessions/<uuid:session_id>/end/", sessions.end_session, name="end_session"),
    path("security/tokens/", tokens.tokens, name="tokens"),
    path("security/tokens/<uuid:token_id>/revoke/", tokens.revoke_token, name="revoke_token"),
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
    path("sign-in/psc/", psc.start, name="psc_start"),
    path("sign-in/psc/back/", psc.back, name="psc_back"),
    path("sign-in/psc/ended/", psc.ended, name="psc_ended"),
    path("sign-in/again/psc/", psc.again, name="psc_again"),
    path("security/psc/", psc.link, name="psc_link"),
    path("organisation/activity/", psc.activity, name="psc_activity"),
    path("sign-in/backup/", backup.ask_code, name="backup_ask"),
    path("sign-in/backup/code/", backup.give_code, name="backup_code"),
    path("organisation/backup/", backup.backup, name="backup"),
    path("organisation/backup/open", backup.open_backup, name="backup_open"),
    path("organisation/backup/close", backup.close_backup, name="backup_close"),
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
