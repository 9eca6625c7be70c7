"""How the vault refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class BlobNotFound(DomainError):
    """This document is not in the vault."""

    refusal = Refusal.NOT_FOUND
    code = "blob-not-found"


class KeysetNotFound(DomainError):
    """This key is not in the vault."""

    refusal = Refusal.NOT_FOUND
    code = "keyset-not-found"


class Erased(DomainError):
    """This was erased: its key was destroyed, and nobody can read it again."""

    refusal = Refusal.NOT_FOUND
    code = "erased"


class BlobTooLarge(DomainError):
    """This document is larger than %(limit)s bytes, the most that is accepted here."""

    refusal = Refusal.INVALID
    code = "blob-too-large"


class TextTooLong(DomainError):
    """This text is longer than %(limit)s bytes, the most that is accepted here."""

    refusal = Refusal.INVALID
    code = "text-too-long"


class BadReason(DomainError):
    """An erasure's reason is a short code of lower-case letters, digits and hyphens, e.g. patient-request."""

    refusal = Refusal.INVALID
    code = "bad-reason"


class DepositExpired(DomainError):
    """This document waited too long between its deposit and its filing: deposit it again."""

    refusal = Refusal.CONFLICT
    code = "deposit-expired"


class TooManyKeys(DomainError):
    """This keyset was rotated too often to take one more key."""

    refusal = Refusal.CONFLICT
    code = "too-many-keys"


class KeysetBusy(DomainError):
    """This keyset is being changed by someone else: try again."""

    refusal = Refusal.CONFLICT
    code = "keyset-busy"


class BlobDamaged(DomainError):
    """What the vault holds is not what was stored. Nothing was changed; tell your administrator.

    Raised through its subclasses, which say in which way.
    """

    refusal = Refusal.DAMAGED
    code = "blob-damaged"


class BlobMissing(BlobDamaged):
    """The stored bytes of this document are gone. Tell your administrator: a backup may hold them."""

    code = "blob-missing"


class BlobTruncated(BlobDamaged):
    """The stored bytes of this document are cut short. Tell your administrator: a backup may hold them."""

    code = "blob-truncated"


class BlobAltered(BlobDamaged):
    """The stored bytes of this document were altered. Tell your administrator: a backup may hold them."""

    code = "blob-altered"


class BlobSwapped(BlobDamaged):
    """The bytes stored in this document's place belong to another one. Tell your administrator."""

    code = "blob-swapped"


class TextDamaged(DomainError):
    """A protected text can't be read: it was altered, or belongs to someone else. Tell your administrator."""

    refusal = Refusal.DAMAGED
    code = "text-damaged"


class WrongMasterKey(DomainError):
    """The master key of this instance does not open this keyset: put back the master key that wrapped it."""

    refusal = Refusal.UNAVAILABLE
    code = "wrong-master-key"


class MasterKeyMissing(DomainError):
    """The vault's master key is missing: put its file back from your backup, nothing can be read without it."""

    refusal = Refusal.UNAVAILABLE
    code = "master-key-missing"


class MasterKeyUnusable(DomainError):
    """The vault's master key can't be used: its file must be whole, and open to its owner only (mode 0600)."""

    refusal = Refusal.UNAVAILABLE
    code = "master-key-unusable"


class RetiredTooSoon(DomainError):
    """The master key was renewed less than an hour ago: retire the earlier ones later."""

    refusal = Refusal.CONFLICT
    code = "retired-too-soon"


class NotRenewable(DomainError):
    """This kind of master key is changed by its own tools: make the new key there, then rotate again."""

    refusal = Refusal.CONFLICT
    code = "not-renewable"


class StoreAway(DomainError):
    """The document store does not answer, or says that it failed. Nothing was lost; try again later."""

    refusal = Refusal.UNAVAILABLE
    code = "store-away"


class StoreFull(DomainError):
    """The document store is full. Nothing was half-written; make room, then try again."""

    refusal = Refusal.UNAVAILABLE
    code = "store-full"
