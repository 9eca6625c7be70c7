"""What we tell django-allauth: nobody signs up by themselves, and every coming and going leaves its trace."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from telesphore.accounts import actions
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.web import presence
from telesphore.web.entering import proof_of
from telesphore.web.requests import client_of


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # django-allauth has no types.
    """Members are invited by their organisation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that our own middleware believes."""
        return str(request.META.get("REMOTE_ADDR", ""))


@receiver(user_logged_in)
def _came_in(sender: object, request: HttpRequest, user: Any, **_: object) -> None:
    presence.begin(request, user, proof_of(request, user))


@receiver(user_logged_out)
def _left(sender: object, request: HttpRequest, user: Any, **_: object) -> None:
    presence.leave(request)


@receiver(user_login_failed)
def _refused(sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    actor = _visitor(request) if request is not None else Actor(kind=ActorKind.NOBODY)
    actions.note_refused_sign_in(email=str(credentials.get("email") or ""), actor=actor, at=now())


def _visitor(request: HttpRequest) -> Actor:
    address, client = client_of(request)
    return Actor(kind=ActorKind.NOBODY, source_address=address, client=client)
