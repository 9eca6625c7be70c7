"""What the shell around every page needs to know."""

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, object]:
    """For every template: whether this is a demonstration, the theme that the person chose, where they are."""
    theme = request.COOKIES.get("theme", "")
    return {
        "demonstration": settings.DEMONSTRATION,
        "theme": theme if theme in ("light", "dark") else "",
        "here": request.path,
    }
