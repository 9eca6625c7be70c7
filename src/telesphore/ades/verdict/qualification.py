"""What a signature is worth by an EU trusted list: AdES, AdES with a qualified certificate, or qualified (QES).

The essentials of ETSI TS 119 172-4 and TS 119 615: the service that issued the certificate was granted when it issued
and when the signature was made; the certificate says that it is qualified, for signatures or seals, and that its key is
in a qualified device, or the list says so in its place. Not covered: certificates of before eIDAS (1 July 2016), whose
qualification rests on other rules; the comparison of the service's name with the issuer's. Where several services share
one key, the lowest answer counts.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from telesphore.ades import der
from telesphore.ades.errors import NotDer
from telesphore.ades.verdict.certificates import Certificate
from telesphore.ades.verdict.path import Path
from telesphore.ades.verdict.result import Qualification
from telesphore.ades.verdict.trust import AnchorKind, Criterion, TrustService

EIDAS = datetime(2016, 7, 1, tzinfo=UTC)
_COMPLIANCE, _DEVICE, _TYPE = "0.4.0.1862.1.1", "0.4.0.1862.1.4", "0.4.0.1862.1.6"
_TYPES = {"0.4.0.1862.1.6.1": "ForeSignatures", "0.4.0.1862.1.6.2": "ForeSeals"}
_USAGES = {
    "digitalSignature": "digital_signature", "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment", "dataEncipherment": "data_encipherment", "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign", "crlSign": "crl_sign", "cRLSign": "crl_sign",
}  # fmt: skip
_ORDER = (Qualification.ADVANCED, Qualification.ADVANCED_QUALIFIED_CERTIFICATE, Qualification.QUALIFIED)


def qualify(path: Path | None, *, passed: bool, signed_at: datetime) -> Qualification:
    """What a signature is worth.

    Args:
        path: of the signer's certificate; None when there is none.
        passed: the signature is valid; nothing is said of one that is not.
        signed_at: the best signature time.
    """
    if path is not None and path.anchor.kind is AnchorKind.LOCAL:
        return Qualification.LOCAL
    if path is None or not passed or path.anchor.kind is not AnchorKind.TRUSTED_LIST:
        return Qualification.NOT_ASSESSED
    certificate = path.certificates[0]
    services = [one for one in path.anchor.services if one.kind == "CA/QC"]
    if certificate.since < EIDAS:
        return Qualification.ADVANCED
    worth = [
        min(_worth(certificate, then), _worth(certificate, now), key=_ORDER.index)
        for then in _at(services, certificate.since)
        for now in _at(services, signed_at)
        if (then.provider, then.name) == (now.provider, now.name)
    ]
    return min(worth, key=_ORDER.index, default=Qualification.ADVANCED)


def is_qualified_timestamp(path: Path | None, at: datetime) -> bool:
    """Whether a trusted list granted the service that made a timestamp at this time (eIDAS article 42)."""
    if path is None or path.anchor.kind is not AnchorKind.TRUSTED_LIST:
        return False
    found = list(_at([one for one in path.anchor.services if one.kind == "TSA/QTST"], at))
    return bool(found) and all(one.granted for one in found)


def _at(services: Sequence[TrustService], at: datetime) -> Iterator[TrustService]:
    for one in services:
        if one.since <= at and (one.until is None or at < one.until):
            yield one


def _worth(certificate: Certificate, service: TrustService) -> Qualification:
    """By one service at one moment."""
    said = _statements(certificate.qualified_statements)
    overrides = {name for rule in service.rules if _holds(rule.criterion, certificate) for name in rule.qualifiers}
    qualified = (_COMPLIANCE in said or "QCStatement" in overrides) and "NotQualified" not in overrides
    kinds = {_TYPES.get(one, "other") for one in said.get(_TYPE, ())} or {"ForeSignatures"}
    for name, kind in (("QCForESig", "ForeSignatures"), ("QCForESeal", "ForeSeals"), ("QCForWSA", "other")):
        if name in overrides:
            kinds = {kind}
    kinds -= {"other"}
    granted_for = set(service.uses) & {"ForeSignatures", "ForeSeals", "ForWebSiteAuthentication"}
    if not service.granted or not qualified or not kinds or (granted_for and not kinds & granted_for):
        return Qualification.ADVANCED
    device = _DEVICE in said
    if overrides & {"QCWithSSCD", "QCWithQSCD", "QCQSCDManagedOnBehalf"}:
        device = True
    if overrides & {"QCNoSSCD", "QCNoQSCD"}:
        device = False
    return Qualification.QUALIFIED if device else Qualification.ADVANCED_QUALIFIED_CERTIFICATE


def _statements(content: bytes) -> dict[str, tuple[str, ...]]:
    """Statements (RFC 3739 §3.2.6) by dotted name; of QcType (EN 319 412-5 §4.2.3), what it lists."""
    found: dict[str, tuple[str, ...]] = {}
    try:
        for one in der.whole(content, der.SEQUENCE) if content else ():
            name, *information = der.inside(content, one, der.SEQUENCE)
            dotted = der.read_oid(content, name)
            listed = der.inside(content, information[0], der.SEQUENCE) if dotted == _TYPE and information else ()
            found[dotted] = tuple(der.read_oid(content, each) for each in listed)
    except (NotDer, ValueError):
        return {}
    return found


def _holds(criterion: Criterion, certificate: Certificate) -> bool:
    usage = certificate.usage
    parts = [
        usage is not None and all(getattr(usage, _USAGES.get(name, ""), None) is wanted for name, wanted in bits)
        for bits in criterion.usages
    ]
    parts += [wanted <= certificate.policies for wanted in criterion.policies]
    parts += [_holds(one, certificate) for one in criterion.inner]
    if criterion.unknown:
        parts.append(False)
    match criterion.asserts:
        case "all":
            return all(parts)
        case "atLeastOne":
            return any(parts)
        case "none":
            # What we don't know can't be said to be absent.
            return not any(parts) and not criterion.unknown
    return False
