"""What travels between this server and card agents, and what cards' certificates say. Pure: bytes in, bytes out."""
