"""Words of the pages by which people come in: professions and sectors, whether the backup way is open."""

from django import template
from django.utils.translation import get_language

from telesphore.accounts import queries
from telesphore.accounts.formats.nomenclatures import PROFESSIONS, SPECIALTIES, Term
from telesphore.accounts.formats.sectors import SECTORS
from telesphore.kernel.clock import now

register = template.Library()


@register.simple_tag
def backup_is_open() -> bool:
    """Whether the sign-in page has a backup way to name."""
    return queries.any_backup_open(at=now())


@register.filter
def profession(code: str) -> str:
    """A profession's name (TRE_G15) in the reader's language; the code itself when it is not known."""
    return _label(PROFESSIONS, code)


@register.filter
def specialty(code: str) -> str:
    """A specialty's name (TRE_R38)."""
    return _label(SPECIALTIES, code)


@register.filter
def sector(code: str) -> str:
    """A sector's name (TRE_R02)."""
    return _label(SECTORS, code)


def _label(terms: dict[str, Term], code: str) -> str:
    term = terms.get(code)
    return term.label(get_language() or "fr") if term else code
