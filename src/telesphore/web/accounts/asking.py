"""Questions to the identity provider, kept in the session of who asks until the answer comes back: once, ten minutes.

The state and the nonce are known to this session and to the provider only, so that an answer given to another browser,
or given twice, opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse

from telesphore.accounts.ports import Asked
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.links import ports as links
from telesphore.web.entering import safe_path

KEY = "psc_asked"
LIFE = timedelta(minutes=10)
MOST = 5
"""Questions of one browser that may await their answer, e.g. in several windows; the oldest is dropped."""


class FlowNotFound(DomainError):
    """This sign-in was begun in another window, took longer than ten minutes or was already used. Start again."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "psc-flow-not-found"


class StoppedThere(DomainError):
    """You stopped at Pro Santé Connect, or it stopped you. Start again, or come in another way."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "psc-stopped"


class SomebodyElse(DomainError):
    """Pro Santé Connect recognised somebody else than the person who is signed in here. Nothing was done."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "somebody-else"


class Purpose(StrEnum):
    """Why the provider is asked."""

    ENTER = "enter"
    AGAIN = "again"
    """The signed-in person proves again who they are."""
    LINK = "link"
    """The signed-in person links their professional identity to their account."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, taken back with its answer.

    Attributes:
        to: where to lead the person then, a path of ours.
    """

    purpose: Purpose
    to: str
    asked: Asked


def ask(request: HttpRequest, purpose: Purpose, *, to: str, at: datetime) -> Asked:
    """Keep a new question in the session."""
    asked = Asked(
        state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48),
        back=f"{links.base_url.get()}{reverse('psc_back')}", again=purpose is not Purpose.ENTER, at=at,
    )  # fmt: skip
    kept: dict[str, dict[str, str]] = request.session.get(KEY, {})
    waiting = sorted(kept.items(), key=lambda item: item[1]["at"])[-MOST + 1 :]
    said = {
        "nonce": asked.nonce, "verifier": asked.verifier, "back": asked.back, "purpose": purpose.value,
        "person": str(request.user.pk or ""), "to": safe_path(request, to), "at": at.isoformat(),
    }  # fmt: skip
    request.session[KEY] = {**dict(waiting), asked.state: said}
    return asked


def take(request: HttpRequest, state: str, *, at: datetime) -> Question:
    """The question of this state, which nobody can take again.

    Raises:
        FlowNotFound: not asked by this session and this person, too long ago, or answered already.
    """
    kept: dict[str, dict[str, str]] = request.session.get(KEY, {})
    said = kept.pop(state, None)
    if said is None:
        raise FlowNotFound
    request.session[KEY] = kept
    # Two answers of one moment each read the session before the other wrote it: only one marks the state.
    first = cache.add(f"psc-state:{hashlib.sha256(state.encode()).hexdigest()}", 1, int(LIFE.total_seconds()))
    began = datetime.fromisoformat(said["at"])
    if not first or at - began >= LIFE or said["person"] != str(request.user.pk or ""):
        raise FlowNotFound
    purpose = Purpose(said["purpose"])
    asked = Asked(
        state=state, nonce=said["nonce"], verifier=said["verifier"], back=said["back"],
        again=purpose is not Purpose.ENTER, at=began,
    )  # fmt: skip
    return Question(purpose, said["to"], asked)
