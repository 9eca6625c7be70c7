"""How signing a file refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class NotSignable(DomainError):
    """This file can't be signed: it is not a PDF that we can read, or it needs a password. Deposit it again."""

    refusal = Refusal.INVALID
    code = "not-signable"


class NoSuchField(DomainError):
    """This file has no such place to sign."""

    refusal = Refusal.INVALID
    code = "no-such-field"


class FieldAlreadySigned(DomainError):
    """This place in the file is signed already."""

    refusal = Refusal.CONFLICT
    code = "field-already-signed"


class SignedAlready(DomainError):
    """This file is signed already: places to sign are added, and it is certified, before the first signature."""

    refusal = Refusal.CONFLICT
    code = "signed-already"


class UnknownKeyType(DomainError):
    """This certificate's key is of a kind that we don't sign with: it must be RSA of 2048 bits or more,
    EC P-256 or P-384, or Ed25519."""

    refusal = Refusal.INVALID
    code = "unknown-key-type"


class SignatureDoesNotMatch(DomainError):
    """The card or token answered with a signature that its certificate does not verify. Nothing was signed."""

    refusal = Refusal.INVALID
    code = "signature-does-not-match"


class DamagedPrepared(DomainError):
    """The file changed between its preparation and its signature. Nothing was signed: sign again."""

    refusal = Refusal.DAMAGED
    code = "damaged-prepared"


class UnreadableFile(DomainError):
    """This file can't be read as a PDF, or only by guessing. Deposit it again, saved by another program.

    `why` is a word for logs (`prev-loop`, `syntax`…), `offset` where in the file, counted from 0.
    """

    refusal = Refusal.INVALID
    code = "unreadable-file"

    def __init__(self, *, why: str, offset: int = 0) -> None:
        super().__init__(why=why, offset=offset)
        self.why = why
        self.offset = offset


class FileBeyondLimits(UnreadableFile):
    """This file is larger, or more contorted, than what is read here."""

    code = "file-beyond-limits"


class NotDer(DomainError):
    """These bytes are not the DER that they should be."""

    refusal = Refusal.INVALID
    code = "not-der"


class UnknownAlgorithm(DomainError):
    """This was signed or digested by an algorithm that is unknown here, or that is no longer accepted (SHA-1, MD5)."""

    refusal = Refusal.INVALID
    code = "unknown-algorithm"


class WeakAlgorithm(DomainError):
    """This key or this digest is too weak to sign with at this date. Use a stronger one."""

    refusal = Refusal.INVALID
    code = "weak-algorithm"


class BadPolicy(DomainError):
    """This table of algorithms can’t be read: %(what)s."""

    refusal = Refusal.INVALID
    code = "bad-algorithm-policy"


class MalformedSignature(DomainError):
    """This signature is malformed: it is not a CMS SignedData with exactly one signer (RFC 5652)."""

    refusal = Refusal.INVALID
    code = "malformed-signature"


class SignatureTooLarge(DomainError):
    """This signature is larger than what is accepted here, or than the room kept for it in the file."""

    refusal = Refusal.INVALID
    code = "signature-too-large"


class NoPathToAnchor(DomainError):
    """This certificate does not lead to an authority that is trusted here."""

    refusal = Refusal.INVALID
    code = "no-path-to-anchor"


class BadTimestamp(DomainError):
    """The time-stamping authority gave an answer that can’t be used."""

    refusal = Refusal.UNAVAILABLE
    code = "bad-timestamp"


class TimestampRequestRefused(BadTimestamp):
    """The time-stamping authority refused to give a timestamp: %(status)s."""

    code = "timestamp-request-refused"


class TimestampMalformed(BadTimestamp):
    """The time-stamping authority’s answer is not a timestamp (RFC 3161)."""

    code = "timestamp-malformed"


class TimestampTooLarge(BadTimestamp):
    """The time-stamping authority’s answer is larger than what is accepted here."""

    code = "timestamp-too-large"


class TimestampOfOther(BadTimestamp):
    """The time-stamping authority answered with the timestamp of something else."""

    code = "timestamp-of-other"


class TimestampReplayed(BadTimestamp):
    """The time-stamping authority’s answer is not to this request (its nonce differs)."""

    code = "timestamp-replayed"


class TimestampPolicyRefused(BadTimestamp):
    """The timestamp was given under a policy that is not accepted here: %(policy)s."""

    code = "timestamp-policy-refused"


class TimestampSignerUnknown(BadTimestamp):
    """The timestamp does not bear the certificate of who signed it, or names another."""

    code = "timestamp-signer-unknown"


class TimestampWrongUsage(BadTimestamp):
    """The certificate that signed the timestamp is not one for time-stamping alone (RFC 3161 §2.3)."""

    code = "timestamp-wrong-usage"


class TimestampSignatureWrong(BadTimestamp):
    """The timestamp’s signature does not match its certificate."""

    code = "timestamp-signature-wrong"


class TimestampExpired(BadTimestamp):
    """The certificate that signed the timestamp is expired, or not yet valid."""

    code = "timestamp-expired"


class TimestampClockWrong(BadTimestamp):
    """The timestamp’s time is too far from this machine’s clock: one of them is wrong."""

    code = "timestamp-clock-wrong"


class TimestampNotTrusted(BadTimestamp):
    """The timestamp’s certificate does not lead to an authority that is trusted for it."""

    code = "timestamp-not-trusted"


class TimestampWeak(BadTimestamp):
    """The timestamp was signed with a key or a digest that is too weak."""

    code = "timestamp-weak"


class BadRevocation(DomainError):
    """What was answered on whether a certificate holds can’t be used."""

    refusal = Refusal.UNAVAILABLE
    code = "bad-revocation"


class RevocationMalformed(BadRevocation):
    """What was answered on whether a certificate holds is neither an OCSP response nor a CRL."""

    code = "revocation-malformed"


class RevocationRefused(BadRevocation):
    """The authority does not say whether this certificate holds."""

    code = "revocation-refused"


class RevocationOfOther(BadRevocation):
    """What was answered on whether a certificate holds is about other certificates."""

    code = "revocation-of-other"


class RevocationReplayed(BadRevocation):
    """The answer on whether a certificate holds is not to this request (its nonce differs)."""

    code = "revocation-replayed"


class RevocationSignatureWrong(BadRevocation):
    """The answer on whether a certificate holds was not signed by who may give it."""

    code = "revocation-signature-wrong"


class RevocationStale(BadRevocation):
    """The answer on whether a certificate holds is out of date."""

    code = "revocation-stale"


class ContentDiffers(DomainError):
    """This signature is of another file, or the file was altered since."""

    refusal = Refusal.INVALID
    code = "content-differs"


class ArchiveTimestampBroken(DomainError):
    """What this archive timestamp protected is no longer as it was."""

    refusal = Refusal.INVALID
    code = "archive-timestamp-broken"


class BadEvidenceRecord(DomainError):
    """This file is not an evidence record (RFC 4998) that can be read."""

    refusal = Refusal.INVALID
    code = "bad-evidence-record"


class EvidenceRecordTooLarge(BadEvidenceRecord):
    """This evidence record is larger than any that is examined here."""

    code = "evidence-record-too-large"


class UnknownRecordDigest(BadEvidenceRecord):
    """This evidence record uses a hash algorithm that is not relied on here."""

    code = "unknown-record-digest"


class EncryptedRecord(BadEvidenceRecord):
    """This evidence record is about encrypted data: that is not supported here."""

    code = "encrypted-record"


class NotInRecord(DomainError):
    """This evidence record is not about this document, or the document was changed."""

    refusal = Refusal.INVALID
    code = "not-in-record"


class BrokenRecord(DomainError):
    """This evidence record does not hold together: one of its timestamps does not cover what it should."""

    refusal = Refusal.INVALID
    code = "broken-record"


class RecordOutOfOrder(DomainError):
    """This evidence record does not hold together: one of its timestamps is older than the one that it renews."""

    refusal = Refusal.INVALID
    code = "record-out-of-order"


class NoLongerProof(DomainError):
    """No timestamp can be had that outlasts the one in place: the authority's own certificate ends too soon. Have it
    renewed, or set another authority."""

    refusal = Refusal.UNAVAILABLE
    code = "no-longer-proof"
