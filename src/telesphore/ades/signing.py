"""Sign a file at PAdES level B-B or B-T (ETSI EN 319 142-1 §6.3), in two stages with a token between them.

*Prepare* writes everything but the signature itself; what a token must sign is `to_be_signed`, the DER of the signed
attributes (RFC 5652 §5.4), so that a card that hashes by itself can. *Complete* checks the token's answer.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, datetime
from functools import lru_cache

from telesphore.ades import cms, through_pyhanko
from telesphore.ades.algorithms import (
    TS_119_312,
    Algorithm,
    AlgorithmPolicy,
    Digest,
    Scheme,
    algorithm_for,
    check,
    key_of,
)
from telesphore.ades.appearance import Appearance, place
from telesphore.ades.errors import (
    DamagedPrepared,
    FieldAlreadySigned,
    FileBeyondLimits,
    NoSuchField,
    NotSignable,
    SignatureTooLarge,
    SignedAlready,
    UnknownKeyType,
    UnreadableFile,
)
from telesphore.ades.fields import FoundField, SignatureField, add_field, lock_dictionary, signature_fields
from telesphore.ades.form_fields import Fill, fill_fields
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Value, read_text, text
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Tail, Update

TIMESTAMP_ROOM = 12 * 2**10
"""Bytes kept for a timestamp: a token with its chain of RSA-4096 certificates has about half of them."""
_MARGIN = 256
_MAGIC = b"telesphore-prepared-2\n"
_BESIDE = "XXTelesphoreBeside"
"""The private entry of a signature dictionary (ISO 32000-2 Annex E: third-class names begin so) with the digest of
something beside the file. Its value is a name, for names are written as they are, in encrypted files too."""
_BOUND = re.compile(rb"/XXTelesphoreBeside\s*/([0-9a-f]{64})(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class PreparedSignature:
    """A file that lacks only its signature.

    Attributes:
        original: the file as it was given, not a copy of it.
        update: what follows it, with a hole where the signature goes.
        hole: where in the whole file the hole begins and ends, its angle brackets included.
        to_be_signed: DER of the signed attributes, which the token hashes with the algorithm's digest and signs.
        certificate: DER of the signer's.
        chain: DER of the certificates above it.
        values: what the same update fills in: name of the field, value.
    """

    original: bytes = attribute(repr=False)
    update: bytes = attribute(repr=False)
    hole: tuple[int, int]
    to_be_signed: bytes = attribute(repr=False)
    certificate: bytes = attribute(repr=False)
    chain: tuple[bytes, ...] = attribute(repr=False)
    algorithm: Algorithm
    values: tuple[tuple[str, str], ...] = attribute(default=(), repr=False)

    @property
    def beside(self) -> bytes | None:
        """The digest of something beside the file that this signature is bound to; None for none."""
        found = _BOUND.findall(self.update)
        return bytes.fromhex(found[0].decode()) if len(found) == 1 else None

    @property
    def document(self) -> bytes:
        """The whole file, the hole filled with zeros; each call makes a copy."""
        return self.original + self.update

    def to_bytes(self) -> bytes:
        """All of it, for a signature that comes in an hour or after a restart; ends with a SHA-256 of the rest."""
        head = {
            "original": len(self.original),
            "hole": self.hole,
            "to_be_signed": self.to_be_signed.hex(),
            "certificate": self.certificate.hex(),
            "chain": [above.hex() for above in self.chain],
            "scheme": self.algorithm.scheme.value,
            "digest": self.algorithm.digest.value,
            "values": self.values,
        }
        start = _MAGIC + json.dumps(head).encode() + b"\n"
        return b"".join((start, self.original, self.update, Digest.SHA256.of(start, self.original, self.update)))

    @classmethod
    def from_bytes(cls, content: bytes) -> "PreparedSignature":
        """What `to_bytes` gave.

        Raises:
            DamagedPrepared: it is not, or no longer, what `to_bytes` gave.
        """
        body = memoryview(content)[:-32]
        if not content.startswith(_MAGIC) or hashlib.sha256(body).digest() != content[-32:]:
            raise DamagedPrepared
        first = content.index(b"\n", len(_MAGIC)) + 1
        head = json.loads(content[len(_MAGIC) : first])
        start, end = head["hole"]
        split = first + head["original"]
        return cls(
            original=content[first:split],
            update=content[split:-32],
            hole=(start, end),
            to_be_signed=bytes.fromhex(head["to_be_signed"]),
            certificate=bytes.fromhex(head["certificate"]),
            chain=tuple(map(bytes.fromhex, head["chain"])),
            algorithm=Algorithm(Scheme(head["scheme"]), Digest(head["digest"])),
            # Signatures that wait since before fields were filled in have none.
            values=tuple((name, value) for name, value in head.get("values", ())),
        )


def prepare(
    pdf: bytes,
    *,
    field: str | SignatureField,
    certificate: bytes,
    chain: Sequence[bytes],
    appearance: Appearance | None,
    signed_at: datetime,
    certify: bool,
    permission: int = 2,
    algorithm: Algorithm | None = None,
    policy: AlgorithmPolicy = TS_119_312,
    timestamp_room: int = TIMESTAMP_ROOM,
    fills: Sequence[Fill] = (),
    beside: bytes | None = None,
) -> PreparedSignature:
    """Write a signature's dictionary and appearance after `pdf`, whose bytes stay as they are.

    Args:
        field: the name of an empty signature field; or one to be added by the same update.
        certificate: DER of the signer's.
        chain: DER of the certificates above it, in any order; they go into the signature.
        appearance: None leaves the box empty.
        signed_at: aware; goes to /M.
        certify: certify the file, which must bear no signature yet (DocMDP, ISO 32000-2 §12.8.2.2).
        permission: what may be done to a certified file: 1 nothing, 2 fill in and sign forms, 3 annotate too.
        algorithm: None for the one that fits the certificate's key; another than the key has is an unknown key type.
        policy: nothing that it forbids at `signed_at` is used.
        timestamp_room: bytes kept for a timestamp; 0 when none will come.
        fills: fields of the file's form that the signer fills in, by the same update.
        beside: 32 bytes of digest of something that the signer saw beside the file; the signature covers it.

    Raises:
        NotSignable, NoSuchField, FieldAlreadySigned, SignedAlready, UnknownKeyType, WeakAlgorithm
    """
    asked = algorithm
    pss = asked is not None and asked.scheme is Scheme.RSA_PSS
    algorithm = algorithm_for(certificate, digest=asked.digest if asked else None, pss=pss)
    if asked is not None and asked != algorithm:
        raise UnknownKeyType
    policy.check_signing(certificate, algorithm, signed_at)
    room = _size(algorithm, certificate, tuple(chain)) + timestamp_room + _MARGIN
    level = permission if certify else None
    try:
        tail = _write(pdf, field, appearance, signed_at, level, room, fills, beside)
    except FileBeyondLimits:
        raise NotSignable from None
    except UnreadableFile:
        if fills:
            raise NotSignable from None
        tail = through_pyhanko.prepare(
            pdf, field=field, algorithm=algorithm, certificate=certificate, appearance=appearance, signed_at=signed_at,
            permission=level, room=room, more={} if beside is None else {f"/{_BESIDE}": f"/{beside.hex()}"},
        )  # fmt: skip
    digest = _digest(algorithm.digest, pdf, tail)
    return PreparedSignature(
        original=pdf,
        update=tail.content,
        hole=tail.hole,
        to_be_signed=cms.signed_attributes(algorithm, digest, certificate),
        certificate=certificate,
        chain=tuple(chain),
        algorithm=algorithm,
        values=tuple((fill.name, fill.value) for fill in fills),
    )


def complete(prepared: PreparedSignature, signature: bytes, *, timestamp: bytes | None = None) -> bytes:
    """The signed file.

    Args:
        signature: RSA: PKCS#1 v1.5 or PSS; ECDSA: the DER of r and s (RFC 3279 §2.2.3); Ed25519: 64 bytes.
        timestamp: DER of a TimeStampToken (RFC 3161) over `signature`, for level B-T; the caller has verified it.

    Raises:
        DamagedPrepared: the file is not the one whose digest was signed.
        SignatureDoesNotMatch: the certificate's key does not verify it.
        SignatureTooLarge: the room kept for it is too small.
    """
    algorithm, certificate = prepared.algorithm, prepared.certificate
    tail = Tail(prepared.update, prepared.hole)
    digest = _digest(algorithm.digest, prepared.original, tail)
    if cms.signed_attributes(algorithm, digest, certificate) != prepared.to_be_signed:
        raise DamagedPrepared
    check(certificate, algorithm, prepared.to_be_signed, signature)
    unsigned = () if timestamp is None else ((cms.SIGNATURE_TIME_STAMP, (timestamp,)),)
    content = cms.assemble(algorithm, prepared.to_be_signed, signature, certificate, prepared.chain, unsigned=unsigned)
    return fill(prepared.original, tail, content)


def fill(original: bytes, tail: Tail, content: bytes) -> bytes:
    """The file, with the hole of its update filled by `content` (DER).

    Raises:
        DamagedPrepared: the hole is not one.
        SignatureTooLarge: the hole is too small.
    """
    start, end = (place - len(original) for place in tail.hole)
    digits = content.hex().encode()
    room = end - start - 2
    if start < 0 or tail.content[start:end] != b"<" + b"0" * room + b">":
        raise DamagedPrepared
    if len(digits) > room:
        raise SignatureTooLarge
    return b"".join((original, tail.content[: start + 1], digits, tail.content[start + 1 + len(digits) :]))


def _digest(digest: Digest, original: bytes, tail: Tail) -> bytes:
    start, end = (place - len(original) for place in tail.hole)
    return digest.of(original, tail.content[:start], tail.content[end:])


@lru_cache(maxsize=64)
def _size(algorithm: Algorithm, certificate: bytes, chain: tuple[bytes, ...]) -> int:
    """Bytes of a signature without timestamp, at most."""
    attributes = cms.signed_attributes(algorithm, bytes(algorithm.digest.size), certificate)
    # RSA: as many bits as the key; others: two numbers of the curve's size, and their DER.
    _, bits = key_of(certificate)
    return len(cms.assemble(algorithm, attributes, bytes(bits // 4 + 16), certificate, chain))


def _write(
    pdf: bytes,
    field: str | SignatureField,
    appearance: Appearance | None,
    signed_at: datetime,
    level: int | None,
    room: int,
    fills: Sequence[Fill],
    beside: bytes | None,
) -> Tail:
    """The update.

    Args:
        level: certify with this P; None does not certify.
    """
    document = Document(pdf)
    if document.encrypted or document.header_offset:
        raise UnreadableFile(why="declined")
    update = Update(document)
    present = list(signature_fields(document))
    name = field if isinstance(field, str) else field.name
    _check_allowed(document, present, [name, *(fill.name for fill in fills)], level, new=not isinstance(field, str))
    own = update.add(None)
    signature: Dictionary = {
        Name("Type"): Name("Sig"),
        Name("Filter"): Name("Adobe.PPKLite"),
        Name("SubFilter"): Name("ETSI.CAdES.detached"),
        Name("M"): signed_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ").encode(),
    }
    if appearance is not None:
        signature[Name("Name")] = text(appearance.name)
        if appearance.reason:
            signature[Name("Reason")] = text(appearance.reason)
    if beside is not None:
        signature[Name(_BESIDE)] = Name(beside.hex())
    if isinstance(field, str):
        lock = _fill_field(update, _empty(present, field), own, appearance)
    else:
        lock = _new_field(update, field, own, appearance)
    fill_fields(update, fills)
    references = list(_transforms(document, level, lock))
    if references:
        signature[Name("Reference")] = references
    if level is not None:
        catalog = update.get(document.catalog_reference)
        assert isinstance(catalog, dict)
        permissions = document.resolve(catalog.get(Name("Perms")))
        update.put(
            document.catalog_reference,
            {**catalog, Name("Perms"): {**(permissions if isinstance(permissions, dict) else {}), Name("DocMDP"): own}},
        )
    return update.render_with_hole(own, signature, room)


def _check_allowed(
    document: Document, present: Sequence[FoundField], names: Sequence[str], level: int | None, *, new: bool
) -> None:
    """Refuse what the signatures that are there forbid."""
    signed = [one for one in present if one.value is not None]
    if level is not None and signed:
        raise SignedAlready
    for one in signed:
        for method, parameters in _given_transforms(document, one.value):
            if method == "DocMDP":
                # §12.8.2.2: filling in and signing a field is not adding one.
                if new or document.resolve(parameters.get(Name("P"), 2)) == 1:
                    raise SignedAlready
            elif method == "FieldMDP" and any(_locked(document, parameters, name) for name in names):
                raise SignedAlready


def _given_transforms(document: Document, value: Value) -> Iterator[tuple[Value, Dictionary]]:
    for one in document.array(document.dictionary(value).get(Name("Reference"))):
        fields = document.dictionary(one)
        parameters = document.resolve(fields.get(Name("TransformParams")))
        yield document.resolve(fields.get(Name("TransformMethod"))), parameters if type(parameters) is dict else {}


def _locked(document: Document, parameters: Dictionary, name: str) -> bool:
    action = document.resolve(parameters.get(Name("Action")))
    fields = map(document.resolve, document.array(parameters.get(Name("Fields"))))
    listed = {read_text(one) for one in fields if type(one) is bytes}
    # A name stands for the fields below it too.
    concerned = any(name == one or name.startswith(f"{one}.") for one in listed)
    return action == "All" or (action == "Include" and concerned) or (action == "Exclude" and not concerned)


def _empty(present: Sequence[FoundField], name: str) -> FoundField:
    for one in present:
        if one.name == name:
            if one.value is not None:
                raise FieldAlreadySigned
            return one
    raise NoSuchField


def _fill_field(update: Update, found: FoundField, own: Reference, appearance: Appearance | None) -> Dictionary | None:
    """Have the field refer to its signature; gives its lock."""
    document = update.document
    update.put(found.reference, {**found.dictionary, Name("V"): own})
    rectangle = [document.resolve(one) for one in document.array(found.widget_dictionary.get(Name("Rect")))]
    sides = [float(one) for one in rectangle if isinstance(one, (int, float))]
    if len(sides) != 4:
        raise UnreadableFile(why="rectangle")
    shown = _shown(update, appearance, sides)
    if shown:
        widget = update.get(found.widget)
        assert isinstance(widget, dict)
        update.put(found.widget, {**widget, **shown})
    lock = document.resolve(found.dictionary.get(Name("Lock")))
    return lock if type(lock) is dict else None


def _new_field(
    update: Update, field: SignatureField, own: Reference, appearance: Appearance | None
) -> Dictionary | None:
    shown = _shown(update, appearance, field.box or (0, 0, 0, 0))
    add_field(update, field, more={Name("V"): own, **shown})
    return lock_dictionary(field.lock) if field.lock else None


def _shown(update: Update, appearance: Appearance | None, sides: Sequence[float]) -> Dictionary:
    left, bottom, right, top = sides
    width, height = abs(right - left), abs(top - bottom)
    if appearance is None or not width or not height:
        return {}
    return {Name("AP"): {Name("N"): place(update, appearance, width, height)}}


def _transforms(document: Document, level: int | None, lock: Dictionary | None) -> Iterator[Value]:
    """What this signature forbids (§12.8.2)."""
    permission = document.resolve(lock.get(Name("P"))) if lock else None
    if level is not None or permission in (1, 2, 3):
        least = min(one for one in (level, permission) if type(one) is int)
        yield _transform(document, "DocMDP", {Name("P"): least})
    if lock:
        action = document.resolve(lock.get(Name("Action")))
        names = [document.resolve(one) for one in document.array(lock.get(Name("Fields")))]
        yield _transform(document, "FieldMDP", {Name("Action"): action, **({Name("Fields"): names} if names else {})})


def _transform(document: Document, method: str, parameters: Dictionary) -> Dictionary:
    return {
        Name("Type"): Name("SigRef"),
        Name("TransformMethod"): Name(method),
        Name("TransformParams"): {Name("Type"): Name("TransformParams"), Name("V"): Name("1.2"), **parameters},
        **({Name("Data"): document.catalog_reference} if method == "FieldMDP" else {}),
    }
