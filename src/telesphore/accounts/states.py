"""The tables of this room: roles, what each may do, how people prove who they are, how long a session lasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member does in an organisation."""

    ADMINISTRATOR = "administrator", _("administrator")
    SECRETARY = "secretary", _("secretary")
    PROFESSIONAL = "professional", _("health professional")
    PRIVACY_OFFICER = "privacy-officer", _("data protection officer")
    AUDITOR = "auditor", _("auditor")


CLINICAL_ROLES = frozenset({Role.SECRETARY, Role.PROFESSIONAL})
"""Roles that come near patients' data; nobody holds one of them beside `Role.ADMINISTRATOR`."""


class MemberState(models.TextChoices):
    """Where a person stands in one organisation: derived, never stored."""

    INVITED = "invited", _("invited")
    COMING = "coming", _("expected")
    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    LEFT = "left", _("left")


class Acr(models.TextChoices):
    """How surely a person was recognised: OIDC's Authentication Context Class Reference.

    `eidas1` as Pro Santé Connect gives it; `phr` and `phrh` as registered by OpenID's EAP ACR Values 1.0 §2; the two
    REFEDS profiles for the rest.
    """

    EIDAS1 = "eidas1", _("Pro Santé Connect, substantial level")
    CARD = "phrh", _("card and PIN")
    PASSKEY = "phr", _("passkey")
    TWO_FACTORS = "https://refeds.org/profile/mfa", _("two factors")
    ONE_FACTOR = "https://refeds.org/profile/sfa", _("one factor")
    BEDSIDE = "urn:telesphore:acr:bedside", _("identity seen by a professional")
    LINK_AND_CODE = "urn:telesphore:acr:link-and-code", _("link and code by another channel")


ENOUGH = frozenset({Acr.EIDAS1, Acr.CARD, Acr.PASSKEY, Acr.TWO_FACTORS})
"""What a person with an account must have reached before anything is shown to them, outside a demonstration."""

_CARE = frozenset({Role.SECRETARY, Role.PROFESSIONAL})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_EVERYBODY = frozenset(Role)

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "accounts:colleagues:find": _CARE | _ADMINISTRATOR,
    "accounts:delegation:give": frozenset({Role.PROFESSIONAL}),
    "accounts:delegation:see": _CARE | _ADMINISTRATOR,
    "accounts:members:manage": _ADMINISTRATOR,
    "accounts:members:see": _EVERYBODY,
    "accounts:organisation:manage": _ADMINISTRATOR,
    "accounts:permissions:see": _EVERYBODY,
    "accounts:session:manage": _EVERYBODY,
    "accounts:token:manage": _EVERYBODY,
    "accounts:workstation:pair": _EVERYBODY,
    "accounts:backup:switch": _ADMINISTRATOR,
    "accounts:directory:provision": _ADMINISTRATOR,
    "audit:journal:see": frozenset({Role.AUDITOR, Role.PRIVACY_OFFICER}),
    "jobs:job:manage": _ADMINISTRATOR,
    "records:document:deposit": _CARE,
    "records:document:print": _CARE,
    "records:document:read": _CARE,
    "records:document:withdraw": _CARE,
    "records:patient:invite": _CARE,
    "records:patient:register": _CARE,
    "records:record:open": _CARE,
    "records:representation:manage": _CARE,
    "records:team:manage": _CARE,
    "signature:bedside:open": _CARE,
    "signature:copy:send": _CARE,
    "signature:book:open": _CARE,
    "signature:embedding:make": _CARE,
    "signature:embedding:manage": _ADMINISTRATOR,
    "signature:envelope:read": _CARE,
    "signature:envelope:send": _CARE,
    "signature:envelope:void": _CARE,
    "signature:kit:export": _CARE,
    "signature:proof:see": frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR}),
    "signature:recipient:advise": frozenset({Role.PROFESSIONAL}),
    "signature:recipient:correct": _CARE,
    "signature:recipient:decline": frozenset({Role.PROFESSIONAL}),
    "signature:recipient:hand-over": frozenset({Role.PROFESSIONAL}),
    "signature:recipient:recall": frozenset({Role.PROFESSIONAL}),
    "signature:recipient:remind": _CARE,
    "signature:recipient:review": frozenset({Role.PROFESSIONAL}),
    "signature:recipient:sign": frozenset({Role.PROFESSIONAL}),
    # What a form says engages the professional who informs (CSP L.1111-2), and the house that gives it out; a secretary
    # prepares private ones, and uses the others as they stand.
    "signature:template:manage": frozenset({Role.PROFESSIONAL, Role.ADMINISTRATOR}),
    "signature:template:see": _CARE | _ADMINISTRATOR,
    "signature:thread:write": _CARE,
    "webhooks:subscription:manage": _ADMINISTRATOR,
}
"""Every permission, named `room:thing:verb`, and the roles that hold it in their organisation.

A permission opens a kind of page; which patient's, which envelope's, the room that owns the row decides.
"""


DELEGABLE = (
    "signature:recipient:sign",
    "signature:recipient:decline",
    "signature:recipient:review",
    "signature:recipient:advise",
)
"""What a professional may let a colleague do in their name; each lets the colleague read what is to be signed, and
nothing more of the record.
"""

LONGEST_DELEGATION = timedelta(days=366)
INVITATION_LIFE = timedelta(days=7)


def permissions_of(roles: frozenset[str]) -> frozenset[str]:
    """What these roles hold together."""
    return frozenset(name for name, holders in PERMISSIONS.items() if holders & roles)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts.

    Attributes:
        idle: without an act, until it is locked.
        whole: from the sign-in until it ends, whatever happens.
    """

    idle: timedelta = timedelta(minutes=15)
    whole: timedelta = timedelta(hours=4)


PSC_MEANS = "psc"
"""What the sessions opened by Pro Santé Connect are marked with."""

BACKUP_MEANS = "backup+email-code"
"""What the sessions of the backup way, and all that is done in them, are marked with."""

BACKUP_LONGEST = timedelta(hours=24)
"""For which the backup way may stay open."""

BACKUP_SCOPES = frozenset(
    {
        "records:document:deposit",
        "records:document:read",
        "records:patient:register",
        "records:record:open",
        "signature:book:open",
        "signature:envelope:read",
    }
)
"""What may be done by who came in by the backup way: read, and what care can't wait for. Nothing is signed, exported,
printed, granted or erased.
"""

LIMITS: Mapping[Role, Limits] = dict.fromkeys(Role, Limits())
"""What a role's sessions last, where the organisation chose nothing else; with several roles, the shortest."""

SHARED_IDLE = timedelta(minutes=5)
"""Without an act, until a session is locked on a workstation that several people share."""

SEEN_WITHIN = timedelta(minutes=1)
"""How exactly the last act is known. A session is never locked later than its limit, but up to this much earlier."""

IDLE_MINUTES = range(1, 31)
SESSION_MINUTES = range(15, 241)
"""Between which an organisation chooses, in minutes (référentiel d'identification électronique, PGSSI-S)."""


TOKEN_PREFIX = "telesphore_"  # noqa: S105 - shown to all.
"""What every API token begins with, so that a scanner of leaked secrets knows one."""

TOKEN_LIFE = timedelta(days=365)
"""How long an API token lasts at most."""

TOKENS_HELD = 20
"""Living API tokens of one person in one organisation, at most."""


BY_DIRECTORY = frozenset(Role) - {Role.ADMINISTRATOR}
"""Roles that an organisation's own directory gives and takes by itself; administrators are named by persons."""


class SessionEnd(models.TextChoices):
    """Why a session ended."""

    SIGNED_OUT = "signed-out", _("signed out")
    LIMIT = "limit", _("its time was over")
    BY_PERSON = "ended-by-person", _("ended from the list of sessions")
    REPLACED = "replaced", _("another sign-in in the same browser")
    PASSWORD_CHANGED = "password-changed", _("the password was changed")
    SUSPENDED = "suspended", _("the account was suspended")
    PROVIDER = "signed-out-at-provider", _("signed out at the identity provider")
    LEFT = "left", _("the person left the organisation")
    BACKUP_OVER = "backup-over", _("the backup way in was closed")


PAIRING_TRIES = 5
"""Wrong MACs that end a workstation's code."""

FRESH = timedelta(minutes=5)
"""How old a proof of who one is may be for a sensitive act: signing, exporting, changing ways to sign in, granting
roles, erasing.
"""
