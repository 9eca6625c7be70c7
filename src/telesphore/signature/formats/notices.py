"""What notices say: what to do, and where. Never a title, a patient's name or anything of their health."""

from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Words:
    """One e-mail."""

    subject: str
    text: str


def asked(kind: str, url: str, language: str, *, again: bool) -> Words:
    """A professional is asked to act: `kind` is `review`, `sign` or `opinion`; `again` in a reminder."""
    with translation.override(language):
        subject, what = {
            "review": (_("A document awaits your review"), _("A document awaits your review.")),
            "opinion": (_("A document awaits your opinion"), _("A document awaits your opinion.")),
        }.get(
            kind,
            (
                _("A document awaits your signature"),
                _("A document awaits your signature in your signature book."),
            ),
        )
        if again:
            subject = _("Reminder: %(subject)s") % {"subject": subject}
        return Words(subject, _("Hello,\n\n%(what)s\n\nOpen it: %(url)s\n") % {"what": what, "url": url})


def asked_patient(organisation: str, url: str, language: str, *, again: bool) -> Words:
    """A patient is asked to read and sign; `again` in a reminder, whose link replaces the one before."""
    with translation.override(language):
        values = {"organisation": organisation, "url": url}
        subject = _("%(organisation)s asks you to read and sign a document") % values
        text = (
            _(
                "Hello,\n\n"
                "%(organisation)s asks you to read and sign a document.\n\n"
                "Open this link: %(url)s\n\n"
                "A code will be sent to your phone when you ask for it. The link is yours alone: do not forward it.\n"
            )
            % values
        )
        if again:
            subject = _("Reminder: %(subject)s") % {"subject": subject}
            text += _("\nThis link replaces the one that you were sent before.\n")
        return Words(subject, text)


def asked_representative(organisation: str, url: str, language: str, *, again: bool) -> Words:
    """Who acts for a patient is asked to read and sign, in their account; `again` in a reminder."""
    with translation.override(language):
        values = {"organisation": organisation, "url": url}
        subject = _("%(organisation)s asks you to read and sign a document") % values
        if again:
            subject = _("Reminder: %(subject)s") % {"subject": subject}
        text = _(
            "Hello,\n\n"
            "%(organisation)s asks you to read and sign a document for somebody for whom you act.\n\n"
            "Sign in to your account: %(url)s\n"
        )
        return Words(subject, text % values)


def asked_no_more(organisation: str, language: str) -> Words:
    """Somebody who was awaited is asked nothing any more."""
    with translation.override(language):
        return Words(
            _("Nothing is asked of you any more"),
            _(
                "Hello,\n\nA document of %(organisation)s awaited you. Nothing is asked of you any more, and there is"
                " nothing to do.\n"
            )
            % {"organisation": organisation},
        )


def told_sender(event: str, url: str, language: str) -> Words:
    """What became of what somebody sent: `declined`, `completed`, `expired`, `undelivered` or `unrepresented`."""
    with translation.override(language):
        subject, what = {
            "completed": (_("A document is completed"), _("A document that you sent is completed and sealed.")),
            "declined": (_("A document was refused"), _("A document that you sent was refused. Its circuit stopped.")),
            "expired": (
                _("A document has expired"),
                _("The time to act on a document that you sent is over. Its circuit stopped."),
            ),
            "undelivered": (
                _("A notice could not be delivered"),
                _(
                    "Somebody whom a document awaits could not be told: their address does not work."
                    " Correct it, and they are called again."
                ),
            ),
            "unrepresented": (
                _("Nobody can sign for a patient"),
                _(
                    "A document that you sent awaits whoever acts in the patient’s place, and nobody can any more."
                    " Record who does: once they open their account, they find it there."
                ),
            ),
        }[event]
        return Words(subject, _("Hello,\n\n%(what)s\n\nOpen it: %(url)s\n") % {"what": what, "url": url})


def told_watcher(url: str, language: str) -> Words:
    """A document that somebody watches is completed."""
    with translation.override(language):
        what = _("A document that you watch is completed and sealed.")
        return Words(
            _("A document is completed"), _("Hello,\n\n%(what)s\n\nOpen it: %(url)s\n") % {"what": what, "url": url}
        )
