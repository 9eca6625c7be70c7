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
