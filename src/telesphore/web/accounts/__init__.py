"""Sign-in, second factor, choice of the organisation: django-allauth, in our words."""
