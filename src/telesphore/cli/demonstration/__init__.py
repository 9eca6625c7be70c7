"""The demonstration: an organisation with its people, and the main job run from end to end, with every claim checked."""
