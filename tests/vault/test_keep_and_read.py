"""A document goes into the vault and comes back."""

import hashlib
import os
from datetime import UTC, datetime
from uuid import UUID

import pytest

from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import actions, queries


@pytest.mark.django_db
def test_a_document_comes_back_as_it_was_deposited() -> None:
    organisation_id, at = uuid7(), datetime.now(UTC)
    actor = Actor.system(organisation_id)
    key_id = actions.create_keyset(organisation_id=organisation_id, patient_id=uuid7(), actor=actor, at=at)
    content = os.urandom(3_000_000)
    deposited = actions.deposit(
        organisation_id=organisation_id, key_id=key_id, media_type="application/pdf", content=content
    )
    blob_id = actions.keep(deposited, actor=actor, at=at)
    assert isinstance(blob_id, UUID)
    assert queries.read_blob(organisation_id=organisation_id, blob_id=blob_id, limit=10**7) == content
    assert deposited.sha256 == hashlib.sha256(content).digest()
    sealed = actions.seal_text(organisation_id=organisation_id, key_id=key_id, text="Compte rendu", context="t")
    assert (
        queries.unseal_text(organisation_id=organisation_id, key_id=key_id, sealed=sealed, context="t")
        == "Compte rendu"
    )
