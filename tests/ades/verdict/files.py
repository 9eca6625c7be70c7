"""Signed files made step by step, each step dated at will, so that a test can make every kind of good and bad one."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Algorithm, Digest, algorithm_for, sign_with
from telesphore.ades.fields import SignatureField, add_fields
from telesphore.ades.pdf.objects import Name, Raw, Reference, Stream, Value
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update
from tests.certificates import Signer
from tests.papers import blank

ROOM = 12_000
"""Bytes kept for a signature."""
FIELDS = tuple(f"Signature{number}" for number in range(1, 61))


def form(pages: int = 1, places: int = 2) -> bytes:
    """A file with places to sign."""
    return add_fields(
        blank(pages), [SignatureField(FIELDS[number], 0, (36.0, 36.0, 100.0, 60.0)) for number in range(places)]
    )


def token(
    unit: Signer, covered: bytes, at: datetime, *, digest: Digest = Digest.SHA256, certificates: bool = True
) -> bytes:
    """A timestamp over these bytes, dated `at`."""
    info = der.sequence(
        der.integer(1),
        der.oid("1.2.3.4.5"),
        der.sequence(digest.identifier, der.octets(digest.of(covered))),
        der.integer(int.from_bytes(hashlib.sha256(covered).digest()[:8], "big")),
        der.generalized_time(at),
    )
    algorithm = algorithm_for(unit.certificate, digest=digest)
    attributes = cms.signed_attributes(
        algorithm, algorithm.digest.of(info), unit.certificate, content_type=cms.TST_INFO
    )
    return cms.assemble(
        algorithm, attributes, sign_with(unit.key, algorithm, attributes), unit.certificate,
        unit.chain if certificates else (), content_type=cms.TST_INFO, content=info,
    )  # fmt: skip


def signature(
    signer: Signer,
    content: bytes,
    *,
    stamps: Sequence[tuple[Signer, datetime]] = (),
    algorithm: Algorithm | None = None,
    more: Sequence[cms.Attribute] = (),
    signing_time: datetime | None = None,
    mend: Callable[[bytes], bytes] = lambda found: found,
) -> bytes:
    """A CMS signature; `mend` changes the signed attributes before they are signed."""
    algorithm = algorithm or algorithm_for(signer.certificate)
    attributes = mend(
        cms.signed_attributes(
            algorithm, algorithm.digest.of(content), signer.certificate, more=more, signing_time=signing_time
        )
    )
    value = sign_with(signer.key, algorithm, attributes)
    unsigned = [(cms.SIGNATURE_TIME_STAMP, (token(unit, value, at),)) for unit, at in stamps]
    return cms.assemble(algorithm, attributes, value, signer.certificate, signer.chain, unsigned=unsigned)


def sign(
    pdf: bytes,
    field: str,
    signer: Signer,
    at: datetime,
    *,
    stamps: Sequence[tuple[Signer, datetime]] = (),
    entries: dict[str, object] | None = None,
    certify: int = 0,
    make: Callable[[bytes], bytes] | None = None,
    **options: object,
) -> bytes:
    """Sign in a field.

    Args:
        stamps: who timestamps the signature, and when.
        entries: of the signature dictionary, beside or instead of the usual ones; None takes one away.
        make: what goes into /Contents, given what is covered.
    """
    document = Document(pdf)
    update = Update(document)
    values: dict[str, object] = {
        "Type": Name("Sig"), "Filter": Name("Adobe.PPKLite"), "SubFilter": Name("ETSI.CAdES.detached"),
        "M": at.strftime("D:%Y%m%d%H%M%SZ").encode(),
    }  # fmt: skip
    if certify:
        values["Reference"] = Raw(
            b"[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P %d/V/1.2>>>>]" % certify
        )
    values |= entries or {}
    place = next(
        one for one in document.array(document.dictionary(document.catalog[Name("AcroForm")])[Name("Fields")])
        if document.dictionary(one).get(Name("T")) == field.encode()
    )  # fmt: skip
    assert isinstance(place, Reference)
    reference = _dictionary(update, values)
    update.put(place, {**document.dictionary(place), Name("V"): reference})
    if certify:
        update.put(document.catalog_reference, {**document.catalog, Name("Perms"): {Name("DocMDP"): reference}})
    return _fill(
        pdf,
        update,
        make or (lambda covered: signature(signer, covered, stamps=stamps, **options)),  # type: ignore[arg-type]
    )


def stamp(
    pdf: bytes, unit: Signer, at: datetime, *, digest: Digest = Digest.SHA256,
    make: Callable[[bytes], bytes] | None = None,
) -> bytes:  # fmt: skip
    """Add a document timestamp."""
    document = Document(pdf)
    update = Update(document)
    reference = _dictionary(
        update, {"Type": Name("DocTimeStamp"), "Filter": Name("Adobe.PPKLite"), "SubFilter": Name("ETSI.RFC3161")}
    )
    field = update.add(
        {
            Name("FT"): Name("Sig"),
            Name("T"): b"Timestamp%d" % reference.number,
            Name("V"): reference,
            Name("Type"): Name("Annot"),
            Name("Subtype"): Name("Widget"),
            Name("Rect"): [0, 0, 0, 0],
            Name("F"): 132,
        }
    )
    form_reference = document.catalog[Name("AcroForm")]
    fields = document.dictionary(form_reference)
    changed = {**fields, Name("Fields"): [*document.array(fields[Name("Fields")]), field]}
    if isinstance(form_reference, Reference):
        update.put(form_reference, changed)
    else:
        update.put(document.catalog_reference, {**document.catalog, Name("AcroForm"): changed})
    return _fill(pdf, update, make or (lambda covered: token(unit, covered, at, digest=digest)))


def store(
    pdf: bytes, *, certificates: Sequence[bytes] = (), ocsps: Sequence[bytes] = (), crls: Sequence[bytes] = ()
) -> bytes:
    """Add validation data to the file (DSS)."""
    document = Document(pdf)
    update = Update(document)
    known = document.resolve(document.catalog.get(Name("DSS")))
    known = known if isinstance(known, dict) else {}
    dictionary: dict[Name, Value] = {
        Name(key): [
            *document.array(known.get(Name(key))),
            *(update.add(Stream({Name("Length"): len(one)}, one)) for one in ders),
        ]
        for key, ders in (("Certs", certificates), ("OCSPs", ocsps), ("CRLs", crls))
        if ders or Name(key) in known
    }
    update.put(document.catalog_reference, {**document.catalog, Name("DSS"): update.add(dictionary)})
    return pdf + update.render()


def _dictionary(update: Update, values: dict[str, object]) -> Reference:
    written: dict[Name, object] = {Name(key): value for key, value in values.items() if value is not None}
    written.setdefault(Name("ByteRange"), Raw(b" [0 %s]" % (b" " * 36)))
    written.setdefault(Name("Contents"), Raw(b" <" + b"0" * 2 * ROOM + b">"))
    return update.add(written)  # type: ignore[arg-type]


def _fill(pdf: bytes, update: Update, make: Callable[[bytes], bytes]) -> bytes:
    content = pdf + update.render()
    start = content.rindex(b"<" + b"0" * 2 * ROOM + b">")
    end = start + 2 * ROOM + 2
    place = content.rindex(b"[0 " + b" " * 36 + b"]")
    ranges = (b"[0 %d %d %d" % (start, end, len(content) - end)).ljust(39) + b"]"
    content = content[:place] + ranges + content[place + 40 :]
    value = make(content[:start] + content[end:]).hex().encode()
    assert len(value) <= 2 * ROOM
    return content[: start + 1] + value.ljust(2 * ROOM, b"0") + content[end - 1 :]
