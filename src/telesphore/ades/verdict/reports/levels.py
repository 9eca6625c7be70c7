"""Why a signature does not reach the next level, in the reader's language.

The sentences are those of `ades.verdict.level`; a name within them is carried over as it is.
"""

import re
from collections.abc import Callable
from functools import cache


def missing(sentence: str, say: Callable[[str], str]) -> str:
    """The sentence as the reader says it; as it is when nobody has translated it."""
    for known, pattern in _patterns().items():
        if found := pattern.fullmatch(sentence):
            return say(known).format(**found.groupdict())
    return sentence


def sentences(_: Callable[[str], str]) -> tuple[str, ...]:
    """Every sentence; `_` marks them for translation."""
    return (
        _("The signature itself does not hold."),
        _("No timestamp proves when it was signed."),
        _("Its format is {what}, not ETSI.CAdES.detached."),
        _("It does not say when it was made (/M)."),
        _("It names no signature handler (/Filter)."),
        _("Its dictionary bears /Cert, which is forbidden."),
        _("It bears the signing-time attribute, which is forbidden."),
        _("Its content type is not data."),
        _("It lacks the signing-certificate-v2 attribute."),
        _("It does not bear its signer’s certificate."),
        _("It states a reason twice: /Reason stands beside a commitment type or a signature policy."),
        _("The file holds no validation data (DSS)."),
        _("A certificate’s chain could not be built."),
        _("The file does not hold the certificate of {what}."),
        _("The file holds no revocation data for the certificate of {what}."),
        _("No document timestamp covers the validation data."),
        _("It does not say when it was made (signing-time)."),
        _("No archive timestamp covers the validation data."),
    )


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {one: re.compile(re.escape(one).replace(r"\{what\}", "(?P<what>.*)"), re.DOTALL) for one in sentences(str)}
