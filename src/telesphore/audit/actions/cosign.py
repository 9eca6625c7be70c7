"""Keep what witnesses say of our heads."""

from dataclasses import dataclass
from datetime import datetime

from telesphore.audit.actions.act import act
from telesphore.audit.actions.record import record
from telesphore.audit.errors import BadCosignature, NoCheckpoint
from telesphore.audit.formats import cosignatures
from telesphore.audit.formats.notes import BadNote, Head, PublicKey, Signature, parse, parse_signatures
from telesphore.audit.models import Checkpoint, Cosignature
from telesphore.audit.ports import LOG
from telesphore.audit.states import Family
from telesphore.kernel.actors import Actor


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A head with the names of the witnesses whose cosignatures were accepted just now."""

    size: int
    witnesses: tuple[str, ...]


@act("audit:checkpoint:cosign")
def cosign(*, note: str, actor: Actor, at: datetime, size: int | None = None) -> Cosigned:
    """Check and keep the cosignatures in `note`: a cosigned checkpoint of ours, or bare signature lines.

    Bare lines, as a witness answers them (C2SP tlog-witness), are over the head of `size`, by default the newest.
    Lines of unknown keys are left out; those kept already stay as they are.

    Raises:
        BadCosignature: malformed, not over a head of ours, of no known witness, or a signature that does not hold.
        NoCheckpoint: nothing was signed yet.
    """
    try:
        checkpoint, signatures = _read(note, size)
        text, _ = parse(checkpoint.note)
        witnesses = {(key.name, key.id): key for key in LOG.get().witnesses}
        checked = [
            cosignatures.check(signature, text, witnesses[signature.name, signature.key_id])
            for signature in signatures
            if (signature.name, signature.key_id) in witnesses
        ]
    except BadNote as error:
        raise BadCosignature(reason=str(error)) from None
    if not checked:
        raise BadCosignature(reason="it is of no witness named in TELESPHORE_AUDIT_WITNESSES.")
    Cosignature.objects.bulk_create(
        [_row(checkpoint, cosignature.witness, cosignature) for cosignature in checked], ignore_conflicts=True
    )
    names = tuple(cosignature.witness.name for cosignature in checked)
    record(
        "audit:checkpoint:cosign",
        actor=actor,
        at=at,
        family=Family.TECHNICAL,
        detail={"size": checkpoint.size, "witnesses": names},
    )
    return Cosigned(checkpoint.size, names)


def _read(note: str, size: int | None) -> tuple[Checkpoint, list[Signature]]:
    if note.startswith("— "):
        checkpoints = Checkpoint.objects.filter(size=size) if size is not None else Checkpoint.objects.order_by("-size")
        checkpoint = checkpoints.first()
        if checkpoint is None:
            raise NoCheckpoint
        return checkpoint, parse_signatures(note)
    text, signatures = parse(note)
    checkpoint = Checkpoint.objects.filter(size=Head.parse(text).size).first()
    if checkpoint is None or parse(checkpoint.note)[0] != text:
        raise BadCosignature(reason="it is not over a head of this log.")
    return checkpoint, signatures


def _row(checkpoint: Checkpoint, witness: PublicKey, cosignature: cosignatures.Cosignature) -> Cosignature:
    return Cosignature(
        checkpoint=checkpoint, key_name=witness.name, key_id=witness.id, at=cosignature.at, line=cosignature.line
    )
