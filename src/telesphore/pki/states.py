"""What a certificate is for, why it was revoked, and how it stands."""

from django.db import models
from django.utils.translation import gettext_lazy as _lazy


class Profile(models.TextChoices):
    """What a certificate is for."""

    PATIENT = "patient", _lazy("a patient’s one signature")
    PROFESSIONAL = "professional", _lazy("a professional’s signatures")
    SEAL = "seal", _lazy("an organisation’s seal")
    UNIT = "unit", _lazy("time-stamps")
    RESPONDER = "responder", _lazy("answers about revocation")


OWN_KEYS = (Profile.SEAL, Profile.UNIT, Profile.RESPONDER)
"""Profiles whose keys the platform holds; their certificates are kept."""


class Reason(models.TextChoices):
    """Why a certificate was revoked (RFC 5280 §5.3.1). There is no hold: a revocation is for good."""

    UNSPECIFIED = "unspecified", _lazy("no reason given")
    KEY_COMPROMISE = "key-compromise", _lazy("its key may be in other hands")
    AUTHORITY_COMPROMISE = "authority-compromise", _lazy("its authority’s key may be in other hands")
    AFFILIATION_CHANGED = "affiliation-changed", _lazy("its holder left, or changed names")
    SUPERSEDED = "superseded", _lazy("another one replaces it")
    CESSATION = "cessation", _lazy("it is needed no more")
    PRIVILEGE_WITHDRAWN = "privilege-withdrawn", _lazy("its holder may no longer sign")


class Level(models.TextChoices):
    """Whose list of revoked certificates: the issuing authority's, or its root's."""

    ISSUING = "issuing"
    ROOT = "root"


class Standing(models.TextChoices):
    """How a certificate stands at some instant."""

    GOOD = "good"
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    REVOKED = "revoked"
    FOREIGN = "foreign"
    """Not of this organisation's authorities: nothing is known of it here."""
