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
    SIGNATURE_MALFORMED = Effect.INVALID, "The signature {field} is malformed."
    DIGEST_DIFFERS = Effect.INVALID, "The document was altered after {signer} signed it."
    SIGNATURE_WRONG = Effect.INVALID, "The signature {field} does not match the certificate that it bears."
    NOT_TRUSTED = Effect.UNKNOWN, "The certificate of {signer} does not lead to an authority that is trusted here."

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
