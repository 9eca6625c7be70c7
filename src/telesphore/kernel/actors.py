"""Who acts: given to every action, written into every trace."""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

NIL = UUID(int=0)


class ActorKind(StrEnum):
    """What stands behind an act."""

    PROFESSIONAL = "professional"
    """A member of an organisation, signed in (secretaries and administrators too)."""
    PATIENT = "patient"
    """The person whom the record is about."""
    REPRESENTATIVE = "representative"
    """Who acts for a patient: a parent, a guardian. `person_id` is theirs, `on_behalf_of` the patient's id."""
    GUEST = "guest"
    """Somebody without account or record, come by a link and its code for one envelope: an interpreter, a witness.
    `person_id` is their place among its recipients."""
    SOFTWARE = "software"
    """A program of an organisation, come in by an API token; `person_id` is who answers for the token."""
    SYSTEM = "system"
    """The platform itself: a reaction, the sealer, a command of the operator."""
    NOBODY = "nobody"
    """Someone who has proved nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The natural person (or the system) who acts, in which organisation, and how they came in.

    Attributes:
        person_id: the account of a professional, or the patient's id; None for the system and for nobody.
        on_behalf_of: the person for whom they act (delegation, legal representative).
        roles: the roles held in `organisation_id` at this moment.
        means: how the person was authenticated, e.g. `passkey`, `password+totp`, `psc`, `card`, `link+code`.
        acr: how surely, as an OIDC Authentication Context Class Reference (`accounts.states.Acr`); empty for the
            system and for nobody.
        scopes: the only permissions that count, whatever the roles hold (an API token's, a backup way's); None when
            nothing narrows them.
        session_id: the session that the act belongs to, if any.
        source_address: IP address of the client, as text; None when the act has no client.
        client: the client's own name (User-Agent), at most 200 characters.
    """

    kind: ActorKind
    organisation_id: UUID | None = None
    person_id: UUID | None = None
    on_behalf_of: UUID | None = None
    roles: frozenset[str] = frozenset()
    means: str = ""
    acr: str = ""
    scopes: frozenset[str] | None = None
    session_id: UUID | None = None
    source_address: str | None = None
    client: str = ""

    @property
    def organisation(self) -> UUID:
        """`organisation_id` for a look-up: the nil UUID, which no row has, when there is none."""
        return self.organisation_id or NIL

    @property
    def person(self) -> UUID:
        """`person_id` for a look-up: the nil UUID, which no row has, when there is none."""
        return self.person_id or NIL

    @classmethod
    def system(cls, organisation_id: UUID | None = None, client: str = "telesphore") -> "Actor":
        """The platform acting by itself in `organisation_id`."""
        return cls(kind=ActorKind.SYSTEM, organisation_id=organisation_id, client=client)

    def within(self, organisation_id: UUID) -> "Actor":
        """The same actor, seen in another organisation; roles do not follow."""
        return replace(self, organisation_id=organisation_id, roles=frozenset())
