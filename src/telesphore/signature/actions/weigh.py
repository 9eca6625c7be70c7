"""What a signature is in law, told from what is known of it: never more than what was reached (eIDAS article 3)."""

from datetime import datetime

from telesphore.accounts.states import ENOUGH, Acr
from telesphore.ades.verdict.certificates import read
from telesphore.ades.verdict.result import Qualification
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature.actions.prove import verdict_on
from telesphore.signature.models import Recipient
from telesphore.signature.states import SignatureLevel

BY_LINK = "link+code"
SEEN = frozenset({"identity-card", "passport", "residence-permit", "code"})
"""Ways of the bedside by which a patient's identity was proved; a bracelet alone says whom it was put on."""


def reached_level(
    *, recipient: Recipient, signed: bytes, certificate: bytes, actor: Actor, at: datetime
) -> SignatureLevel:
    """The level of the signature that a recipient's field now holds.

    Qualified when a trusted list says so of the certificate and its device; advanced when its key was under the sole
    control of somebody who was identified (article 26): a card or token of one's own, or a certificate issued on the
    spot to who came by two ways; simple otherwise.

    Args:
        signed: the file with the signature.
    """
    if actor.kind is ActorKind.PROFESSIONAL:
        if read([certificate])[0].qualified_statements:
            facts = verdict_on(signed, recipient.field_name or "", organisation_id=actor.organisation, at=at)
            if facts is not None and facts.qualification is Qualification.QUALIFIED:
                return SignatureLevel.QUALIFIED
        return SignatureLevel.ADVANCED
    return SignatureLevel.ADVANCED if _was_identified(actor) else SignatureLevel.SIMPLE


def _was_identified(actor: Actor) -> bool:
    if actor.acr == Acr.BEDSIDE:
        ways = actor.means.partition(":")[2].split("+")
        return not SEEN.isdisjoint(ways)
    return actor.means == BY_LINK or actor.acr == Acr.LINK_AND_CODE or actor.acr in ENOUGH
