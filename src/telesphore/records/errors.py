"""How the record refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class RecordNotFound(DomainError):
    """This record does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "record-not-found"


class DocumentNotFound(DomainError):
    """This document does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "document-not-found"


class NotAllowed(DomainError):
    """Your role does not allow this. Ask the administrator of your organisation."""

    refusal = Refusal.FORBIDDEN
    code = "not-allowed"


class NotSigned(DomainError):
    """Only a signed document is printed with its proof. Have it signed first."""

    refusal = Refusal.CONFLICT
    code = "not-signed"


class AlreadyWithdrawn(DomainError):
    """This document was withdrawn: it no longer holds."""

    refusal = Refusal.CONFLICT
    code = "already-withdrawn"


class PrintNotFound(DomainError):
    """No print bears this code. Read it again on the paper; if it still leads here, do not rely on that print."""

    refusal = Refusal.NOT_FOUND
    code = "print-not-found"


class NoWayToInvite(DomainError):
    """An invitation needs an e-mail address and a mobile phone: one carries the link, the other the code."""

    refusal = Refusal.INVALID
    code = "no-way-to-invite"


class AlreadyInvited(DomainError):
    """This person has an account for this record already."""

    refusal = Refusal.CONFLICT
    code = "already-invited"


class InvitationNotFound(DomainError):
    """This invitation does not exist, or it is over. Ask the organisation for another."""

    refusal = Refusal.NOT_FOUND
    code = "invitation-not-found"


class AnothersInvitation(DomainError):
    """This invitation was sent to another address. Sign in with the account of that address."""

    refusal = Refusal.FORBIDDEN
    code = "anothers-invitation"


class NotAMinor(DomainError):
    """Parental authority ends at the eighteenth birthday, and this patient is of age."""

    refusal = Refusal.INVALID
    code = "not-a-minor"


class EndsBeforeItStarts(DomainError):
    """The end must come after the beginning."""

    refusal = Refusal.INVALID
    code = "ends-before-it-starts"


class RepresentationNotFound(DomainError):
    """This representation does not exist, or it is over."""

    refusal = Refusal.NOT_FOUND
    code = "representation-not-found"


class AccessNotFound(DomainError):
    """This access is not in this record's journal."""

    refusal = Refusal.NOT_FOUND
    code = "access-not-found"


class AlreadyReported(DomainError):
    """This access was reported already. The data protection officer knows of it."""

    refusal = Refusal.CONFLICT
    code = "already-reported"
