"""Keys in PKCS#12 files (RFC 7292), one per person, under a passphrase that stands for the PIN.

Weaker than a card: whoever copies the file can try passphrases as long as they like.
"""

from telesphore.connectors.pkcs12.reader import Pkcs12Reader, write

__all__ = ["Pkcs12Reader", "write"]
