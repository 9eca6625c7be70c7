"""Trusted lists that the suite makes and signs itself."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from tests.certificates import Signer

TSL = "http://uri.etsi.org/02231/v2#"
MORE = "http://uri.etsi.org/02231/v2/additionaltypes#"
SIE = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
BASE = "http://uri.etsi.org/TrstSvc"
STATUS = f"{BASE}/TrustedList/Svcstatus"


@dataclass(frozen=True)
class Service:
    """A service and its spans, the newest first: (status, since)."""

    certificate: bytes
    spans: tuple[tuple[str, datetime], ...]
    kind: str = "CA/QC"
    name: str = "Qualified certificates"
    uses: tuple[str, ...] = ("ForeSignatures", "ForeSeals")
    qualifications: str = ""


def _date(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _identity(certificate: bytes) -> str:
    return f"<DigitalId><X509Certificate>{b64encode(certificate).decode()}</X509Certificate></DigitalId>"


def _state(service: Service, status: str, since: datetime) -> str:
    uses = "".join(
        f'<Extension Critical="true"><AdditionalServiceInformation><URI xml:lang="en">{BASE}/TrustedList/SvcInfoExt/'
        f"{one}</URI></AdditionalServiceInformation></Extension>"
        for one in service.uses
    )
    return (
        f"<ServiceTypeIdentifier>{BASE}/Svctype/{service.kind}</ServiceTypeIdentifier>"
        f'<ServiceName><Name xml:lang="fr">Certificats</Name><Name xml:lang="en">{service.name}</Name></ServiceName>'
        f"<ServiceDigitalIdentity>{_identity(service.certificate)}</ServiceDigitalIdentity>"
        f"<ServiceStatus>{STATUS}/{status}</ServiceStatus><StatusStartingTime>{_date(since)}</StatusStartingTime>"
        f"<ServiceInformationExtensions>{uses}{service.qualifications}</ServiceInformationExtensions>"
    )


def qualification(qualifier: str, criteria: str) -> str:
    """An extension that corrects what certificates say, for those that the criteria fit."""
    return (
        f'<Extension Critical="true"><s:Qualifications><s:QualificationElement><s:Qualifiers>'
        f'<s:Qualifier uri="{BASE}/TrustedList/SvcInfoExt/{qualifier}"/></s:Qualifiers>{criteria}'
        "</s:QualificationElement></s:Qualifications></Extension>"
    )


def national(
    signer: Signer, services: list[Service], *, at: datetime, sequence: int = 1, days: float = 30, territory: str = "FR"
) -> bytes:
    """A country's list."""
    body = "".join(
        f"<TSPService><ServiceInformation>{_state(one, *one.spans[0])}</ServiceInformation><ServiceHistory>"
        + "".join(f"<ServiceHistoryInstance>{_state(one, *span)}</ServiceHistoryInstance>" for span in one.spans[1:])
        + "</ServiceHistory></TSPService>"
        for one in services
    )
    providers = (
        '<TrustServiceProviderList><TrustServiceProvider><TSPInformation><TSPName><Name xml:lang="en">Montfaucy Trust'
        f"</Name></TSPName></TSPInformation><TSPServices>{body}</TSPServices></TrustServiceProvider>"
        "</TrustServiceProviderList>"
    )
    return _signed(signer, _scheme("EUgeneric", territory, at, sequence, days, ""), providers)


def list_of_lists(
    signer: Signer,
    nationals: dict[str, bytes],
    *,
    at: datetime,
    location: str = "https://lists.example/{}.xml",
    sequence: int = 1,
    days: float = 30,
) -> bytes:
    """A list that points at countries' lists: territory → certificate that may sign it."""
    pointers = "".join(
        f"<OtherTSLPointer><ServiceDigitalIdentities><ServiceDigitalIdentity>{_identity(certificate)}"
        f"</ServiceDigitalIdentity></ServiceDigitalIdentities><TSLLocation>{location.format(territory)}</TSLLocation>"
        f"<AdditionalInformation><OtherInformation><TSLType>{BASE}/TrustedList/TSLType/EUgeneric</TSLType>"
        f"</OtherInformation><OtherInformation><SchemeTerritory>{territory}</SchemeTerritory></OtherInformation>"
        "<OtherInformation><m:MimeType>application/vnd.etsi.tsl+xml</m:MimeType></OtherInformation>"
        "</AdditionalInformation></OtherTSLPointer>"
        for territory, certificate in nationals.items()
    )
    scheme = _scheme(
        "EUlistofthelists", "EU", at, sequence, days, f"<PointersToOtherTSL>{pointers}</PointersToOtherTSL>"
    )
    return _signed(signer, scheme, "")


def _scheme(kind: str, territory: str, at: datetime, sequence: int, days: float, pointers: str) -> str:
    return (
        f"<SchemeInformation><TSLVersionIdentifier>6</TSLVersionIdentifier><TSLSequenceNumber>{sequence}"
        f"</TSLSequenceNumber><TSLType>{BASE}/TrustedList/TSLType/{kind}</TSLType>"
        '<SchemeOperatorName><Name xml:lang="en">The suite</Name></SchemeOperatorName>'
        f"<SchemeTerritory>{territory}</SchemeTerritory>{pointers}<ListIssueDateTime>{_date(at)}</ListIssueDateTime>"
        f"<NextUpdate><dateTime>{_date(at + timedelta(days=days))}</dateTime></NextUpdate></SchemeInformation>"
    )


def unsigned(scheme: str, providers: str) -> etree._Element:
    return etree.fromstring(
        f'<TrustServiceStatusList xmlns="{TSL}" xmlns:m="{MORE}" xmlns:s="{SIE}" '
        f'TSLTag="http://uri.etsi.org/19612/TSLTag">{scheme}{providers}</TrustServiceStatusList>'.encode()
    )


def _signed(signer: Signer, scheme: str, providers: str) -> bytes:
    """An enveloped XAdES-B signature, as TS 119 612 §5.7 wants it."""
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    root = unsigned(scheme, providers)
    whole = _digest(root)
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}" Id="signature"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{C14N}"/>'
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>'
        f'<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="{DS}enveloped-signature"/>'
        f'<ds:Transform Algorithm="{C14N}"/></ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/>'
        f"<ds:DigestValue>{whole}</ds:DigestValue></ds:Reference>"
        '<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#properties"><ds:Transforms>'
        f'<ds:Transform Algorithm="{C14N}"/></ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/>'
        "<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{b64encode(signer.certificate).decode()}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><x:QualifyingProperties xmlns:x="{XADES}" Target="#signature"><x:SignedProperties Id="properties">'
        "<x:SignedSignatureProperties><x:SigningTime>2026-01-01T00:00:00Z</x:SigningTime>"
        f'<x:SigningCertificateV2><x:Cert><x:CertDigest><ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>'
        f"{b64encode(hashlib.sha256(signer.certificate).digest()).decode()}</ds:DigestValue></x:CertDigest></x:Cert>"
        "</x:SigningCertificateV2></x:SignedSignatureProperties></x:SignedProperties></x:QualifyingProperties>"
        "</ds:Object></ds:Signature>".encode()
    )
    root.append(signature)
    _found(signature, f".//{{{DS}}}DigestValue", 1).text = _digest(_found(signature, f".//{{{XADES}}}SignedProperties"))
    information = etree.tostring(_found(signature, f"{{{DS}}}SignedInfo"), method="c14n", exclusive=True)
    r, s = decode_dss_signature(signer.key.sign(information, ec.ECDSA(hashes.SHA256())))
    value = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    _found(signature, f"{{{DS}}}SignatureValue").text = b64encode(value).decode()
    content: bytes = etree.tostring(root)
    return content


def _digest(element: etree._Element) -> str:
    content = etree.tostring(element, method="c14n", exclusive=True, with_tail=False)
    return b64encode(hashlib.sha256(content).digest()).decode()


def _found(element: etree._Element, path: str, place: int = 0) -> etree._Element:
    return element.findall(path)[place]
