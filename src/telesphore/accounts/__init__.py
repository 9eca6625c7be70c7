"""Who comes in: persons, the organisations they belong to, and the roles they hold there.

A *person* signs in once and may be a *member* of several organisations; a *membership* gives one *role*, between two
dates. Patients need no account to act on their own documents (see `links/`).
"""
