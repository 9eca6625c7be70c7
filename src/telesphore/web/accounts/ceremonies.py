"""The two ceremonies of passkeys (Web Authentication Level 3 §7), with django-allauth's rows and python-fido2's checks.

User verification is asked for and checked in both. The party that passkeys are made for is the host of BASE_URL, and
answers are taken from pages of BASE_URL only, whatever a request says of its host. A challenge is good for one answer.
"""

import json
import struct
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from fido2.cose import UnsupportedKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

STATE = "passkey"
GOOD_FOR = timedelta(minutes=5)
LONGEST = 16_384
"""Characters of an answer; a passkey's takes about one thousand."""

_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, struct.error)


class PasskeyRefused(Exception):
    """The answer does not prove what it should."""


def host() -> str:
    """The party that passkeys are made for."""
    return urlsplit(settings.BASE_URL).hostname or ""


def begin_making(request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    """What the browser needs to make a discoverable passkey for the signed-in person, as JSON."""
    options, state = _server().register_begin(
        user=auth.build_user_payload(request.user),
        credentials=auth.get_credentials(request.user),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        extensions={"credProps": True},
    )
    _keep(request, "make", state, at)
    return dict(options)


def complete_making(request: HttpRequest, answer: str, *, at: datetime) -> dict[str, Any]:
    """The new passkey's public part, as the browser gave it.

    Raises:
        PasskeyRefused
    """
    state, credential = _take(request, "make", at), _parse(answer)
    try:
        response = RegistrationResponse.from_dict(credential)
        if response.response.client_data.cross_origin:
            raise PasskeyRefused
        made = _server().register_complete(state, response).credential_data
    except _MALFORMED:
        raise PasskeyRefused from None
    if made is None or isinstance(made.public_key, UnsupportedKey):
        raise PasskeyRefused
    return credential


def begin_proving(request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    """What the browser needs to prove who somebody is by a passkey: any of theirs, which tells who they are."""
    options, state = _server().authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    _keep(request, "prove", state, at)
    return dict(options)


def complete_proving(request: HttpRequest, answer: str, *, at: datetime) -> Authenticator:
    """The passkey that answered, now marked as used; its `user` is who it proves.

    Raises:
        PasskeyRefused: also when its person may not come in.
    """
    state, credential = _take(request, "prove", at), _parse(answer)
    try:
        response = AuthenticationResponse.from_dict(credential)
        if response.response.client_data.cross_origin:
            raise PasskeyRefused
        person: Any = auth.extract_user_from_response(credential)
        proved = _server().authenticate_complete(state, auth.get_credentials(person), response)
        passkey = auth.get_authenticator_by_credential_id(person, proved.credential_id)
    except (*_MALFORMED, ValidationError):
        raise PasskeyRefused from None
    if passkey is None or not person.is_active:
        raise PasskeyRefused
    passkey.record_usage()
    return passkey


def _server() -> Fido2Server:
    party = PublicKeyCredentialRpEntity(**get_adapter().get_public_key_credential_rp_entity())
    return Fido2Server(party, verify_origin=lambda origin: origin == settings.BASE_URL)


def _keep(request: HttpRequest, ceremony: str, state: dict[str, Any], at: datetime) -> None:
    request.session[STATE] = {"ceremony": ceremony, "state": state, "at": at.timestamp()}


def _take(request: HttpRequest, ceremony: str, at: datetime) -> dict[str, Any]:
    """The challenge that was given out, for the only time."""
    kept = request.session.pop(STATE, None)
    if not kept or kept["ceremony"] != ceremony or at.timestamp() - kept["at"] > GOOD_FOR.total_seconds():
        raise PasskeyRefused
    state: dict[str, Any] = kept["state"]
    return state


def _parse(answer: str) -> dict[str, Any]:
    try:
        parsed = json.loads(answer) if len(answer) <= LONGEST else None
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise PasskeyRefused
    return parsed
