"""How fast a PDF is signed: raw RSA as the floor, ours at B-B, B-T and B-LTA, pyHanko beside; CPU time of one core.

    python bench/sign.py [--short]

`--short` signs fewer documents, and says so in its results. Every document of a batch differs from the others. What is
signed is verified afterwards, outside the measure: one document of each kind by pyHanko.
"""

import argparse
import asyncio
import gc
import io
import os
import secrets
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

import pikepdf
import pkcs11
from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer, SimpleSigner
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

import frame
from telesphore.ades.algorithms import Digest
from telesphore.ades.appearance import Appearance
from telesphore.ades.fields import SignatureField
from telesphore.ades.lasting import add_validation_data, complete_document_timestamp, prepare_document_timestamp
from telesphore.ades.signing import TIMESTAMP_ROOM, complete, prepare
from telesphore.ades.timestamps import Request, make_token
from telesphore.ades.verdict.trust import Evidence

AT = datetime.now(UTC).replace(microsecond=0)
NAME = "FERRAND Odile"
BOX = (36.0, 36.0, 290.0, 100.0)
PIN = "123456"
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


def cpu_ms(work: Callable[[Any], object], inputs: Iterable[Any]) -> float:
    """Milliseconds of CPU that one of them takes, the collector of garbage included; the first one is not counted."""
    first, *others = inputs
    work(first)
    gc.collect()
    start = time.process_time()
    for one in others:
        work(one)
    return round((time.process_time() - start) * 1000 / len(others), 4)


def document(number: int, pages: int = 1, noise: int = 0) -> bytes:
    """`pages` pages that no other number gives, with `noise` bytes that can't be compressed."""
    file, out = pikepdf.new(), io.BytesIO()
    font = file.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    )
    for page in range(pages):
        file.add_blank_page(page_size=(595, 842))
        file.pages[page].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        file.pages[page].Contents = file.make_stream(
            b"BT /F1 12 Tf 50 800 Td (Report %d, page %d) Tj ET" % (number, page)
        )
    if noise:
        file.Root.Noise = file.make_stream(secrets.token_bytes(noise))
    file.save(out)
    return out.getvalue()


class Person:
    """A key of RSA-2048 in memory, and its certificate under a root."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        root = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root of the benchmark")])
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        self.chain = (self._issue(name, name, root.public_key(), root, authority=True),)
        self.certificate = self._issue(own, name, self.key.public_key(), root, authority=False)
        clock = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Clock of the benchmark")])
        self.unit = self._issue(clock, name, self.key.public_key(), root, authority=False, clock=True)
        self.crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(name)
            .last_update(AT)
            .next_update(AT + timedelta(days=7))
            .sign(root, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER)
        )

    @staticmethod
    def _issue(
        subject: x509.Name,
        issuer: x509.Name,
        key: rsa.RSAPublicKey,
        by: rsa.RSAPrivateKey,
        *,
        authority: bool,
        clock: bool = False,
    ) -> bytes:
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=not authority, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(AT - timedelta(hours=1))
            .not_valid_after(AT + timedelta(days=10))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        if clock:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def sign(self, content: bytes) -> bytes:
        return self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())

    def stamp(self, imprint: bytes) -> bytes:
        """A time-stamp token, as the platform's own time-stamping unit gives it."""
        asked = Request(imprint, Digest.SHA256, nonce=1)
        return make_token(
            asked, certificate=self.unit, chain=self.chain, sign=self.sign, serial=1, at=AT, policy="1.2.3.4"
        )


def ours(
    person: Person, sign: Callable[[bytes], bytes], pdf: bytes, *, visible: bool = False, stamped: bool = False
) -> bytes:
    """Level B-B or B-T: a field is added and signed by one update, which certifies the file."""
    appearance = Appearance(NAME, "pneumologue", AT, "", None, rpps="10101010101") if visible else None
    prepared = prepare(
        pdf,
        field=SignatureField("Signature1", 0, BOX if visible else None),
        certificate=person.certificate,
        chain=person.chain,
        appearance=appearance,
        signed_at=AT,
        certify=True,
        timestamp_room=TIMESTAMP_ROOM if stamped else 0,
    )
    signature = sign(prepared.to_be_signed)
    timestamp = person.stamp(Digest.SHA256.of(signature)) if stamped else None
    return complete(prepared, signature, timestamp=timestamp)


def lasting(person: Person, evidence: Evidence, pdf: bytes) -> bytes:
    """Level B-LTA: B-T, then the evidence, then a timestamp of the whole file."""
    stamped = add_validation_data(ours(person, person.sign, pdf, stamped=True), evidence)
    prepared = prepare_document_timestamp(stamped)
    return complete_document_timestamp(prepared, person.stamp(prepared.imprint))


class KeptSigner(Signer):
    """pyHanko's, with the key loaded once."""

    def __init__(self, person: Person, certificate: asn1_x509.Certificate, registry: SimpleCertificateStore) -> None:
        super().__init__(signing_cert=certificate, cert_registry=registry)
        self._person = person

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self._person.sign(data)


def theirs(signer: Signer, pdf: bytes) -> bytes:
    """The same, by pyHanko."""
    metadata = PdfSignatureMetadata(
        field_name="Signature1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, certify=True
    )
    out = io.BytesIO()
    pdf_signer = PdfSigner(metadata, signer, new_field_spec=SigFieldSpec("Signature1"))
    asyncio.run(pdf_signer.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out))
    return out.getvalue()


def check(person: Person, signed: bytes) -> None:
    """Let pass what pyHanko finds intact, trusted and whole."""
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_regular_signatures
    roots = [asn1_x509.Certificate.load(person.chain[0])]
    status = validate_pdf_signature(embedded, ValidationContext(trust_roots=roots, allow_fetching=False))
    assert status.bottom_line, status.summary()


def peak(work: Callable[[bytes], bytes], pdf: bytes) -> float:
    """Bytes that Python holds at most beside the given file, as a multiple of its size."""
    work(pdf)
    gc.collect()
    tracemalloc.start()
    work(pdf)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(most / len(pdf), 2)


def in_token(person: Person, pdfs: list[bytes]) -> dict[str, float]:
    """Seconds that a SoftHSM2 token takes for all, opened once with its PIN."""
    with tempfile.TemporaryDirectory(prefix="telesphore-bench-") as folder:
        configuration = Path(folder, "softhsm2.conf")
        Path(folder, "tokens").mkdir()
        configuration.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(configuration)
        command = ["softhsm2-util", "--init-token", "--free", "--label", "bench", "--pin", PIN, "--so-pin", PIN]
        subprocess.run(command, check=True, capture_output=True)
        pem = Path(folder, "key.pem")
        pem.write_bytes(
            person.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        command = [
            "softhsm2-util",
            "--import",
            str(pem),
            "--token",
            "bench",
            "--label",
            "key",
            "--id",
            "01",
            "--pin",
            PIN,
        ]
        subprocess.run(command, check=True, capture_output=True)
        token = pkcs11.lib(SOFTHSM).get_token(token_label="bench")
        start, cpu = time.perf_counter(), time.process_time()
        with token.open(user_pin=PIN) as session:
            key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label="key")
            for pdf in pdfs:
                signed = ours(
                    person, lambda content: bytes(key.sign(content, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)), pdf
                )
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        check(person, signed)
    return {"documents": len(pdfs), "seconds": round(wall, 3), "cpu_seconds": round(cpu, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="100 documents instead of 500")
    short = parser.parse_args().short
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    count, few = (100, 6) if short else (500, 30)
    person = Person()
    pdfs = [document(number) for number in range(count)]

    raw = cpu_ms(person.sign, [os.urandom(100) for _ in range(count)])
    invisible = cpu_ms(lambda pdf: ours(person, person.sign, pdf), pdfs)
    visible = cpu_ms(lambda pdf: ours(person, person.sign, pdf, visible=True), pdfs)
    check(person, ours(person, person.sign, pdfs[0]))
    check(person, ours(person, person.sign, pdfs[0], visible=True))

    evidence = Evidence(certificates=(person.certificate, person.unit, *person.chain), crls=(person.crl,))
    stamped = cpu_ms(lambda pdf: ours(person, person.sign, pdf, stamped=True), pdfs)
    made_to_last = cpu_ms(lambda pdf: lasting(person, evidence, pdf), pdfs)
    check(person, ours(person, person.sign, pdfs[0], stamped=True))
    check(person, lasting(person, evidence, pdfs[0]))

    certificate = asn1_x509.Certificate.load(person.certificate)
    registry = SimpleCertificateStore()
    registry.register_multiple([asn1_x509.Certificate.load(one) for one in person.chain])
    private = person.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shipped = SimpleSigner(certificate, keys.PrivateKeyInfo.load(private), registry)
    kept = KeptSigner(person, certificate, registry)
    shipped_ms = cpu_ms(lambda pdf: theirs(shipped, pdf), pdfs[:few])
    kept_ms = cpu_ms(lambda pdf: theirs(kept, pdf), pdfs[:few])
    check(person, theirs(kept, pdfs[0]))

    sizes = {}
    for pages in (1, 10, 100, 500):
        several = [document(number, pages) for number in range(few)]
        sizes[str(pages)] = {
            "bytes": len(several[0]),
            "ours_ms": cpu_ms(lambda pdf: ours(person, person.sign, pdf), several),
            "qpdf_open_ms": cpu_ms(lambda pdf: pikepdf.open(io.BytesIO(pdf)).close(), several),
        }
    large = document(0, 1, 25_000_000)
    large_ms = cpu_ms(lambda pdf: ours(person, person.sign, pdf), [large] * 4)
    hash_ms = cpu_ms(lambda pdf: hashes.Hash(hashes.SHA256()).update(pdf), [large] * 4)
    memory = peak(lambda pdf: ours(person, person.sign, pdf), large)
    token = in_token(person, pdfs)

    results = {
        "short": short,
        "documents": count,
        "raw_rsa_2048_ms": raw,
        "ours_bb_invisible_ms": invisible,
        "ours_bb_visible_ms": visible,
        "ours_bt_local_authority_ms": stamped,
        "ours_blta_local_authority_ms": made_to_last,
        "pyhanko_simple_signer_ms": shipped_ms,
        "pyhanko_key_kept_loaded_ms": kept_ms,
        "by_pages": sizes,
        "25_mb": {
            "ours_ms": large_ms,
            "one_sha256_of_the_file_ms": hash_ms,
            "hashes_of_the_file": 2,
            "memory_beside_the_file": memory,
        },
        "softhsm2": token,
    }
    aims = [
        frame.aim("B-B, one page, in a batch", invisible, "ms CPU", 0.8, "<="),
        frame.aim("B-B, 500 pages", sizes["500"]["ours_ms"], "ms CPU", 12, "<="),
        frame.aim("memory beside the file, 25 MB", memory, "× its size", 1.1, "<="),
        frame.aim("500 reports in a token", token["seconds"] * 500 / count, "s", 2, "<="),
    ]
    frame.report("sign", results, aims)


if __name__ == "__main__":
    main()
