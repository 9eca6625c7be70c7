"""Pro Santé Connect: the French health professionals' identity provider, an OpenID Connect authorization-code flow.

The professional proves who they are there (e-CPS or card); we are a confidential client, with PKCE. What comes back is
checked as OpenID Connect Core 1.0 §3.1.3.7 says, used at once, and forgotten: no token outlives the call.
"""

from telesphore.connectors.psc.client import Client, Registration

__all__ = ["Client", "Registration"]
