"""How issuing refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class BadPublicKey(DomainError):
    """This public key can't be certified: it must be RSA of 2048 bits or more, or EC P-256."""

    refusal = Refusal.INVALID
    code = "bad-public-key"
