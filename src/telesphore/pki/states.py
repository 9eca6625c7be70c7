"""What a certificate is for."""

from django.db import models
from django.utils.translation import gettext_lazy as _lazy


class Profile(models.TextChoices):
    """What a certificate is for."""

    PATIENT = "patient", _lazy("a patient’s one signature")
    PROFESSIONAL = "professional", _lazy("a professional’s signatures")
    SEAL = "seal", _lazy("an organisation’s seal")
