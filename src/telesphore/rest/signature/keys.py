"""Idempotency-Key: a request that may be sent twice acts once, and is answered the same both times.

As the IETF draft idempotency-key-header has it: the key is the program's own, kept a day, for one token.
"""

import hashlib
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from telesphore.accounts import actions
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.rest.signature.problems import problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
PASSING = frozenset({409, 429})
"""Refusals that say nothing of the request itself: the key may try again."""


class BadKey(DomainError):
    """An idempotency key is 1 to 200 visible ASCII characters: a random UUID is one."""

    code = "bad-idempotency-key"


def once(request: HttpRequest, actor: Actor, act: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer to a request: made now, or the one that the same key got before."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return act()
    if not _KEY.fullmatch(key):
        return problem(BadKey())
    try:
        turn = actions.ask_once(key=key, request=_asked(request), actor=actor, at=now())
    except DomainError as refused:
        return problem(refused)
    if isinstance(turn, actions.Answer):
        told = HttpResponse(turn.content, status=turn.status, content_type=turn.media_type)
        told[REPLAYED] = "true"
        return told
    try:
        answer = act()
    except BaseException:
        actions.let_go(turn)
        raise
    if answer.status_code >= 500 or answer.status_code in PASSING:
        actions.let_go(turn)
    else:
        actions.keep_answer(turn, actions.Answer(answer.status_code, answer["Content-Type"], answer.content.decode()))
    return answer


def _asked(request: HttpRequest) -> bytes:
    """All that tells one request from another; of a form, its fields and files, whose boundary differs each time."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type != "multipart/form-data":
        digest.update(request.body)
        return digest.digest()
    for name, values in sorted(request.POST.lists()):
        digest.update(repr((name, values)).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            # A file's own hash: where one ends and the next begins can't be confused.
            digest.update(repr((name, file.name, hashlib.sha256(file.read()).hexdigest())).encode())
            file.seek(0)
    return digest.digest()
