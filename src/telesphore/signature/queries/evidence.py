"""What is known of a circuit that was completed: who acted, as who, how each was recognised, what each was shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import localtime

from telesphore.accounts import queries as accounts
from telesphore.audit.models import Event
from telesphore.links import queries as links
from telesphore.records.models import Patient
from telesphore.signature.formats import thread as chain
from telesphore.signature.formats.evidence import (
    DocumentEvidence,
    FieldEvidence,
    RelationEvidence,
    SeenEvidence,
    SignerEvidence,
    StepEvidence,
    TakenBackEvidence,
)
from telesphore.signature.models import Bedside, Entry, Envelope, EnvelopePart, Recipient, Revision, Step
from telesphore.signature.queries.fields import fields_of
from telesphore.signature.queries.guests import guests_of
from telesphore.signature.queries.reading import sentence_signed
from telesphore.signature.states import ACTED, BedsideEnd, FieldKind, PartyRole, RecipientState
from telesphore.vault import queries as vault

TAKEN_BACK = "signature:recipient:recall"
_READ = "signature:document:view"


class Acts:
    """Who acted in an envelope, with what names them and what the trail says of them."""

    def __init__(self, envelope: Envelope, patient: Patient, events: Sequence[Event]) -> None:
        self._envelope, self._patient, self._events = envelope, patient, events
        # Nobody who declined is in a circuit that was completed.
        self.rows = list(
            Recipient.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id, state__in=ACTED)
            .select_related("step", "envelope")
            .order_by("step__position", "signed_at", "acted_at", "id")
        )
        self._people = accounts.person_cards(
            {envelope.sender_id}
            | {row.person_id for row in self.rows if row.person_id is not None}
            | {deputy for row in self.rows if (deputy := _deputy(row)) is not None}
            | {UUID(_proof(row)["bedside"]["seen_by"]) for row in self.rows if "bedside" in _proof(row)}
            | {event.person_id for event in events if event.person_id is not None}
        )
        self._guests = guests_of([(envelope, row) for row in self.rows])
        self.names = {person_id: card.display_name for person_id, card in self._people.items()}
        self.names |= {patient.id: patient.display_name} | {row_id: card.name for row_id, card in self._guests.items()}
        self.name_of = {row.id: self.names[self._acting(row)] for row in self.rows}
        """Of who acted, by the recipient's id: a delegate's, a representative's, their own."""

    def _acting(self, row: Recipient) -> UUID:
        own = row.person_id or (row.id if row.id in self._guests else self._patient.id)
        return _deputy(row) or own

    def _party(self, row: Recipient) -> str:
        if _deputy(row) is not None:
            return "delegate" if row.person_id else "representative"
        return row.role or (PartyRole.PROFESSIONAL if row.person_id else PartyRole.PATIENT)

    def _role(self, row: Recipient) -> str:
        if row.id in self._guests:
            return self._guests[row.id].quality
        return self._people[self._acting(row)].specialty if row.person_id else ""

    def told(self, revisions: Sequence[Revision]) -> tuple[SignerEvidence, ...]:
        """One for each, in the order of the circuit."""
        organisation_id = self._envelope.organisation_id
        bedsides = {
            row.recipient_id: row.code_link_id
            for row in Bedside.objects.filter(
                organisation_id=organisation_id, envelope_id=self._envelope.id, end=BedsideEnd.SIGNED
            )
        }
        # At the bedside the code came by a link of its own; the one sent by e-mail was not used.
        link_of = {row.id: bedsides.get(row.id) if "bedside" in _proof(row) else row.link_id for row in self.rows}
        ids = [link_id for link_id in link_of.values() if link_id is not None]
        receipts = links.first_receipts(organisation_id=organisation_id, link_ids=ids)
        phones = links.phone_endings(organisation_id=organisation_id, link_ids=ids)
        entries = _entries_by_head(self._envelope)
        read: dict[UUID, datetime] = {}
        for event in self._events:
            if event.action == _READ and event.person_id is not None:
                read.setdefault(event.person_id, event.at)

        def one(row: Recipient) -> SignerEvidence:
            proof, link_id = _proof(row), link_of[row.id]
            seen = receipts.get(link_id, {}) if link_id else {}
            at = row.signed_at or row.acted_at
            assert at is not None
            signed = row.state == RecipientState.SIGNED
            return SignerEvidence(
                step=row.step.position + 1,
                name=self.name_of[row.id],
                role=self._role(row),
                party=self._party(row),
                act=row.state,
                opinion=row.opinion,
                on_behalf_of=self.names[row.person_id or self._patient.id] if _deputy(row) else "",
                purpose=row.purpose or "",
                is_patient=row.person_id is None,
                means=proof.get("means", ""),
                phone_ending=phones.get(link_id, "") if link_id else "",
                asked_at=local(row.awaited_at),
                opened_at=local(seen.get("opened")),
                revealed_at=local(seen.get("revealed")),
                read_at=local(read.get(self._acting(row))),
                signed_at=localtime(at),
                source_address=proof.get("source_address", ""),
                client=proof.get("client", ""),
                shown_sha256=proof.get("shown_sha256", "") if signed else _standing(revisions, at),
                certificate_sha256=proof.get("certificate_sha256", ""),
                level=proof.get("signature_level", ""),
                sentence=sentence_signed(recipient=row),
                thread_head=proof.get("thread_head", ""),
                thread_entries=entries.get(proof.get("thread_head", "")),
                seen=self._seen(row),
                fields=_filled(self._envelope, row) if signed else (),
            )

        return tuple(one(row) for row in self.rows)

    def _seen(self, row: Recipient) -> SeenEvidence | None:
        seen = _proof(row).get("bedside")
        if seen is None:
            return None
        return SeenEvidence(self.names[UUID(seen["seen_by"])], seen["document"], seen["bracelet"], seen["code"])

    def taken_back(self) -> tuple[TakenBackEvidence, ...]:
        """What was undone, from the trail: rows keep only what stands."""
        return tuple(
            TakenBackEvidence(
                localtime(event.at),
                self.names.get(event.person_id, "") if event.person_id else "",
                str((event.detail or {}).get("acted", "")),
            )
            for event in self._events
            if event.action == TAKEN_BACK
        )


def documents_of(envelope: Envelope) -> tuple[DocumentEvidence, ...]:
    """The documents that were bound into the file; none for envelopes of before they were written apart."""
    own = EnvelopePart.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    parts = list(own.order_by("position"))
    if not parts:
        return ()
    titles = vault.unseal_texts(
        organisation_id=envelope.organisation_id,
        texts=[
            vault.Sealed(envelope.key_id, bytes(part.title_sealed), f"signature:part:{envelope.id}:{part.position}")
            for part in parts
        ],
    )
    return tuple(
        DocumentEvidence(title, part.first_page + 1, part.first_page + part.pages)
        for part, title in zip(parts, titles, strict=True)
    )


def steps_of(envelope: Envelope) -> tuple[StepEvidence, ...]:
    """The circuit, with how many had to act in each step."""
    asked: dict[UUID, int] = {}
    own = Recipient.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    for step_id in own.values_list("step_id", flat=True):
        asked[step_id] = asked.get(step_id, 0) + 1
    steps = Step.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    return tuple(
        StepEvidence(
            step.position + 1,
            step.kind,
            step.needed if step.id in asked else 0,
            asked.get(step.id, 0),
            local(step.completed_at),
        )
        for step in steps.order_by("position")
    )


def relations_of(envelope: Envelope) -> tuple[RelationEvidence, ...]:
    """The envelopes that this one corrects or withdraws, and whether it was withdrawn."""
    found: list[RelationEvidence] = []
    others = {"follows": envelope.follows_id, "withdraws": envelope.withdraws_id}
    for kind, other_id in others.items():
        if other_id is not None:
            other = Envelope.objects.filter(organisation_id=envelope.organisation_id, id=other_id)
            sent_at, closed_at = other.values_list("sent_at", "closed_at").get()
            found.append(RelationEvidence(kind, other_id, local(sent_at if kind == "follows" else closed_at)))
    if envelope.withdrawn_at is not None:
        found.append(RelationEvidence("withdrawn", None, local(envelope.withdrawn_at)))
    return tuple(found)


def local(at: datetime | None) -> datetime | None:
    """In the instance's zone."""
    return localtime(at) if at else None


def _filled(envelope: Envelope, row: Recipient) -> tuple[FieldEvidence, ...]:
    return tuple(
        FieldEvidence(line.kind, line.label, line.value, line.page)
        for line in fields_of(envelope, row)
        if line.kind is not FieldKind.SIGNATURE
    )


def _standing(revisions: Sequence[Revision], at: datetime) -> str:
    """The file's hash at that moment."""
    return next((bytes(row.sha256).hex() for row in reversed(revisions) if row.at <= at), "")


def _entries_by_head(envelope: Envelope) -> Mapping[str, int]:
    rows = Entry.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    heads = {bytes(head).hex(): number for head, number in rows.values_list("hash", "number")}
    return heads | {chain.empty(envelope.id).hex(): 0}


def _proof(row: Recipient) -> Mapping[str, Any]:
    return row.proof or {}


def _deputy(row: Recipient) -> UUID | None:
    """Who acted in this recipient's place, if somebody did."""
    acted_by = (row.proof or {}).get("signed_by")
    return UUID(acted_by) if acted_by else None
