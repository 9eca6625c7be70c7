"""The card agent: it stands beside a card reader, and serves the pages of the servers that it was paired with.

The protocol is in docs/agent.md of the platform. A *request* is signed by a paired *server* and carried by a page; the
*holder* of the card reads it in the agent's own *window*, and types the PIN there.
"""

VERSION = "0.1.0"
