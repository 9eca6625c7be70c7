"""Certificates as X.509 has them (RFC 5280; profiles after ETSI EN 319 412), without Django."""
