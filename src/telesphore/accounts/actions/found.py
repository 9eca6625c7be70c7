"""Found an organisation."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts.models import Organisation
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import actions as vault


@audit.staged("accounts:organisation:found")
def found_organisation(*, name: str, city: str, actor: Actor, at: datetime) -> UUID:
    """Make an organisation, with its keyset for what belongs to no patient. For the operator's commands."""
    organisation_id = uuid7()
    keyset = vault.prepare_keyset(organisation_id=organisation_id, patient_id=None)
    _found(name=name, city=city, keyset=keyset, actor=actor.within(organisation_id), at=at)
    return organisation_id


@audit.act("accounts:organisation:found")
def _found(*, name: str, city: str, keyset: vault.PreparedKeyset, actor: Actor, at: datetime) -> None:
    Organisation.objects.create(id=keyset.owner.organisation_id, name=name, city=city)
    vault.create_keyset(
        organisation_id=keyset.owner.organisation_id, patient_id=None, prepared=keyset, actor=actor, at=at
    )
    audit.record("accounts:organisation:found", actor=actor, subject=keyset.owner.organisation_id, at=at)
