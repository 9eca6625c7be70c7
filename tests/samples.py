"""Things of the cast that exist, one for each kind of id in an address: what strangers must not tell from nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Workstation
from telesphore.audit import actions as audit
from telesphore.audit.queries import tree
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links import actions as links
from telesphore.links.actions import Revealed
from telesphore.links.models import Link
from telesphore.pki import actions as pki
from telesphore.records import actions as records
from telesphore.signature.actions import copy, results, seal
from telesphore.signature.models import Envelope
from tests.cast import Cast
from tests.endpoints import Endpoint
from tests.records.test_print import token_of
from tests.signature.circuits import ODILE, by, odile_signs, sent

NO_OBJECTS = {"number", "name", "request_text"}
"""Parameters that name nothing of anybody's: a page's number, a tile's place, a question."""


@dataclass(frozen=True)
class Samples:
    """What stands in the database, in a hospital where Sylvie has sent two documents of Odile's.

    Attributes:
        values: what exists, by the parameter's name; before it, `namespace:` or `name of the endpoint:` where names
            collide.
        to_sign: Odile's way to the document that awaits her and Dr Lebrun.
        to_copy: Odile's way to the copy of what she signed.
    """

    values: Mapping[str, str]
    to_sign: Revealed
    to_copy: Revealed

    def of(self, endpoint: Endpoint) -> dict[str, str]:
        """Values for the parameters of this address.

        Raises:
            KeyError: a parameter of which no sample is made here.
        """
        space = endpoint.name.partition(":")[0]
        return {
            name: next(
                self.values[key]
                for key in (f"{endpoint.name}:{name}", f"{space}:{name}", name)
                if key in self.values or key == name
            )
            for name in endpoint.parameters
        }


def make(cast: Cast) -> Samples:
    """Through the same actions as the pages."""
    awaited = sent(cast, [ODILE, by(cast.lebrun)])
    signed = _signed(cast)
    printed = records.print_document(
        document_id=_signed_document(signed), language="fr", actor=cast.lebrun, at=now()
    ).pdf
    link = links.create(
        organisation_id=cast.hospital, purpose="signature:sign", subject_id=awaited, patient_id=cast.odile_id,
        phone="+33639980147", language="fr", expires_at=now().replace(year=now().year + 1), actor=cast.sylvie, at=now(),
    )  # fmt: skip
    audit.seal_once(at=now())
    sealed = tree.signed_size()
    values = {
        "patient_id": cast.odile_id,
        "document_id": Envelope.objects.get(id=awaited).document_id,
        "envelope_id": awaited,
        "job_id": _stopped_job(cast),
        "authority_id": pki.establish_authority(
            organisation_id=cast.hospital, actor=Actor.system(cast.hospital), at=now()
        ),
        "signature:kit:envelope_id": signed,
        **_of_workstations(cast),
        "patients:token": link.url.rpartition("/")[2],
        "verify:token": token_of(printed),
        "number": 1,
        "request_text": "MA==",
        "name": f"0/000.p/{sealed}" if sealed < 256 else "0/000",
    }
    return Samples(
        {name: str(value) for name, value in values.items()},
        to_sign=_way(awaited, "signature:sign"),
        to_copy=_way(signed, "signature:copy"),
    )


def _signed(cast: Cast) -> UUID:
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    results.file_results(envelope_id=envelope_id, actor=system, at=now())
    copy.send_copy(envelope_id=envelope_id, actor=system, at=now())
    return envelope_id


def _signed_document(envelope_id: UUID) -> UUID:
    from telesphore.records.models import Document

    return Document.objects.get(source_id=envelope_id, source_part="signed").id


def _way(envelope_id: UUID, purpose: str) -> Revealed:
    link = Link.objects.filter(subject_id=envelope_id, purpose=purpose).earliest("created_at")
    return Revealed(link.organisation_id, link.id, link.purpose, link.subject_id, link.patient_id)


def _of_workstations(cast: Cast) -> dict[str, UUID]:
    """Dr Lebrun's paired workstation, and another that she is about to pair."""
    pairing = accounts.begin_pairing(name="Ward 3", actor=cast.lebrun, at=now())
    paired = Workstation.objects.create(
        organisation_id=cast.hospital, name="Ward 2", public_key=bytes(32), paired_by_id=cast.lebrun.person_id,
        paired_at=now(),
    )  # fmt: skip
    return {"pairing_id": pairing.pairing_id, "workstation_id": paired.id}


def _stopped_job(cast: Cast) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'failed' WHERE id ="
            " (SELECT max(id) FROM procrastinate_jobs WHERE args ->> 'organisation_id' = %s) RETURNING id",
            [str(cast.hospital)],
        )
        return int(cursor.fetchone()[0])
