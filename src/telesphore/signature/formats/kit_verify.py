"""Vérifie un dossier de preuve (ZIP) sans la plateforme qui l'a fait : Python et `cryptography` suffisent.

    python verify.py dossier.zip [--root EMPREINTE] [--language en] [--json]

Checks a dispute kit without the platform that made it. What is checked: the ZIP holds what its manifest lists, with the
same SHA-256; the organisation's seal signed the manifest; the document holds, byte for byte, each revision that the
evidence lists, and each is closed by a signature whose mathematics and chain of certificates hold; timestamps; the
events of the audit trail stand in the tree whose head the log signed; the discussion's entries follow one another, and
each signature is bound to the last one that its signer could read. What is not: whether pages look as they did, nor
whether a certificate is qualified: any PAdES validator tells that from document.pdf.

Exit status: 0 all holds; 1 something does not; 2 all holds, provided that the root's fingerprint is the right one.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:
    sys.exit("python -m pip install 'cryptography>=43'")

MOST_ENTRIES, LARGEST_ENTRY, LARGEST_KIT = 2000, 320 * 2**20, 512 * 2**20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)*")
FORMAT = "telesphore-dispute-kit-1"
RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
BESIDE = re.compile(rb"/XXTelesphoreBeside\s*/([0-9a-f]{64})(?![0-9A-Za-z])")
DEEPEST_CHAIN = 8
DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256", "2.16.840.1.101.3.4.2.9": "sha3_384", "2.16.840.1.101.3.4.2.10": "sha3_512",
}  # fmt: skip
HASHES = {
    "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(), "sha3_384": hashes.SHA3_384(), "sha3_512": hashes.SHA3_512(),
}  # fmt: skip
PSS = "1.2.840.113549.1.1.10"
MESSAGE_DIGEST, CERTIFICATE_V2 = "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47"
SIGNATURE_TIME_STAMP, TST_INFO = "1.2.840.113549.1.9.16.2.14", "1.2.840.113549.1.9.16.1.4"


class Problem(Exception):
    """Something does not hold: in French, and in English."""

    def __init__(self, french: str, english: str) -> None:
        super().__init__(english)
        self.said = {"fr": french, "en": english}


# DER (X.690): one level at a time.


def node(data: bytes, at: int) -> tuple[int, int, int]:
    """The tag, where the content begins, and where it ends."""
    try:
        tag, length, start = data[at], data[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4:
                raise IndexError
            length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if start + length > len(data):
            raise IndexError
    except IndexError:
        raise Problem("une structure est illisible", "a structure is malformed") from None
    return tag, start, start + length


def children(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """Of the encodings in `data`, one after another: tag, content, and the whole encoding."""
    found, at = [], 0
    while at < len(data):
        tag, start, end = node(data, at)
        found.append((tag, data[start:end], data[at:end]))
        at = end
    return found


def inside(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """What is in the encoding that `data` is."""
    _, start, end = node(data, 0)
    return children(data[start:end])


def dotted(content: bytes) -> str:
    """An object identifier's text."""
    arcs, arc = [], 0
    for byte in content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2) if arcs else 0
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]])) if arcs else ""


# Signatures (CMS, RFC 5652)


class Signed:
    """A SignedData with one signer, whose signature was checked over `content`."""

    def __init__(self, der: bytes, content: bytes | None) -> None:
        malformed = Problem("une signature est illisible", "a signature is malformed")
        try:
            fields = inside(inside(inside(der)[1][2])[0][2])
            encapsulated = inside(fields[2][2])
            self.content_type = dotted(encapsulated[0][1])
            if len(encapsulated) > 1:
                content = inside(encapsulated[1][2])[0][1]
            assert content is not None
            self.content = content
            optional = {tag: whole for tag, _, whole in fields[3:-1]}
            self.certificates = [
                x509.load_der_x509_certificate(whole) for tag, _, whole in inside(optional[0xA0]) if tag == 0x30
            ]
            (signer,) = inside(fields[-1][2])
            info = inside(signer[2])
            identifier, digest_algorithm, attributes, algorithm, value = info[1:6]
            self.value = value[1]
            self.unsigned = self._attributes(info[6][2]) if len(info) > 6 else {}
            signed = self._attributes(attributes[2])
            issuer, serial = inside(identifier[2])
            number = int.from_bytes(serial[1], "big", signed=True)
            digest = DIGESTS[dotted(inside(digest_algorithm[2])[0][1])]
            (expected,) = signed[MESSAGE_DIGEST]
            (reference,) = signed[CERTIFICATE_V2]
        except (IndexError, ValueError, KeyError, AssertionError):
            raise malformed from None
        if node_content(expected) != hashlib.new(digest, self.content).digest():
            raise Problem("le contenu signé a changé", "what was signed has changed")
        found = [
            one for one in self.certificates if one.serial_number == number and one.issuer.public_bytes() == issuer[2]
        ]
        if not found or not _refers(reference, found[0]):
            raise Problem("le certificat du signataire manque", "the signer's certificate is missing")
        self.certificate = found[0]
        check_value(
            self.certificate, dotted(inside(algorithm[2])[0][1]), digest, b"\x31" + attributes[2][1:], self.value
        )

    @staticmethod
    def _attributes(encoded: bytes) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        for _, _, attribute in inside(encoded):
            name, values = inside(attribute)
            found.setdefault(dotted(name[1]), []).extend(whole for _, _, whole in inside(values[2]))
        return found


def node_content(encoded: bytes) -> bytes:
    """What is under the tag."""
    _, start, end = node(encoded, 0)
    return encoded[start:end]


def _refers(reference: bytes, certificate: x509.Certificate) -> bool:
    """Whether a signing-certificate-v2 attribute (RFC 5035) is of this certificate."""
    fields = inside(inside(inside(reference)[0][2])[0][2])
    digest = "sha256"
    if fields[0][0] == 0x30:
        digest = DIGESTS.get(dotted(inside(fields[0][2])[0][1]), "")
        fields = fields[1:]
    return bool(digest) and hashlib.new(digest, certificate.public_bytes(Encoding.DER)).digest() == fields[0][1]


def check_value(certificate: x509.Certificate, algorithm: str, digest: str, content: bytes, value: bytes) -> None:
    """The mathematics of one signature."""
    key, chosen = certificate.public_key(), HASHES[digest]
    try:
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            pss = padding.PSS(padding.MGF1(chosen), padding.PSS.AUTO)
            key.verify(value, content, pss if algorithm == PSS else padding.PKCS1v15(), chosen)
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256:
            key.verify(value, content, ec.ECDSA(chosen))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(value, content)
        else:
            raise Problem("une clé est trop faible ou inconnue", "a key is too weak or unknown")
    except (InvalidSignature, ValueError):
        raise Problem("une signature ne correspond pas", "a signature does not match") from None


# Certificates


class Trust:
    """The certificates, roots and revocation data of a kit."""

    def __init__(self, entries: dict[str, bytes]) -> None:
        def loaded(folder: str) -> list[x509.Certificate]:
            return [
                x509.load_der_x509_certificate(content)
                for name, content in entries.items()
                if name.startswith(folder) and name.endswith(".cer")
            ]

        try:
            self.roots, self.known = loaded("trust/"), loaded("certificates/")
            self.lists = [x509.load_der_x509_crl(content) for name, content in entries.items() if name.endswith(".crl")]
            self.answers = [
                ocsp.load_der_ocsp_response(content) for name, content in entries.items() if name.endswith(".ocsp")
            ]
            for root in self.roots:
                root.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature):
            raise Problem("un certificat est illisible", "a certificate is malformed") from None

    def check(
        self, certificate: x509.Certificate, more: Sequence[x509.Certificate], at: datetime
    ) -> list[x509.Certificate]:
        """The chain from a certificate to a root, which held at this time."""
        chain = [certificate]
        pool = [*self.roots, *more, *self.known]
        while chain[-1] not in self.roots:
            above = next((one for one in pool if one not in chain and _issued(one, chain[-1])), None)
            if above is None or len(chain) >= DEEPEST_CHAIN:
                raise Problem(
                    f"le certificat « {name_of(certificate)} » ne mène pas à la racine",
                    f"the certificate “{name_of(certificate)}” does not lead to the root",
                )
            chain.append(above)
        for one in chain:
            if not one.not_valid_before_utc - timedelta(minutes=5) <= at <= one.not_valid_after_utc:
                raise Problem(
                    f"le certificat « {name_of(one)} » n’était pas valide le {at:%d/%m/%Y}",
                    f"the certificate “{name_of(one)}” was not valid on {at:%Y-%m-%d}",
                )
        for number, above in enumerate(chain[1:]):
            self._check_not_revoked(chain[number], above, at)
        return chain

    def _check_not_revoked(self, one: x509.Certificate, above: x509.Certificate, at: datetime) -> None:
        revoked = []
        for crl in self.lists:
            if crl.issuer == above.subject and crl.is_signature_valid(above.public_key()):  # type: ignore[arg-type]  # Keys that sign.
                entry = crl.get_revoked_certificate_by_serial_number(one.serial_number)
                if entry is not None:
                    revoked.append(entry.revocation_date_utc)
        for answer in self.answers:
            successful = answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
            if not successful or answer.serial_number != one.serial_number or not _answered_by(answer, above):
                continue
            if answer.certificate_status is ocsp.OCSPCertStatus.REVOKED and answer.revocation_time_utc:
                revoked.append(answer.revocation_time_utc)
        if any(since <= at for since in revoked):
            raise Problem(
                f"le certificat « {name_of(one)} » était révoqué le {at:%d/%m/%Y}",
                f"the certificate “{name_of(one)}” was revoked on {at:%Y-%m-%d}",
            )


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        if not above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return True


def _answered_by(answer: ocsp.OCSPResponse, above: x509.Certificate) -> bool:
    """Whether the authority, or a responder that it certified, signed this OCSP answer."""
    for signer in [above, *answer.certificates]:
        if signer is not above and not _issued(above, signer):
            continue
        key, chosen = signer.public_key(), answer.signature_hash_algorithm
        try:
            if isinstance(key, rsa.RSAPublicKey) and chosen:
                key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), chosen)
            elif isinstance(key, ec.EllipticCurvePublicKey) and chosen:
                key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(chosen))
            else:
                continue
        except InvalidSignature:
            continue
        return True
    return False


def name_of(certificate: x509.Certificate) -> str:
    """The common name."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


# Timestamps (RFC 3161)


def timestamp_time(der: bytes, stamped: bytes, trust: Trust) -> datetime:
    """The time that a timestamp proves for these bytes."""
    token = Signed(der, None)
    if token.content_type != TST_INFO:
        raise Problem("un horodatage est illisible", "a timestamp is malformed")
    fields = inside(token.content)
    algorithm, imprint = inside(fields[2][2])
    digest = DIGESTS.get(dotted(inside(algorithm[2])[0][1]), "")
    if not digest or hashlib.new(digest, stamped).digest() != imprint[1]:
        raise Problem("un horodatage est d’un autre contenu", "a timestamp is of something else")
    text = fields[4][1].decode("ascii", "replace").rstrip("Z").split(".")[0]
    try:
        at = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=timezone(timedelta(0)))
    except ValueError:
        raise Problem("un horodatage est illisible", "a timestamp is malformed") from None
    trust.check(token.certificate, token.certificates, at)
    try:
        usage = token.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        usage = x509.ExtendedKeyUsage([])
    if list(usage) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Problem("un horodatage n’est pas d’une unité d’horodatage", "a timestamp is not by a time-stamping unit")
    return at


# The document


class Found:
    """A signature or document timestamp of the PDF: up to where it covers, and its CMS."""

    def __init__(self, pdf: bytes, start: int, after: int, end: int) -> None:
        self.end, self._pdf, self._hole = end, pdf, (start, after)
        self.cms = bytes.fromhex(pdf[start + 1 : after - 1].decode("ascii"))

    @property
    def head(self) -> str:
        """Of the discussion, as the signature's dictionary, which it covers, holds it; empty for none."""
        start, after = self._hole
        before = self._pdf[max(self._pdf.rfind(b" obj", 0, start), 0) : start]
        rest = self._pdf[after : max(self._pdf.find(b"endobj", after, self.end), after)]
        heads = BESIDE.findall(before) + BESIDE.findall(rest)
        if len(heads) > 1:
            raise Problem("une signature est liée à deux discussions", "a signature is bound to two discussions")
        return heads[0].decode() if heads else ""

    @property
    def content(self) -> bytes:
        """What it covers; made when needed, since it is as large as the file."""
        return self._pdf[: self._hole[0]] + self._pdf[self._hole[1] : self.end]


def find(pdf: bytes) -> Iterator[Found]:
    """What looks like a signature, in the order of the file."""
    for match in RANGE.finditer(pdf):
        start, after, length = map(int, match.groups())
        end = after + length
        hole = pdf[start:after]
        if start < after < end <= len(pdf) and re.fullmatch(rb"<([0-9A-Fa-f]{2})+>", hole):
            yield Found(pdf, start, after, end)


def check_document(pdf: bytes, evidence: dict[str, Any], trust: Trust) -> list[str]:
    """Each revision of the evidence is in the file and closed by a signature that holds; who signed, in order."""
    if hashlib.sha256(pdf).hexdigest() != evidence["document_sha256"]:
        raise Problem("le document n’est pas celui de la preuve", "the document is not that of the evidence")
    found, signers, before = list(find(pdf)), [], 0
    for number, revision in enumerate(evidence["revisions"]):
        size = revision["size"]
        if revision["number"] != number:
            raise Problem("les révisions ne se suivent pas", "the revisions do not follow one another")
        if not before < size <= len(pdf) or hashlib.sha256(pdf[:size]).hexdigest() != revision["sha256"]:
            raise Problem(
                f"la révision {revision['number']} n’est pas dans le document",
                f"revision {revision['number']} is not in the document",
            )
        if revision["number"]:
            own = [one for one in found if before < one.end <= size]
            if not own or own[-1].end != size:
                raise Problem(
                    f"la révision {revision['number']} n’est close par aucune signature",
                    f"revision {revision['number']} is closed by no signature",
                )
            signers += check_signatures(own, revision, trust)
        before = size
    if before != len(pdf):
        raise Problem("quelque chose suit la dernière révision", "something follows the last revision")
    if not signers:
        raise Problem("personne n’a signé le document", "nobody signed the document")
    return signers


def check_signatures(own: Sequence[Found], revision: dict[str, Any], trust: Trust) -> list[str]:
    """The signature of one revision, and the timestamps that follow it."""
    names = []
    for one in own:
        if dotted_content_type(one.cms) == TST_INFO:
            timestamp_time(one.cms, one.content, trust)
            continue
        signed = Signed(one.cms, one.content)
        at = datetime.fromisoformat(revision["at"])
        for token in signed.unsigned.get(SIGNATURE_TIME_STAMP, []):
            at = timestamp_time(token, signed.value, trust)
        trust.check(signed.certificate, signed.certificates, at)
        fingerprint = signed.certificate.fingerprint(hashes.SHA256()).hex()
        if revision["certificate_sha256"] not in ("", fingerprint):
            raise Problem(
                f"la révision {revision['number']} est signée par un autre certificat que celui de la preuve",
                f"revision {revision['number']} is signed by another certificate than the evidence says",
            )
        names.append(name_of(signed.certificate))
    if not names and revision["kind"] != "renewed":
        raise Problem(
            f"la révision {revision['number']} n’est signée par personne",
            f"revision {revision['number']} is not signed",
        )
    return names


def dotted_content_type(cms: bytes) -> str:
    """What a CMS says that it is of."""
    try:
        return dotted(inside(inside(inside(inside(cms)[1][2])[0][2])[2][2])[0][1])
    except IndexError:
        raise Problem("une signature est illisible", "a signature is malformed") from None


# The discussion (telesphore-thread-1)


def check_thread(entries: dict[str, bytes], evidence: dict[str, Any]) -> dict[str, Any]:
    """The entries follow one another, and each signature is bound to the last that its signer could read."""
    pdf = entries["document.pdf"]
    found, before, bound = list(find(pdf)), 0, []
    for revision in evidence["revisions"]:
        for one in found:
            if before < one.end <= revision["size"] and dotted_content_type(one.cms) != TST_INFO:
                if revision["kind"] == "signed" and one.head != revision.get("thread_head", ""):
                    raise Problem(
                        f"la révision {revision['number']} est liée à une autre discussion que celle de la preuve",
                        f"revision {revision['number']} is bound to another discussion than the evidence says",
                    )
                bound.append((revision, one.head))
        before = revision["size"]
    if "thread.json" not in entries:
        if any(head for _, head in bound):
            raise Problem("la discussion manque", "the discussion is missing")
        return {"entries": 0, "hidden": 0, "bound": 0}
    thread = json.loads(entries["thread.json"])
    heads, times, files = check_chain(thread, evidence["envelope"], entries)
    if {name for name in entries if name.startswith("thread/")} != files:
        raise Problem("une pièce jointe manque ou est de trop", "an attachment is missing or does not belong")
    last = 0
    for revision, head in bound:
        if not head:
            continue
        at = datetime.fromisoformat(revision["at"]) + timedelta(minutes=5)
        place = heads.index(head) if head in heads else -1
        if place < last or any(written > at for number, written in times.items() if number <= place):
            raise Problem(
                f"la révision {revision['number']} n’est pas liée à la discussion telle qu’elle était alors",
                f"revision {revision['number']} is not bound to the discussion as it stood then",
            )
        last = place
    seals = [head for revision, head in bound if revision["kind"] == "sealed"]
    if seals and seals[-1] != heads[-1] and (seals[-1] or len(heads) > 1):
        raise Problem("le cachet n’est pas lié à toute la discussion", "the seal is not bound to the whole discussion")
    hidden = len(heads) - 1 - len(times)
    return {"entries": len(heads) - 1, "hidden": hidden, "bound": sum(bool(head) for _, head in bound)}


def check_chain(
    thread: dict[str, Any], envelope: str, entries: dict[str, bytes]
) -> tuple[list[str], dict[int, datetime], set[str]]:
    """The heads, from that of the empty discussion on; when each entry that is shown was written; attachments."""
    if thread["format"] != "telesphore-thread-1" or thread["envelope"] != envelope:
        raise Problem("la discussion est d’un autre dossier", "the discussion is of another envelope")
    head = hashlib.sha256(b"telesphore.thread/empty/v1\n" + bytes.fromhex(envelope.replace("-", ""))).digest()
    heads, times, files = [head.hex()], {}, set()
    for number, entry in enumerate(thread["entries"], start=1):
        changed = Problem(f"le message {number} de la discussion a changé", f"entry {number} of the discussion changed")
        committed = bytes.fromhex(entry["commitment"])
        if "content" in entry:
            content = entry["content"]
            text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            salted = b"telesphore.thread/entry/v1\n" + bytes.fromhex(entry["salt"]) + text
            if content["number"] != number or hashlib.sha256(salted).digest() != committed:
                raise changed
            times[number] = datetime.strptime(content["at"], "%Y-%m-%dT%H:%M:%S.%f%z")
            attached = content["attachment"]
            if attached:
                ending = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[attached["media_type"]]
                name = f"thread/{number:04}.{ending}"
                files.add(name)
                if hashlib.sha256(entries[name]).hexdigest() != attached["sha256"]:
                    raise changed
        link = b"telesphore.thread/link/v1\n" + head + number.to_bytes(8, "big") + committed
        head = hashlib.sha256(link).digest()
        if entry["number"] != number or head.hex() != entry["hash"]:
            raise changed
        heads.append(head.hex())
    if thread["head"] != heads[-1]:
        raise Problem("la fin de la discussion manque", "the end of the discussion is missing")
    return heads, times, files


# The audit trail (C2SP tlog-proof, RFC 6962)


def check_event(text: str, key: str, envelope: str) -> str:
    """An event stands in the log whose key is `key`; what was done."""
    wrong = Problem("une preuve d’audit ne tient pas", "an audit proof does not hold")
    try:
        name, identifier, encoded = key.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        head, _, checkpoint = text.partition("\n\n")
        header, extra, index_line, *steps = head.split("\n")
        body, _, lines = checkpoint.rpartition("\n\n")
        origin, size_text, root_text = (body + "\n").split("\n")[:3]
        event = json.loads(base64.b64decode(extra.removeprefix("extra "), validate=True))
        index, size, root = int(index_line.removeprefix("index ")), int(size_text), base64.b64decode(root_text)
        proof = [base64.b64decode(step, validate=True) for step in steps]
        entry = b"\x01" + commitment(event, "core") + commitment(event, "detail")
        signatures = [line.split(" ") for line in lines.splitlines()]
        own = [base64.b64decode(parts[2]) for parts in signatures if parts[:2] == ["—", name]]
        own = [one for one in own if one[:4].hex() == identifier]
        if header != "c2sp.org/tlog-proof@v1" or origin != name or not own or len(proof) > 64 or raw[0] != 1:
            raise wrong
        if hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != identifier:
            raise wrong
        for one in own:
            ed25519.Ed25519PublicKey.from_public_bytes(raw[1:]).verify(one[4:], (body + "\n").encode())
    except (ValueError, IndexError, KeyError, TypeError, InvalidSignature):
        raise wrong from None
    if not 0 <= index < size or path_root(entry, index, size, proof) != root:
        raise wrong
    subject = event["detail"].get("content", {}).get("subject", envelope)
    if subject != envelope:
        raise Problem("une preuve d’audit est d’un autre dossier", "an audit proof is of another envelope")
    return str(event["core"]["content"]["action"])


def commitment(event: dict[str, Any], part: str) -> bytes:
    """What the leaf holds of one part of an event."""
    given = event[part]
    if "commitment" in given:
        return bytes.fromhex(given["commitment"])
    text = json.dumps(given["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    label = f"telesphore.audit/{part}/v1".encode()
    return hashlib.sha256(label + b"\n" + bytes.fromhex(given["salt"]) + text).digest()


def path_root(entry: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root to which a path leads (RFC 9162 §2.1.3.2)."""
    place, last, found = index, size - 1, hashlib.sha256(b"\x00" + entry).digest()
    for step in proof:
        if last == 0:
            return b""
        if place & 1 or place == last:
            found = hashlib.sha256(b"\x01" + step + found).digest()
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = hashlib.sha256(b"\x01" + found + step).digest()
        place >>= 1
        last >>= 1
    return found if last == 0 else b""


# The kit


def read(path: str) -> dict[str, bytes]:
    """The entries of the ZIP, within bounds."""
    bad = Problem(
        "ce fichier n’est pas un dossier de preuve lisible", "this file is not a dispute kit that can be read"
    )
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
            names = [one.filename for one in listed]
            if len(listed) > MOST_ENTRIES or len(set(names)) != len(names) or archive.comment:
                raise bad
            if sum(one.file_size for one in listed) > LARGEST_KIT:
                raise bad
            for one in listed:
                if not NAME.fullmatch(one.filename) or one.flag_bits & 1 or one.file_size > LARGEST_ENTRY:
                    raise bad
                # Others inflate without bounds. What is no file could lead whoever unpacks it elsewhere.
                if one.compress_type not in (0, 8) or one.external_attr >> 28 not in (0, 8):
                    raise bad
            return {one.filename: archive.read(one) for one in listed}
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise bad from None


def check_manifest(entries: dict[str, bytes]) -> dict[str, Any]:
    """The manifest, once all that it lists is there and unchanged, and nothing else is."""
    try:
        manifest = json.loads(entries["manifest.json"])
        listed = {one["name"]: (one["size"], one["sha256"]) for one in manifest["entries"]}
        if manifest["format"] != FORMAT or "manifest.p7s" not in entries:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise Problem("le manifeste manque ou est illisible", "the manifest is missing or malformed") from None
    there = set(entries) - {"manifest.json", "manifest.p7s"}
    for name in sorted(there ^ set(listed)):
        raise Problem(f"« {name} » manque ou est de trop", f"“{name}” is missing or does not belong")
    for name in sorted(there):
        if (len(entries[name]), hashlib.sha256(entries[name]).hexdigest()) != listed[name]:
            raise Problem(f"« {name} » a changé", f"“{name}” has changed")
    return dict(manifest)


def check_seal(entries: dict[str, bytes], made_at: datetime, trust: Trust) -> str:
    """The organisation's seal signed the manifest; its name."""
    signed = Signed(entries["manifest.p7s"], entries["manifest.json"])
    for token in signed.unsigned.get(SIGNATURE_TIME_STAMP, []):
        made_at = timestamp_time(token, signed.value, trust)
    trust.check(signed.certificate, signed.certificates, made_at)
    return name_of(signed.certificate)


def verify(path: str) -> dict[str, Any]:
    """All the checks; what was found, in both languages."""
    entries = read(path)
    manifest = check_manifest(entries)
    trust = Trust(entries)
    try:
        seal = check_seal(entries, datetime.fromisoformat(manifest["made_at"]), trust)
        evidence = json.loads(entries["evidence.json"])
        if evidence["envelope"] != manifest["envelope"]:
            raise ValueError
        signers = check_document(entries["document.pdf"], evidence, trust)
        thread = check_thread(entries, evidence)
        proofs = sorted(name for name in entries if name.endswith(".tlog-proof"))
        key = entries["audit/log.vkey"].decode()
        actions = [check_event(entries[name].decode(), key, manifest["envelope"]) for name in proofs]
        if evidence["events"] != len(proofs):
            raise Problem("des preuves d’audit manquent", "audit proofs are missing")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        raise Problem("la preuve est illisible", "the evidence is malformed") from None
    roots = [root.fingerprint(hashes.SHA256()).hex() for root in trust.roots]
    return {
        "seal": seal, "signers": signers, "events": actions, "thread": thread, "roots": roots,
        "envelope": manifest["envelope"],
    }  # fmt: skip


def confirmed(root: str, french: bool) -> bool:
    """Whether the reader says that this is the root which they know."""
    print(("Empreinte de la racine : " if french else "Fingerprint of the root: ") + root)
    asked = (
        "Est-ce celle que publie son propriétaire ? (oui/non) " if french else "Does its owner publish it? (yes/no) "
    )
    return input(asked).strip().lower()[:1] in ("o", "y")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kit")
    parser.add_argument("--root", help="SHA-256 of a root, as its owner publishes it", action="append", default=[])
    parser.add_argument("--language", choices=("fr", "en"), default="fr")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    french = given.language == "fr"
    try:
        found = verify(given.kit)
        asked = [re.sub("[^0-9a-f]", "", root.lower()) for root in given.root]
        if not asked and not given.json and sys.stdin.isatty():
            asked = [root for root in found["roots"] if confirmed(root, french)] or [""]
        if asked and not set(found["roots"]) <= set(asked):
            raise Problem("la racine n’est pas celle que vous avez donnée", "the root is not the one that you gave")
    except Problem as problem:
        if given.json:
            print(json.dumps({"valid": False, "problem": str(problem)}))
        else:
            print(("NON VALIDE : " if french else "NOT VALID: ") + problem.said[given.language])
        return 1
    if given.json:
        print(json.dumps({"valid": True, "root_confirmed": bool(asked), **found}))
        return 0 if asked else 2
    print("VALIDE" if french else "VALID")
    print(("  signé par : " if french else "  signed by: ") + "; ".join(found["signers"]))
    print(("  dossier scellé par : " if french else "  kit sealed by: ") + found["seal"])
    count, hidden, bound = (found["thread"][name] for name in ("entries", "hidden", "bound"))
    if french:
        print(f"  discussion : {count} message(s), dont {hidden} caché(s) ; signatures qui y sont liées : {bound}")
    else:
        print(f"  discussion: {count} entries, of which {hidden} hidden; signatures bound to it: {bound}")
    print(("  événements prouvés : " if french else "  events proved: ") + str(len(found["events"])))
    if not asked:
        print(
            "  À CONDITION que la racine soit celle que publie l’organisation :" if french
            else "  PROVIDED that the root is the one that the organisation publishes:"
        )  # fmt: skip
        for root in found["roots"]:
            print(f"    SHA-256 {root}")
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
