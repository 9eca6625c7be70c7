"""How this room refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class SubscriptionNotFound(DomainError):
    """This subscription does not exist, or was ended."""

    refusal = Refusal.NOT_FOUND
    code = "subscription-not-found"


class DeliveryNotFound(DomainError):
    """This delivery does not exist, or its subscription was ended."""

    refusal = Refusal.NOT_FOUND
    code = "delivery-not-found"


class AddressNotAllowed(DomainError):
    """The address must begin with https://, and have neither user name nor fragment."""

    code = "webhook-address-not-allowed"


class NothingToTell(DomainError):
    """Choose at least one event."""

    code = "nothing-to-tell"


class TooManySubscriptions(DomainError):
    """There are 20 subscriptions already: end one first."""

    refusal = Refusal.CONFLICT
    code = "too-many-subscriptions"
