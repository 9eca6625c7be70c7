"""Whether the certificates of a path were revoked, from OCSP responses (RFC 6960) and CRLs (RFC 5280 §6.3) at hand.

A *status* is what one source, whose signature and right to speak are checked, says of one certificate. Delta and
indirect CRLs, and CRLs for some reasons only, are not used.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import ocsp

from telesphore.ades.algorithms import AlgorithmPolicy
from telesphore.ades.paths import UNREADABLE
from telesphore.ades.verdict.certificates import (
    Certificate,
    NameKey,
    comparable,
    digest_name,
    read,
    verifies,
)
from telesphore.ades.verdict.path import OCSP_SIGNING, Path, Paths, Purpose
from telesphore.ades.verdict.problem import Problem, problem
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import SubIndication
from telesphore.ades.verdict.sources import (
    Status,
    archive_cutoff,
    crl_reason,
    expired_since,
    is_about,
    is_responder,
    is_signed_by,
    speaks_of,
)

LARGEST_OCSP = 256 * 2**10
LARGEST_CRL = 32 * 2**20
LARGEST_TOGETHER = 128 * 2**20
"""Bytes of one OCSP response, of one CRL, and of all that a file bears, or that is given beside it."""
MOST_SOURCES = 5000
"""Of a file, and again of what is given beside it."""
MOST_SINGLE_RESPONSES = 100
MOST_RESPONDERS = 10
"""Certificates tried as the signer of one OCSP response."""

CLOCKS_DISAGREE = timedelta(minutes=5)
"""A source may be this far ahead."""
_BENIGN = frozenset(
    (x509.ReasonFlags.affiliation_changed, x509.ReasonFlags.superseded, x509.ReasonFlags.cessation_of_operation)
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of asking for all certificates of a path.

    Attributes:
        used: DER of the sources that answered.
        complete: every certificate that needs one has a status that speaks of the moment.
        revoked_later: the earliest date, after the moment asked for, at which one of them was revoked; None for none.
    """

    problem: Problem | None
    used: tuple[bytes, ...]
    complete: bool
    revoked_later: datetime | None


class Revocations:
    """The sources at hand; what it learns lives as long as one validation."""

    def __init__(self, paths: Paths, *, now: datetime, policy: AlgorithmPolicy) -> None:
        self._paths = paths
        self._now = now
        self._policy = policy
        self._responses: dict[int, list[tuple[ocsp.OCSPResponse, ocsp.OCSPSingleResponse, bytes]]] = {}
        self._lists: dict[NameKey, list[tuple[x509.CertificateRevocationList, bytes]]] = {}
        self._statuses: dict[tuple[bytes, bytes], tuple[Status, ...]] = {}
        self._crl_verified: dict[tuple[int, bytes], bool] = {}
        self._seen: set[bytes] = set()
        self._count = self._bytes = 0

    def add(self, ocsps: Sequence[bytes], crls: Sequence[bytes]) -> None:
        """Make sources known; those that can't be read, or go past the limits, are left out."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            for der in self._admitted(crls, LARGEST_CRL):
                try:
                    crl = x509.load_der_x509_crl(der)
                    self._lists.setdefault(comparable(crl.issuer), []).append((crl, der))
                except UNREADABLE:
                    continue
            for der in self._admitted(ocsps, LARGEST_OCSP):
                self._add_ocsp(der)
        self._statuses.clear()

    def make_room(self) -> None:
        """Count anew what is added from here on: a file full of junk must not crowd out what others know of it."""
        self._count = self._bytes = 0

    def _admitted(self, ders: Sequence[bytes], largest: int) -> Iterator[bytes]:
        for der in ders:
            if der in self._seen or len(der) > largest or self._count >= MOST_SOURCES:
                continue
            if self._bytes + len(der) > LARGEST_TOGETHER:
                continue
            self._seen.add(der)
            self._count += 1
            self._bytes += len(der)
            yield der

    def _add_ocsp(self, der: bytes) -> None:
        try:
            response = ocsp.load_der_ocsp_response(der)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return
            for count, single in enumerate(response.responses):
                if count == MOST_SINGLE_RESPONSES:
                    break
                self._responses.setdefault(single.serial_number, []).append((response, single, der))
        except UNREADABLE:
            return

    def check(
        self,
        path: Path,
        purpose: Purpose,
        *,
        proved: datetime,
        claimed: datetime | None,
        existed: Callable[[bytes], datetime],
    ) -> Checked:
        """Whether no certificate of a path was revoked when its first one was used.

        From the anchor down: once an authority is revoked, only what is proved to be older still counts.

        Args:
            proved: when the signature or timestamp is proved to have existed.
            claimed: when it says to have been made: a timestamp's own time, or the signer's word against himself.
            existed: when a source (DER) is proved to have existed.
        """
        first = path.certificates[0]
        used: list[bytes] = []
        control: datetime | None = None
        found: Problem | None = None
        complete = True
        for position in range(len(path.certificates) - 2, -1, -1):
            one, issuer = path.certificates[position], path.certificates[position + 1]
            statuses = [
                status
                for status in self.of(one, issuer)
                if self._relied_on(status, one, existed(status.source), control)
            ]
            revoked = min(
                (status for status in statuses if status.revoked_at is not None and not _removed(status)),
                key=lambda status: status.revoked_at or self._now,
                default=None,
            )
            if revoked is not None and revoked.revoked_at is not None:
                used.append(revoked.source)
                benign = (
                    purpose is Purpose.TIMESTAMP
                    and position == 0
                    and revoked.reason in _BENIGN
                    and claimed is not None
                    and claimed < revoked.revoked_at
                )  # RFC 3161 §4: what it stamped before stays good.
                if revoked.revoked_at > proved or benign:
                    control = min(filter(None, (control, revoked.revoked_at)))
                    continue
                return Checked(
                    _revoked(revoked, one, first, claimed, is_first=position == 0), tuple(used), complete, control
                )
            if one.needs_no_revocation and position == 0:
                # Nobody need be asked after it; whoever revoked it nevertheless is heard, above.
                continue
            speaking = next((status for status in statuses if status.fresh_at(proved)), None)
            if speaking is not None:
                used.append(speaking.source)
                continue
            complete = False
            found = found or _unknown(statuses, one, first)
        return Checked(found, tuple(used), complete, control)

    def _relied_on(self, status: Status, certificate: Certificate, existed: datetime, control: datetime | None) -> bool:
        if status.this_update > self._now + CLOCKS_DISAGREE:
            return False
        if control is not None and existed >= control:
            return False
        if status.revoked_at is None and status.this_update > certificate.until:
            # Who expired may have left the list (RFC 5280 §5.2.5, EN 319 102-1 §5.2.5).
            since = status.knows_expired_since
            if since is None or certificate.until < since:
                return False
        return self._policy.digest_holds(status.digest, existed) and self._policy.key_holds(*status.key, existed)

    def of(self, certificate: Certificate, issuer: Certificate) -> tuple[Status, ...]:
        """What the sources that may speak of this certificate say, in the order in which they were added."""
        pair = (certificate.der, issuer.der)
        found = self._statuses.get(pair)
        if found is None:
            found = (*self._ocsp_statuses(certificate, issuer), *self._crl_statuses(certificate, issuer))
            self._statuses[pair] = found
        return found

    # OCSP

    def _ocsp_statuses(self, certificate: Certificate, issuer: Certificate) -> Iterator[Status]:
        for response, single, der in self._responses.get(certificate.serial, ()):
            try:
                if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN or not is_about(
                    single, certificate, issuer
                ):
                    continue
                responder = self._responder(response, issuer)
                if responder is None:
                    continue
                yield Status(
                    source=der,
                    this_update=single.this_update_utc,
                    next_update=single.next_update_utc,
                    revoked_at=single.revocation_time_utc,
                    reason=single.revocation_reason,
                    knows_expired_since=archive_cutoff(response),
                    digest=digest_name(response.signature_hash_algorithm) or "sha512",
                    key=responder.key_strength,
                )
            except UNREADABLE:
                continue

    def _responder(self, response: ocsp.OCSPResponse, issuer: Certificate) -> Certificate | None:
        """Who signed the response, if they may (RFC 6960 §4.2.2.2): the issuer, or whom it appointed."""
        if is_responder(response, issuer) and is_signed_by(response, issuer):
            return issuer
        given = read([one.public_bytes(Encoding.DER) for one in response.certificates[:MOST_RESPONDERS]])
        known = self._paths.named(response.responder_name) if response.responder_name is not None else ()
        for one in (*given, *known)[:MOST_RESPONDERS]:
            if (
                is_responder(response, one)
                and one.issuer == issuer.subject
                and one.since <= response.produced_at_utc <= one.until
                and one.extended_usage is not None
                and OCSP_SIGNING in one.extended_usage
                and not one.unknown_critical
                and self._paths.issued(issuer, one)
                and is_signed_by(response, one)
                and (one.checked_by_nobody or one.needs_no_revocation or self._responder_stands(one, issuer, response))
            ):
                return one
        return None

    def _responder_stands(self, responder: Certificate, issuer: Certificate, response: ocsp.OCSPResponse) -> bool:
        """By a CRL of the issuer only: an OCSP response on an OCSP responder would turn in circles."""
        statuses = tuple(self._crl_statuses(responder, issuer))
        return any(status.fresh_at(response.produced_at_utc) for status in statuses) and not any(
            status.revoked_at is not None for status in statuses
        )

    # CRL

    def _crl_statuses(self, certificate: Certificate, issuer: Certificate) -> Iterator[Status]:
        for crl, der in self._lists.get(certificate.issuer, ()):
            try:
                if not speaks_of(crl, certificate) or not self._list_signed(crl, issuer):
                    continue
                entry = crl.get_revoked_certificate_by_serial_number(certificate.serial)
                yield Status(
                    source=der,
                    this_update=crl.last_update_utc,
                    next_update=crl.next_update_utc,
                    revoked_at=None if entry is None else entry.revocation_date_utc,
                    reason=None if entry is None else crl_reason(entry),
                    knows_expired_since=expired_since(crl),
                    digest=digest_name(crl.signature_hash_algorithm) or "sha512",
                    key=issuer.key_strength,
                )
            except UNREADABLE:
                continue

    def _list_signed(self, crl: x509.CertificateRevocationList, issuer: Certificate) -> bool:
        if issuer.usage is not None and not issuer.usage.crl_sign:
            return False
        pair = (id(crl), issuer.key_bytes)
        known = self._crl_verified.get(pair)
        if known is None:
            known = self._crl_verified[pair] = verifies(
                issuer.key,
                crl.signature,
                crl.tbs_certlist_bytes,
                crl.signature_algorithm_parameters,
                crl.signature_hash_algorithm,
            )
        return known


def _removed(status: Status) -> bool:
    return status.reason is x509.ReasonFlags.remove_from_crl


def _revoked(
    status: Status, one: Certificate, first: Certificate, claimed: datetime | None, *, is_first: bool
) -> Problem:
    assert status.revoked_at is not None
    details = {"signer": first.name, "certificate": one.name, "date": status.revoked_at.isoformat()}
    if status.reason is x509.ReasonFlags.certificate_hold:
        del details["signer"]
        return problem(SubIndication.TRY_LATER, Reason.ON_HOLD, **details)
    if is_first and claimed is not None and claimed >= status.revoked_at:
        return problem(SubIndication.REVOKED, Reason.REVOKED_WHEN_SIGNED, **details)
    sub = SubIndication.REVOKED_NO_POE if is_first else SubIndication.REVOKED_CA_NO_POE
    return problem(sub, Reason.REVOKED_NO_PROOF, **details)


def _unknown(statuses: Sequence[Status], one: Certificate, first: Certificate) -> Problem:
    latest = max((status.this_update for status in statuses), default=None)
    if latest is None:
        return problem(SubIndication.TRY_LATER, Reason.REVOCATION_UNKNOWN, certificate=one.name, signer=first.name)
    return problem(SubIndication.TRY_LATER, Reason.REVOCATION_STALE, certificate=one.name, date=latest.isoformat())
