"""What one does with an envelope besides signing: review, advise, take back, hand over, remind, correct an address."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature import queries
from telesphore.signature.actions import advise as advising
from telesphore.signature.actions import change_way as changing
from telesphore.signature.actions import hand_over as handing
from telesphore.signature.actions import recall as recalling
from telesphore.signature.actions import remind as reminding
from telesphore.signature.actions import review as reviewing
from telesphore.signature.actions.correct_recipient import Reach, correct_recipient
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.states import Opinion
from telesphore.web.access import permission
from telesphore.web.choosing import Colleagues
from telesphore.web.requests import actor_of
from telesphore.web.signature.filters import WayBack
from telesphore.web.signature.forms import AdviseForm, CorrectForm, HandOverForm, ReviewForm


@permission("signature:recipient:review")
def review(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Approve, with a comment or without."""
    form = ReviewForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, envelope_id, "signature/review.html", form)
    reviewing.approve(envelope_id=envelope_id, comment=form.cleaned_data["comment"], actor=actor_of(request), at=now())
    messages.success(request, _("It is approved. You may take it back until the next person has acted."))
    return redirect(WayBack(request).address or reverse("signature:envelope", args=[envelope_id]))


@permission("signature:recipient:advise")
def advise(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Give an opinion, with a comment."""
    form = AdviseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        advising.advise(
            envelope_id=envelope_id,
            opinion=Opinion(form.cleaned_data["opinion"]),
            comment=form.cleaned_data["comment"],
            actor=actor_of(request),
            at=now(),
        )
        messages.success(request, _("Your opinion is given. You may take it back until the next person has acted."))
        return redirect(WayBack(request).address or reverse("signature:envelope", args=[envelope_id]))
    return _page(request, envelope_id, "signature/advise.html", form)


@permission("signature:recipient:recall")
def take_back(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Take back what one did, after a look at what follows."""
    if request.method == "POST":
        recalling.take_back(envelope_id=envelope_id, actor=actor_of(request), at=now())
        messages.success(request, _("It is taken back. The document awaits you again."))
        return redirect("signature:envelope", envelope_id)
    return _page(request, envelope_id, "signature/take_back.html")


@permission("signature:envelope:void")
def recall(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Have back what one has sent, as a draft, after a look at what follows."""
    if request.method == "POST":
        draft_id = recalling.recall(envelope_id=envelope_id, actor=actor_of(request), at=now())
        messages.success(request, _("It is back among your drafts. Nobody is asked for anything."))
        return redirect("signature:compose", draft_id)
    return _page(request, envelope_id, "signature/recall.html")


@permission("signature:recipient:hand-over")
def hand_over(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Hand one's place over to a colleague."""
    actor, at = actor_of(request), now()
    colleagues = Colleagues(actor.organisation, at, apart=[actor.person] if actor.person_id else [])
    form = HandOverForm(request.POST if request.method == "POST" else None, colleagues=colleagues)
    if request.method == "POST" and form.is_valid():
        try:
            handing.hand_over(
                envelope_id=envelope_id, successor_id=UUID(form.cleaned_data["colleague"]), actor=actor, at=at
            )
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error("colleague", refused.sentence)
        else:
            messages.success(request, _("Your place is handed over."))
            return redirect(WayBack(request).address or "signature:book")
    return _page(request, envelope_id, "signature/hand_over.html", form)


@permission("signature:recipient:remind")
@require_POST
def remind(request: HttpRequest, envelope_id: UUID, recipient_id: UUID) -> HttpResponse:
    """Remind who is awaited."""
    try:
        reminding.remind_now(envelope_id=envelope_id, recipient_id=recipient_id, actor=actor_of(request), at=now())
    except DomainError as refused:
        if refused.refusal is not Refusal.CONFLICT:
            raise
        messages.warning(request, refused.sentence)
    else:
        messages.success(request, _("A reminder is on its way."))
    # From the list of what one sent, one goes on reminding there.
    return redirect("signature:sent") if "list" in request.POST else redirect("signature:envelope", envelope_id)


@permission("signature:recipient:correct")
def correct(request: HttpRequest, envelope_id: UUID, recipient_id: UUID) -> HttpResponse:
    """Correct the e-mail address and the phone of a patient or a guest who has not acted yet."""
    actor = actor_of(request)
    form = CorrectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            reach = Reach(form.cleaned_data["email"], form.cleaned_data["phone"])
            correct_recipient(envelope_id=envelope_id, recipient_id=recipient_id, reach=reach, actor=actor, at=now())
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error("email", refused.sentence)
        else:
            messages.success(request, _("The address is corrected. The link that was sent before works no more."))
            return redirect("signature:envelope", envelope_id)
    seen = queries.envelope(envelope_id=envelope_id, actor=actor, at=now())
    line = next((one for step in seen.steps for one in step.recipients if one.recipient_id == recipient_id), None)
    if line is None or not line.may_correct:
        raise EnvelopeNotFound
    context = {"envelope": seen, "form": form, "line": line, "today": now().date()}
    return render(request, "signature/correct.html", context, status=422 if form.errors else 200)


@permission("signature:recipient:correct")
@require_POST
def change_way(request: HttpRequest, envelope_id: UUID, recipient_id: UUID) -> HttpResponse:
    """Have the patient sign at the bedside, or by a link."""
    at_bedside = request.POST.get("way") == "bedside"
    try:
        changing.change_way(
            envelope_id=envelope_id, recipient_id=recipient_id, at_bedside=at_bedside, actor=actor_of(request), at=now()
        )
    except DomainError as refused:
        if refused.refusal not in (Refusal.CONFLICT, Refusal.INVALID):
            raise
        messages.warning(request, refused.sentence)
    else:
        said = _("Hand the tablet over to them when you are with them. The link that was sent before works no more.")
        messages.success(request, said if at_bedside else _("A link is on its way to them."))
    return redirect("signature:envelope", envelope_id)


def _page(request: HttpRequest, envelope_id: UUID, template: str, form: object = None) -> HttpResponse:
    seen = queries.envelope(envelope_id=envelope_id, actor=actor_of(request), at=now())
    status = 422 if getattr(form, "errors", None) else 200
    context = {"envelope": seen, "form": form, "back": WayBack(request), "today": now().date()}
    return render(request, template, context, status=status)
