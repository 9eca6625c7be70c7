"""Pages that speak to the card agent of the workstation that they are shown on."""

from csp.decorators import csp_update

PORTS = (24727, 24728, 24729)
speaks_to_agent = csp_update({"connect-src": [f"http://127.0.0.1:{port}" for port in PORTS]})
"""On the views of such pages, and on no other: the agent listens on one of these ports of the loopback address."""
