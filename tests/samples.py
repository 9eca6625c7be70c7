"""Things of the cast that exist, one for each kind of id in an address: what strangers must not tell from nothing."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import connection

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import ApiToken, BackupAccess, DirectoryEntry, Membership, SetUpLink, Workstation
from telesphore.accounts.states import Acr, Role
from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.audit.queries import tree
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links import actions as links
from telesphore.links.actions import Revealed
from telesphore.links.models import Link
from telesphore.pki import actions as pki
from telesphore.records import actions as records
from telesphore.signature.actions import close, compose, copy, discuss, embed, results, seal
from telesphore.signature.actions.compose import Composition
from telesphore.signature.actions.discuss import Words
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import EntryVisibility, TemplateScope
from telesphore.webhooks import actions as webhooks
from telesphore.webhooks.models import Delivery
from telesphore.webhooks.states import What
from tests.accounts.members import claire, hired, invited
from tests.cast import Cast
from tests.endpoints import Endpoint
from tests.papers import one_page
from tests.records.test_accounts import INES, basis, last_mail
from tests.records.test_print import token_of
from tests.signature import templates
from tests.signature.circuits import ODILE, by, odile_signs, sent
from tests.signature.test_guests import FATOU, place
from tests.signature.test_guests import ODILE as ODILE_PARTY
from tests.signature.test_guests import sent as with_interpreter
from tests.web.passkeys import Passkey

NO_OBJECTS = {"number", "position", "name", "request_text", "role"}
"""Parameters that name nothing of anybody's: a page's number, a tile's place, a question, a role."""


@dataclass(frozen=True)
class Samples:
    """What stands in the database, in a hospital where Sylvie has sent two documents of Odile's.

    Attributes:
        values: what exists, by the parameter's name; before it, `namespace:` or `name of the endpoint:` where names
            collide.
        to_sign: Odile's way to the document that awaits her and Dr Lebrun.
        to_copy: Odile's way to the copy of what she signed.
        to_help: an interpreter's way to another document of Odile's.
    """

    values: Mapping[str, str]
    to_sign: Revealed
    to_copy: Revealed
    to_help: Revealed

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
    helped = place(with_interpreter(cast, FATOU, ODILE_PARTY)).id
    printed = records.print_document(
        document_id=_signed_document(signed), language="fr", actor=cast.lebrun, at=now()
    ).pdf
    link = links.create(
        organisation_id=cast.hospital, purpose="signature:sign", subject_id=awaited, patient_id=cast.odile_id,
        phone="+33639980147", language="fr", expires_at=now() + timedelta(days=30), actor=cast.sylvie, at=now(),
    )  # fmt: skip
    records.open_record(patient_id=cast.odile_id, purpose="TREAT", actor=cast.lebrun, at=now())
    access = Event.objects.filter(action="records:record:open", patient_id=cast.odile_id).latest("at")
    audit.seal_once(at=now())
    sealed = tree.signed_size()
    written = discuss.write(
        envelope_id=awaited,
        words=Words(visibility=EntryVisibility.EVERYONE, file=one_page(), file_name="bilan.pdf"),
        actor=cast.lebrun,
        at=now(),
    )
    values = {
        "patient_id": cast.odile_id,
        "document_id": Envelope.objects.get(id=awaited).document_id,
        "envelope_id": awaited,
        "draft_id": compose.begin(patient_id=cast.odile_id, composition=Composition(), actor=cast.sylvie, at=now()),
        "signature:entry_id": written,
        "patients:entry_id": written,
        "api_download_attachment:entry_id": written,
        "event_id": access.id,
        "recipient_id": Recipient.objects.get(envelope_id=awaited, patient_id=cast.odile_id).id,
        "representation_id": records.record_representation(
            patient_id=cast.odile_id, who=INES, basis=basis(), actor=cast.sylvie, at=now()
        ),
        "job_id": _stopped_job(cast),
        "authority_id": pki.establish_authority(
            organisation_id=cast.hospital, actor=Actor.system(cast.hospital), at=now()
        ),
        "records:send-copy:document_id": _signed_document(signed),
        "signature:kit:envelope_id": signed,
        **_of_the_secretary(cast),
        "api_download_kit:envelope_id": signed,
        "api_download_evidence:envelope_id": signed,
        "api_correct_envelope:envelope_id": _voided(cast),
        **_of_the_doctor(cast),
        **_of_the_hospital(cast),
        "scim_resource_type:name": "User",
        "scim_schema:name": "urn:ietf:params:scim:schemas:core:2.0:User",
        "follow-set-up:token": _set_up_link(cast),
        "patients:token": link.url.rpartition("/")[2],
        "verify:token": token_of(printed),
        "number": 1,
        "position": 0,
        "request_text": "MA==",
        "name": f"0/000.p/{sealed}" if sealed < 256 else "0/000",
    }
    return Samples(
        {name: str(value) for name, value in values.items()},
        to_sign=_way(awaited, "signature:sign"),
        to_copy=_way(signed, "signature:copy"),
        to_help=_way(helped, "signature:guest"),
    )


def _voided(cast: Cast) -> UUID:
    envelope_id = sent(cast, [by(cast.lebrun)])
    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())
    return envelope_id


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


def _of_the_secretary(cast: Cast) -> dict[str, object]:
    """Sylvie's own: a template, a draft that it began, a list that she gave."""
    template_id = templates.made(cast, cast.sylvie, scope=TemplateScope.PRIVATE)
    return {
        "template_id": template_id,
        "draft_id": templates.used(cast, template_id),
        "bulk_id": templates.given(cast, template_id, f"patient\n{cast.odile_id}"),
    }


def _set_up_link(cast: Cast) -> str:
    """The token of the link by which Dr Lebrun, who lost her ways to sign in, sets up another."""
    token = "Dr Lebrun's link"
    SetUpLink.objects.create(
        person_id=cast.lebrun.person_id, token_sha256=hashlib.sha256(token.encode()).digest(), means="link+code",
        tries_left=5, made_at=now(), expires_at=now() + timedelta(minutes=15),
    )  # fmt: skip
    return token


def _of_the_doctor(cast: Cast) -> dict[str, object]:
    """Dr Lebrun's own: ways to sign in, a session, a program's token, a paired workstation, another to be paired.

    The backup way in is open.
    """
    person_id = cast.lebrun.person_id
    assert person_id is not None
    session = accounts.open_session(
        person_id=person_id, key="another browser's", means="passkey", acr=Acr.PASSKEY, actor=cast.lebrun, at=now()
    )
    token = ApiToken.objects.create(
        organisation_id=cast.hospital, person_id=person_id, name="laboratory", scopes=["records:document:deposit"],
        secret_sha256=bytes(32), created_at=now(), expires_at=now() + timedelta(days=30),
    )  # fmt: skip
    made = json.loads(Passkey().make({"publicKey": {"user": {"id": person_id.hex}, "challenge": "AA"}}))
    accounts.add_passkey(person_id=person_id, name="bureau", credential=made, actor=cast.lebrun, at=now())
    accounts.add_totp(person_id=person_id, secret="JBSWY3DPEHPK3PXP", step=0, actor=cast.lebrun, at=now())
    accounts.make_recovery_codes(person_id=person_id, actor=cast.lebrun, at=now())
    paired = Workstation.objects.create(
        organisation_id=cast.hospital, name="Ward 2", public_key=bytes(32), paired_by_id=person_id, paired_at=now()
    )
    BackupAccess.objects.create(
        organisation_id=cast.hospital, reason="Pro Santé Connect is away", opened_by=person_id, opened_at=now(),
        ends_at=now() + timedelta(hours=4),
    )  # fmt: skip
    pairing = accounts.begin_pairing(name="Ward 3", actor=cast.lebrun, at=now())
    return {
        "passkey_id": Authenticator.objects.get(user_id=person_id, type="webauthn").pk,
        "session_id": session.session_id,
        "token_id": token.id,
        "workstation_id": paired.id,
        "pairing_id": pairing.pairing_id,
    }


def _of_the_hospital(cast: Cast) -> dict[str, object]:
    """What its administrator keeps: a unit, a role, an invitation, a directory's entry; and a delegation."""
    administrator, at = claire(cast), now()
    colleague = hired(cast.hospital, "Yann", Role.PROFESSIONAL)
    invitation = invited(cast, administrator)
    token = re.search(r"/join/([\w-]+)", last_mail(cast, "accounts:invitation"))
    assert token is not None
    entry = DirectoryEntry.objects.create(
        organisation_id=cast.hospital, person_id=cast.lebrun.person_id, created_at=at, changed_at=at
    )
    return {
        "person_id": cast.lebrun.person_id,
        "membership_id": Membership.objects.get(person_id=cast.lebrun.person_id).id,
        "unit_id": accounts.open_unit(name="Pneumologie", actor=administrator, at=at),
        "invitation_id": invitation.invitation_id,
        "delegation_id": accounts.give_delegation(
            delegator_id=cast.lebrun.person, delegate_id=colleague.person, permissions=["signature:recipient:sign"],
            document_types=[], starts_at=at, ends_at=at + timedelta(days=1), reason="leave", actor=cast.lebrun, at=at,
        ),
        "entry_id": entry.id,
        **_webhook(administrator),
        "origin_id": embed.allow_origin(origin="https://dpi.example", actor=administrator, at=at),
        "role": Role.PROFESSIONAL.value,
        **{f"{name}:token": token[1] for name in ("invitation", "invitation-send-code", "invitation-give-code")},
    }  # fmt: skip


def _webhook(administrator: Actor) -> dict[str, object]:
    made = webhooks.subscribe(url="https://dpi.example/calls", events=["envelope.sent"], actor=administrator, at=now())
    webhooks.tell(
        event_id=made.subscription_id, what=What.SENT, envelope_id=made.subscription_id, actor=administrator, at=now()
    )
    return {"subscription_id": made.subscription_id, "delivery_id": Delivery.objects.get().id}


def _stopped_job(cast: Cast) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'failed' WHERE id ="
            " (SELECT max(id) FROM procrastinate_jobs WHERE args ->> 'organisation_id' = %s) RETURNING id",
            [str(cast.hospital)],
        )
        return int(cursor.fetchone()[0])
