"""The door for programs: they come in by an API token, never by a cookie; answers are JSON."""
