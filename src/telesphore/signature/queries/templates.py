"""Templates that one may use, and what their versions say."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.errors import TemplateNotFound
from telesphore.signature.formats import merge
from telesphore.signature.models import Definition, Party, Template, TemplateVersion
from telesphore.signature.states import Seat, StepKind, TemplateScope
from telesphore.vault import queries as vault

PAGE = 100
FILE_LIMIT = 50 * 2**20


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """One template in a list.

    Attributes:
        unit: the name of the unit whose it is; empty for the other scopes.
    """

    template_id: UUID
    name: str
    scope: TemplateScope
    unit: str
    owner: str
    number: int
    changed_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version of a template."""

    version_id: UUID
    number: int
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A template, one of its versions opened.

    Attributes:
        version: the one that is shown, the last unless another was asked for.
        named: the names of the professionals whom the definition names, by id.
        manages: whether the actor may change it and put it away.
    """

    template_id: UUID
    name: str
    scope: TemplateScope
    unit: str
    owner: str
    archived_at: datetime | None
    version: VersionLine
    versions: tuple[VersionLine, ...]
    definition: Definition
    named: dict[UUID, str]
    columns: tuple[str, ...]
    manages: bool

    @property
    def asks_professional(self) -> bool:
        """Whether a place may be left open once it is used."""
        return bool({Seat.CHOSEN, Seat.REFERRING} & set(self.definition.seats))

    @property
    def steps(self) -> list[tuple[StepKind, int | None, list[tuple[Party, Seat | None, str]]]]:
        """The circuit: of each step its kind, how many are needed when not all, and who; a named one by name."""
        seats = iter(self.definition.seats)
        return [
            (
                step.kind,
                step.needed,
                [
                    (one, next(seats), self.named.get(one.person_id, "") if one.person_id else "")
                    for one in step.parties
                ],
            )
            for step in self.definition.composition.steps
        ]


def templates(
    *, actor: Actor, at: datetime, search: str = "", scope: TemplateScope | None = None, archived: bool = False
) -> list[TemplateLine]:
    """Those that the actor sees, by name, at most `PAGE`; `search` is a part of the name. Four queries."""
    rows = access.templates_of(actor=actor, at=at).filter(archived_at__isnull=not archived)
    if scope is not None:
        rows = rows.filter(scope=scope)
    for word in search.split():
        rows = rows.filter(name__icontains=word)
    found = list(rows.order_by("name", "id")[:PAGE])
    last = _last_versions(actor.organisation, [row.id for row in found])
    people = accounts.person_cards({row.owner_id for row in found})
    units = _units(actor, at) if any(row.unit_id for row in found) else {}
    return [
        TemplateLine(
            row.id,
            row.name,
            TemplateScope(row.scope),
            units.get(row.unit_id, "") if row.unit_id else "",
            people[row.owner_id].display_name if row.owner_id in people else "",
            last[row.id].number,
            last[row.id].at,
            row.archived_at,
        )
        for row in found
    ]


def template(*, template_id: UUID, actor: Actor, at: datetime, number: int | None = None) -> TemplateView:
    """A template that the actor sees.

    Raises:
        TemplateNotFound: so too for a version that there is not.
    """
    row = access.template_of(actor=actor, template_id=template_id, at=at)
    versions = list(
        TemplateVersion.objects.filter(organisation_id=row.organisation_id, template_id=row.id)
        .defer("definition_sealed")
        .order_by("-number")[:PAGE]
    )
    shown = next((one for one in versions if number in (None, one.number)), None)
    if shown is None:
        raise TemplateNotFound
    definition = definition_of(shown)
    named = {party.person_id for party in definition.composition.parties if party.person_id}
    people = accounts.person_cards({*named, row.owner_id, *(one.author_id for one in versions)})
    names = {person_id: card.display_name for person_id, card in people.items()}
    lines = {one.id: VersionLine(one.id, one.number, names.get(one.author_id, ""), one.at) for one in versions}
    return TemplateView(
        row.id,
        row.name,
        TemplateScope(row.scope),
        _units(actor, at).get(row.unit_id, "") if row.unit_id else "",
        names.get(row.owner_id, ""),
        row.archived_at,
        lines[shown.id],
        tuple(lines.values()),
        definition,
        {person_id: name for person_id, name in names.items() if person_id in named},
        columns_of(definition),
        access.manages(actor, row),
    )


def template_file(*, template_id: UUID, number: int, position: int, actor: Actor, at: datetime) -> bytes:
    """A document of a version, as PDF: it is of no patient.

    Raises:
        TemplateNotFound
    """
    seen = template(template_id=template_id, actor=actor, at=at, number=number)
    parts = seen.definition.composition.documents
    if not 0 <= position < len(parts):
        raise TemplateNotFound
    return vault.read_blob(organisation_id=actor.organisation, blob_id=parts[position].document_id, limit=FILE_LIMIT)


def definition_of(version: TemplateVersion) -> Definition:
    """What a version says."""
    return Definition.model_validate_json(
        vault.unseal_text(
            organisation_id=version.organisation_id,
            key_id=vault.organisation_keyset(version.organisation_id),
            sealed=bytes(version.definition_sealed),
            context=definition_context(version.id),
        )
    )


def definition_context(version_id: UUID) -> str:
    """What a definition is sealed for."""
    return f"signature:template-version:{version_id}"


def last_version(row: Template) -> TemplateVersion:
    """The one that is used from now on; every template has one."""
    versions = TemplateVersion.objects.filter(organisation_id=row.organisation_id, template_id=row.id)
    return versions.order_by("-number")[0]


def columns_of(definition: Definition) -> tuple[str, ...]:
    """The merge fields that neither the patient nor the sender gives."""
    return merge.columns(texts_of(definition))


def texts_of(definition: Definition) -> list[str]:
    """Every text of a definition in which a merge field may stand."""
    whole = definition.composition
    return [
        whole.title,
        whole.message,
        whole.easy_text,
        *(part.title for part in whole.documents),
        *(text for party in whole.parties for field in party.fields for text in (field.label, field.value)),
    ]


def _last_versions(organisation_id: UUID, template_ids: list[UUID]) -> dict[UUID, TemplateVersion]:
    rows = TemplateVersion.objects.filter(organisation_id=organisation_id, template_id__in=template_ids)
    newest = rows.order_by("template_id", "-number").distinct("template_id").defer("definition_sealed")
    return {row.template_id: row for row in newest}


def _units(actor: Actor, at: datetime) -> dict[UUID, str]:
    return {line.unit_id: line.name for line in accounts.units(organisation_id=actor.organisation, at=at)}


def units_for(*, actor: Actor, at: datetime) -> dict[UUID, str]:
    """The units, by name, for which the actor may make a template."""
    return access.units_for(actor=actor, at=at)
