"""What can be asked of the trail: events, the tree and its proofs, whether all of it still holds."""

from telesphore.audit.queries.events import last_event as last_event
from telesphore.audit.queries.means import acts_by_means as acts_by_means
from telesphore.audit.queries.proofs import proof_of as proof_of
from telesphore.audit.queries.verify import verify as verify
