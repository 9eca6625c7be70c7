"""The demonstration: an organisation with its people, and the main job run end to end, with every claim checked."""
