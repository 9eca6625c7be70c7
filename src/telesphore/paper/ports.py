"""What paper needs from outside: a program that reads office files."""

from typing import Protocol

from telesphore.kernel.errors import DomainError, Refusal
from telesphore.kernel.ports import Port
from telesphore.paper.kinds import Kind


class NoConverter(DomainError):
    """Office files are not converted on this server. Save yours as PDF, then deposit that one; or ask whoever runs the
    server to install LibreOffice.
    """

    code = "no-converter"


class ConverterBusy(DomainError):
    """Other office files are being converted. Try again in a minute, or save it as PDF, then deposit that one."""

    refusal = Refusal.UNAVAILABLE
    code = "converter-busy"


class NotConverted(DomainError):
    """This office file could not be converted. Open it, save it as PDF, then deposit that one."""

    code = "not-converted"


class OfficeConverter(Protocol):
    """Turns office files into PDF. The file is hostile: it gets neither network, nor our files, nor much time."""

    def convert(self, content: bytes, kind: Kind) -> bytes:
        """A PDF of a file of one of `kinds.OFFICE`. It takes seconds: call it outside any transaction.

        Raises:
            NoConverter: none is installed, or it can't be confined.
            ConverterBusy
            NotConverted: it can't read this file, or not within its bounds.
        """


office: Port[OfficeConverter] = Port("paper.office")
