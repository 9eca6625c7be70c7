"""How issuing refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class BadPublicKey(DomainError):
    """This public key can't be certified: it must be RSA of 2048 bits or more, or EC P-256."""

    refusal = Refusal.INVALID
    code = "bad-public-key"


class AuthorityNotFound(DomainError):
    """There is no such authority here. List those that there are with `telesphore pki list`."""

    refusal = Refusal.NOT_FOUND
    code = "authority-not-found"


class AuthorityStands(DomainError):
    """This organisation has an authority already. See it with `telesphore pki list`; renew it with `pki renew`."""

    refusal = Refusal.CONFLICT
    code = "authority-stands"


class AuthorityEnded(DomainError):
    """This organisation's authority was revoked or has expired, and can issue nothing. Renew it with `pki renew`."""

    refusal = Refusal.CONFLICT
    code = "authority-ended"


class CertificateNotFound(DomainError):
    """No certificate of this organisation has this serial number. List them with `telesphore pki list`."""

    refusal = Refusal.NOT_FOUND
    code = "certificate-not-found"


class RevokedAlready(DomainError):
    """This was revoked already; a revocation is for good."""

    refusal = Refusal.CONFLICT
    code = "revoked-already"


class RootKeyAway(DomainError):
    """The root key is not here: it was exported and removed. Bring it back with `telesphore pki import-root-key`."""

    refusal = Refusal.CONFLICT
    code = "root-key-away"


class RootKeyHere(DomainError):
    """The root key is here already: nothing was changed."""

    refusal = Refusal.CONFLICT
    code = "root-key-here"


class WrongRootKey(DomainError):
    """This is not the key of this organisation's root. Nothing was changed."""

    refusal = Refusal.INVALID
    code = "wrong-root-key"


class RootKeyUnreadable(DomainError):
    """This file does not open with this passphrase, or is not an encrypted private key. Nothing was changed."""

    refusal = Refusal.INVALID
    code = "root-key-unreadable"


class PassphraseTooShort(DomainError):
    """The passphrase must have 12 characters or more: it alone protects the root key once it is in a file."""

    refusal = Refusal.INVALID
    code = "passphrase-too-short"


class BadIdentifier(DomainError):
    """This is not an organisation's identifier as EN 319 412-1 spells it, e.g. NTRFR-123456789 for a SIREN."""

    refusal = Refusal.INVALID
    code = "bad-identifier"


class KeyHolderMissing(DomainError):
    """This key is held in a security module, and the settings no longer say which. Set `pki_keys` as it was."""

    refusal = Refusal.UNAVAILABLE
    code = "key-holder-missing"


class CertificateRevoked(DomainError):
    """This certificate was revoked on %(date)s: nothing can be signed with it. Ask your administrator for another."""

    refusal = Refusal.INVALID
    code = "certificate-revoked"


class CertificateOver(DomainError):
    """This certificate expired on %(date)s: nothing can be signed with it. Ask your administrator for another."""

    refusal = Refusal.INVALID
    code = "certificate-over"


class CertificateNotYet(DomainError):
    """This certificate is good from %(date)s only: nothing can be signed with it before."""

    refusal = Refusal.INVALID
    code = "certificate-not-yet"


class TimestampUnavailable(DomainError):
    """No time-stamping authority gave the time. Nothing was lost; try again later."""

    refusal = Refusal.UNAVAILABLE
    code = "timestamp-unavailable"


class ClockWentBack(TimestampUnavailable):
    """The clock reads an earlier time than when the last time-stamp was made. Set the clock right, then try again."""

    code = "clock-went-back"
