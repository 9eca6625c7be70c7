"""The home page: what awaits you, by role."""
