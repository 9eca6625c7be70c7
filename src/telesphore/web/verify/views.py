"""Verify a document. The file stays in memory while it is judged, and is forgotten with the answer."""

import threading

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from telesphore.ades.verdict.apart import judge
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.pki import queries as pki
from telesphore.records import queries as records
from telesphore.records.errors import PrintNotFound
from telesphore.web.access import public
from telesphore.web.rates import AskedTooOften, Rate, spend
from telesphore.web.refusals import STATUS
from telesphore.web.uploads import LARGEST_FILE
from telesphore.web.verify.showing import show

FILES = Rate("verify", 20, 60)
COPIES = Rate("copy", 60, 60)
AT_ONCE = threading.BoundedSemaphore(2)
"""Each file costs a process: no more of them at once, in each web process."""
PATIENCE = 3.0
"""Seconds that a file waits for its turn."""


class TooLargeToVerify(DomainError):
    """This file is larger than %(limit)s MB: it is not examined here."""

    refusal = Refusal.INVALID
    code = "too-large-to-verify"


class BusyVerifying(DomainError):
    """Many documents are being verified just now. Wait a little, then try again: yours was not kept."""

    refusal = Refusal.UNAVAILABLE
    code = "busy-verifying"


class VerifyForm(forms.Form):
    """A signed PDF; or any file, and its signature in another."""

    file = forms.FileField(
        label=_lazy("The document to verify (PDF)"),
        allow_empty_file=True,
        error_messages={"required": _lazy("Choose the file first.")},
    )
    signature = forms.FileField(
        label=_lazy("Its signature, if it is in a file of its own (.p7s)"), allow_empty_file=True, required=False
    )


@public("anyone who holds a document may know what it is worth; the file is not kept")
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The form; given a file, the verdict."""
    if request.method != "POST":
        return render(request, "verify/form.html", {"form": VerifyForm(), "limit": LARGEST_FILE // 2**20})
    at = now()
    spent = spend(request, FILES, at)
    form = VerifyForm(request.POST, request.FILES)
    status = 422
    try:
        if spent.left < 0:
            raise AskedTooOften
        if form.is_valid():
            upload, beside = form.cleaned_data["file"], form.cleaned_data["signature"]
            if upload.size + (beside.size if beside else 0) > LARGEST_FILE:
                raise TooLargeToVerify(limit=LARGEST_FILE // 2**20)
            trust, evidence = pki.trust(), pki.evidence()
            if not AT_ONCE.acquire(timeout=PATIENCE):
                raise BusyVerifying
            try:
                judged = judge(
                    upload.read(), trust, at=at, signature=beside.read() if beside else None, evidence=evidence
                )
                # Its reports take their time too when a file bears hundreds of signatures.
                showing = show(judged, name=upload.name or _("document"), at=at)
            finally:
                AT_ONCE.release()
            return spent.tell(render(request, "verify/verdict.html", {"showing": showing, "telling": showing.telling}))
    except (AskedTooOften, BusyVerifying, TooLargeToVerify) as refused:
        form.add_error("file", refused.sentence)
        status = 413 if isinstance(refused, TooLargeToVerify) else STATUS[refused.refusal]
    page = render(request, "verify/form.html", {"form": form, "limit": LARGEST_FILE // 2**20}, status=status)
    if status == STATUS[Refusal.UNAVAILABLE]:
        page["Retry-After"] = "10"
    return spent.tell(page)


@public("the code on a print tells whether its original still holds, and nothing of what it says")
@require_GET
def copy(request: HttpRequest, token: str) -> HttpResponse:
    """What became of the original of a print."""
    spent = spend(request, COPIES, now())
    if spent.left < 0:
        return spent.tell(render(request, "refusal.html", {"refusal": AskedTooOften()}, status=429))
    try:
        copy, status = records.printed_copy(token[:100]), 200
    except PrintNotFound:
        copy, status = None, 404
    return spent.tell(render(request, "verify/copy.html", {"copy": copy}, status=status))
