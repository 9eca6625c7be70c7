"""What we tell django-allauth: nobody signs up by themselves, and every coming and going leaves its trace."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from telesphore.accounts import actions
from telesphore.accounts.states import ENOUGH
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.web import presence
from telesphore.web.accounts import ceremonies, devices, throttle
from telesphore.web.entering import SHARED, proof_of
from telesphore.web.requests import visitor


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # django-allauth has no types.
    """Members are invited by their organisation; passwords are guessed at our pace (`throttle`)."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("This e-mail address or this password is not right."),
        "too_many_login_attempts": _("Too many tries. Wait a minute, or sign in another way."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that our own middleware believes."""
        return str(request.META.get("REMOTE_ADDR", ""))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Who has this address and this password.

        Who is not active is nobody, as are an account without a password and none at all: told the same, after the
        same work.
        """
        try:
            guess = throttle.guess(request, kind="password", account=str(credentials.get("email") or ""), at=now())
        except throttle.TooManyGuesses:
            raise self.validation_error("too_many_login_attempts") from None
        person = authenticate(request, **credentials)
        if person is not None:
            guess.was_right()
        return person

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Our one page shows every way; those that the library names have no address here."""
        return [{"id": "reauthenticate", "description": "", "url": reverse("account_reauthenticate")}]

    def send_notification_mail(self, *_args: Any, **_options: Any) -> None:
        """Our own actions tell people what changed (`accounts.actions.ways`)."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # django-allauth has no types.
    """Passkeys are made for the host of BASE_URL, whatever the request says of its host."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or was used already."),
        "too_many_codes": _("Too many tries. Wait a minute, or sign in another way."),
    }

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": ceremonies.host(), "name": "Télesphore"}


@receiver(user_logged_in)
def _came_in(sender: object, request: HttpRequest, user: Any, **_: object) -> None:
    proof = proof_of(request, user)
    if request.COOKIES.get("shared") == "yes":
        request.session[SHARED] = True
    presence.begin(request, user, proof)
    if proof.acr in ENOUGH:
        devices.came_in(request, user)


@receiver(user_logged_out)
def _left(sender: object, request: HttpRequest, user: Any, **_: object) -> None:
    presence.leave(request)


@receiver(user_login_failed)
def _refused(sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    actor = visitor(request) if request is not None else Actor(kind=ActorKind.NOBODY)
    actions.note_refused_sign_in(email=str(credentials.get("email") or ""), actor=actor, at=now())
