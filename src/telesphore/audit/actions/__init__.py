"""What can happen to the trail: an act is recorded, events are sealed, their detail is erased, a witness cosigns."""

from telesphore.audit.actions.act import act as act
from telesphore.audit.actions.act import concerning as concerning
from telesphore.audit.actions.act import staged as staged
from telesphore.audit.actions.cosign import Cosigned as Cosigned
from telesphore.audit.actions.cosign import cosign as cosign
from telesphore.audit.actions.erase import apply_retention as apply_retention
from telesphore.audit.actions.erase import erase_patient as erase_patient
from telesphore.audit.actions.export import export as export
from telesphore.audit.actions.key import public_key as public_key
from telesphore.audit.actions.record import NO_ORGANISATION as NO_ORGANISATION
from telesphore.audit.actions.record import Occurrence as Occurrence
from telesphore.audit.actions.record import record as record
from telesphore.audit.actions.record import record_many as record_many
from telesphore.audit.actions.seal import Sealed as Sealed
from telesphore.audit.actions.seal import seal_once as seal_once
from telesphore.audit.states import Family as Family
from telesphore.audit.states import Outcome as Outcome
