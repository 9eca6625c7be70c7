"""PDF files written by hand, object by object, so that a test can write what no library would.

A *draft* is a file and the objects it holds now; each `update` is an incremental update whose every byte is known.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from asn1crypto import algos, cms, core, tsp, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.general import as_signing_certificate_v2

from telesphore.kernel.clock import now
from tests.certificates import Signer

CATALOG, PAGES, PAGE_1, TEXT_1, PAGE_2, TEXT_2, FONT, FORM, DOSE, DOSE_LOOK, PATIENT, DOCTOR, INFO, METADATA, ANNOTS = (
    range(1, 16)
)
UNUSED = 16
"""A drawing that nothing shows."""
NEXT = 17
RESERVED = 8192
"""Bytes of a signature, in hexadecimal."""


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object's body."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def drawing(content: bytes, width: float = 200, height: float = 40) -> bytes:
    """A form that draws (ISO 32000-2 §8.10)."""
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 %g %g] /Resources << /Font << /F1 %d 0 R >> >>" % (
        width, height, FONT,
    )  # fmt: skip
    return stream(content, entries)


def words(text: str, x: float = 72, y: float = 700, size: float = 14) -> bytes:
    """Operators that write a line."""
    return b"BT /F1 %g Tf %g %g Td (%s) Tj ET\n" % (size, x, y, text.encode("latin-1"))


def _page(contents: int, annots: bytes) -> bytes:
    return (
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
        b" /Resources << /Font << /F1 %d 0 R >> >> /Annots %s >>" % (PAGES, contents, FONT, annots)
    )


def widget(name: str, kind: str, page: int, box: tuple[int, int, int, int], more: bytes = b"") -> bytes:
    """A field that is its own annotation."""
    rectangle = b" ".join(b"%d" % edge for edge in box)
    return b"<< /Type /Annot /Subtype /Widget /FT /%s /T (%s) /P %d 0 R /F 4 /Rect [%s] %s >>" % (
        kind.encode(), name.encode(), page, rectangle, more,
    )  # fmt: skip


def xmp(description: bytes) -> bytes:
    """A metadata packet (ISO 16684-1)."""
    return (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>%s"
        b"</rdf:RDF></x:xmpmeta>" % description
    )


def prescription() -> dict[int, bytes]:
    """The objects of a two-page prescription with one text field and two places to sign."""
    return {
        CATALOG: b"<< /Type /Catalog /Pages %d 0 R /AcroForm %d 0 R /Metadata %d 0 R >>" % (PAGES, FORM, METADATA),
        PAGES: b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count 2 >>" % (PAGE_1, PAGE_2),
        PAGE_1: _page(TEXT_1, b"%d 0 R" % ANNOTS),
        TEXT_1: stream(words("Levothyrox 25 micrograms, one a day") + b"\n" + words("for Camille Durand", y=670)),
        PAGE_2: _page(TEXT_2, b"[%d 0 R]" % DOCTOR),
        TEXT_2: stream(words("To renew twice")),
        FONT: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        FORM: b"<< /Fields [%d 0 R %d 0 R %d 0 R] /SigFlags 1 /DA (/F1 10 Tf 0 g) /DR << /Font << /F1 %d 0 R >> >> >>"
        % (DOSE, PATIENT, DOCTOR, FONT),
        DOSE: widget("Dose", "Tx", PAGE_1, (72, 600, 272, 640), b"/V (25) /DA (/F1 10 Tf 0 g) /AP << /N %d 0 R >>"
                     % DOSE_LOOK),
        DOSE_LOOK: drawing(words("25", 2, 10)),
        PATIENT: widget("Patient", "Sig", PAGE_1, (72, 100, 272, 140)),
        DOCTOR: widget("Doctor", "Sig", PAGE_2, (72, 100, 272, 140)),
        INFO: b"<< /Title (Prescription) /Producer (By hand) >>",
        METADATA: stream(xmp(b""), b"/Type /Metadata /Subtype /XML"),
        ANNOTS: b"[%d 0 R %d 0 R]" % (DOSE, PATIENT),
        UNUSED: drawing(b"1 1 1 rg 0 0 200 40 re f 0 g " + words("Levothyrox 200 micrograms", 2, 10)),
    }  # fmt: skip


def _stays_outside(content: bytes) -> bool:
    """Of object streams: streams, and signatures, whose bytes must stand in the file."""
    return b"stream\n" in content or b"/ByteRange" in content


@dataclass(frozen=True)
class Draft:
    """A file, what its objects are now, and where its last cross-reference section starts."""

    pdf: bytes
    objects: Mapping[int, bytes]
    section: int
    root: int = CATALOG
    generations: Mapping[int, int] = field(default_factory=dict)

    @property
    def next(self) -> int:
        """A number that no object has."""
        return max(self.objects) + 1

    def update(
        self,
        changes: Mapping[int, bytes | None],
        *,
        trailer: bytes = b"",
        root: int | None = None,
        prev: int | None = None,
        listed: Mapping[int, int] | None = None,
        packed: bool = False,
    ) -> "Draft":
        """An incremental update (§7.5.6); None frees an object.

        Args:
            trailer: more entries.
            listed: what the cross-reference table says instead of the truth: number → offset, from the update's start.
            packed: objects in an object stream, listed in a cross-reference stream (§7.5.7, §7.5.8).
        """
        if packed:
            return self._update_packed(changes, trailer)
        base = len(self.pdf)
        body, offsets = bytearray(b"" if self.pdf.endswith(b"\n") else b"\n"), {}
        for number, content in sorted(changes.items()):
            if content is not None:
                offsets[number] = base + len(body)
                body += b"%d %d obj\n%s\nendobj\n" % (number, self.generations.get(number, 0), content)
        rows = {number: b"%010d %05d n \n" % (at, self.generations.get(number, 0)) for number, at in offsets.items()}
        rows |= {
            number: b"0000000000 %05d f \n" % (self.generations.get(number, 0) + 1)
            for number, content in changes.items()
            if content is None
        }
        if listed is not None:
            rows = {number: b"%010d 00000 n \n" % (base + at) for number, at in listed.items()}
        section = base + len(body)
        body += b"xref\n" + b"".join(b"%d 1\n%s" % (number, row) for number, row in sorted(rows.items()))
        if not rows:
            body += b"0 0\n"
        objects = {number: content for number, content in {**self.objects, **changes}.items() if content is not None}
        body += b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /Prev %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (
            max(objects) + 1, root or self.root, INFO, self.section if prev is None else prev, trailer, section,
        )  # fmt: skip
        return replace(self, pdf=self.pdf + bytes(body), objects=objects, section=section, root=root or self.root)

    def _update_packed(self, changes: Mapping[int, bytes | None], trailer: bytes) -> "Draft":
        base = len(self.pdf)
        inside = {number: content for number, content in changes.items() if content and not _stays_outside(content)}
        outside = {number: content for number, content in changes.items() if content and number not in inside}
        objects = {number: content for number, content in {**self.objects, **changes}.items() if content is not None}
        pack, table = max(objects) + 1, max(objects) + 2
        heads, bodies = b"", b""
        for number, content in inside.items():
            heads += b"%d %d " % (number, len(bodies))
            bodies += content + b"\n"
        outside[pack] = stream(heads + bodies, b"/Type /ObjStm /N %d /First %d" % (len(inside), len(heads)))
        body, rows = bytearray(), {}
        for number, content in sorted(outside.items()):
            rows[number] = (1, base + len(body), 0)
            body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
        rows |= {number: (2, pack, place) for place, number in enumerate(inside)}
        rows |= {number: (0, 0, 1) for number, content in changes.items() if content is None}
        section = base + len(body)
        rows[table] = (1, section, 0)
        index = b" ".join(b"%d 1" % number for number in sorted(rows))
        content = b"".join(
            kind.to_bytes(1, "big") + second.to_bytes(4, "big") + third.to_bytes(2, "big")
            for _number, (kind, second, third) in sorted(rows.items())
        )
        body += b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
            table,
            stream(content, b"/Type /XRef /W [1 4 2] /Index [%s] /Size %d /Root %d 0 R /Info %d 0 R /Prev %d %s" % (
                index, table + 1, self.root, INFO, self.section, trailer)),
            section,
        )  # fmt: skip
        return replace(self, pdf=self.pdf + bytes(body), objects={**objects, pack: b"", table: b""}, section=section)

    def change(self, number: int, old: bytes, new: bytes) -> dict[int, bytes]:
        """This object with one thing replaced in it."""
        content = self.objects[number]
        assert old in content, content
        return {number: content.replace(old, new, 1)}

    def add(self, number: int, entries: bytes) -> dict[int, bytes]:
        """This dictionary with more entries at its end."""
        content = self.objects[number]
        assert content.endswith(b">>"), content
        return {number: content[:-2] + entries + b" >>"}

    def sign(
        self,
        place: int,
        signer: Signer,
        *,
        certify: int = 0,
        lock: bytes = b"",
        look: bytes = b"",
        more: Mapping[int, bytes] | None = None,
        packed: bool = False,
        range_key: bytes = b"/ByteRange",
    ) -> "Draft":
        """An update that signs at a place (a signature field's number), as a card at level B-B would.

        Args:
            certify: DocMDP's P; 0 does not certify.
            lock: FieldMDP's parameters, e.g. `/Action /All`.
            look: operators of the widget's appearance.
            more: other objects of the same update.
        """
        number, appearance = self._two_more(more)
        references = b""
        if certify:
            references += (
                b"<< /Type /SigRef /TransformMethod /DocMDP"
                b" /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>" % certify
            )
        if lock:
            references += (
                b"<< /Type /SigRef /TransformMethod /FieldMDP /Data %d 0 R"
                b" /TransformParams << /Type /TransformParams %s /V /1.2 >> >>" % (CATALOG, lock)
            )
        dictionary = (
            b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:%s)"
            b" %s %s [0 %s] /Contents <%s> >>"
            % (
                now().strftime("%Y%m%d%H%M%SZ").encode(),
                b"/Reference [%s]" % references if references else b"",
                range_key,
                b" " * 40,
                b"0" * RESERVED,
            )
        )
        shown = look or words("Signed", 2, 10)
        changes: dict[int, bytes | None] = {
            **(more or {}),
            number: dictionary,
            appearance: drawing(shown),
            **replace(self, objects={**self.objects, **(more or {})}).add(
                place, b"/V %d 0 R /AP << /N %d 0 R >>" % (number, appearance)
            ),
        }
        if certify:
            changes |= self.add(CATALOG, b"/Perms << /DocMDP %d 0 R >>" % number)
        drafted = self.update(changes, packed=packed)
        return fill_in(drafted, lambda content: signed_data(signer, hashlib.sha256(content).digest()))

    def stamp(self, authority: Signer, *, at: datetime | None = None, packed: bool = False) -> "Draft":
        """An update that adds a document timestamp (EN 319 142-1 §5.4.3)."""
        number, place = self.next, self.next + 1
        dictionary = (
            b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
            b" /ByteRange [0 %s] /Contents <%s> >>" % (b" " * 40, b"0" * RESERVED)
        )
        more = {
            number: dictionary,
            place: widget(f"Timestamp{place}", "Sig", PAGE_1, (0, 0, 0, 0), b"/V %d 0 R" % number),
            **self.change(FORM, b"/Fields [", b"/Fields [%d 0 R " % place),
            **self.change(ANNOTS, b"]", b" %d 0 R]" % place),
        }
        drafted = self.update(more, packed=packed)
        return fill_in(drafted, lambda content: time_token(authority, hashlib.sha256(content).digest(), at or now()))

    def _two_more(self, more: Mapping[int, bytes] | None) -> tuple[int, int]:
        number = max({**self.objects, **(more or {})}) + 1
        return number, number + 1


def draft(objects: Mapping[int, bytes] | None = None, *, root: int = CATALOG, header: bytes = b"%PDF-1.7") -> Draft:
    """A whole new file."""
    objects = objects or prescription()
    body, offsets = bytearray(header + b"\n%\xe2\xe3\xcf\xd3\n"), {}
    for number, content in sorted(objects.items()):
        offsets[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    section, size = len(body), max(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        body += b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 00001 f \n"
    body += b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, root, INFO, section)
    return Draft(bytes(body), dict(objects), section, root)


def fill_in(drafted: Draft, answer, *, end: int | None = None) -> Draft:  # type: ignore[no-untyped-def]
    """The last empty /ByteRange and /Contents, filled."""
    pdf = bytearray(drafted.pdf)
    start = pdf.rindex(b"/Contents <" + b"0" * RESERVED) + len(b"/Contents ")
    stop = start + RESERVED + 2
    # However the key is spelled.
    ranges = b"ange [%s]" % b"0 %d %d %d".__mod__((start, stop, (end or len(pdf)) - stop)).ljust(42)
    place = pdf.rindex(b"ange [", 0, start)
    pdf[place : place + len(ranges)] = ranges
    content = answer(bytes(pdf[:start] + pdf[stop:end])).hex().encode()
    assert len(content) <= RESERVED
    pdf[start + 1 : start + 1 + len(content)] = content
    return replace(drafted, pdf=bytes(pdf))


def signed_data(signer: Signer, digest: bytes) -> bytes:
    """A CMS signature over this digest, as EN 319 142-1 §6.3 wants it at level B-B."""
    certificate = x509.Certificate.load(signer.certificate)
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [digest]}),
            cms.CMSAttribute(
                {"type": "signing_certificate_v2", "values": [as_signing_certificate_v2(certificate)]}
            ),
        ]
    )  # fmt: skip
    return _content_info(signer, attributes, {"content_type": "data"})


def time_token(authority: Signer, digest: bytes, at: datetime) -> bytes:
    """A timestamp token (RFC 3161) over this digest."""
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": "1.2.3.4.5",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
            "serial_number": int.from_bytes(digest[:8], "big"),
            "gen_time": at,
            "accuracy": {"seconds": 1},
        }
    ).dump()
    certificate = x509.Certificate.load(authority.certificate)
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(info).digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [as_signing_certificate_v2(certificate)]}),
        ]
    )
    return _content_info(
        authority, attributes, {"content_type": "tst_info", "content": core.ParsableOctetString(info)}, version="v3"
    )


def _content_info(signer: Signer, attributes: cms.CMSAttributes, content: object, version: str = "v1") -> bytes:
    certificate = x509.Certificate.load(signer.certificate)
    ec_key = isinstance(signer.key, ec.EllipticCurvePrivateKey)
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signature_algorithm": {"algorithm": "sha256_ecdsa" if ec_key else "sha256_rsa"},
            "signed_attrs": attributes,
            "signature": signer.sign(attributes.dump()),
        }
    )
    chain = [x509.Certificate.load(one) for one in (signer.certificate, *signer.chain)]
    whole: bytes = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": version,
                    "digest_algorithms": [{"algorithm": "sha256"}],
                    "encap_content_info": content,
                    "certificates": chain,
                    "signer_infos": [info],
                }
            ),
        }
    ).dump()
    return whole


class Authority:
    """A root whose people have certificates of an hour (no revocation data to look for), and a timestamping unit."""

    def __init__(self, name: str = "Root of the drafts") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = certificates.Name([certificates.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._issue(self._name, self._key.public_key(), timedelta(days=3650), "authority")

    def crl(self) -> bytes:
        """Nobody is revoked."""
        builder = certificates.CertificateRevocationListBuilder(
            self._name, last_update=now() - timedelta(minutes=1), next_update=now() + timedelta(days=1)
        )
        number = certificates.CRLNumber(1)
        key_id = certificates.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = builder.add_extension(number, critical=False).add_extension(key_id, critical=False)
        return signed.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def signer(self, name: str, *, lifetime: timedelta = timedelta(hours=1), purpose: str = "sign") -> Signer:
        """Someone, or for purpose `timestamp` a timestamping unit."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = certificates.Name([certificates.NameAttribute(NameOID.COMMON_NAME, name)])
        return Signer(self._issue(subject, key.public_key(), lifetime, purpose), (self.certificate,), key)

    def _issue(
        self, subject: certificates.Name, key: ec.EllipticCurvePublicKey, lifetime: timedelta, purpose: str
    ) -> bytes:
        since = now() - timedelta(minutes=5)
        builder = (
            certificates.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(certificates.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(since + lifetime)
            .add_extension(certificates.BasicConstraints(ca=purpose == "authority", path_length=None), critical=True)
            .add_extension(
                certificates.KeyUsage(
                    digital_signature=purpose != "authority", content_commitment=purpose == "sign",
                    key_encipherment=False, data_encipherment=False, key_agreement=False,
                    key_cert_sign=purpose == "authority", crl_sign=purpose == "authority", encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(certificates.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                certificates.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )  # fmt: skip
        if purpose == "timestamp":
            usage = certificates.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)
