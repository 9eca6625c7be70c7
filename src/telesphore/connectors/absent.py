"""What answers when the operator has chosen no gateway: notices wait until there is one."""

from contextlib import AbstractContextManager
from uuid import UUID

from telesphore.outbox.ports import GatewayAway
from telesphore.signature.ports import NoToken, PersonalToken


class GatewayMissing(GatewayAway):
    """This instance has no gateway for such notices: the operator must set TELESPHORE_MAIL_GATEWAY or _SMS_GATEWAY."""

    code = "gateway-missing"


class NoMail:
    """Refuses every e-mail."""

    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        raise GatewayMissing


class NoSms:
    """Refuses every SMS."""

    def send(self, *, to: str, text: str, message_id: str) -> None:
        raise GatewayMissing


class NoTokens:
    """No token is configured."""

    def open(self, *, person_id: UUID, pin: str, code: str = "") -> AbstractContextManager[PersonalToken]:
        """Refuses: see `signature.ports.TokenReader`."""
        raise NoToken
