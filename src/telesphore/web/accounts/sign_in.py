"""The ways in that are ours: the sign-in page, passkeys, the second step, and back in after a loss."""

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.states import Acr
from telesphore.kernel.actors import NIL
from telesphore.kernel.clock import now
from telesphore.web.access import public, signed_in
from telesphore.web.accounts import ceremonies, throttle
from telesphore.web.accounts.forms import CodeForm, LostForm, SetUpCodeForm, SignInForm
from telesphore.web.accounts.ways import switched_on
from telesphore.web.agents import speaks_to_agent
from telesphore.web.entering import SHARED, Proof, enter, prove_again, safe_path
from telesphore.web.rates import Rate, at_most
from telesphore.web.requests import actor_of

PASSKEY = Proof("passkey", Acr.PASSKEY)
LOST = "lost_way"
"""In the session of who came in by a recovery code: their other ways may be lost."""

CEREMONIES = Rate("passkey", 600, 60)


class SignInView(LoginView):  # type: ignore[misc]  # django-allauth has no types.
    """The sign-in page; its own form is that of the password."""

    form_class = SignInForm

    def form_valid(self, form: Any) -> HttpResponse:
        self.request.session[SHARED] = "shared" in self.request.POST
        response: HttpResponse = super().form_valid(form)
        return response

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**more)
        return context | {
            "ways": switched_on(),
            "shared": self.request.COOKIES.get("shared") == "yes",
            "patients": _address("patients:sign-in"),
            "next": self.request.GET.get("next", "") or self.request.POST.get("next", ""),
            "base_url": settings.BASE_URL,
        }


sign_in = public("the door itself")(speaks_to_agent(SignInView.as_view()))


class CodeView(AuthenticateView):  # type: ignore[misc]  # django-allauth has no types.
    """The second step after a password: a code of an application, or a recovery code."""

    def _build_forms(self) -> CodeForm | None:
        self.webauthn_form = None
        person = self.stage.login.user
        posted = self.request.method == "POST"
        self.auth_form = CodeForm(user=person, data=self.request.POST) if posted else CodeForm(user=person)
        return self.auth_form if posted else None

    def form_valid(self, form: CodeForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        if form.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            self.request.session[LOST] = True
            return redirect("set-up")
        return response


second_step = public("the second step of signing in")(CodeView.as_view())


@public("what a browser needs before a passkey can answer")
@require_POST
@at_most(CEREMONIES)
def begin_proving(request: HttpRequest) -> HttpResponse:
    """A challenge for a passkey, as JSON."""
    return JsonResponse(ceremonies.begin_proving(request, at=now()))


@public("a passkey proves who comes in")
@require_POST
@at_most(CEREMONIES)
def sign_in_by_passkey(request: HttpRequest) -> HttpResponse:
    """Let in whom the passkey proves."""
    to = safe_path(request, request.POST.get("next", ""))
    try:
        passkey = ceremonies.complete_proving(request, request.POST.get("credential", ""), at=now())
    except ceremonies.PasskeyRefused:
        actions.note_refused_sign_in(email="", actor=actor_of(request), at=now())
        messages.error(request, _("This passkey is not known here. Try another one, or another way."))
        return redirect("account_login")
    response = enter(request, person_id=passkey.user_id, proof=PASSKEY, to=to)
    if "shared" in request.POST:
        request.session[SHARED] = True
    return response


@signed_in
@require_POST
def prove_again_by_passkey(request: HttpRequest) -> HttpResponse:
    """Prove again who one is, by a passkey of one's own, and go back to `next`."""
    to = request.POST.get("next", "")
    try:
        passkey = ceremonies.complete_proving(request, request.POST.get("credential", ""), at=now())
        if passkey.user_id != request.user.pk:
            raise ceremonies.PasskeyRefused
    except ceremonies.PasskeyRefused:
        messages.error(request, _("This passkey is not known here. Try another one, or another way."))
        return redirect(f"{reverse('account_reauthenticate')}?next={safe_path(request, to)}")
    prove_again(request, proof=PASSKEY)
    return redirect(safe_path(request, to))


@public("who lost their ways to sign in is led back to them")
def lost(request: HttpRequest) -> HttpResponse:
    """What to do without one's ways to sign in; with a recovery code, a link leaves to the person's own address.

    The answer is the same whether the code is right, wrong or of nobody.
    """
    form = LostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            guess = throttle.guess(request, kind="recovery", account=form.cleaned_data["email"], at=now())
        except throttle.TooManyGuesses:
            form.add_error(None, get_adapter().validation_error("too_many_login_attempts"))
        else:
            person_id = queries.person_of(form.cleaned_data["email"]) or NIL
            if actions.spend_recovery_code(person_id=person_id, code=form.cleaned_data["code"]):
                guess.was_right()
                actions.send_recovery_link(person_id=person_id, actor=actor_of(request), at=now())
            return render(request, "account/lost_sent.html")
    return render(request, "account/lost.html", {"form": form, "ways": switched_on()})


@public("a link sent to who lost their ways to sign in")
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Come in by a link, and by the code that it asks for; then set up a new way."""
    at = now()
    form = SetUpCodeForm(request.POST or None)
    asks = actions.asks_code(token=token, at=at)
    if request.method == "POST" and (not asks or form.is_valid()):
        code = form.cleaned_data["code"] if asks else ""
        followed = actions.follow(token=token, code=code, actor=actor_of(request), at=at)
        # Two proofs for the recovery code beside the address; what an administrator told is no proof of the person.
        acr = Acr.TWO_FACTORS if followed.means == "recovery-code+link" else Acr.LINK_AND_CODE
        response = enter(request, person_id=followed.person_id, proof=Proof(followed.means, acr), to=reverse("set-up"))
        request.session[LOST] = True
        return response
    return render(request, "account/follow.html", {"form": form, "asks": asks})


def _address(name: str) -> str:
    """The address of a page that may not exist here."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def person_id_of(request: HttpRequest) -> UUID:
    """Who is signed in."""
    return UUID(str(request.user.pk))
