"""How a tablet handed over at the bedside is refused."""

from telesphore.kernel.errors import DomainError, Refusal


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
