"""Office files, as the doctor finds them: taken, refused, or unable to be confined."""

from collections.abc import Iterator

from telesphore.config.findings import Finding, Level, Patient
from telesphore.connectors.libreoffice.converter import LibreOffice
from telesphore.paper.ports import NoConverter


def office(patient: Patient) -> Iterator[Finding]:
    """Whether office files can be converted, and by what."""
    converter = LibreOffice(patient.value("home") / "office.lock")
    if not converter.installed():
        # Not a fault: whoever deposits one is told to save it as PDF.
        yield Finding(
            Level.OK, "office", "Office files are refused: LibreOffice is not installed. PDF and pictures are taken."
        )
        return
    try:
        version = converter.version()
    except NoConverter:
        yield Finding(
            Level.WARNING, "office", "Office files are refused: LibreOffice is installed, but can't be run confined.",
            "Install bubblewrap (package bubblewrap), and let this user make user namespaces (docs/operations.md).",
        )  # fmt: skip
    else:
        yield Finding(Level.OK, "office", f"Office files are converted, confined, by {version}.")
