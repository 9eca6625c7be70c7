"""One folder per outside network: each answers a room's port, and is the only place that talks to that network."""
