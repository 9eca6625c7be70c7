"""The addresses of signing in that we open, a library's others (sign-up, social…) don't exist here; of an organisation
and its members."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.urls import path
from django.views.i18n import set_language

from telesphore.web.accounts import delegations, joining, members, organisation, views

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
    path("organisation/", views.choose_organisation, name="choose_organisation"),
    path("organisation/settings/", organisation.settings, name="organisation-settings"),
    path("organisation/units/", organisation.add_unit, name="add-unit"),
    path("organisation/units/<uuid:unit_id>/", organisation.unit, name="unit"),
    path("organisation/permissions/", organisation.permissions, name="permissions"),
    path("organisation/members/", members.members, name="members"),
    path("organisation/members/invite", members.invite, name="invite"),
    path("organisation/members/<uuid:person_id>/", members.member, name="member"),
    path("organisation/members/<uuid:person_id>/practitioner", members.practitioner, name="practitioner"),
    path("organisation/members/<uuid:person_id>/roles", members.grant, name="grant-role"),
    path("organisation/members/<uuid:person_id>/roles/<uuid:membership_id>/end", members.end_role, name="end-role"),
    path("organisation/members/<uuid:person_id>/suspend", members.suspend, name="suspend-member"),
    path("organisation/members/<uuid:person_id>/lift", members.lift, name="lift-suspension"),
    path("organisation/members/<uuid:person_id>/leave", members.leave, name="leave"),
    path("organisation/invitations/<uuid:invitation_id>/resend", members.resend, name="resend-invitation"),
    path("organisation/invitations/<uuid:invitation_id>/withdraw", members.withdraw, name="withdraw-invitation"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/give", delegations.give, name="delegate"),
    path("delegations/<uuid:delegation_id>/withdraw", delegations.withdraw, name="withdraw-delegation"),
    path("join/", joining.join, name="join"),
    path("join/<str:token>", joining.landing, name="invitation"),
    path("join/<str:token>/code", joining.send_code, name="invitation-send-code"),
    path("join/<str:token>/open", joining.give_code, name="invitation-give-code"),
    path("invitations/<uuid:invitation_id>/accept", joining.accept, name="accept-invitation"),
]
