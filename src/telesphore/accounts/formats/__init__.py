"""The forms of what this room reads and writes. Pure: nothing here knows Django."""
