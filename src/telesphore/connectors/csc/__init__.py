"""Remote signing services: the Cloud Signature Consortium's API, v1 (1.0.4.0) and v2 (2.0.0.2).

The key is at a trust service provider; what leaves this platform is digests. Words of the standard: a *credential* is a
key with its certificate; *SAD* is what an authorisation (PIN, one-time code) answers and a signature spends.
"""

from telesphore.connectors.csc.client import Account
from telesphore.connectors.csc.reader import CscReader

__all__ = ["Account", "CscReader"]
