"""The roles that a member may hold."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member does in an organisation."""

    ADMINISTRATOR = "administrator", _("administrator")
    SECRETARY = "secretary", _("secretary")
    PROFESSIONAL = "professional", _("health professional")
    PRIVACY_OFFICER = "privacy-officer", _("data protection officer")
    AUDITOR = "auditor", _("auditor")
