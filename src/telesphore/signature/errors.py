"""How the signature room refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class EnvelopeNotFound(DomainError):
    """This document to sign does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "envelope-not-found"


class NotYourTurn(DomainError):
    """Another recipient must act before you."""

    refusal = Refusal.CONFLICT
    code = "not-your-turn"


class AlreadySigned(DomainError):
    """You have signed already; nothing more is asked of you."""

    refusal = Refusal.CONFLICT
    code = "already-signed"


class EnvelopeClosed(DomainError):
    """This document can no longer be signed: it was completed, declined or withdrawn."""

    refusal = Refusal.CONFLICT
    code = "envelope-closed"


class EnvelopeExpired(DomainError):
    """The time to sign this document is over. Ask whoever sent it to send it again."""

    refusal = Refusal.CONFLICT
    code = "envelope-expired"


class SomeoneSignedMeanwhile(DomainError):
    """Someone else signed while you were signing. Nothing was lost: sign again."""

    refusal = Refusal.CONFLICT
    code = "someone-signed-meanwhile"


class NobodyToSign(DomainError):
    """A circuit needs at least one step, and each step at least one recipient."""

    refusal = Refusal.INVALID
    code = "nobody-to-sign"


class NothingToSign(DomainError):
    """Add at least one document."""

    refusal = Refusal.INVALID
    code = "nothing-to-sign"


class DraftNotFound(DomainError):
    """This draft does not exist, was sent already, or is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "draft-not-found"


class DraftChanged(DomainError):
    """This draft was changed or sent in another window. Nothing was lost: open it again."""

    refusal = Refusal.CONFLICT
    code = "draft-changed"


class NotAskedToSign(DomainError):
    """You are not asked to sign this document, but to review it or to give your opinion."""

    refusal = Refusal.CONFLICT
    code = "not-asked-to-sign"


class NotReadable(DomainError):
    """What describes this envelope can't be read: a part is missing, too long, or of no known kind."""

    refusal = Refusal.INVALID
    code = "composition-not-readable"


class NoPlaceToSign(DomainError):
    """Each signer needs a place to sign, inside a page of the document."""

    refusal = Refusal.INVALID
    code = "no-place-to-sign"


class NoChannel(DomainError):
    """The patient can't be reached: the record needs an e-mail address and a mobile phone number."""

    refusal = Refusal.INVALID
    code = "no-channel"


class NotReadYet(DomainError):
    """Read every page before signing."""

    refusal = Refusal.CONFLICT
    code = "not-read-yet"


class UnknownSigner(DomainError):
    """A signer must be the patient, or a health professional of your organisation."""

    refusal = Refusal.INVALID
    code = "unknown-signer"


class PreparedNotFound(DomainError):
    """This prepared signature does not exist, or it is not yours."""

    refusal = Refusal.NOT_FOUND
    code = "prepared-not-found"


class PreparedUsed(DomainError):
    """This prepared signature was completed already; nothing more is asked of you."""

    refusal = Refusal.CONFLICT
    code = "prepared-used"


class PreparedDropped(DomainError):
    """This prepared signature was given up or replaced by a newer one. Nothing was signed: sign again."""

    refusal = Refusal.CONFLICT
    code = "prepared-dropped"


class PreparedExpired(DomainError):
    """This prepared signature waited too long for a card. Nothing was signed: sign again."""

    refusal = Refusal.CONFLICT
    code = "prepared-expired"


class LevelNotReached(DomainError):
    """The seal does not reach the level that this instance wants: revocation data or time-stamps could not be had.
    It is tried again by itself."""

    refusal = Refusal.UNAVAILABLE
    code = "level-not-reached"


class ProofChangedMeanwhile(DomainError):
    """The proof of this document changed while it was being renewed. Nothing was lost; the next turn looks again."""

    refusal = Refusal.CONFLICT
    code = "proof-changed-meanwhile"


class NoEvidenceRecord(DomainError):
    """This document has no evidence record: its proof is in its file."""

    refusal = Refusal.NOT_FOUND
    code = "no-evidence-record"


class CertificateOfAnother(DomainError):
    """This card or token is another person’s. Nothing was signed; use yours."""

    refusal = Refusal.INVALID
    code = "certificate-of-another"


class CertificateOfUnknown(DomainError):
    """This card is not known to be yours. Nothing was signed: insert yours, or have your administrator write down your
    national identifier and trust those who issue such cards."""

    refusal = Refusal.INVALID
    code = "certificate-of-unknown"


class CardsDiffer(DomainError):
    """These documents were not all prepared for the same card. Start again."""

    refusal = Refusal.CONFLICT
    code = "cards-differ"


class NotLeft(DomainError):
    """What awaits somebody who still works here is theirs: they sign it, or delegate it."""

    refusal = Refusal.CONFLICT
    code = "not-left"


class TemplateNotFound(DomainError):
    """This template does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "template-not-found"


class TemplateNotYours(DomainError):
    """Only those who manage the templates of your organisation may do this. Make a private one instead."""

    refusal = Refusal.FORBIDDEN
    code = "template-not-yours"


class TemplateArchived(DomainError):
    """This template was put away: nothing more is sent from it."""

    refusal = Refusal.CONFLICT
    code = "template-archived"


class NamesThePatient(DomainError):
    """A document or a text of this draft names the patient: a template would show it to others. Take the blank form."""

    refusal = Refusal.INVALID
    code = "names-the-patient"


class ProfessionalToChoose(DomainError):
    """Choose the professional whose place the template leaves open."""

    refusal = Refusal.INVALID
    code = "professional-to-choose"


class ColumnMissing(DomainError):
    """The template asks for something that was not given."""

    refusal = Refusal.INVALID
    code = "column-missing"


class ListNotReadable(DomainError):
    """This list can't be read: save it as CSV, with one line of column names, and at most %(rows)s rows and %(limit)s
    MB."""

    refusal = Refusal.INVALID
    code = "list-not-readable"


class NoPatientColumn(DomainError):
    """No column tells the patients apart: name one `ins`, `patient`, or both `name` and `birth date`."""

    refusal = Refusal.INVALID
    code = "no-patient-column"


class BulkNotFound(DomainError):
    """This bulk sending does not exist, or it is not yours."""

    refusal = Refusal.NOT_FOUND
    code = "bulk-not-found"


class BulkNotReady(DomainError):
    """This list is still being checked, or it was confirmed or stopped already."""

    refusal = Refusal.CONFLICT
    code = "bulk-not-ready"


class TooManyBulks(DomainError):
    """Several of your lists are still under way. Wait until they are done, or stop one."""

    refusal = Refusal.CONFLICT
    code = "too-many-bulks"


class UnknownPatient(DomainError):
    """Unknown patient."""

    refusal = Refusal.INVALID
    code = "unknown-patient"


class SeveralPatients(DomainError):
    """Several patients have this name and birth date: give the INS."""

    refusal = Refusal.INVALID
    code = "several-patients"


class SamePatientTwice(DomainError):
    """This patient is in the list already, in an earlier row."""

    refusal = Refusal.INVALID
    code = "same-patient-twice"


class DateNotReadable(DomainError):
    """A date can't be read: write it as 2026-12-31 or 31/12/2026."""

    refusal = Refusal.INVALID
    code = "date-not-readable"


class DueInThePast(DomainError):
    """The due date is over."""

    refusal = Refusal.INVALID
    code = "due-in-the-past"


class UnknownProfessional(DomainError):
    """No professional of your organisation has this RPPS number or e-mail address."""

    refusal = Refusal.INVALID
    code = "unknown-professional"


class SenderMayNotSend(DomainError):
    """Whoever gave the list may no longer send."""

    refusal = Refusal.FORBIDDEN
    code = "sender-may-not-send"


class RowNotSent(DomainError):
    """It was refused for a reason that its document or its record gives: send it by hand to see which."""

    refusal = Refusal.INVALID
    code = "row-not-sent"
