"""Writing a SignedData: a few dozen bytes around certificates that are copied as they are."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from telesphore.ades import der
from telesphore.ades.algorithms import Algorithm, Digest
from telesphore.ades.cms.certificate import issuer_and_serial
from telesphore.ades.cms.names import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    REVOCATION_OCSP,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
)
from telesphore.ades.cms.read import LARGEST, Attribute, _anatomy, parse
from telesphore.ades.errors import MalformedSignature, NotDer, SignatureTooLarge


def signed_attributes(
    algorithm: Algorithm,
    content_digest: bytes,
    certificate: bytes,
    *,
    content_type: str = DATA,
    signing_time: datetime | None = None,
    more: Sequence[Attribute] = (),
) -> bytes:
    """DER of the attributes to be signed, a SET OF: what a token hashes and signs.

    Args:
        content_digest: of the content, by the algorithm's digest.
        certificate: DER of the signer's; signing-certificate-v2 refers to it by the algorithm's digest.
        signing_time: for CAdES; PAdES forbids it (EN 319 142-1 §6.3).
        more: other signed attributes.
    """
    parts = [
        _attribute(CONTENT_TYPE, der.oid(content_type)),
        _attribute(MESSAGE_DIGEST, der.octets(content_digest)),
        _reference(certificate, algorithm.digest),
    ]
    if signing_time is not None:
        parts.append(_attribute(SIGNING_TIME, der.utc_time(signing_time)))
    parts.extend(_attribute(name, *values) for name, values in more)
    return der.set_of(parts)


def assemble(
    algorithm: Algorithm,
    attributes: bytes,
    signature: bytes,
    certificate: bytes,
    chain: Sequence[bytes],
    *,
    unsigned: Sequence[Attribute] = (),
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
    content_type: str = DATA,
    content: bytes | None = None,
    embed: bool = True,
) -> bytes:
    """DER of a ContentInfo with a SignedData of one signer.

    Args:
        attributes: what `signed_attributes` gave.
        certificate, chain: DER, copied as they are; repetitions are dropped.
        unsigned: attributes beside the signature.
        crls, ocsps: DER, for SignedData.crls.
        content: None for a detached signature.
        embed: put the certificates in; only a timestamp asked for without them does without (RFC 3161 §2.4.1).
    """
    info = [
        b"\x02\x01\x01",
        _signer_identifier(certificate),
        algorithm.digest_identifier,
        b"\xa0" + attributes[1:],
        algorithm.identifier,
        der.octets(signature),
    ]
    if unsigned:
        info.append(der.tlv(0xA1, *sorted(_attribute(name, *values) for name, values in unsigned)))
    return _content_info(
        # RFC 5652 §5.1.
        5 if ocsps else 1 if content_type == DATA else 3,
        der.tlv(der.SET, algorithm.digest_identifier),
        _encapsulated(content_type, content),
        der.tlv(0xA0, *sorted({certificate, *chain})) if embed else b"",
        der.tlv(0xA1, *_revocations(crls, ocsps)) if crls or ocsps else b"",
        der.tlv(der.SET, der.sequence(*info)),
    )


def add_unsigned(cms: bytes, name: str, value: bytes) -> bytes:
    """The same signature with one more unsigned attribute of this type, with this value (DER); zeros after it go.

    Raises:
        MalformedSignature, SignatureTooLarge
    """
    return set_unsigned(cms, (*parse(cms).unsigned, (name, (value,))))


def set_unsigned(cms: bytes, unsigned: Iterable[Attribute]) -> bytes:
    """The same signature with these unsigned attributes, and no others.

    Those that are in DER's order, as ours always are, stay so; a foreign order is kept, since an archive timestamp of
    an older form depends on it, and what is new comes last.

    Raises:
        MalformedSignature, SignatureTooLarge
    """
    return _rewrite(cms, [_attribute(name, *values) for name, values in unsigned], None, None)


def add_validation_values(
    cms: bytes, *, certificates: Sequence[bytes] = (), crls: Sequence[bytes] = (), ocsps: Sequence[bytes] = ()
) -> bytes:
    """The same signature with these certificates, CRLs and OCSP responses (DER) in SignedData too (EN 319 122-1 §6.3
    lets level LT place them there); what is there already is not repeated.

    Raises:
        MalformedSignature, SignatureTooLarge
    """
    known = parse(cms)
    return _rewrite(
        cms,
        None,
        [one for one in dict.fromkeys(certificates) if one not in known.certificates],
        _revocations(
            [one for one in dict.fromkeys(crls) if one not in known.crls],
            [one for one in dict.fromkeys(ocsps) if one not in known.ocsps],
        ),
    )


def ess_cert_id(certificate: bytes, digest: Digest) -> bytes:
    """DER of the ESSCertIDv2 of a certificate (RFC 5035 §4); the algorithm is absent when it is the default."""
    issuer, serial = issuer_and_serial(certificate)
    return der.sequence(
        b"" if digest is Digest.SHA256 else digest.identifier,
        der.octets(digest.of(certificate)),
        der.sequence(der.sequence(der.tlv(0xA4, issuer)), der.integer(serial)),
    )


def _attribute(name: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(name), der.set_of(values))


@lru_cache(maxsize=256)
def _reference(certificate: bytes, digest: Digest) -> bytes:
    return _attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(ess_cert_id(certificate, digest))))


@lru_cache(maxsize=256)
def _signer_identifier(certificate: bytes) -> bytes:
    issuer, serial = issuer_and_serial(certificate)
    return der.sequence(issuer, der.integer(serial))


def _encapsulated(content_type: str, content: bytes | None) -> bytes:
    return der.sequence(der.oid(content_type), b"" if content is None else der.tlv(0xA0, der.octets(content)))


def _content_info(version: int, *parts: bytes) -> bytes:
    return der.sequence(der.oid(SIGNED_DATA), der.tlv(0xA0, der.sequence(der.integer(version), *parts)))


def _revocations(crls: Sequence[bytes], ocsps: Sequence[bytes]) -> list[bytes]:
    others = (der.tlv(0xA1, der.oid(REVOCATION_OCSP), one) for one in ocsps)
    return sorted({*crls, *others})


def _rewrite(
    data: bytes, unsigned: list[bytes] | None, certificates: list[bytes] | None, revocations: list[bytes] | None
) -> bytes:
    """The same SignedData with other unsigned attributes, or with more certificates and revocation data."""
    if len(data) > LARGEST:
        raise SignatureTooLarge
    try:
        at = _anatomy(data)
        info = [der.encoding(data, one) for one in at.info]
        if unsigned is None:
            info.append(der.encoding(data, at.unsigned) if at.unsigned else b"")
        elif unsigned:
            info.append(der.tlv(0xA1, *(sorted(unsigned) if unsigned[:-1] == sorted(unsigned[:-1]) else unsigned)))
        stapled = _more(data, at.revocations, 0xA1, revocations or [])
        return _content_info(
            # RFC 5652 §5.1: anything but CRLs in `crls` makes it version 5.
            5 if any(one[0] == 0xA1 for one in revocations or ()) else at.version,
            der.encoding(data, at.digests),
            der.encoding(data, at.encapsulated),
            _more(data, at.certificates, 0xA0, certificates or []),
            stapled,
            der.tlv(der.SET, der.sequence(*info)),
        )
    except (NotDer, ValueError, IndexError):
        raise MalformedSignature from None


def _more(data: bytes, node: der.Node | None, tag: int, new: list[bytes]) -> bytes:
    present = [der.encoding(data, one) for one in der.children(data, *node[2:])] if node else []
    if not present and not new:
        return b""
    if not new:
        assert node is not None
        return der.encoding(data, node)
    joined = [*present, *new]
    return der.tlv(tag, *(sorted(joined) if present == sorted(present) else joined))
