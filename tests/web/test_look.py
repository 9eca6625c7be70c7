"""What every page is made of: nothing inline, nothing from elsewhere, words and dates as people write them."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from whitenoise.middleware import WhiteNoiseMiddleware

from telesphore.web import dates, static_files
from telesphore.web.headers import Headers
from telesphore.web.templatetags import telesphore as words

WEB = Path(static_files.__file__).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
OURS = sorted((WEB / "static" / "telesphore").rglob("*.*"))
FIXED = "\u00a0"

needs_front = pytest.mark.skipif(not static_files.MANIFEST.exists(), reason="the front end is not built: make front")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(WEB / "templates")))
def test_no_template_holds_a_style_a_script_or_an_address_from_elsewhere(template: Path) -> None:
    text = template.read_text()

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text)


@pytest.mark.parametrize("source", OURS, ids=lambda path: path.name)
def test_our_styles_and_scripts_load_nothing_from_elsewhere(source: Path) -> None:
    text = source.read_text().replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"https?://|@import|\beval\(|innerHTML|insertAdjacentHTML", text)


@needs_front
def test_a_built_file_is_served_under_a_name_made_from_its_content() -> None:
    address = static_files.BuiltFiles().url("built/patient.css")

    assert re.fullmatch(r"/static/built/patient\.[0-9a-f]{12}\.css", address)
    assert (WEB / "static" / address.removeprefix("/static/")).exists()


@needs_front
def test_the_first_page_of_a_patient_weighs_less_than_100_kilobytes() -> None:
    built = WEB / "static" / "built"
    names = ["patient.*.css", "source-sans-3-latin.*.woff2", "page.*.js", "icons.*.svg", "mark.*.svg"]

    assert sum(next(built.glob(name)).stat().st_size for name in names) < 80_000  # The page itself is below 20 kB.


@needs_front
def test_every_icon_that_a_template_draws_is_in_the_sprite() -> None:
    places = json.loads(static_files.MANIFEST.read_text())
    drawn = {name for path in TEMPLATES for name in re.findall(r'\bicon "([a-z0-9/-]+)"', path.read_text())}
    missing = set()
    for symbol in {name.replace("/", "-") for name in drawn}:
        sprite = WEB / "static" / places.get(f"built/icons/{symbol}", "nowhere")
        if not sprite.exists() or f'id="{symbol}"' not in sprite.read_text():
            missing.add(symbol)

    assert missing == set()


@needs_front
def test_what_a_patients_page_draws_is_in_the_lighter_sprite() -> None:
    places = json.loads(static_files.MANIFEST.read_text())
    drawn = {
        name.replace("/", "-")
        for path in TEMPLATES
        if path.parent.relative_to(WEB / "templates").as_posix() in ("patients", "parts")
        for name in re.findall(r'\bicon "([a-z0-9/-]+)"', path.read_text())
    }

    assert {symbol for symbol in drawn if places[f"built/icons/{symbol}"] != places["built/icons.svg"]} == set()


def answer(given: HttpResponse) -> HttpResponse:
    return Headers(lambda request: given)(RequestFactory().get("/"))  # type: ignore[return-value]  # As given.


def test_a_page_is_not_kept_by_the_browser_and_asks_for_no_device() -> None:
    response = answer(HttpResponse("a record"))

    assert response["Cache-Control"] == "no-store"
    assert "camera=()" in response["Permissions-Policy"]
    assert response["Cross-Origin-Opener-Policy"] == response["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_view_that_lets_its_answer_be_kept_is_heard() -> None:
    assert (
        answer(HttpResponse(headers={"Cache-Control": "public, max-age=60"}))["Cache-Control"] == "public, max-age=60"
    )


def test_a_moment_is_written_as_a_french_sentence_says_it() -> None:
    year = timezone.localdate().year
    moment = datetime(year, 11, 23, 7, 41, tzinfo=UTC)

    with translation.override("fr"), timezone.override("Europe/Paris"):
        written = dates.day_and_time(moment)
        past = dates.day(date(2020, 12, 1))

    assert written.endswith(f" 23{FIXED}novembre à 8{FIXED}h{FIXED}41")
    assert past == f"mardi 1er{FIXED}décembre 2020"


def test_a_moment_in_a_column_is_as_short_as_its_age_allows() -> None:
    with timezone.override("Europe/Paris"):
        now = timezone.now()
        assert dates.column(now) == timezone.localtime(now).strftime("%H:%M")
        assert dates.column(datetime(2019, 3, 2, 12, 0, tzinfo=UTC)) == "02/03/2019"
        assert dates.column(now - timedelta(days=400)).count("/") == 2


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+33639980147", "06 39 98 01 47"),
        ("0639980147", "06 39 98 01 47"),
        ("+32470123456", "+32470123456"),
        ("", ""),
    ],
)
def test_a_french_phone_number_is_written_in_pairs(number: str, written: str) -> None:
    assert words.phone(number) == written.replace(" ", FIXED)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("251114620100188", "2 51 11 46 201 001 88"),
        ("2510220A0100188", "2510220A0100188"),
        ("251022A00100188", "2 51 02 2A 001 001 88"),
        ("", ""),
    ],
)
def test_an_ins_is_written_as_it_is_read_aloud(number: str, written: str) -> None:
    shown = words.ins(number)

    assert shown == written.replace(" ", FIXED)
    assert shown.replace(FIXED, "") == number


def test_what_people_wrote_never_becomes_markup() -> None:
    page = Template(
        '{% load telesphore %}{% who name %}{% notice name "no" name %}{% state "done" name %}{% empty name %}'
    )

    written = page.render(Context({"name": "<script>alert(1)</script>"}))

    assert "<script" not in written


class Question(forms.Form):
    """One of each."""

    phone = forms.CharField(label="Téléphone", help_text="Dix chiffres.")
    sure = forms.BooleanField(label="Oui")


def test_a_field_to_mend_says_so_beside_it_and_to_a_screen_reader() -> None:
    form = Question({})

    page = Template("{% load telesphore %}{% error_summary form %}{% for bound in form %}{% field bound %}{% endfor %}")
    written = page.render(Context({"form": form}))

    assert 'aria-describedby="id_phone_hint id_phone_error"' in written
    assert 'id="id_phone_error"' in written
    assert 'aria-invalid="true"' in written
    assert 'href="#id_phone"' in written


def test_a_page_with_the_theme_of_the_cookie_takes_no_other_word_for_it() -> None:
    from telesphore.web.shell import shell

    request: HttpRequest = RequestFactory().get("/", headers={"cookie": 'theme=dark"><script>; text=larger'})

    assert shell(request)["theme"] == ""
    assert shell(request)["text_size"] == "larger"


@needs_front
def test_a_built_file_may_be_kept_for_good_and_travels_compressed() -> None:
    address = static_files.BuiltFiles().url("built/patient.css")

    served = WhiteNoiseMiddleware(lambda request: HttpResponse()).files[address]
    headers = dict(served.get_response("HEAD", {"HTTP_ACCEPT_ENCODING": "br"}).headers)

    assert "immutable" in headers["Cache-Control"]
    assert headers["Content-Encoding"] == "br"


def test_a_page_allows_no_inline_script_nor_style() -> None:
    response = Client().get("/nothing-here")

    policy = response["Content-Security-Policy"]
    assert response.status_code == 404
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"])
def test_an_error_page_stands_when_nothing_else_does(name: str) -> None:
    assert "<h1>" in get_template(name).render()


@pytest.mark.parametrize(
    ("here", "roles", "marked"),
    [
        ("/", [], "/"),
        ("/circuits/", [], "/circuits/"),
        ("/drafts/", [], "/circuits/"),
        ("/circuits/templates/", [], "/circuits/"),
        ("/circuits/templates/", ["administrator"], "/circuits/templates/"),
        ("/drafts/", ["administrator"], "/circuits/"),
    ],
)
def test_the_navigation_marks_the_one_place_where_the_reader_is(here: str, roles: list[str], marked: str) -> None:
    shown = get_template("shell/places.html").render({"here": here, "roles": roles, "carer": True})

    assert re.findall(r'href="([^"]*)" aria-current="page"', shown) == [marked]
