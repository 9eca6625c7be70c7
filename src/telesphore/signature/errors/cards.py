"""How a signature prepared for a card or token is refused."""

from telesphore.kernel.errors import DomainError, Refusal


class PreparedNotFound(DomainError):
    """This prepared signature does not exist, or it is not yours."""

    refusal = Refusal.NOT_FOUND
    code = "prepared-not-found"


class PreparedUsed(DomainError):
    """This prepared signature was completed already; nothing more is asked of you."""

    refusal = Refusal.CONFLICT
    code = "prepared-used"


class PreparedDropped(DomainError):
    """This prepared signature was given up or replaced by a newer one. Nothing was signed: sign again."""

    refusal = Refusal.CONFLICT
    code = "prepared-dropped"


class PreparedExpired(DomainError):
    """This prepared signature waited too long for a card. Nothing was signed: sign again."""

    refusal = Refusal.CONFLICT
    code = "prepared-expired"


class CertificateOfAnother(DomainError):
    """This card or token is another person’s. Nothing was signed; use yours."""

    refusal = Refusal.INVALID
    code = "certificate-of-another"


class CertificateOfUnknown(DomainError):
    """This card is not known to be yours. Nothing was signed: insert yours, or have your administrator write down your
    national identifier and trust those who issue such cards."""

    refusal = Refusal.INVALID
    code = "certificate-of-unknown"


class CardsDiffer(DomainError):
    """These documents were not all prepared for the same card. Start again."""

    refusal = Refusal.CONFLICT
    code = "cards-differ"
