"""EU trusted lists (ETSI TS 119 612): who may issue qualified certificates and timestamps, and since when.

The *list of lists* (LOTL) points at each country's *list*, with the certificates that may sign it. A list is believed
only as far as its own signature covers it, by one of the certificates that were pointed at. Everything here is free of
I/O; who fetches, keeps and refreshes is a connector.
"""

import warnings
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from telesphore.ades.verdict.trust import Anchor, AnchorKind, Criterion, QualifierRule, TrustService
from telesphore.kernel.errors import DomainError, Refusal

LARGEST = 32 * 2**20
"""Bytes: the largest national list is a quarter of it."""
MOST_ELEMENTS = 400_000
MOST_SERVICES = 5000
MOST_POINTERS = 200
DEEPEST_CRITERIA = 5
CLOCKS_DISAGREE = timedelta(minutes=5)

_TSL = "{http://uri.etsi.org/02231/v2#}"
_TYPES = "{http://uri.etsi.org/02231/v2/additionaltypes#}"
_QUALIFICATIONS = "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}"
_QUALIFICATION_ELEMENTS = f"{_QUALIFICATIONS}Qualifications/{_QUALIFICATIONS}QualificationElement"
_XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_SERVICES = "http://uri.etsi.org/TrstSvc/Svctype/"
_KEPT = ("CA/QC", "TSA/QTST")
_GRANTED = frozenset(("granted", "undersupervision", "accredited", "supervisionincessation"))
"""The last three are of before eIDAS (1 July 2016)."""
LIST_OF_LISTS = "EUlistofthelists"
NATIONAL = "EUgeneric"


class TrustedListUnreadable(DomainError):
    """This trusted list is damaged, or is not one (ETSI TS 119 612)."""

    refusal = Refusal.DAMAGED
    code = "trusted-list-unreadable"


class TrustedListTooLarge(DomainError):
    """This trusted list is larger than what is read here."""

    refusal = Refusal.INVALID
    code = "trusted-list-too-large"


class TrustedListNotSigned(DomainError):
    """This trusted list is not signed, or not by someone who may sign it."""

    refusal = Refusal.FORBIDDEN
    code = "trusted-list-not-signed"


class TrustedListExpired(DomainError):
    """This trusted list is past the date at which a newer one was due."""

    refusal = Refusal.CONFLICT
    code = "trusted-list-expired"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Another list.

    Attributes:
        kind: last part of its type's URI: `LIST_OF_LISTS` or `NATIONAL`.
        territory: two letters.
        location: its address.
        machine: it is the XML form, not one for people.
        signers: DER of the certificates that may sign it.
    """

    kind: str
    territory: str
    location: str
    machine: bool
    signers: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrustedList:
    """A list whose signature was verified.

    Attributes:
        kind: `LIST_OF_LISTS` or `NATIONAL`.
        sequence: grows with each issue.
        next_update: when it must be replaced; None for a scheme that has ended.
        anchors: what its qualified certificate and timestamp services are known by.
    """

    kind: str
    territory: str
    operator: str
    sequence: int
    issued_at: datetime
    next_update: datetime | None
    pointers: tuple[Pointer, ...] = field(repr=False)
    anchors: tuple[Anchor, ...] = field(repr=False)

    def check_fresh(self, at: datetime) -> None:
        """Let pass a list that holds at this time.

        Raises:
            TrustedListExpired
        """
        if self.issued_at > at + CLOCKS_DISAGREE or (self.next_update is not None and self.next_update < at):
            raise TrustedListExpired


def read(content: bytes, *, signers: Sequence[bytes]) -> TrustedList:
    """Verify a list's signature and read what it covers.

    Args:
        signers: DER of the certificates that may sign it.

    Raises:
        TrustedListTooLarge, TrustedListUnreadable, TrustedListNotSigned
    """
    root = _verified(_parsed(content), signers)
    try:
        return _read(root)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise TrustedListUnreadable from None


def _parsed(content: bytes) -> etree._Element:
    if len(content) > LARGEST:
        raise TrustedListTooLarge
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=False, remove_pis=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise TrustedListUnreadable from None
    if root.getroottree().docinfo.doctype or root.tag != f"{_TSL}TrustServiceStatusList":
        raise TrustedListUnreadable
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise TrustedListTooLarge
    return root


def _verified(root: etree._Element, signers: Sequence[bytes]) -> etree._Element:
    """What the signature covers, which must be the whole list (TS 119 612 §5.7)."""
    issued = _time(root.find(f"{_TSL}SchemeInformation/{_TSL}ListIssueDateTime"))
    if issued is None:
        raise TrustedListUnreadable
    settings = SignatureConfiguration(location="./", expect_references=False, verification_time=issued)
    for signer in signers:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CryptographyDeprecationWarning)
                certificate = x509.load_der_x509_certificate(signer)
                if not certificate.not_valid_before_utc <= issued <= certificate.not_valid_after_utc:
                    continue
                found = XMLVerifier().verify(root, x509_cert=certificate, expect_config=settings)
        except (SignXMLException, ValueError, TypeError, KeyError, AttributeError, etree.LxmlError):
            continue
        results = found if isinstance(found, list) else [found]
        covered = [one.signed_xml for one in results if one.signed_xml is not None and one.signed_xml.tag == root.tag]
        # XAdES: the signing certificate's properties are signed too; a bare XML-DSig is no list's signature.
        properties = any(one.signed_xml is not None and _is_properties(one.signed_xml) for one in results)
        if len(covered) == 1 and properties:
            return covered[0]
    raise TrustedListNotSigned


def _is_properties(element: etree._Element) -> bool:
    return bool(element.tag == f"{_XADES}SignedProperties")


def _read(root: etree._Element) -> TrustedList:
    scheme = root.find(f"{_TSL}SchemeInformation")
    issued = _time(scheme.find(f"{_TSL}ListIssueDateTime"))
    version = int(_text(scheme, "TSLVersionIdentifier"))
    if issued is None or version not in (5, 6):
        raise TrustedListUnreadable
    return TrustedList(
        kind=_last(_text(scheme, "TSLType")),
        territory=_text(scheme, "SchemeTerritory"),
        operator=_named(scheme.find(f"{_TSL}SchemeOperatorName")),
        sequence=int(_text(scheme, "TSLSequenceNumber")),
        issued_at=issued,
        next_update=_time(scheme.find(f"{_TSL}NextUpdate/{_TSL}dateTime")),
        pointers=tuple(_pointers(scheme)),
        anchors=_anchors(root),
    )


def _pointers(scheme: etree._Element) -> Iterator[Pointer]:
    for one in scheme.findall(f"{_TSL}PointersToOtherTSL/{_TSL}OtherTSLPointer")[:MOST_POINTERS]:
        more = one.find(f"{_TSL}AdditionalInformation")
        kind = more.find(f".//{_TSL}TSLType") if more is not None else None
        territory = more.find(f".//{_TSL}SchemeTerritory") if more is not None else None
        media = more.find(f".//{_TYPES}MimeType") if more is not None else None
        yield Pointer(
            kind=_last(_content(kind)),
            territory=_content(territory),
            location=_text(one, "TSLLocation"),
            machine=_content(media) == "application/vnd.etsi.tsl+xml",
            signers=tuple(
                der for identity in one.iter(f"{_TSL}ServiceDigitalIdentity") for der in _certificates(identity)
            ),
        )


def _anchors(root: etree._Element) -> tuple[Anchor, ...]:
    """One for each certificate that identifies a service, with all spans of all services that it identifies."""
    services: dict[bytes, list[TrustService]] = {}
    count = 0
    for provider in root.findall(f"{_TSL}TrustServiceProviderList/{_TSL}TrustServiceProvider"):
        name = _named(provider.find(f"{_TSL}TSPInformation/{_TSL}TSPName"))
        for one in provider.findall(f"{_TSL}TSPServices/{_TSL}TSPService"):
            count += 1
            if count > MOST_SERVICES:
                raise TrustedListTooLarge
            spans = list(_spans(one, name))
            information = one.find(f"{_TSL}ServiceInformation")
            identities = [information, *one.findall(f"{_TSL}ServiceHistory/{_TSL}ServiceHistoryInstance")]
            known = dict.fromkeys(
                der for part in identities for der in _certificates(part.find(f"{_TSL}ServiceDigitalIdentity"))
            )
            for certificate in known if spans else ():
                services.setdefault(certificate, []).extend(spans)
    return tuple(Anchor(certificate, AnchorKind.TRUSTED_LIST, tuple(spans)) for certificate, spans in services.items())


def _spans(service: etree._Element, provider: str) -> Iterator[TrustService]:
    """From now backwards: each state lasted until the next began (§5.5.4 and §5.6)."""
    until: datetime | None = None
    states = [
        service.find(f"{_TSL}ServiceInformation"),
        *service.findall(f"{_TSL}ServiceHistory/{_TSL}ServiceHistoryInstance"),
    ]
    dated = [(_time(state.find(f"{_TSL}StatusStartingTime")), state) for state in states]
    for since, state in sorted(((one, state) for one, state in dated if one), key=lambda pair: pair[0], reverse=True):
        kind = _text(state, "ServiceTypeIdentifier").removeprefix(_SERVICES)
        if kind in _KEPT:
            extensions = state.findall(f"{_TSL}ServiceInformationExtensions/{_TSL}Extension")
            yield TrustService(
                provider=provider,
                name=_named(state.find(f"{_TSL}ServiceName")),
                kind=kind,
                granted=_last(_text(state, "ServiceStatus")) in _GRANTED,
                since=since,
                until=until,
                uses=tuple(
                    _last(_content(uri))
                    for extension in extensions
                    for uri in extension.findall(f"{_TSL}AdditionalServiceInformation/{_TSL}URI")
                ),
                rules=tuple(
                    rule
                    for extension in extensions
                    for element in extension.findall(
                        f"{_QUALIFICATIONS}Qualifications/{_QUALIFICATIONS}QualificationElement"
                    )
                    for rule in _rules(element)
                ),
            )
        until = since


def _rules(element: etree._Element) -> Iterator[QualifierRule]:
    qualifiers = tuple(
        _last(one.get("uri") or "")
        for one in element.findall(f"{_QUALIFICATIONS}Qualifiers/{_QUALIFICATIONS}Qualifier")
    )
    criteria = element.find(f"{_QUALIFICATIONS}CriteriaList")
    if criteria is not None:
        yield QualifierRule(qualifiers, _criterion(criteria, DEEPEST_CRITERIA))


def _criterion(element: etree._Element, depth: int) -> Criterion:
    """TS 119 612 §5.5.9.2.2; what we don't know never holds."""
    usages, policies, inner = [], [], []
    unknown = depth == 0
    for part in element:
        match part.tag:
            case tag if not isinstance(tag, str):
                continue
            case tag if tag == f"{_QUALIFICATIONS}KeyUsage":
                usages.append(
                    tuple(
                        (bit.get("name") or "", (bit.text or "").strip() in ("true", "1"))
                        for bit in part.findall(f"{_QUALIFICATIONS}KeyUsageBit")
                    )
                )
            case tag if tag == f"{_QUALIFICATIONS}PolicySet":
                policies.append(
                    frozenset(
                        (one.text or "").strip().removeprefix("urn:oid:") for one in part.iter(f"{_XADES}Identifier")
                    )
                )
            case tag if tag == f"{_QUALIFICATIONS}CriteriaList" and depth:
                inner.append(_criterion(part, depth - 1))
            case tag if tag == f"{_QUALIFICATIONS}Description":
                continue
            case _:
                unknown = True
    return Criterion(element.get("assert") or "all", tuple(usages), tuple(policies), tuple(inner), unknown=unknown)


def _certificates(identity: etree._Element | None) -> Iterator[bytes]:
    if identity is None:
        return
    for one in identity.findall(f"{_TSL}DigitalId/{_TSL}X509Certificate"):
        try:
            yield b64decode("".join((one.text or "").split()), validate=True)
        except NotBase64:
            continue


def _text(parent: etree._Element, name: str) -> str:
    return _content(parent.find(f"{_TSL}{name}"))


def _content(element: etree._Element | None) -> str:
    return (element.text or "").strip()[:1000] if element is not None else ""


def _named(element: etree._Element | None) -> str:
    """A name in English if there is one, in another language otherwise."""
    names = {} if element is None else {one.get(_LANGUAGE): _content(one) for one in element.findall(f"{_TSL}Name")}
    return names.get("en") or next(iter(names.values()), "")


def _last(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2]


def _time(element: etree._Element | None) -> datetime | None:
    text = _content(element)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
