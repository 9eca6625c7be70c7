"""Tell a person that somebody came in as them from a browser that they had not used."""

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts.actions import ways
from telesphore.accounts.models import Person
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import ports as links


@audit.act("accounts:session:warn")
def warn_of_new_device(*, person_id: UUID, client: str, actor: Actor, at: datetime) -> None:
    """By e-mail, whatever way they came in by.

    Args:
        client: the browser and the system, roughly, e.g. `Firefox, Windows`; empty when unknown.
    """
    person = Person.objects.get(id=person_id)
    with translation.override(person.language):
        subject = _("Signed in from a new device")
        text = _(
            "Hello,\n\nSomebody signed in to your account from a device that it had not seen: %(client)s, %(when)s.\n\n"
            "If it was you, there is nothing to do. If not, tell your administrator now, and look here: %(url)s\n"
        ) % {
            "client": client or _("unknown browser"),
            "when": ways.moment(at),
            "url": f"{links.base_url.get()}/security/",
        }
    if ways.write_to(person, subject=subject, text=text, kind="accounts:new-device", actor=actor, at=at):
        audit.record("accounts:session:warn", actor=actor, subject=person.id, at=at)
