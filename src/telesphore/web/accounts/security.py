"""One's own security page: the ways to sign in, added, renamed, removed; and the first set-up, one step after another.

Every change asks for a fresh proof of who one is. Right after a sign-in it is fresh: nobody gives a password twice.
"""

from typing import Any

import segno
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import LastWay, WayNotFound
from telesphore.accounts.formats import codes
from telesphore.accounts.states import Acr
from telesphore.kernel.clock import now
from telesphore.web.access import fresh, signed_in
from telesphore.web.accounts import ceremonies, devices
from telesphore.web.accounts.clients import client_words
from telesphore.web.accounts.forms import CodeOnceForm, NameForm, PasswordForm
from telesphore.web.accounts.sign_in import LOST, person_id_of
from telesphore.web.accounts.ways import PARTS, switched_on
from telesphore.web.entering import PASSKEY, Proof, prove_more
from telesphore.web.requests import actor_of

SECRET = "totp_secret"  # noqa: S105 - the name of a place.
"""In the session of who is adding an application: its secret, sealed, until they have given a code."""


@signed_in
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Your ways to sign in, and what else concerns your account's safety."""
    parts = [{"template": part.template, **part.context(request)} for part in PARTS]
    return render(request, "account/security.html", {"mine": _mine(request), "parts": parts})


@signed_in
@require_GET
def set_up(request: HttpRequest) -> HttpResponse:
    """The next step of the first set-up: a passkey, then recovery codes, then home."""
    mine = _mine(request)
    lost = bool(request.session.get(LOST))
    step = "passkey" if lost or not mine.sufficient else "codes" if not mine.codes_kept else "done"
    return render(request, "account/set_up.html", {"mine": mine, "step": step, "lost": lost})


@signed_in
@fresh
@require_POST
def begin_making(request: HttpRequest) -> HttpResponse:
    """What the browser needs to make a passkey, as JSON."""
    return JsonResponse(ceremonies.begin_making(request, at=now()))


@signed_in
@fresh
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey of this device, or of another one at hand."""
    if request.method == "POST":
        try:
            credential = ceremonies.complete_making(request, request.POST.get("credential", ""), at=now())
        except ceremonies.PasskeyRefused:
            messages.error(request, _("The passkey could not be checked, so nothing was added. Try again."))
            return redirect(request.path)
        name = request.POST.get("name", "").strip() or _name_here(request)
        actions.add_passkey(
            person_id=person_id_of(request), name=name, credential=credential, actor=actor_of(request), at=now()
        )
        request.session.pop(LOST, None)
        return _go_on(request, PASSKEY, _("Your passkey is ready."))
    return render(request, "account/passkey_add.html", {"name": _name_here(request)})


@signed_in
@fresh
def rename_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Call a passkey otherwise."""
    passkey = _passkey(request, passkey_id)
    form = NameForm(request.POST or None, initial={"name": passkey.name})
    if request.method == "POST" and form.is_valid():
        actions.rename_passkey(
            person_id=person_id_of(request), passkey_id=passkey_id, name=form.cleaned_data["name"],
            actor=actor_of(request), at=now(),
        )  # fmt: skip
        return redirect("mfa_index")
    return render(request, "account/passkey_rename.html", {"form": form, "passkey": passkey})


@signed_in
@fresh
def remove_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Remove a passkey, unless nothing else would let its person in."""
    passkey = _passkey(request, passkey_id)
    if request.method == "POST":
        return _removed(
            request, lambda **who: actions.remove_passkey(passkey_id=passkey_id, **who), _("The passkey is removed.")
        )
    what = _("The passkey “%(name)s” will no longer open your account.") % {"name": passkey.name}
    return render(request, "account/way_remove.html", {"title": _("Remove this passkey"), "what": what})


@signed_in
@fresh
def add_totp(request: HttpRequest) -> HttpResponse:
    """Add the codes of an application, beside a password."""
    person_id, key = person_id_of(request), f"totp-new:{request.user.pk}"
    if not _mine(request).password:
        return redirect("account_change_password")
    form = CodeOnceForm(request.POST or None)
    kept = str(request.session.get(SECRET, ""))
    if request.method == "POST" and kept and form.is_valid():
        secret = codes.unseal(kept, key=_instance_secret(), context=key)
        step = codes.step_of(secret=secret, code=form.cleaned_data["code"], at=now(), after=0)
        if step is not None:
            del request.session[SECRET]
            actions.add_totp(person_id=person_id, secret=secret, step=step, actor=actor_of(request), at=now())
            return _go_on(request, Proof("password+totp", Acr.TWO_FACTORS), _("Your application is ready."))
        form.add_error("code", _("This code is not right. Wait for the next one, and check the time of your phone."))
    elif request.method == "POST" and kept:
        secret = codes.unseal(kept, key=_instance_secret(), context=key)
    else:
        secret = codes.new_secret()
        request.session[SECRET] = codes.seal(secret, key=_instance_secret(), context=key)
    address = f"otpauth://totp/T%C3%A9lesphore:{_person(request).email}?secret={secret}&issuer=T%C3%A9lesphore"
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=2, dark="#000", light="#fff")
    return render(request, "mfa/totp/activate_form.html", {"form": form, "secret": secret, "picture": picture})


@signed_in
@fresh
def remove_totp(request: HttpRequest) -> HttpResponse:
    """Ask for no application's codes any more, unless nothing else would let the person in."""
    if request.method == "POST":
        return _removed(request, actions.remove_totp, _("Codes of an application are no longer asked."))
    what = _("Your password will no longer open your account: a password alone is not enough.")
    return render(request, "account/way_remove.html", {"title": _("Remove the application's codes"), "what": what})


@signed_in
@fresh
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make recovery codes, which this answer shows and no other."""
    if request.method == "POST":
        made = actions.make_recovery_codes(person_id=person_id_of(request), actor=actor_of(request), at=now())
        return render(
            request, "account/recovery_codes.html", {"codes": made, "made_at": now(), "first": "first" in request.POST}
        )
    return render(request, "account/recovery_codes_make.html", {"mine": _mine(request)})


@signed_in
@require_POST
def keep_recovery_codes(request: HttpRequest) -> HttpResponse:
    """The person has put their codes away."""
    actions.keep_recovery_codes(person_id=person_id_of(request), actor=actor_of(request), at=now())
    return redirect("home" if "first" in request.POST else "mfa_index")


@signed_in
@fresh
def password(request: HttpRequest) -> HttpResponse:
    """Choose a password, or another one."""
    form = PasswordForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        actions.set_password(
            person_id=person_id_of(request), password=form.cleaned_data["password"], actor=actor_of(request), at=now()
        )
        _keep_this_session(request)
        messages.success(request, _("Your password is changed."))
        return redirect("mfa_index" if _mine(request).totp_at else "mfa_activate_totp")
    return render(request, "account/password_change.html", {"form": form, "mine": _mine(request)})


@signed_in
@fresh
def remove_password(request: HttpRequest) -> HttpResponse:
    """Forget the password, unless nothing else would let the person in."""
    if request.method == "POST":
        response = _removed(request, actions.remove_password, _("Your password is forgotten."))
        _keep_this_session(request)
        return response
    what = _("Neither your password nor the application's codes will open your account any more.")
    return render(request, "account/way_remove.html", {"title": _("Remove the password"), "what": what})


def _keep_this_session(request: HttpRequest) -> None:
    """Sessions carry a mark of the password: this one gets the new one's, the others end."""
    person = _person(request)
    person.refresh_from_db()
    request.session[HASH_SESSION_KEY] = person.get_session_auth_hash()


def _mine(request: HttpRequest) -> queries.Ways:
    return queries.ways_of(person_id_of(request))


def _person(request: HttpRequest) -> Any:
    """Who is signed in, and not nobody."""
    return request.user


def _passkey(request: HttpRequest, passkey_id: int) -> queries.Passkey:
    """One of the person's own.

    Raises:
        WayNotFound
    """
    for passkey in _mine(request).passkeys:
        if passkey.passkey_id == passkey_id:
            return passkey
    raise WayNotFound


def _removed(request: HttpRequest, remove: Any, said: str) -> HttpResponse:
    # Who is known by Pro Santé Connect or a card can come in without anything kept here.
    elsewhere = bool(_person(request).national_id) and bool(switched_on() & {"psc", "card"})
    try:
        remove(person_id=person_id_of(request), elsewhere=elsewhere, actor=actor_of(request), at=now())
    except LastWay as refused:
        messages.error(request, refused.sentence)
    else:
        messages.success(request, said)
    return redirect("mfa_index")


def _go_on(request: HttpRequest, proof: Proof, said: str) -> HttpResponse:
    """After a way was added: to recovery codes for who has none, else back to the security page."""
    prove_more(request, proof=proof)
    devices.remember(request, request.user)
    messages.success(request, said)
    return redirect("mfa_index" if _mine(request).codes_kept else "set-up")


def _name_here(request: HttpRequest) -> str:
    return client_words(request.headers.get("User-Agent", "")) or _("Passkey")


def _instance_secret() -> bytes:
    from telesphore.links import ports as links

    return links.code_secret.get()
