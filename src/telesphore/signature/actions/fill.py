"""What a signer fills in: what they were asked, and what fills itself in; in the file by the update that bears their
signature, in the rows by the transaction that takes it."""

import unicodedata
from collections.abc import Mapping, Sequence

from telesphore.ades.appearance import Appearance, Words, french_day
from telesphore.ades.form_fields import Fill
from telesphore.signature.errors import FieldNotYours, FieldsNotFilled, ValueNotAccepted
from telesphore.signature.models import Envelope, Field, Recipient
from telesphore.signature.queries.fields import FieldLine, fields_of, value_context
from telesphore.signature.states import FieldKind
from telesphore.vault import actions as vault

NOTHING: Mapping[str, str] = {}
"""For whoever fills in nothing."""
_TICKED, _NOT_TICKED = frozenset({"on", "1", "true", "yes"}), frozenset({"", "off", "0", "false", "no"})
_TITLES = frozenset({"dr", "pr", "m.", "mme", "m", "mr", "mrs", "ms"})


def fills_for(
    envelope: Envelope, recipient: Recipient, filled: Mapping[str, str], shown: Appearance
) -> tuple[Fill, ...]:
    """All that this recipient's signature fills in; an optional field that they left stays empty.

    Args:
        filled: name of the field → value, of those that are asked; `on` ticks a box.
        shown: how the signature shows: whose name and date are filled in.

    Raises:
        FieldsNotFilled: required ones are empty.
        ValueNotAccepted: too long for its place, not writable, or not one of the choices.
        FieldNotYours: another name than those of the fields that they are asked for.
    """
    lines = fields_of(envelope, recipient)
    values = _check_filled(lines, filled)
    fills = []
    for line in lines:
        if line.asked:
            if values[line.name]:
                # A box has both its looks already.
                words = None if line.kind is FieldKind.CHECKBOX else Words(values[line.name])
                fills.append(Fill(line.name, values[line.name], words))
            continue
        match line.kind:
            case FieldKind.SIGNATURE:
                fills.append(Fill(line.name, shown.name, shown))
            case FieldKind.NAME:
                fills.append(Fill(line.name, shown.name, Words(shown.name)))
            case FieldKind.INITIALS:
                fills.append(Fill(line.name, initials(shown.name), Words(initials(shown.name))))
            case _:
                fills.append(Fill(line.name, french_day(shown.signed_at), Words(french_day(shown.signed_at))))
    return tuple(fills)


def check_asked(envelope: Envelope, recipient: Recipient, filled: Mapping[str, str]) -> None:
    """Refuse as `fills_for` would, before anything is asked of a token."""
    _check_filled(fields_of(envelope, recipient), filled)


def _check_filled(lines: Sequence[FieldLine], filled: Mapping[str, str]) -> dict[str, str]:
    """The values of all that is asked, tidied. Raises as `fills_for`."""
    asked = {line.name: line for line in lines if line.asked}
    if not filled.keys() <= asked.keys():
        raise FieldNotYours
    values = {name: _accepted(line, filled.get(name, "")) for name, line in asked.items()}
    empty = [_told(line) for name, line in asked.items() if line.required and not values[name]]
    if empty:
        raise FieldsNotFilled(fields=", ".join(empty))
    return values


def _told(line: FieldLine) -> str:
    """How a field is named to people."""
    return line.label or f"{line.kind.label} ({line.page})"


def _accepted(line: FieldLine, value: str) -> str:
    if line.kind is FieldKind.CHECKBOX:
        if value.lower() not in _TICKED | _NOT_TICKED:
            raise ValueNotAccepted(field=_told(line))
        return "on" if value.lower() in _TICKED else ""
    tidy = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n").strip())
    if line.kind is FieldKind.CHOICE:
        if tidy and tidy not in line.options:
            raise ValueNotAccepted(field=_told(line))
        return tidy
    if not line.several_lines:
        tidy = " ".join(tidy.split())
    # Controls, halves of pairs and what has no agreed meaning can't be drawn.
    strange = any(unicodedata.category(one) in ("Cc", "Cs", "Co", "Cn") and one != "\n" for one in tidy)
    if strange or len(tidy) > line.longest:
        raise ValueNotAccepted(field=_told(line))
    return tidy


def initials(name: str) -> str:
    """`AL` for `Dr Anne Lebrun`, `OF` for `FERRAND Odile`: given names first, titles left out."""
    words = [word for word in name.split() if word.lower() not in _TITLES]
    family = [word for word in words if len(word) > 1 and word.isupper()]
    ordered = [word for word in words if word not in family] + family
    return "".join(part[:1].upper() for word in ordered for part in word.split("-"))


def write_values(envelope: Envelope, recipient: Recipient, values: Sequence[tuple[str, str]]) -> None:
    """Keep what was filled in, in the transaction that takes the signature."""
    if not values:
        return
    given = dict(values)
    rows = list(
        Field.objects.filter(organisation_id=envelope.organisation_id, recipient_id=recipient.id, name__in=given.keys())
    )
    for row in rows:
        row.value_sealed = vault.seal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            text=given[row.name],
            context=value_context(row.id),
        )
    Field.objects.bulk_update(rows, ["value_sealed"])
