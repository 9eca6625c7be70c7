"""The outbox page of a demonstration: what the stand-in gateways received."""
