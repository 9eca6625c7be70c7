"""What links need from the assembly: a secret, and the address at which people reach this instance."""

from telesphore.kernel.ports import Port

code_secret: Port[bytes] = Port("links.code_secret")
base_url: Port[str] = Port("links.base_url")
