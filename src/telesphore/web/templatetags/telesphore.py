"""Words of the templates: icons, states, people, identities, circuits, numbers; dates are those of `web/dates.py`."""

import re
from collections.abc import Iterable

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from telesphore.records.queries import PatientCard
from telesphore.records.states import DocumentType
from telesphore.signature.queries import EnvelopeView, StepLine
from telesphore.web import agents, dates
from telesphore.web.accounts.words import PERMISSION_WORDS
from telesphore.web.dates import FIXED, in_french
from telesphore.web.files import kind_in_words

register = template.Library()
register.filter(kind_in_words)
for written in (
    dates.day, dates.due, dates.day_and_time, dates.last_minute, dates.full_date, dates.short_date, dates.hour,
    dates.clock, dates.column, dates.month,
):  # fmt: skip
    register.filter(written)

NARROW = "\u202f"


@register.simple_tag
def icon(name: str, size: str = "", extra: str = "") -> SafeString:
    """A Tabler icon by name (`filled/name` for a filled one); for the eye only: the word beside it says the same.

    Args:
        size: `s` or `l`; empty for the usual one.
        extra: another class, e.g. `t-mark`.
    """
    classes = " ".join(part for part in ("icon", f"icon-{size}" if size else "", extra) if part)
    symbol = name.replace("/", "-")
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        classes,
        static(f"built/icons/{symbol}"),
        symbol,
    )


@register.simple_tag
def mark() -> SafeString:
    """Our mark: a hood that is also a nib."""
    return format_html(
        '<svg class="t-mark" aria-hidden="true" focusable="false"><use href="{}#mark"/></svg>',
        static("built/icons/mark"),
    )


@register.simple_tag
def agent_places() -> str:
    """Where a page looks for the card agent."""
    return " ".join(agents.places())


@register.inclusion_tag("parts/state.html")
def state(shape: str, word: str, tag: bool = False) -> dict[str, object]:
    """A state: a shape, a word, then a colour.

    Args:
        shape: `you`, `done`, `waiting`, `late`, `no`, `unread` or `info`.
        tag: with a ground, for headings; bare in lists.
    """
    return {"shape": shape, "word": word, "tag": tag}


_SHAPES = {
    "signed": "done",
    "approved": "done",
    "advised": "done",
    "completed": "done",
    "released": "info",
    "declined": "no",
    "voided": "no",
    "expired": "late",
    "failed": "no",
}


@register.filter
def shape_of(code: str) -> str:
    """The shape of an envelope's, a recipient's or a notice's state."""
    return _SHAPES.get(str(code), "waiting")


@register.filter
def opinion_shape(opinion: str) -> str:
    """The shape of an opinion: none of them stops anything."""
    return {"favourable": "done", "reserved": "late", "abstained": "info"}.get(opinion, "no")


@register.filter
def word_of(code: str) -> str:
    """The word for an envelope's, a recipient's or a notice's state, or for what a recipient does by signing."""
    words = {
        "sent": pgettext("state", "On its way"),
        "in-progress": pgettext("state", "On its way"),
        "sealing": pgettext("state", "Being sealed"),
        "completed": pgettext("state", "Completed"),
        "declined": pgettext("state", "Declined"),
        "voided": pgettext("state", "Withdrawn"),
        "pending": pgettext("state", "After the others"),
        "waiting": pgettext("state", "Awaited"),
        "signed": pgettext("state", "Signed"),
        "approved": pgettext("state", "Approved"),
        "advised": pgettext("state", "Opinion given"),
        "released": pgettext("state", "No longer needed"),
        "expired": pgettext("state", "Expired"),
        "favourable": pgettext("opinion", "Favourable"),
        "reserved": pgettext("opinion", "With reservations"),
        "unfavourable": pgettext("opinion", "Unfavourable"),
        "abstained": pgettext("opinion", "No opinion"),
        "review": pgettext("step", "Review"),
        "opinion": pgettext("step", "Opinion"),
        "interpreter": _("Interpreter"),
        "witness": _("Witness"),
        "failed": pgettext("state", "Not delivered"),
        "acknowledges": _("acknowledges"),
        "consents": _("consents"),
        "validates": _("validates"),
    }
    return words.get(str(code), str(code))


_NOT_INITIALS = ("dr", "pr", "mme", "m", "de")


@register.filter
def document_type(code: str) -> str:
    """The name of a kind of document, from its code."""
    return str(DocumentType(code).label) if code in DocumentType.values else code


@register.filter
def permission_words(name: str) -> str:
    """What a permission lets one do."""
    return str(PERMISSION_WORDS[name])


@register.simple_tag
def who(name: str, small: bool = False) -> SafeString:
    """Someone's initials in a round; their name stands beside it."""
    words = [word for word in re.split(r"[\s-]+", name) if word and word.rstrip(".").lower() not in _NOT_INITIALS]
    initials = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper()
    return format_html('<span class="t-who{}" aria-hidden="true">{}</span>', " is-s" if small else "", initials)


@register.inclusion_tag("parts/identity.html")
def identity(patient: PatientCard, level: int = 1, link: bool = False) -> dict[str, object]:
    """The identity banner: the same facts in the same order wherever a record or a document of it is open.

    Args:
        level: of the heading that the name is.
        link: whether the name leads to the record.
    """
    statuses = {"provisional": _("provisional"), "validated": _("validated"), "qualified": _("qualified")}
    sexes = {"F": _("woman"), "M": _("man")}
    return {
        "patient": patient,
        "level": level,
        "link": link,
        "sex": sexes.get(patient.sex, _("undetermined")),
        "sure": patient.identity_status == "qualified",
        "status": statuses.get(patient.identity_status, patient.identity_status),
    }


@register.inclusion_tag("parts/circuit.html", takes_context=True)
def circuit(context: template.Context, envelope: EnvelopeView) -> dict[str, object]:
    """The thread that a document follows: what is done behind, what is awaited ahead, people below."""
    current = next((step.position for step in envelope.steps if step.completed_at is None), None)
    open_ = envelope.closed_at is None
    return {
        "envelope": envelope,
        "steps": [_step(step, number, current if open_ else None) for number, step in enumerate(envelope.steps, 1)],
        "request": context.get("request"),
    }


def _step(step: StepLine, number: int, current: int | None) -> dict[str, object]:
    yours = any(line.is_actor and line.state == "waiting" for line in step.recipients)
    refused = any(line.state == "declined" for line in step.recipients)
    shape = "done" if step.completed_at else "no" if refused else "you" if yours else "waiting"
    return {
        "step": step,
        "number": number,
        "shape": shape,
        "current": step.position == current,
        "segments": [index < step.done for index in range(step.needed)] if step.needed > 1 else [],
    }


@register.inclusion_tag("parts/notice.html")
def notice(text: str, kind: str = "info", title: str = "") -> dict[str, object]:
    """A message that stays in the page. `kind` is `info`, `done`, `late`, `no` or `you`."""
    return {"text": text, "kind": kind, "title": title}


@register.inclusion_tag("parts/empty.html")
def empty(text: str, then: str = "", url: str = "", action: str = "") -> dict[str, object]:
    """An empty list: what is true, what comes, one action."""
    return {"text": text, "then": then, "url": url, "action": action}


@register.inclusion_tag("parts/viewer.html")
def viewer(src: str, page: int = 0, single: bool = False, title: str = "", whole: bool = False) -> dict[str, object]:
    """A PDF shown by pdf.js (`viewer.js` must be on the page).

    Args:
        src: address of the PDF, ours.
        page: the page to begin with; 0 for the first.
        single: only that page, without the buttons that turn pages.
        whole: fetch all that it takes to show every page at once: the network may go away.
    """
    return {"src": src, "page": page, "single": single, "title": title, "whole": whole}


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField) -> dict[str, object]:
    """A form's field: label above, hint, control, what to mend beside it."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "select" if "Select" in type(widget).__name__ else "text")
    classes = {"checkbox": "form-check-input", "radio": "form-check-input", "select": "form-select"}.get(
        kind, "form-control"
    )
    several = kind == "checkbox" and getattr(widget, "allow_multiple_selected", False)
    if several or kind == "radio":
        # Each choice draws its own box; what belongs to all of them stands beside their name.
        widget.attrs["class"] = classes
    described = [f"{bound.auto_id}_hint"] if bound.help_text else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    wrong = "is-invalid" if bound.errors else ""
    # A library's placeholders repeat the labels.
    widget.attrs.pop("placeholder", None)
    attributes: dict[str, str | bool] = {
        "class": " ".join(part for part in (widget.attrs.get("class"), classes, wrong) if part)
    }
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attributes),
        "tick": kind == "checkbox" and not several,
        "group": kind == "radio" or several,
    }


@register.inclusion_tag("parts/error_summary.html")
def error_summary(form: object) -> dict[str, object]:
    """What is to mend in a form, once, at its top; focused when the page opens."""
    return {"form": form}


@register.filter
def ins(number: str) -> str:
    """An INS (NIR) as it is read aloud: `2 51 11 99 999 001 25`; kept on one line."""
    digits = re.sub(r"\s", "", number or "")
    match = re.fullmatch(r"([\dA-Z])(\d\d)(\d\d)(\d[\dA-Z])(\d{3})(\d{3})(\d\d)?", digits)
    return FIXED.join(part for part in match.groups() if part) if match else number


@register.filter
def phone(number: str) -> str:
    """A phone number as the French write it: `06 39 98 01 47`; another country's keeps its +."""
    match = re.fullmatch(r"(?:\+33|0)([1-9])(\d\d)(\d\d)(\d\d)(\d\d)", number or "")
    return FIXED.join((f"0{match[1]}", *match.groups()[1:])) if match else number


@register.filter
def file_size(octets: int) -> str:
    """`38 ko` in French, `38 kB` in English."""
    unit = "o" if in_french() else "B"
    for step, prefix in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if octets >= step:
            return f"{octets / step:.0f}{FIXED}{prefix}{unit}"
    return f"{octets}{FIXED}{unit}"


@register.filter
def listed(names: Iterable[str]) -> str:
    """`Anne, Thomas et Inès`."""
    known = list(names)
    if len(known) < 2:
        return "".join(known)
    return _("%(first)s and %(last)s") % {"first": ", ".join(known[:-1]), "last": known[-1]}


@register.simple_tag(takes_context=True)
def current(context: template.Context, *prefixes: str, but: str = "") -> SafeString:
    """Marks the place of the navigation where the reader is: under one of these paths, `/` for the home page alone, and
    not under `but`, which is a place of its own."""
    here = str(context.get("here", ""))
    found = any(here == "/" if prefix == "/" else here.startswith(prefix) for prefix in prefixes)
    found = found and not (but and here.startswith(but))
    return mark_safe(' aria-current="page"' if found else "")  # noqa: S308 - a constant.
