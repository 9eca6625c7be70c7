"""Time-stamping authorities elsewhere (RFC 3161 over HTTP, §3.4): several, asked one after another."""

from telesphore.connectors.tsa.authorities import Authorities, Authority, BadAuthorities, read_authorities
from telesphore.connectors.tsa.timestamper import HttpTimestamper

__all__ = ["Authorities", "Authority", "BadAuthorities", "HttpTimestamper", "read_authorities"]
