"""How fields, or what was filled in, are refused."""

from telesphore.kernel.errors import DomainError, Refusal


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
