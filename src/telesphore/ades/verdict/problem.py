"""What a step of validation found wrong: the standard's word for it, and ours."""

from dataclasses import dataclass

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Finding, Indication, SubIndication

_FAILED = frozenset(
    (
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.EXPIRED,
        SubIndication.NOT_YET_VALID,
    )
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a step did not pass."""

    sub_indication: SubIndication
    finding: Finding

    @property
    def indication(self) -> Indication:
        """TS 119 102-1 table 6: which sub-indications mean failure."""
        return Indication.TOTAL_FAILED if self.sub_indication in _FAILED else Indication.INDETERMINATE


def problem(sub_indication: SubIndication, reason: Reason, **details: str) -> Problem:
    """In one call."""
    return Problem(sub_indication, Finding(reason, details))
