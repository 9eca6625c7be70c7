"""Why a verdict is what it is: each reason has a code (its name), an effect on the conclusion, and a sentence.

The sentences are translated where they are shown; names in braces are filled from a finding's details.
"""

from enum import Enum, StrEnum


class Effect(StrEnum):
    """What a reason makes of the file."""

    INVALID = "invalid"
    UNKNOWN = "unknown"
    WARNING = "warning"
    NONE = "none"
    """Worth telling, and no more."""


class Reason(Enum):
    """Every reason there is. Add one beside those of its own look."""

    # The file
    NOT_READABLE = Effect.UNKNOWN, "This file can’t be read as a PDF: nothing can be said of it."
    NOT_SIGNED = Effect.UNKNOWN, "This file bears no electronic signature."
    TOO_LARGE = Effect.UNKNOWN, "This file is beyond the limits of what is examined here: {limit}."

    # AdES validation: integrity, certificates, revocation, time
    SIGNATURE_MALFORMED = Effect.INVALID, "The signature {field} is malformed: {what}."
    COVERAGE_MALFORMED = (
        Effect.INVALID,
        "The signature {field} does not say rightly which bytes it covers: {what}. Forged files do this.",
    )
    CONTENT_NOT_FOUND = Effect.UNKNOWN, "What was signed was not given: nothing can be said of the signature."
    DIGEST_DIFFERS = Effect.INVALID, "The document was altered after {signer} signed it."
    SIGNATURE_WRONG = Effect.INVALID, "The signature {field} does not match the certificate that it bears."
    NO_SIGNING_CERTIFICATE = Effect.UNKNOWN, "The signature {field} does not bear its signer’s certificate."
    CERTIFICATE_SUBSTITUTED = (
        Effect.UNKNOWN,
        "The signature {field} names another certificate than the one beside it: the signer can’t be known.",
    )
    NOT_TRUSTED = Effect.UNKNOWN, "The certificate of {signer} does not lead to an authority that is trusted here."
    CERTIFICATE_MISISSUED = (
        Effect.UNKNOWN,
        "The certificate of {signer} comes from a chain that breaks the rules of certificates: {what}.",
    )
    NOT_FOR_SIGNING = Effect.UNKNOWN, "The certificate of {signer} is not made for signing: {what}."
    NOT_FOR_COMMITMENT = (
        Effect.WARNING,
        "The certificate of {signer} is made for authentication: its use does not include the will to commit.",
    )
    NOT_YET_VALID = (
        Effect.INVALID,
        "{signer} signed before {date}, when the certificate {certificate} began to be valid.",
    )
    EXPIRED_WHEN_SIGNED = (
        Effect.INVALID,
        "The certificate {certificate} had expired, on {date}, when {signer} signed.",
    )
    EXPIRED_NO_PROOF = (
        Effect.UNKNOWN,
        "The certificate {certificate} expired on {date}, and nothing proves that {signer} signed before.",
    )
    REVOKED_WHEN_SIGNED = (
        Effect.INVALID,
        "The certificate {certificate} was revoked on {date}, before {signer} signed.",
    )
    REVOKED_NO_PROOF = (
        Effect.UNKNOWN,
        "The certificate {certificate} was revoked on {date}, and nothing proves that {signer} signed before.",
    )
    ON_HOLD = Effect.UNKNOWN, "The certificate {certificate} was suspended on {date}: try again later."
    REVOCATION_UNKNOWN = (
        Effect.UNKNOWN,
        "Nothing at hand says whether the certificate {certificate} was revoked when {signer} signed.",
    )
    REVOCATION_STALE = (
        Effect.UNKNOWN,
        "What is known of the revocation of the certificate {certificate} dates from {date}, too long before.",
    )
    ALGORITHM_WEAK = (
        Effect.UNKNOWN,
        "{what} is no longer strong enough, and nothing proves that {signer} signed while it was.",
    )
    ALGORITHM_FORBIDDEN = Effect.UNKNOWN, "{what} is not among the algorithms that are relied on here."
    TIMESTAMP_NOT_VALID = Effect.WARNING, "A timestamp of {authority} proves nothing: {why}"
    TIMESTAMP_OF_ANOTHER = Effect.WARNING, "The timestamp {field} was made of other bytes than those that it is beside."
    TIMESTAMP_BROKEN = Effect.INVALID, "The file was altered after the timestamp {field} sealed it."
    TIMESTAMP_ORDER = Effect.WARNING, "Two timestamps of this file contradict each other: {what}."
    NOT_PROVED_IN_TIME = (
        Effect.NONE,
        "No timestamp proves when {signer} signed: the date shown is the signer’s own word.",
    )
    SIGNED_IN_FUTURE = Effect.WARNING, "{signer} says to have signed on {date}, later than a timestamp proves."

    # Changes between revisions
    FORBIDDEN_CHANGE = (
        Effect.INVALID,
        "After {signer} signed, the file was changed in a way that nothing allows: {what}.",
    )

    # Pixels
    PAGE_DIFFERS = Effect.INVALID, "Page {page} does not show today what was signed."

    @property
    def effect(self) -> Effect:
        """What it makes of the file."""
        effect: Effect = self.value[0]
        return effect

    @property
    def sentence(self) -> str:
        """In English, with names in braces to fill."""
        sentence: str = self.value[1]
        return sentence

    @property
    def code(self) -> str:
        """`page-differs`: for programs."""
        return self.name.lower().replace("_", "-")
