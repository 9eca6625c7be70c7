"""Whether a patient acts alone in a circuit, or whoever the law gives them as a representative does.

A minor, and an adult under a measure by which somebody represents them, may be heard: they read, ask and refuse, by
whatever way they came. What binds (to sign, to approve) takes their representative. Asked anew at each act: who comes
of age meanwhile acts alone, and their parents no more.
"""

from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.records import access as records_access
from telesphore.records.models import Patient
from telesphore.signature.errors import MustBeRepresented
from telesphore.signature.models import Envelope


def check_acts_alone(*, actor: Actor, envelope: Envelope, at: datetime) -> None:
    """Whether the actor may bind themself; only a patient may not.

    Raises:
        MustBeRepresented
    """
    if actor.kind is ActorKind.PATIENT and stand_ins(envelope, at)[1] is not None:
        raise MustBeRepresented


def stand_ins(envelope: Envelope, at: datetime) -> tuple[Patient, tuple[UUID, ...] | None]:
    """The patient of an envelope, and who acts in their place (see `records.access.who_acts_for`)."""
    patient = records_access.decide(
        actor=Actor.system(envelope.organisation_id), patient_id=envelope.patient_id, at=at
    ).patient
    return patient, records_access.who_acts_for(patient, at)
