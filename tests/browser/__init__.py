"""People at their screens: every journey through the pages, in the system's Chromium, with the network closed."""
