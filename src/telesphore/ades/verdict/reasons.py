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
    JUDGED_TOO_EARLY = (
        Effect.UNKNOWN,
        "{signer} says to have signed on {date}, later than the time of this check: is its clock right?",
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
    RECORD_REFUSED = Effect.WARNING, "An evidence record given beside the file proves nothing of it ({code})."
    TREE_WEAK = Effect.WARNING, "{what} hashed its tree, and no longer holds."
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

    PAGE_CHANGED = Effect.INVALID, "After {signer} signed, what page {page} shows was changed."
    PAGES_CHANGED = (
        Effect.INVALID,
        "After {signer} signed, pages were added, taken away or put in another order.",
    )
    CATALOG_CHANGED = Effect.INVALID, "After {signer} signed, the file’s own settings were changed: {what}."
    LAYERS_CHANGED = Effect.INVALID, "After {signer} signed, the file’s layers were changed: they say what shows."
    FORM_CHANGED = (
        Effect.INVALID,
        "After {signer} signed, the form was changed otherwise than by filling it: {what}.",
    )
    FIELD_ADDED = Effect.INVALID, "After {signer} signed, a field was added that {signer} did not allow: {what}."
    PLACE_ADDED = (
        Effect.WARNING,
        "A place to sign that {signer} had not seen, {what}, was added and signed after {signer} certified the file.",
    )
    FORM_FILLED_AGAINST = Effect.INVALID, "The field {what} was filled after {signer} signed, who had forbidden it."
    FILLED_UNASKED = (
        Effect.WARNING,
        "The field {what} was filled after {signer} signed; the signature does not say whether this is allowed.",
    )
    VALUE_REPLACED = (
        Effect.WARNING,
        "The field {what} showed another value when {signer} signed; the form may be filled, and it was changed.",
    )
    ANNOTATION_FORBIDDEN = (
        Effect.INVALID,
        "After {signer} signed, something was laid over page {page} that {signer} did not allow.",
    )
    ANNOTATED = Effect.WARNING, "After {signer} signed, page {page} was annotated."
    SIGNATURE_CHANGED = Effect.INVALID, "The signature {what} was changed or taken away after {signer} signed."
    CERTIFICATION_CHANGED = (
        Effect.INVALID,
        "After {signer} signed, what the signature allows was changed.",
    )
    ACTION_ADDED = (
        Effect.INVALID,
        "After {signer} signed, a program or an action was put into the file: {what}.",
    )
    ATTACHMENT_ADDED = Effect.INVALID, "After {signer} signed, a file was attached inside this one."
    STRUCTURE_CHANGED = (
        Effect.WARNING,
        "After {signer} signed, the structure that reading aids use was changed; what pages show was not.",
    )
    ENCRYPTED_LATER = Effect.INVALID, "After {signer} signed, the file’s encryption was changed."
    ENCRYPTED_FILE = (
        Effect.UNKNOWN,
        "The file is encrypted, and was changed after {signer} signed: what was changed can’t be told for certain.",
    )
    REVISION_BYPASSED = Effect.INVALID, "What was signed is no longer part of what the file shows."
    UNLISTED_OBJECTS = (
        Effect.INVALID,
        "After {signer} signed, the file was given parts that its table does not list: programs may show them.",
    )
    DEFINED_TWICE = (
        Effect.INVALID,
        "After {signer} signed, one part of the file was defined twice: programs may show either.",
    )
    SEVERAL_READINGS = Effect.WARNING, "Programs may read this file in several ways, as it was signed."
    TRAILING_BYTES = Effect.WARNING, "Bytes that mean nothing follow the end of the file; no signature covers them."
    VALIDATION_DATA_REMOVED = (
        Effect.WARNING,
        "Validation data that the file held was taken away after {signer} signed.",
    )
    ENDS_UNSIGNED = (
        Effect.WARNING,
        "The last change to the file is covered by no signature; it is of a kind that is allowed.",
    )

    # Pixels
    PAGE_DIFFERS = Effect.INVALID, "Page {page} does not show today what was signed."
    PAGE_GONE = Effect.INVALID, "Page {page} of the signed document is no longer there."
    PAGE_ADDED = Effect.INVALID, "Page {page} was not in the signed document."
    PLACE_COVERED = (
        Effect.WARNING,
        "On page {page}, a later signature or answer stands over what was signed, in a place made for it.",
    )
    PAGES_NOT_COMPARED = (
        Effect.WARNING,
        "What the pages show could not be compared with what was signed: {limit}.",
    )

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
