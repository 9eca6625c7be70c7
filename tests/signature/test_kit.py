"""The dispute kit: what it holds, who may have it; whoever alters it is caught, by us and by its own verifier."""

import hashlib
import io
import json
import os
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import cryptography
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from telesphore.ades import cms
from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.timestamps import read_token
from telesphore.ades.verdict.trust import Anchor, AnchorKind, Trust
from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.cli.kit import check_kit
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.pki import queries as trust
from telesphore.signature.actions import kit as making
from telesphore.signature.actions import results, seal
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.formats import kit
from tests.cast import NOBODY, Cast
from tests.signature.circuits import ODILE, by, doctor_signs, odile_signs, sent, token_of


def completed(cast: Cast) -> UUID:
    """Signed by Odile and Dr Lebrun, sealed, filed; the trail is sealed too."""
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    odile_signs(cast, envelope_id)
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    results.file_results(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    while audit.seal_once(at=now()).more:
        pass
    return envelope_id


def made(envelope_id: UUID, actor: Actor) -> bytes:
    out = io.BytesIO()
    making.make_kit(envelope_id=envelope_id, actor=actor, at=now(), out=out)
    return out.getvalue()


@dataclass(frozen=True)
class Kit:
    """A kit that was made, and the root (DER) that its organisation publishes."""

    content: bytes
    anchor: bytes

    @property
    def root(self) -> str:
        return hashlib.sha256(self.anchor).hexdigest()

    @property
    def entries(self) -> dict[str, bytes]:
        return kit.read(io.BytesIO(self.content))

    def checked(self, content: bytes) -> str:
        """What our own check says of a kit; empty when all holds. It needs the root, and no database."""
        trusted = Trust([Anchor(self.anchor, AnchorKind.LOCAL)], TS_119_312)
        return check_kit(io.BytesIO(content), trusted, at=now()).problem


def kit_of(cast: Cast) -> Kit:
    envelope_id = completed(cast)
    (root,) = trust.trust_anchors(cast.hospital)
    return Kit(made(envelope_id, cast.lebrun), root)


_made: list[Kit] = []


@pytest.fixture
def one(request: pytest.FixtureRequest) -> Kit:
    """Made once: what is checked without the platform outlives its database."""
    if not _made:
        _made.append(kit_of(request.getfixturevalue("committed_cast")))
    return _made[0]


RUNNER = """
import json, sys, verify
for path in sys.argv[1:]:
    try:
        verify.verify(path)
        print("")
    except verify.Problem as problem:
        print(problem)
"""


def isolated(tmp_path: Path, verifier: bytes, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Python on the kit's own verifier: it sees the standard library and `cryptography`, and nothing of ours."""
    site = tmp_path / "site"
    if not site.exists():
        site.mkdir()
        packages = Path(cryptography.__file__).parent.parent
        for path in (
            *packages.glob("_cffi_backend*.so"),
            *map(packages.joinpath, ("cryptography", "cffi", "pycparser")),
        ):
            if path.exists():
                (site / path.name).symlink_to(path)
    (tmp_path / "verify.py").write_bytes(verifier)
    ended = subprocess.run(
        [sys.executable, "-S", "-B", *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={"PYTHONPATH": f"{site}:{tmp_path}", "PATH": os.environ["PATH"]},
        cwd=tmp_path,
    )
    assert ended.stderr == ""
    return ended


def outsider(
    tmp_path: Path, content: bytes, *options: str, verifier: bytes | None = None
) -> tuple[int, dict[str, Any]]:
    """Exit status and answer of `python verify.py kit.zip`."""
    (tmp_path / "kit.zip").write_bytes(content)
    ended = isolated(tmp_path, verifier or kit.VERIFIER.read_bytes(), "verify.py", "kit.zip", "--json", *options)
    return ended.returncode, json.loads(ended.stdout)


def outsiders(tmp_path: Path, kits: dict[str, bytes]) -> dict[str, str]:
    """What the verifier says of each; empty when all holds. One process for all."""
    paths = []
    for number, content in enumerate(kits.values()):
        paths.append(tmp_path / f"kit-{number}.zip")
        paths[-1].write_bytes(content)
    ended = isolated(tmp_path, kit.VERIFIER.read_bytes(), "-c", RUNNER, *paths)
    return dict(zip(kits, ended.stdout.splitlines(), strict=True))


def rezipped(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    kit.write(out, entries)
    return out.getvalue()


def test_an_outsider_verifies_it_with_python_alone(one: Kit, tmp_path: Path) -> None:
    status, found = outsider(tmp_path, one.content, "--root", one.root, verifier=one.entries["verify.py"])
    assert (status, found["valid"], found["root_confirmed"]) == (0, True, True), found
    assert found["signers"] == ["Odile MARCHETTI", "Anne LEBRUN", "Cachet — Centre hospitalier de Montfaucy"]
    assert found["seal"] == "Cachet — Centre hospitalier de Montfaucy"
    assert "signature:recipient:sign" in found["events"]
    assert found["roots"] == [one.root]
    # Without the root that the organisation publishes, the kit only agrees with itself.
    assert outsider(tmp_path, one.content)[0] == 2
    status, found = outsider(tmp_path, one.content, "--root", "00" * 32)
    assert (status, found["valid"]) == (1, False)


def test_it_holds_what_a_dispute_needs(one: Kit) -> None:
    entries = one.entries
    assert {
        "LISEZ-MOI.txt", "README.txt", "document.pdf", "evidence.pdf", "evidence.json", "manifest.json",
        "manifest.p7s", "verify.py", "verdict/report.json", "verdict/report.xml", "verdict/rapport.pdf",
        "verdict/report.pdf", "audit/log.vkey",
    } <= entries.keys()  # fmt: skip
    report = json.loads(entries["verdict/report.json"])
    assert report["conclusion"] == "valid", report["findings"]
    evidence = json.loads(entries["evidence.json"])
    assert [row["level"] for row in evidence["revisions"]] == ["", "B-T", "B-T", "B-LTA"]
    assert evidence["details"]["signers"][0]["means"] == "link+code"
    assert any(name.startswith("revocation/") for name in entries)
    assert one.root in entries["LISEZ-MOI.txt"].decode()
    assert "dossier" in entries["LISEZ-MOI.txt"].decode()
    (root,) = [content for name, content in entries.items() if name.startswith("trust/")]
    assert x509.load_der_x509_certificate(root).fingerprint(hashes.SHA256()).hex() == one.root


def test_the_same_entries_make_the_same_zip(one: Kit) -> None:
    assert rezipped(one.entries) == one.content
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(one.content)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def flipped(name: str, content: bytes) -> bytes:
    """One bit in the middle; of the seal, in its value: copies of authorities' certificates beside it prove nothing."""
    place = len(content) // 2
    if name == kit.SEAL:
        place = content.index(cms.parse(content).signature) + 12
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_each_entry_that_was_altered_is_caught(one: Kit, tmp_path: Path) -> None:
    entries = one.entries
    altered = {name: rezipped(entries | {name: flipped(name, content)}) for name, content in entries.items()}
    assert [name for name, content in altered.items() if one.checked(content) == ""] == []
    assert [name for name, said in outsiders(tmp_path, altered).items() if said == ""] == []


def _flipped_stamp(seal: bytes) -> bytes:
    """One bit of what the timestamp on the seal says."""
    (stamp,) = [values[0] for name, values in cms.parse(seal).unsigned if name == cms.SIGNATURE_TIME_STAMP]
    info = read_token(stamp).info
    place = seal.index(info) + len(info) // 2
    return seal[:place] + bytes([seal[place] ^ 1]) + seal[place + 1 :]


def test_a_timestamp_on_the_seal_that_does_not_hold_is_caught_by_both(one: Kit, tmp_path: Path) -> None:
    altered = rezipped(one.entries | {kit.SEAL: _flipped_stamp(one.entries[kit.SEAL])})
    assert "seal of its manifest" in one.checked(altered)
    assert outsider(tmp_path, altered, "--root", one.root)[0] == 1


def test_ours_agrees_with_theirs(one: Kit, tmp_path: Path) -> None:
    assert one.checked(one.content) == ""
    assert outsider(tmp_path, one.content, "--root", one.root)[0] == 0


def with_manifest(entries: dict[str, bytes]) -> dict[str, bytes]:
    """The manifest made anew, as someone without the seal would; the old signature beside it."""
    old = json.loads(entries[kit.MANIFEST])
    listed = {name: content for name, content in entries.items() if name not in (kit.MANIFEST, kit.SEAL)}
    fresh = kit.manifest(listed, envelope=UUID(old["envelope"]), made_at=now())
    return listed | {kit.MANIFEST: fresh, kit.SEAL: entries[kit.SEAL]}


FORGERIES: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "entry-missing": lambda entries: {name: content for name, content in entries.items() if name != "evidence.pdf"},
    "entry-added": lambda entries: entries | {"more.txt": b"more"},
    "manifest-made-anew": lambda entries: with_manifest(entries | {"more.txt": b"more"}),
    "no-seal": lambda entries: {name: content for name, content in entries.items() if name != kit.SEAL},
    "document-shortened": lambda entries: with_manifest(entries | {"document.pdf": entries["document.pdf"][:-9000]}),
    "no-manifest": lambda entries: {name: content for name, content in entries.items() if name != kit.MANIFEST},
}


def test_each_forgery_is_caught_by_both(one: Kit, tmp_path: Path) -> None:
    forged = {name: rezipped(forge(one.entries)) for name, forge in FORGERIES.items()}
    assert [name for name, content in forged.items() if one.checked(content) == ""] == []
    assert [name for name, said in outsiders(tmp_path, forged).items() if said == ""] == []


def resealed(cast: Cast, entries: dict[str, bytes], change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> bytes:
    """A kit that the organisation itself would have forged: its own seal signs the altered manifest."""
    fresh = with_manifest(change(dict(entries)))
    fresh[kit.SEAL] = making._sealed(fresh[kit.MANIFEST], cast.hospital, cast.sylvie, now())
    return rezipped(fresh)


def _in_evidence(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def altered(entries: dict[str, bytes]) -> dict[str, bytes]:
        evidence = json.loads(entries[kit.EVIDENCE])
        change(evidence)
        return entries | {kit.EVIDENCE: kit.as_json(evidence)}

    return altered


def _with_document(change: Callable[[bytes], bytes]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """The document changed, and the evidence's digests with it."""

    def altered(entries: dict[str, bytes]) -> dict[str, bytes]:
        document = change(entries[kit.DOCUMENT])
        evidence = json.loads(entries[kit.EVIDENCE])
        evidence["document_sha256"] = hashlib.sha256(document).hexdigest()
        for row in evidence["revisions"]:
            row["size"] = min(row["size"], len(document)) if row["kind"] != "sealed" else len(document)
            row["sha256"] = hashlib.sha256(document[: row["size"]]).hexdigest()
        return entries | {kit.DOCUMENT: document, kit.EVIDENCE: kit.as_json(evidence)}

    return altered


def _one_proof_for_another(entries: dict[str, bytes]) -> dict[str, bytes]:
    first, second, *_ = sorted(name for name in entries if name.endswith(".tlog-proof"))
    head, separator, rest = entries[first].partition(b"\nindex ")
    return entries | {first: head + separator + entries[second].partition(b"\nindex ")[2]} if rest else entries


def _one_more_revision_called_the_first(entries: dict[str, bytes]) -> dict[str, bytes]:
    document = entries[kit.DOCUMENT] + b"\n% what nobody signed\n"
    evidence = json.loads(entries[kit.EVIDENCE])
    digest = hashlib.sha256(document).hexdigest()
    evidence["document_sha256"] = digest
    evidence["revisions"].append(evidence["revisions"][0] | {"size": len(document), "sha256": digest})
    return entries | {kit.DOCUMENT: document, kit.EVIDENCE: kit.as_json(evidence)}


def _a_document_that_nobody_signed(entries: dict[str, bytes]) -> dict[str, bytes]:
    evidence = json.loads(entries[kit.EVIDENCE])
    del evidence["revisions"][1:]
    first = evidence["revisions"][0]
    document = entries[kit.DOCUMENT][: first["size"]]
    evidence["document_sha256"] = hashlib.sha256(document).hexdigest()
    return entries | {kit.DOCUMENT: document, kit.EVIDENCE: kit.as_json(evidence)}


RESEALED = {
    "one-more-revision-called-the-first": _one_more_revision_called_the_first,
    "a-document-that-nobody-signed": _a_document_that_nobody_signed,
    "a-word-of-the-document": _with_document(lambda pdf: pdf.replace(b"/MediaBox", b"/MediaBax", 1)),
    "something-after-the-end": _with_document(lambda pdf: pdf + b"\n% more\n"),
    "the-last-revision-cut": _with_document(lambda pdf: pdf[: pdf.rindex(b"%%EOF", 0, len(pdf) - 10) + 6]),
    "another-signer": _in_evidence(lambda evidence: evidence["revisions"][1].update(certificate_sha256="00" * 32)),
    "a-revision-left-out": _in_evidence(lambda evidence: evidence["revisions"].pop(1)),
    "fewer-events": lambda entries: {
        name: content for name, content in entries.items() if not name.startswith("audit/0001")
    },
    "one-event-for-another": _one_proof_for_another,
    "another-envelope": _in_evidence(lambda evidence: evidence.update(envelope=str(uuid7()))),
    "no-root": lambda entries: {name: content for name, content in entries.items() if not name.startswith("trust/")},
}


def test_not_even_the_organisation_forges_what_others_signed(committed_cast: Cast, tmp_path: Path) -> None:
    one = kit_of(committed_cast)
    forged = {name: resealed(committed_cast, one.entries, change) for name, change in RESEALED.items()}
    said = outsiders(tmp_path, forged | {"nothing": resealed(committed_cast, one.entries, dict)})
    # As the organisation made it, sealed once more, it still holds.
    assert said.pop("nothing") == ""
    assert [name for name, problem in said.items() if problem == ""] == []
    assert [name for name, content in forged.items() if name != "no-root" and one.checked(content) == ""] == []


def _zip(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # The same name twice, on purpose.
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def _link() -> bytes:
    link = zipfile.ZipInfo("document.pdf")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    return _zip((link, b"/etc/passwd"))


def _compressed(method: int) -> bytes:
    entry = zipfile.ZipInfo("document.pdf")
    entry.compress_type = method
    return _zip((entry, bytes(2**20)))


BAD_ZIPS: dict[str, Callable[[], bytes]] = {
    "noise": lambda: b"PK\x03\x04" + b"noise" * 100,
    "empty": lambda: b"",
    "outside": lambda: _zip(("../verify.py", b"")),
    "absolute": lambda: _zip(("/etc/passwd", b"")),
    "backslash": lambda: _zip(("..\\x", b"")),
    "twice": lambda: _zip(("a", b"1"), ("a", b"2")),
    "bomb": lambda: _zip(*[(f"bomb{number}", bytes(100 * 2**20)) for number in range(6)]),
    "link": _link,
    "bzip2": lambda: _compressed(zipfile.ZIP_BZIP2),
    "lzma": lambda: _compressed(zipfile.ZIP_LZMA),
    "many": lambda: _zip(*[(f"n{number}", b"") for number in range(2001)]),
}


def test_a_zip_that_is_no_kit_is_refused_within_bounds(tmp_path: Path) -> None:
    bad = {name: make() for name, make in BAD_ZIPS.items()}
    for content in bad.values():
        with pytest.raises(kit.BadKit):
            kit.check_manifest(kit.read(io.BytesIO(content)))
    for name in ("link", "bzip2", "lzma"):
        with pytest.raises(kit.BadKit, match="plain file"):
            kit.read(io.BytesIO(bad[name]))
    assert [name for name, said in outsiders(tmp_path, bad).items() if said == ""] == []


# Who may have it


def test_who_may_read_both_documents_has_it_and_others_cannot_tell(cast: Cast) -> None:
    envelope_id = completed(cast)
    for actor in (cast.lebrun, cast.sylvie, cast.odile, Actor.system(cast.hospital)):
        assert made(envelope_id, actor)[:2] == b"PK"
    for actor in (NOBODY, cast.ricaud, cast.cherif, cast.ibrahim, Actor.system(cast.elsewhere)):
        with pytest.raises(EnvelopeNotFound):
            made(envelope_id, actor)
    with pytest.raises(EnvelopeNotFound):
        made(uuid7(), cast.lebrun)


def test_there_is_none_before_the_end(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    with pytest.raises(EnvelopeNotFound):
        made(envelope_id, cast.lebrun)


def test_no_kit_without_its_trace(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    envelope_id = completed(cast)
    made(envelope_id, cast.lebrun)
    event = Event.objects.get(action="signature:kit:make", outcome="done")
    assert (event.subject_id, event.patient_id, event.person_id) == (envelope_id, cast.odile_id, cast.lebrun.person_id)
    real = audit.record

    class TrailBroken(Exception):
        pass

    def record(name: str, **fields: Any) -> UUID:
        if name == "signature:kit:make":
            raise TrailBroken
        return real(name, **fields)

    monkeypatch.setattr(audit, "record", record)
    out = io.BytesIO()
    with pytest.raises(TrailBroken):
        making.make_kit(envelope_id=envelope_id, actor=cast.lebrun, at=now(), out=out)
    assert out.getvalue() == b""
