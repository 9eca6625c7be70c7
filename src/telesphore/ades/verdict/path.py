"""Certification paths: found among the certificates at hand, then judged at one moment (RFC 5280 §6).

A *path* goes from a certificate up to an anchor, which is believed because its bytes are those that we were given.
Policies are not processed. Finding is bounded in depth, in candidates and in signatures checked, so that a file full of
certificates with one name costs little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import islice

from cryptography import x509

from telesphore.ades.algorithms import AlgorithmPolicy
from telesphore.ades.verdict.certificates import Certificate, NameKey, comparable, read
from telesphore.ades.verdict.problem import Problem, problem
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import SubIndication
from telesphore.ades.verdict.trust import Anchor

DEEPEST = 10
"""Certificates in a path, the anchor included."""
MOST_PATHS = 6
"""Paths tried for one certificate: cross-certified authorities give several."""
MOST_CANDIDATES = 20
"""Certificates of one name tried as issuer of another."""
MOST_CHECKS = 400
"""Signatures on certificates checked in one validation."""
MOST_CERTIFICATES = 2000
"""Certificates kept from what a file bears."""

_ANY_USE = "2.5.29.37.0"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
_NEVER_SIGN_DOCUMENTS = frozenset(("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", TIME_STAMPING, OCSP_SIGNING))


class Purpose(Enum):
    """What the first certificate of a path is used for."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Path:
    """Certificates whose signatures are verified already, and the anchor that the last one is."""

    certificates: tuple[Certificate, ...]
    anchor: Anchor

    @property
    def ders(self) -> tuple[bytes, ...]:
        """From the first to the anchor."""
        return tuple(one.der for one in self.certificates)


class Paths:
    """Finds paths; what it learns lives as long as one validation."""

    def __init__(self, anchors: Sequence[Anchor], certificates: Sequence[bytes] = ()) -> None:
        self._anchors = {anchor.certificate: anchor for anchor in anchors}
        self._by_subject: dict[NameKey, dict[bytes, Certificate]] = {}
        self._seen: set[bytes] = set()
        self._verified: dict[tuple[bytes, bytes], bool] = {}
        self._found: dict[bytes, tuple[Path, ...]] = {}
        self._checks = 0
        self._add(read([*self._anchors]))
        self.add(certificates)

    def add(self, certificates: Sequence[bytes]) -> None:
        """Make more certificates known; those that can't be read are left out."""
        fresh = [der for der in certificates if der not in self._seen]
        room = MOST_CERTIFICATES - len(self._seen)
        if fresh and room > 0:
            self._add(read(fresh[:room]))
            self._found.clear()

    def _add(self, certificates: Sequence[Certificate]) -> None:
        for one in certificates:
            self._seen.add(one.der)
            self._by_subject.setdefault(one.subject, {})[one.der] = one

    def named(self, subject: x509.Name) -> tuple[Certificate, ...]:
        """Those of this name."""
        return tuple(self._by_subject.get(comparable(subject), {}).values())

    def everyone(self) -> Iterator[Certificate]:
        """All that are known."""
        for named in self._by_subject.values():
            yield from named.values()

    def to_anchor(self, certificate: Certificate) -> tuple[Path, ...]:
        """The paths from a certificate, the most likely first; none when it leads to no anchor."""
        found = self._found.get(certificate.der)
        if found is None:
            found = tuple(islice(self._climb((certificate,)), MOST_PATHS))
            self._found[certificate.der] = found
        return found

    def far_as_possible(self, certificate: Certificate) -> tuple[bytes, ...]:
        """What can be shown of a chain that leads to no anchor."""
        chain = [certificate]
        while len(chain) < DEEPEST and not chain[-1].self_issued:
            above = next((one for one in self._issuers(chain[-1]) if one not in chain), None)
            if above is None:
                break
            chain.append(above)
        return tuple(one.der for one in chain)

    def issued(self, issuer: Certificate, other: Certificate) -> bool:
        """Whether one verifies the other's signature; asked once, and within `MOST_CHECKS`."""
        pair = (issuer.key_bytes, other.der)
        known = self._verified.get(pair)
        if known is None:
            if self._checks >= MOST_CHECKS:
                return False
            self._checks += 1
            known = self._verified[pair] = issuer.issued(other)
        return known

    def _climb(self, chain: tuple[Certificate, ...]) -> Iterator[Path]:
        last = chain[-1]
        anchor = self._anchors.get(last.der)
        if anchor is not None:
            yield Path(chain, anchor)
            return
        if len(chain) == DEEPEST:
            return
        for issuer in self._issuers(last):
            # A key and a name appear once in a path: cross-certificates make circles.
            if all(issuer.subject != below.subject or issuer.key_bytes != below.key_bytes for below in chain):
                yield from self._climb((*chain, issuer))

    def _issuers(self, certificate: Certificate) -> Iterator[Certificate]:
        named = list(self._by_subject.get(certificate.issuer, {}).values())
        wanted = certificate.issuer_key_identifier

        def unlikely(issuer: Certificate) -> tuple[bool, bool, float]:
            other_key = None not in (wanted, issuer.key_identifier) and wanted != issuer.key_identifier
            return other_key, issuer.der not in self._anchors, -issuer.until.timestamp()

        for issuer in sorted(named, key=unlikely)[:MOST_CANDIDATES]:
            if self.issued(issuer, certificate):
                yield issuer


def check_path(path: Path, purpose: Purpose, at: datetime, policy: AlgorithmPolicy) -> Problem | None:
    """Judge a path at one moment, revocation left aside (RFC 5280 §6.1.3 to §6.1.5); None when it holds.

    The anchor's own dates are not looked at (§6.1.1 d): an anchor is trusted until it is taken away.
    """
    return check_rules(path, purpose) or check_dates(path, at) or check_algorithms(path, at, policy)


def check_rules(path: Path, purpose: Purpose) -> Problem | None:
    """What does not depend on time: who may issue, how deep, under which names, for which use."""
    first, *above = path.certificates
    for depth, issuer in enumerate(above):
        # Certificates between the issuer and the first, those that an authority gave itself apart (§6.1.4 l).
        between = sum(not one.self_issued for one in path.certificates[1 : depth + 1])
        if wrong := _wrong_issuer(issuer, between, is_anchor=issuer is path.certificates[-1]):
            return _misissued(first, wrong)
        for below in path.certificates[: depth + 1]:
            last = below is first
            if (last or not below.self_issued) and (wrong := _outside_names(issuer, below)):
                return _misissued(first, wrong)
    for one in path.certificates[: max(1, len(path.certificates) - 1)]:
        if one.unknown_critical:
            return _misissued(first, f"an unknown critical extension, {one.unknown_critical}")
    return _check_use(first, purpose)


def check_dates(path: Path, at: datetime) -> Problem | None:
    """Whether all certificates below the anchor are within their dates."""
    first = path.certificates[0]
    for one in path.certificates[: max(1, len(path.certificates) - 1)]:
        if at < one.since:
            return problem(
                SubIndication.NOT_YET_VALID,
                Reason.NOT_YET_VALID,
                signer=first.name,
                certificate=one.name,
                date=one.since.isoformat(),
            )
        if at > one.until:
            return problem(
                SubIndication.OUT_OF_BOUNDS_NO_POE,
                Reason.EXPIRED_NO_PROOF,
                signer=first.name,
                certificate=one.name,
                date=one.until.isoformat(),
            )
    return None


def check_algorithms(path: Path, at: datetime, policy: AlgorithmPolicy) -> Problem | None:
    """Whether every signature of the path, and the first key, rest on algorithms that hold at this moment."""
    first = path.certificates[0]
    for one in path.certificates:
        kind, bits = one.key_strength
        if not policy.key_holds(kind, bits, at):
            return weak(f"{kind.upper()}-{bits}", first.name, policy, key=(kind, bits))
        if one is not path.certificates[-1] and not policy.digest_holds(one.digest, at):
            return weak(one.digest.upper(), first.name, policy, digest=one.digest)
    return None


def weak(
    what: str, signer: str, policy: AlgorithmPolicy, *, key: tuple[str, int] | None = None, digest: str | None = None
) -> Problem:
    """An algorithm that does not hold: once it did, or it never was in the table."""
    known = digest in policy.digests if digest is not None else key is not None and _was_ever(key, policy)
    if known:
        return problem(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, Reason.ALGORITHM_WEAK, what=what, signer=signer)
    return problem(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, Reason.ALGORITHM_FORBIDDEN, what=what)


def _was_ever(key: tuple[str, int], policy: AlgorithmPolicy) -> bool:
    return any(key[1] >= least for least, _ in policy.keys.get(key[0], ()))


def _misissued(first: Certificate, what: str) -> Problem:
    return problem(SubIndication.CHAIN_CONSTRAINTS_FAILURE, Reason.CERTIFICATE_MISISSUED, signer=first.name, what=what)


def _wrong_issuer(issuer: Certificate, between: int, *, is_anchor: bool) -> str:
    """Why a certificate has no right to issue, in a few words; empty when it has."""
    old = is_anchor and issuer.x509.version is x509.Version.v1
    if not issuer.may_issue and not old:
        return f"{issuer.name} is not an authority"
    if issuer.usage is not None and not issuer.usage.key_cert_sign:
        return f"{issuer.name} may not sign certificates"
    length = issuer.constraints.path_length if issuer.constraints is not None else None
    if length is not None and between > length:
        return f"{issuer.name} allows no authority at this depth"
    return ""


def _check_use(first: Certificate, purpose: Purpose) -> Problem | None:
    wrong = ""
    usage, uses = first.usage, first.extended_usage
    if usage is not None and not (usage.content_commitment or usage.digital_signature):
        wrong = "its key may not sign"
    elif purpose is Purpose.TIMESTAMP:
        # RFC 3161 §2.3: this use alone, and critical.
        if uses != frozenset((TIME_STAMPING,)) or not first.extended_usage_critical:
            wrong = "it is not one of a time-stamping authority"
    elif uses is not None and _ANY_USE not in uses and uses <= _NEVER_SIGN_DOCUMENTS:
        wrong = "its uses are others"
    if not wrong:
        return None
    return problem(SubIndication.CHAIN_CONSTRAINTS_FAILURE, Reason.NOT_FOR_SIGNING, signer=first.name, what=wrong)


# Name constraints (RFC 5280 §4.2.1.10)


def _outside_names(issuer: Certificate, below: Certificate) -> str:
    """Why a name is outside of what its issuer may name; empty when it is inside, or nothing constrains."""
    constraints = issuer.name_constraints
    if constraints is None:
        return ""
    names: list[x509.GeneralName] = list(below.alternative_names)
    if below.x509.subject.rdns:
        names.append(x509.DirectoryName(below.x509.subject))
    names += [
        x509.RFC822Name(str(attribute.value))
        for attribute in below.x509.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)
        if str(attribute.value).isascii()
    ]
    for name in names:
        permitted = [one for one in constraints.permitted_subtrees or () if type(one) is type(name)]
        excluded = [one for one in constraints.excluded_subtrees or () if type(one) is type(name)]
        if (permitted and not any(_within(name, one) for one in permitted)) or any(
            _within(name, one, unsure=True) for one in excluded
        ):
            return f"{issuer.name} may not name {below.name}"
    return ""


def _within(name: x509.GeneralName, tree: x509.GeneralName, *, unsure: bool = False) -> bool:
    """Whether a name lies in a subtree; `unsure` for kinds that we don't compare."""
    match name, tree:
        case x509.DirectoryName(), x509.DirectoryName():
            inner, outer = comparable(name.value), comparable(tree.value)
            return inner[: len(outer)] == outer
        case x509.RFC822Name(), x509.RFC822Name():
            address, limit = name.value.casefold(), tree.value.casefold()
            if "@" in limit:
                return address == limit
            host = address.rpartition("@")[2]
            return host.endswith(limit) if limit.startswith(".") else host == limit
        case x509.DNSName(), x509.DNSName():
            host, limit = name.value.casefold(), tree.value.casefold().lstrip(".")
            return not limit or host == limit or host.endswith("." + limit)
    return unsure
