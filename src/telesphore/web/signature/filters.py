"""The filters of the signature book, as its address says them; what is not understood filters nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from telesphore.records.states import DocumentType
from telesphore.signature.queries import Book, Facet, Order, Wanted
from telesphore.signature.states import StepKind

ORDERS: Mapping[str, Any] = {
    Order.URGENCY: _lazy("Most urgent first"),
    Order.AGE: _lazy("Waiting longest first"),
    Order.PATIENT: _lazy("By patient"),
    Order.TYPE: _lazy("By type of document"),
}
KINDS: Mapping[str, Any] = {
    StepKind.SIGN: _lazy("To sign"),
    StepKind.REVIEW: _lazy("To review"),
    StepKind.OPINION: _lazy("Opinion asked"),
}
PURPOSES: Mapping[str, Any] = {
    "acknowledges": _lazy("Acknowledge"),
    "consents": _lazy("Consent"),
    "validates": _lazy("Validate"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a filter, as the page shows it."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Select:
    """One filter that offers choices."""

    name: str
    label: str
    choices: tuple[Choice, ...]


class BookFilters:
    """What the address asks for, what the page offers."""

    def __init__(self, asked: QueryDict) -> None:
        order, kind = asked.get("order", ""), asked.get("kind", "")
        self.wanted = Wanted(
            order=Order(order) if order in list(Order) else Order.URGENCY,
            kind=StepKind(kind) if kind in KINDS else None,
            type_code=asked.get("type", "").replace("\x00", "")[:32],
            purpose=purpose if (purpose := asked.get("purpose", "")) in PURPOSES else "",
            place=identifier(asked.get("place", "")),
            sender=identifier(asked.get("sender", "")),
            patient=" ".join(asked.get("q", "").replace("\x00", "")[:100].split()[:5]),
            late=asked.get("late") == "1",
            questions=asked.get("questions") == "1",
        )
        self.selects: tuple[Select, ...] = ()

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        wanted = self.wanted
        return wanted != Wanted(order=wanted.order)

    def offer(self, book: Book) -> None:
        """Offer what this book may be filtered by; nothing where there is no choice."""
        wanted = self.wanted
        types = {code: str(label) for code, label in DocumentType.choices}
        everybody = _("Everybody")
        self.selects = tuple(
            select
            for select in (
                Select(
                    "order",
                    _("Order"),
                    tuple(Choice(key, str(word), key == wanted.order) for key, word in ORDERS.items()),
                ),
                _select("kind", _("What is asked"), _("Everything"), book.kinds, wanted.kind, KINDS),
                _select("type", _("Type"), _("All types"), book.types, wanted.type_code, types),
                _select("sender", _("Sender"), everybody, book.senders, wanted.sender, {}),
                _select("place", _("Whose place"), everybody, book.places, wanted.place, {}),
                _select("purpose", _("Meaning"), _("All meanings"), book.purposes, wanted.purpose, PURPOSES),
            )
            if len(select.choices) > 2
        )

    def kept(self) -> str:
        """As an address, without the patient's name."""
        return self._address(self._pairs())

    @property
    def address(self) -> str:
        """As an address, whole."""
        return self._address({**self._pairs(), "q": self.wanted.patient})

    def _pairs(self) -> dict[str, str]:
        wanted = self.wanted
        return {
            "order": wanted.order,
            "kind": wanted.kind or "",
            "type": wanted.type_code,
            "sender": str(wanted.sender or ""),
            "place": str(wanted.place or ""),
            "purpose": wanted.purpose,
            "late": "1" if wanted.late else "",
            "questions": "1" if wanted.questions else "",
        }

    @staticmethod
    def _address(pairs: Mapping[str, str]) -> str:
        address = QueryDict(mutable=True)
        address.update({name: value for name, value in pairs.items() if value})
        return address.urlencode()


def _select(
    name: str, label: str, everything: str, facets: tuple[Facet, ...], chosen: object, words: Mapping[Any, Any]
) -> Select:
    current = str(chosen or "")
    found = [
        Choice(one.value, f"{one.name or words.get(one.value, one.value)} ({one.count})", one.value == current)
        for one in facets
    ]
    if current and not any(one.chosen for one in found):
        # What nothing waits of any more stays chosen until it is let go.
        found.append(Choice(current, str(words.get(current, "—")), True))
    return Select(name, label, (Choice("", everything, not current), *found))


class WayBack:
    """To the list of the signature book, where it was left to act on one document: its filters, its page and the line
    that follows, as `preview` wrote them into the addresses of the acts.

    Attributes:
        query: what such an address carries; empty when the act was not reached from the list.
        address: of the list; empty as well.
    """

    def __init__(self, request: HttpRequest, *, leaving: bool = False) -> None:
        self.query = self.address = ""
        if not leaving and request.GET.get("from") != "book":
            return
        kept = QueryDict(BookFilters(request.GET).address if "order" in request.GET else "", mutable=True)
        if after := identifier(request.GET.get("after", "")):
            kept["after"] = str(after)
        self.address = reverse("signature:book") + (f"?{kept.urlencode()}" if kept else "")
        if following := identifier(request.GET.get("next", "")):
            self.address += f"#e-{following}"
            kept["next"] = str(following)
        kept["from"] = "book"
        self.query = kept.urlencode()


def identifier(value: str) -> UUID | None:
    """A UUID, when it is one."""
    try:
        return UUID(value)
    except ValueError:
        return None
