"""Why a signature does not reach the next level, in the reader's language.

The sentences are those of `ades.verdict.level`; a name within them is carried over as it is.
"""

import re
from collections.abc import Callable
from functools import cache

from telesphore.ades.verdict.reasons import Reason

LONGEST = 500
"""Characters of a sentence that is looked for among those that are known."""
DEEPEST = 3
"""Sentences in sentences."""
_PLACE = re.compile(r"\\\{(\w+)\\\}")


def missing(sentence: str, say: Callable[[str], str], depth: int = DEEPEST) -> str:
    """The sentence as the reader says it, and those within it; as it is when nobody has translated it."""
    if len(sentence) > LONGEST or not depth:
        return sentence
    for known, pattern in _patterns().items():
        if found := pattern.fullmatch(sentence):
            parts = {name: missing(value, say, depth - 1) for name, value in found.groupdict().items()}
            return say(known).format(**parts)
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
        # What fills the sentences of reasons.
        _("its byte range is not four numbers"),
        _("its byte range does not go from the start of the file to an end in it"),
        _("its dictionary does not hold the signature itself"),
        _("what it leaves out is not one string"),
        _("what it leaves out is not the signature"),
        _("what it leaves out is not in its own dictionary"),
        _("what it leaves out is in another object"),
        _("it ends in the middle of a revision"),
        _("its field is not an object of its own"),
        _("its field is not one of the form’s own"),
        _("it is not a CMS signature of one signer"),
        _("it carries a content of its own"),
        _("nothing in it is signed with the document"),
        _("it signs another type of content than it says"),
        _("its attributes can’t be read"),
        _("its attributes are not those of its content"),
        _("not a timestamp"),
        _("the signature’s algorithm"),
        _("the timestamp’s algorithm"),
        _("its digest"),
        _("an unknown critical extension, {what}"),
        _("{what} is not an authority"),
        _("{what} may not sign certificates"),
        _("{what} allows no authority at this depth"),
        _("{what} may not name {whom}"),
        _("{what} dated one outside of its own certificate’s validity"),
        _("its key may not sign"),
        _("it is not one of a time-stamping authority"),
        _("its uses are others"),
    )


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    known = (*sentences(str), *(reason.sentence for reason in Reason))
    return {one: _pattern(one) for one in known}


def _pattern(sentence: str) -> re.Pattern[str]:
    """What a filled sentence looks like; a name that comes twice is the same twice."""
    seen: set[str] = set()

    def place(found: re.Match[str]) -> str:
        name = found[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>.*)"

    return re.compile(_PLACE.sub(place, re.escape(sentence)), re.DOTALL)
