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
    """This document can no longer be signed: it was completed, declined, withdrawn or it expired."""

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


class NothingToWithdraw(DomainError):
    """There is no consent of yours to withdraw here: none was completed, or it was withdrawn already."""

    refusal = Refusal.CONFLICT
    code = "nothing-to-withdraw"


class IdentityNotSeen(DomainError):
    """Say how you know who is in front of you: an identity document, the bracelet, or the code sent to their phone."""

    refusal = Refusal.INVALID
    code = "identity-not-seen"


class BraceletOfAnother(DomainError):
    """This bracelet is not this patient’s. Do not hand over the tablet: check who is in front of you."""

    refusal = Refusal.INVALID
    code = "bracelet-of-another"


class IdentityTooWeak(DomainError):
    """For this document a bracelet alone does not do: look at an identity document, or have the code read out."""

    refusal = Refusal.INVALID
    code = "identity-too-weak"


class NotAtBedside(DomainError):
    """This document asks the patient for a qualified signature, which a tablet handed over cannot give."""

    refusal = Refusal.INVALID
    code = "not-at-bedside"


class NobodyAtBedside(DomainError):
    """This tablet is no longer handed over. Nothing was lost: ask the professional who gave it to you."""

    refusal = Refusal.NOT_FOUND
    code = "nobody-at-bedside"


class AlreadyActed(DomainError):
    """You have answered already; nothing more is asked of you."""

    refusal = Refusal.CONFLICT
    code = "already-acted"


class NoLongerNeeded(DomainError):
    """Enough of the others have acted: nothing is asked of you any more."""

    refusal = Refusal.CONFLICT
    code = "no-longer-needed"


class NotAskedForThat(DomainError):
    """This is not what you are asked for here. Open the document again to see what is."""

    refusal = Refusal.CONFLICT
    code = "not-asked-for-that"


class OpinionStopsNothing(DomainError):
    """An opinion stops nothing, so it can't be refused: give yours, or hand your place over to a colleague."""

    refusal = Refusal.CONFLICT
    code = "opinion-stops-nothing"


class TooLateToTakeBack(DomainError):
    """It is too late to take this back: somebody acted after you, or the document is being sealed, or it is closed."""

    refusal = Refusal.CONFLICT
    code = "too-late-to-take-back"


class RemindedLately(DomainError):
    """They were reminded less than an hour ago. Wait a little before you remind them again."""

    refusal = Refusal.CONFLICT
    code = "reminded-lately"


class NotAwaited(DomainError):
    """They are not awaited now: they have acted, or others must act before them."""

    refusal = Refusal.CONFLICT
    code = "not-awaited"


class RecipientNotFound(DomainError):
    """Nobody by that name takes part in this circuit, or their address is not kept here."""

    refusal = Refusal.NOT_FOUND
    code = "recipient-not-found"


class OwnAddress(DomainError):
    """This address or number is a colleague’s or your own. Whoever signs receives the link and its code themself."""

    refusal = Refusal.INVALID
    code = "own-address"


class NotAnAddress(DomainError):
    """Give an e-mail address, and a mobile phone number with its country’s prefix."""

    refusal = Refusal.INVALID
    code = "not-an-address"


class AlreadyInTheStep(DomainError):
    """This colleague is already asked in the same step."""

    refusal = Refusal.INVALID
    code = "already-in-the-step"


class FieldsNotFilled(DomainError):
    """Fill in first: %(fields)s. Nothing was signed."""

    refusal = Refusal.INVALID
    code = "fields-not-filled"


class ValueNotAccepted(DomainError):
    """What is written in “%(field)s” is too long for its place, or is none of its choices. Nothing was signed."""

    refusal = Refusal.INVALID
    code = "value-not-accepted"


class FieldNotYours(DomainError):
    """One of these fields is not there, or is not yours to fill in. Nothing was signed."""

    refusal = Refusal.INVALID
    code = "field-not-yours"


class FieldsWithoutSignature(DomainError):
    """Only who signs fills in fields: give these to a signer, or take them away."""

    refusal = Refusal.INVALID
    code = "fields-without-signature"


class TooManyFields(DomainError):
    """A document can hold at most %(most)s fields."""

    refusal = Refusal.INVALID
    code = "too-many-fields"


class ChoiceWithoutOptions(DomainError):
    """A choice needs at least two different options."""

    refusal = Refusal.INVALID
    code = "choice-without-options"


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


class SignatureTooWeak(DomainError):
    """This signature is of a lower level than this document asks for. Nothing was signed: sign with a card or token of
    the level asked, or ask the sender."""

    refusal = Refusal.CONFLICT
    code = "signature-too-weak"


class ActIsPast(DomainError):
    """The day of the act is here or past: a consent is signed before it. Ask the sender."""

    refusal = Refusal.CONFLICT
    code = "act-is-past"


class NotReady(DomainError):
    """This can’t be sent yet."""

    refusal = Refusal.INVALID
    code = "not-ready-to-send"

    def __init__(self, *gaps: tuple[str, str]) -> None:
        """`gaps`: code and sentence of each missing thing."""
        super().__init__()
        self.gaps = gaps

    @property
    def sentence(self) -> str:
        """What is missing, all of it."""
        return " ".join([super().sentence, *(sentence for _code, sentence in self.gaps)])


class ThreadClosed(DomainError):
    """The discussion is closed: this document was completed, declined, withdrawn, or its time is over. What was written
    stays to be read."""

    refusal = Refusal.CONFLICT
    code = "thread-closed"


class ThreadFull(DomainError):
    """This discussion holds as many entries as it may. Go on by another way, or send the document again."""

    refusal = Refusal.CONFLICT
    code = "thread-full"


class EntryNotFound(DomainError):
    """This entry of the discussion does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "entry-not-found"


class NothingWritten(DomainError):
    """Write something first, in at most 5,000 characters."""

    refusal = Refusal.INVALID
    code = "nothing-written"


class NotAQuestion(DomainError):
    """Only a question can be answered, and only once it was asked."""

    refusal = Refusal.INVALID
    code = "not-a-question"


class UnknownMention(DomainError):
    """Only professionals of this circuit can be mentioned."""

    refusal = Refusal.INVALID
    code = "unknown-mention"


class NoSuchPlace(DomainError):
    """A note is pinned to a place on a page of the document."""

    refusal = Refusal.INVALID
    code = "no-such-place"
