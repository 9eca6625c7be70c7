"""Words of the templates: icons, states, dates, numbers."""
