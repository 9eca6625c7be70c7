"""Serve the log to anyone (C2SP tlog-tiles §APIs). It holds commitments only: nobody learns of an event from it."""

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.views.decorators.http import require_safe

from telesphore.audit.errors import NoCheckpoint
from telesphore.audit.formats.tiles import ENTRIES, Tile
from telesphore.audit.queries import tree
from telesphore.web.access import public

_open_to_all = public("the log holds salted commitments only, and is worth what others can check of it")

# A tile never changes once it exists.
_FOREVER = "public, max-age=31536000, immutable"
# The head changes every second or so; a cache may spare us a crowd's requests, no more.
_MOMENT = "public, max-age=2"
# A tile that is not there yet may be there soon.
_NEVER = "no-store"
_MAX_NAME = 64


def _answer(content: bytes, media_type: str, caching: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Cache-Control"] = caching
    # A verifier may be a page of another site: what is public is public to it too.
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _not_found() -> HttpResponse:
    response = HttpResponseNotFound(b"", content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = _NEVER
    response["Access-Control-Allow-Origin"] = "*"
    return response


@_open_to_all
@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed head, with the witnesses' cosignatures."""
    try:
        note = tree.latest_note()
    except NoCheckpoint:
        return _not_found()
    return _answer(note.encode(), "text/plain; charset=utf-8", _MOMENT)


@_open_to_all
@require_safe
def tile(request: HttpRequest, name: str) -> HttpResponse:
    """A tile of hashes, or a bundle of entries, that the newest signed head covers."""
    try:
        wanted = Tile.parse(name[:_MAX_NAME])
    except ValueError:
        return _not_found()
    if not wanted.exists(tree.signed_size()):
        return _not_found()
    content = tree.read_bundle(wanted) if wanted.level == ENTRIES else tree.read_tiles([wanted])[wanted]
    return _answer(content, "application/octet-stream", _FOREVER)
