"""What the shell around every page needs to know."""

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, object]:
    """For every template: whether this is a demonstration, the theme and size of text chosen, where the reader is."""
    theme = request.COOKIES.get("theme", "")
    text = request.COOKIES.get("text", "")
    return {
        "demonstration": settings.DEMONSTRATION,
        "theme": theme if theme in ("light", "dark") else "",
        "text_size": text if text in ("large", "larger") else "",
        "here": request.path,
    }
