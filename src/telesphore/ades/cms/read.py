"""Reading a foreign SignedData within bounds: one frozen value, of which nothing but the form is judged."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from telesphore.ades import der
from telesphore.ades.algorithms import Algorithm, Digest
from telesphore.ades.cms.certificate import issuer_and_serial
from telesphore.ades.cms.names import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    REVOCATION_OCSP,
    SIGNED_DATA,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
)
from telesphore.ades.errors import MalformedSignature, NotDer, SignatureTooLarge, UnknownAlgorithm

LARGEST = 16 << 20
"""Bytes of a CMS that are read at all: a long chain of archive timestamps with its CRLs is under one million."""
_DIGESTS = frozenset(digest.value for digest in Digest)
Attribute = tuple[str, tuple[bytes, ...]]
"""A type in dotted form, and the DER of its values."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a signing-certificate attribute says of one certificate (ESSCertID, RFC 5035).

    Attributes:
        digest: `hashlib`'s name of the digest: `sha1` for version 1 of the attribute; dotted when unknown.
        issuer: DER of the GeneralNames; empty when the reference has no issuerSerial, and then `serial` is None.
    """

    digest: str
    value: bytes
    issuer: bytes = field(repr=False)
    serial: int | None

    def matches(self, certificate: bytes) -> bool:
        """Whether it is of this certificate (DER). A reference by an unknown digest matches nothing."""
        if self.digest == "sha1":
            # Version 1 knows no other (RFC 2634 §5.4); the serial number and the signature stand beside it.
            found = hashlib.sha1(certificate, usedforsecurity=False).digest()
        elif self.digest in _DIGESTS:
            found = Digest(self.digest).of(certificate)
        else:
            return False
        if found != self.value:
            return False
        if self.serial is None:
            return True
        issuer, serial = issuer_and_serial(certificate)
        return serial == self.serial and der.tlv(0xA4, issuer) in self.issuer


@dataclass(frozen=True, slots=True)
class Parsed:
    """A SignedData with one signer, as its bytes say. Nothing is verified.

    Attributes:
        size: length of the DER; zeros after it were accepted (the padding of a PDF's /Contents).
        content_type: eContentType, dotted.
        content: eContent's bytes; None when detached.
        certificates: DER, in the order of the bytes.
        crls, ocsps: DER of CertificateLists and OCSPResponses in SignedData.crls.
        issuer: DER of the issuer's Name of the signer's certificate; empty when it is designated by `key_identifier`.
        digest_identifier, signature_identifier: DER of AlgorithmIdentifiers.
        signed_attributes: DER of the SET OF that was signed; empty when there was none.
        signed: type in dotted form → DER of its values; each type occurs once.
        unsigned: in the order of the bytes; a type may occur several times.
    """

    size: int
    content_type: str
    content: bytes | None = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    crls: tuple[bytes, ...] = field(repr=False)
    ocsps: tuple[bytes, ...] = field(repr=False)
    issuer: bytes = field(repr=False)
    serial: int | None
    key_identifier: bytes
    digest_identifier: bytes = field(repr=False)
    signature_identifier: bytes = field(repr=False)
    signed_attributes: bytes = field(repr=False)
    signed: Mapping[str, tuple[bytes, ...]] = field(repr=False)
    unsigned: tuple[Attribute, ...] = field(repr=False)
    signature: bytes = field(repr=False)
    encoded: bytes = field(repr=False)
    """DER of the ContentInfo."""

    @property
    def algorithm(self) -> Algorithm:
        """How the signer signed.

        Raises:
            UnknownAlgorithm: by an algorithm that is unknown here or broken.
        """
        return Algorithm.from_identifiers(self.signature_identifier, self.digest_identifier)

    @property
    def message_digest(self) -> bytes:
        """The digest of the content that was signed.

        Raises:
            MalformedSignature: the attribute is absent or malformed.
        """
        value = self._single(MESSAGE_DIGEST)
        try:
            return der.content(value, der.node(value, 0, len(value)), der.OCTET_STRING)
        except NotDer:
            raise MalformedSignature from None

    @property
    def signed_content_type(self) -> str:
        """The type of the content that was signed, dotted.

        Raises:
            MalformedSignature: the attribute is absent or malformed.
        """
        value = self._single(CONTENT_TYPE)
        try:
            return der.read_oid(value, der.node(value, 0, len(value)))
        except NotDer:
            raise MalformedSignature from None

    @property
    def claimed_at(self) -> datetime | None:
        """signing-time; None when absent.

        Raises:
            MalformedSignature: the attribute is malformed.
        """
        if SIGNING_TIME not in self.signed:
            return None
        value = self._single(SIGNING_TIME)
        try:
            return der.read_time(value, der.node(value, 0, len(value)))
        except NotDer:
            raise MalformedSignature from None

    @property
    def reference(self) -> Reference | None:
        """The signer's certificate, as signing-certificate-v2 says (or version 1); None when neither is there.

        Raises:
            MalformedSignature: the attribute is malformed.
        """
        for name, default in ((SIGNING_CERTIFICATE_V2, "sha256"), (SIGNING_CERTIFICATE, "sha1")):
            if name in self.signed:
                try:
                    return _read_reference(self._single(name), default)
                except (NotDer, ValueError, IndexError):
                    raise MalformedSignature from None
        return None

    @property
    def signer(self) -> bytes | None:
        """The certificate that the signer's identifier and signing-certificate designate; None when it isn't here.

        Raises:
            MalformedSignature: an attribute or a certificate is malformed.
        """
        reference = self.reference
        for one in self.certificates:
            if self.key_identifier:
                designated = reference is not None and reference.matches(one)
            else:
                designated = issuer_and_serial(one) == (self.issuer, self.serial)
            if designated and (reference is None or reference.matches(one)):
                return one
        return None

    def values(self, name: str) -> tuple[bytes, ...]:
        """All values of an unsigned attribute, in the order of the bytes; DER."""
        return tuple(value for found, values in self.unsigned if found == name for value in values)

    def _single(self, name: str) -> bytes:
        values = self.signed.get(name, ())
        if len(values) != 1:
            raise MalformedSignature
        return values[0]


def parse(content: bytes) -> Parsed:
    """Read a foreign SignedData.

    Args:
        content: DER of a ContentInfo; zeros may follow.

    Raises:
        MalformedSignature: not DER, not a SignedData, not one signer, an attribute repeated, or bytes after it.
        SignatureTooLarge: more than `LARGEST` bytes.
    """
    if len(content) > LARGEST:
        raise SignatureTooLarge
    try:
        return _parse(content)
    except (NotDer, ValueError, IndexError):
        raise MalformedSignature from None


@dataclass(frozen=True, slots=True)
class Bones:
    """The parts of a SignedData that an archive timestamp concerns (EN 319 122-1 §5.5.3), all as they are encoded.

    Attributes:
        signer: the SignerInfo's fields up to the signature, one after another.
        certificates, revocations: whatever their kind.
        unsigned: each unsigned attribute's type, and one of its values: a pair for each value.
    """

    content_type: bytes
    signer: bytes
    certificates: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    unsigned: tuple[tuple[bytes, bytes], ...]


def bones(content: bytes) -> Bones:
    """See `Bones`; `content` is as for `parse`.

    Raises:
        MalformedSignature, SignatureTooLarge
    """
    if len(content) > LARGEST:
        raise SignatureTooLarge
    try:
        at = _anatomy(content)
        kind, *_ = der.inside(content, at.encapsulated, der.SEQUENCE)
        certificates, revocations = (
            tuple(der.encoding(content, one) for one in der.children(content, *node[2:])) if node else ()
            for node in (at.certificates, at.revocations)
        )
        unsigned = tuple(_bare_values(content, at.unsigned))
    except (NotDer, ValueError, IndexError):
        raise MalformedSignature from None
    signer = b"".join(der.encoding(content, one) for one in at.info)
    return Bones(der.encoding(content, kind), signer, certificates, revocations, unsigned)


def _bare_values(data: bytes, unsigned: der.Node | None) -> Iterator[tuple[bytes, bytes]]:
    for attribute in der.children(data, *unsigned[2:]) if unsigned else ():
        kind, values = der.inside(data, attribute, der.SEQUENCE)
        for value in der.inside(data, values, der.SET):
            yield der.encoding(data, kind), der.encoding(data, value)


@dataclass(frozen=True, slots=True)
class _Anatomy:
    """Where the parts of a SignedData are."""

    version: int
    digests: der.Node
    encapsulated: der.Node
    certificates: der.Node | None
    revocations: der.Node | None
    info: list[der.Node]
    unsigned: der.Node | None
    end: int


def _anatomy(data: bytes) -> _Anatomy:
    top = der.node(data, 0, len(data))
    if data.count(0, top[3]) != len(data) - top[3]:
        raise NotDer
    kind, wrapped = der.inside(data, top, der.SEQUENCE)
    if der.read_oid(data, kind) != SIGNED_DATA:
        raise NotDer
    (signed_data,) = der.inside(data, wrapped, 0xA0)
    version, digests, encapsulated, *optional, signers = der.inside(data, signed_data, der.SEQUENCE)
    found = {one[0]: one for one in optional}
    if digests[0] != der.SET or [one[0] for one in optional] != sorted(found) or not found.keys() <= {0xA0, 0xA1}:
        raise NotDer
    (signer,) = der.inside(data, signers, der.SET)
    info = der.inside(data, signer, der.SEQUENCE)
    unsigned = info.pop() if info[-1][0] == 0xA1 else None
    return _Anatomy(
        der.read_integer(data, version),
        digests,
        encapsulated,
        found.get(0xA0),
        found.get(0xA1),
        info,
        unsigned,
        top[3],
    )


def _parse(data: bytes) -> Parsed:
    at = _anatomy(data)
    content_type, content = _read_encapsulated(data, at.encapsulated)
    crls, ocsps = _read_revocations(data, at.revocations)
    # RFC 5652 §5.3; signed attributes are absent from bare signatures, which no baseline level allows.
    _, identifier, digest, *attributes, algorithm, signature = at.info
    issuer, serial, key_identifier = b"", None, b""
    if identifier[0] == 0x80:
        key_identifier = der.content(data, identifier, 0x80)
    else:
        name, number = der.inside(data, identifier, der.SEQUENCE)
        issuer, serial = der.encoding(data, name), der.read_integer(data, number)
    signed: dict[str, tuple[bytes, ...]] = {}
    to_be_signed = b""
    if attributes:
        (found,) = attributes
        to_be_signed = b"\x31" + data[found[1] + 1 : found[3]]
        pairs = _read_attributes(data, der.inside(data, found, 0xA0))
        signed = dict(pairs)
        if len(signed) != len(pairs):
            raise NotDer
    if digest[0] != der.SEQUENCE or algorithm[0] != der.SEQUENCE:
        raise NotDer
    return Parsed(
        size=at.end,
        content_type=content_type,
        content=content,
        certificates=tuple(
            # Attribute certificates and other formats bear context tags, and say nothing here.
            der.encoding(data, one)
            for one in (der.children(data, *at.certificates[2:]) if at.certificates else ())
            if one[0] == der.SEQUENCE
        ),
        crls=crls,
        ocsps=ocsps,
        issuer=issuer,
        serial=serial,
        key_identifier=key_identifier,
        digest_identifier=der.encoding(data, digest),
        signature_identifier=der.encoding(data, algorithm),
        signed_attributes=to_be_signed,
        signed=MappingProxyType(signed),
        unsigned=tuple(_read_attributes(data, der.children(data, *at.unsigned[2:]))) if at.unsigned else (),
        signature=der.content(data, signature, der.OCTET_STRING),
        encoded=data if at.end == len(data) else data[: at.end],
    )


def _read_encapsulated(data: bytes, node: der.Node) -> tuple[str, bytes | None]:
    kind, *wrapped = der.inside(data, node, der.SEQUENCE)
    if not wrapped:
        return der.read_oid(data, kind), None
    (explicit,) = wrapped
    (content,) = der.inside(data, explicit, 0xA0)
    return der.read_oid(data, kind), der.content(data, content, der.OCTET_STRING)


def _read_revocations(data: bytes, node: der.Node | None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    crls, ocsps = [], []
    for one in der.children(data, *node[2:]) if node else ():
        if one[0] == der.SEQUENCE:
            crls.append(der.encoding(data, one))
        elif one[0] == 0xA1:
            kind, value = der.children(data, *one[2:])
            if der.read_oid(data, kind) == REVOCATION_OCSP:
                ocsps.append(der.encoding(data, value))
    return tuple(crls), tuple(ocsps)


def _read_attributes(data: bytes, nodes: list[der.Node]) -> list[Attribute]:
    found = []
    for one in nodes:
        kind, values = der.inside(data, one, der.SEQUENCE)
        found.append(
            (der.read_oid(data, kind), tuple(der.encoding(data, value) for value in der.inside(data, values, der.SET)))
        )
    return found


def _read_reference(value: bytes, default: str) -> Reference:
    references, *_ = der.whole(value, der.SEQUENCE)
    first, *_ = der.inside(value, references, der.SEQUENCE)
    fields = der.inside(value, first, der.SEQUENCE)
    digest = default
    if fields[0][0] == der.SEQUENCE:
        identifier = der.encoding(value, fields.pop(0))
        try:
            digest = Digest.from_identifier(identifier).value
        except UnknownAlgorithm:
            digest = der.read_oid(identifier, der.whole(identifier, der.SEQUENCE)[0])
    hashed = der.content(value, fields[0], der.OCTET_STRING)
    if len(fields) == 1:
        return Reference(digest, hashed, b"", None)
    issuer, serial = der.inside(value, fields[1], der.SEQUENCE)
    return Reference(digest, hashed, der.encoding(value, issuer), der.read_integer(value, serial))
