"""Calls to the addresses that organisations subscribed: never into our own network, unless the operator says so."""
