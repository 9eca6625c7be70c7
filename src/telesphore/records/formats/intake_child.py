"""The child that parses a foreign PDF. Alone on purpose: it imports nothing of ours and sees no setting.

In: limits as JSON in the first argument, the file on standard input. Out: one line of JSON, then the new file.
"""

import io
import json
import resource
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

CATALOG = {"/Type", "/Pages", "/Version", "/Lang", "/MarkInfo", "/StructTreeRoot", "/PageLabels", "/PageLayout",
           "/Outlines", "/Metadata", "/OutputIntents", "/Dests", "/Names"}  # fmt: skip
"""What stays in the catalogue; all else goes (ISO 32000-1 §7.7.2)."""
PAGE = {"/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Contents",
        "/Rotate", "/Group", "/Annots", "/StructParents", "/Tabs", "/UserUnit", "/LastModified"}  # fmt: skip
MEDIA = {"/RichMedia", "/3D", "/Movie", "/Sound", "/Screen"}
KEYS = {
    "/AA": "automatic-actions-removed",
    "/JS": "javascript-removed",
    "/EF": "embedded-files-removed",
    "/AF": "embedded-files-removed",
    "/RF": "embedded-files-removed",
    # Other versions of a picture or a form for print, or out of another file: what is signed must be what shows.
    "/Alternates": None,
    "/OPI": None,
    "/Ref": None,
    "/PieceInfo": None,
}
"""Keys that leave every dictionary, with the notice that they deserve."""
ACTIONS = {
    "/JavaScript": "javascript-removed",
    "/Launch": "launch-removed",
    "/SubmitForm": "submission-removed",
    "/ImportData": "submission-removed",
    "/ResetForm": "submission-removed",
    "/Movie": "media-removed",
    "/Sound": "media-removed",
    "/Rendition": "media-removed",
    "/RichMediaExecute": "media-removed",
    "/GoTo3DView": "media-removed",
}
"""Actions that deserve a notice of their own (§12.6.4); others unknown to us go as links."""
SAFE_LINKS = ("http://", "https://", "mailto:")
LARGEST_PICTURE = 4
COMPRESSIONS = {"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"}
MULTILINE = 1 << 12
"""A text field's flag (§12.7.4.3)."""
PICTURES = {"/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF"}


class Refused(Exception):
    """The file is refused, with this code."""


def bound(limits: dict[str, int]) -> None:
    """Take away what a parser has no need of; each bound is the kernel's to keep."""
    resource.setrlimit(resource.RLIMIT_CPU, (limits["processor"], limits["processor"]))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    for kind, most in (("CORE", 0), ("FSIZE", 0), ("NPROC", 0), ("NOFILE", 16)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (most, most))


def normalise(content: bytes, limits: dict[str, int]) -> tuple[bytes, int, list[str]]:
    """The new file, its pages, and the notices."""
    notices: set[str] = set()
    try:
        pdf = Pdf.open(io.BytesIO(content))
    except pikepdf.PasswordError:
        raise Refused("encrypted-pdf") from None
    if pdf.is_encrypted:
        raise Refused("encrypted-pdf")
    pages = len(pdf.pages)
    if pages > limits["pages"]:
        raise Refused("too-many-pages")
    if pages == 0:
        raise Refused("damaged-pdf")
    weigh(pdf, limits, notices)
    check_layers(pdf, notices)
    clean_catalog(pdf, notices)
    flatten(pdf, notices)
    for dictionary in dictionaries(pdf):
        clean(dictionary, notices)
    if pdf.get_warnings():
        notices.add("repaired")
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    written = out.getvalue()
    with Pdf.open(io.BytesIO(written), attempt_recovery=False) as again:
        if len(again.pages) != pages:
            raise Refused("damaged-pdf")
    return written, pages, sorted(notices)


def weigh(pdf: Pdf, limits: dict[str, int], notices: set[str]) -> None:
    """Decode every stream within bounds, so that no reader of ours meets a bomb; mend or refuse what doesn't decode."""
    total = 0
    for entry in pdf.objects:
        if not isinstance(entry, Stream):
            continue
        for key in ("/F", "/FFilter", "/FDecodeParms"):
            if key in entry:
                # The content of a stream out of a file beside this one.
                del entry[key]
        is_picture = entry.get("/Subtype") == Name.Image
        most = limits["stream"] * (LARGEST_PICTURE if is_picture else 1)
        if is_picture and int(entry.get("/Width", 0)) * int(entry.get("/Height", 0)) > most:
            raise Refused("too-heavy")
        filters = [str(one) for one in filters_of(entry)]
        if any(one in PICTURES for one in filters):
            if sum(one in COMPRESSIONS for one in filters) > 1:
                raise Refused("too-heavy")
            continue
        if not filters:
            continue
        if filters in (["/FlateDecode"], ["/Fl"]):
            size, sound = inflated_size(entry.read_raw_bytes(), most)
        else:
            if sum(one in COMPRESSIONS for one in filters) > 1:
                raise Refused("too-heavy")
            size, sound = 0, False
        if not sound:
            try:
                decoded = entry.read_bytes()
            except pikepdf.PdfError:
                raise Refused("damaged-pdf") from None
            if filters in (["/FlateDecode"], ["/Fl"]):
                entry.write(decoded)
                notices.add("repaired")
            size = len(decoded)
        if size > most:
            raise Refused("too-heavy")
        total += size
        if total > limits["decoded"]:
            raise Refused("too-heavy")


def filters_of(stream: Any) -> list[Any]:
    """A stream's filters, in order."""
    found = stream.get("/Filter")
    if found is None:
        return []
    return list(found) if isinstance(found, Array) else [found]


def inflated_size(raw: bytes, most: int) -> tuple[int, bool]:
    """How much a Flate stream holds, and whether it ends well; gives up past `most`."""
    inflater, size, rest = zlib.decompressobj(), 0, raw
    try:
        while rest and not inflater.eof:
            size += len(inflater.decompress(rest, 2**20))
            if size > most:
                raise Refused("too-heavy")
            rest = inflater.unconsumed_tail
    except zlib.error:
        return size, False
    return size, inflater.eof or not raw


def check_layers(pdf: Pdf, notices: set[str]) -> None:
    """Refuse layers of which one does not show (§8.11.4); drop the layers' switches when all do."""
    properties = pdf.Root.get("/OCProperties")
    if properties is None:
        return
    for configuration in [properties.get("/D"), *properties.get("/Configs", [])]:
        if configuration is not None and (
            configuration.get("/BaseState", Name.ON) != Name.ON or len(configuration.get("/OFF", [])) > 0
        ):
            raise Refused("hidden-layers")
    for entry in dictionaries(pdf):
        kind = entry.get("/Type")
        if kind == Name.OCMD and (
            entry.get("/VE") is not None or entry.get("/P", Name.AnyOn) not in ("/AnyOn", "/AllOn")
        ):
            raise Refused("hidden-layers")
        usage = entry.get("/Usage")
        if kind == Name.OCG and isinstance(usage, Dictionary):
            for use, state in (("/View", "/ViewState"), ("/Print", "/PrintState"), ("/Export", "/ExportState")):
                if use in usage and usage[use].get(state, Name.ON) != Name.ON:
                    raise Refused("hidden-layers")
            if "/Zoom" in usage or "/User" in usage or "/Language" in usage:
                raise Refused("hidden-layers")
    for entry in dictionaries(pdf):
        if "/OC" in entry:
            del entry["/OC"]
    notices.add("layers-flattened")


def clean_catalog(pdf: Pdf, notices: set[str]) -> None:
    """Keep what the catalogue may hold."""
    root = pdf.Root
    opening = root.get("/OpenAction")
    if isinstance(opening, Dictionary) and opening.get("/S") != Name.GoTo:
        notices.add("automatic-actions-removed")
        notices.add(ACTIONS.get(str(opening.get("/S")), "automatic-actions-removed"))
    names = root.get("/Names")
    if isinstance(names, Dictionary):
        if "/JavaScript" in names:
            notices.add("javascript-removed")
        if "/EmbeddedFiles" in names:
            notices.add("embedded-files-removed")
        for key in [key for key in names.keys() if key != "/Dests"]:  # noqa: SIM118 - a PDF's dictionary.
            del names[key]
    if "/Collection" in root or "/AF" in root:
        notices.add("embedded-files-removed")
    if "/AA" in root:
        notices.add("automatic-actions-removed")
    if "/Perms" in root:
        notices.add("signatures-removed")
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary) and "/XFA" in form:
        notices.add("xfa-removed")
        del form["/XFA"]
    for key in [key for key in root.keys() if key not in CATALOG | {"/AcroForm"}]:  # noqa: SIM118 - as above.
        del root[key]


def flatten(pdf: Pdf, notices: set[str]) -> None:
    """Draw forms and comments into the pages; only links stay as annotations."""
    form = pdf.Root.get("/AcroForm")
    for page in pdf.pages:
        kept = []
        for annotation in list(page.obj.get("/Annots", [])):
            if not isinstance(annotation, Dictionary):
                continue
            subtype = str(annotation.get("/Subtype"))
            if subtype == "/FileAttachment":
                notices.add("embedded-files-removed")
            elif subtype in MEDIA:
                notices.add("media-removed")
            elif subtype != "/Popup":
                kept.append(annotation)
            if subtype == "/Widget":
                notices.add(notice_of_field(annotation))
            elif subtype not in {"/Link", "/FileAttachment", "/Popup"} | MEDIA:
                notices.add("annotations-flattened")
        if "/Annots" in page.obj:
            page.obj["/Annots"] = Array(kept)
        for key in [key for key in page.obj.keys() if key not in PAGE]:  # noqa: SIM118 - as above.
            if key == "/AA":
                notices.add("automatic-actions-removed")
            del page.obj[key]
    if isinstance(form, Dictionary):
        draw_answers(pdf, all_of_them=bool(form.get("/NeedAppearances", False)))
    pdf.flatten_annotations("all")
    for page in pdf.pages:
        if "/Annots" in page.obj:
            links = [one for one in page.obj["/Annots"] if one.get("/Subtype") == Name.Link]
            page.obj["/Annots"] = Array(links)
    if "/AcroForm" in pdf.Root:
        del pdf.Root["/AcroForm"]


def draw_answers(pdf: Pdf, *, all_of_them: bool) -> None:
    """Draw the fields that the file leaves to its reader to draw (§12.7.3.3)."""
    needed = False
    for field in pdf.acroform.fields:
        if (field.is_text or field.is_choice) and (all_of_them or "/AP" not in field.obj):
            needed = True
            check_can_be_drawn(field.obj)
    if needed:
        pdf.Root.AcroForm.NeedAppearances = True
    pdf.generate_appearance_streams()
    pdf.Root.AcroForm.NeedAppearances = False


def check_can_be_drawn(field: Any) -> None:
    """Refuse an answer of several lines, or out of the Western alphabet: qpdf would draw a part of it."""
    value, flags = inherited(field, "/V"), inherited(field, "/Ff")
    text = str(value) if isinstance(value, String) else ""
    several = bool(text) and (int(flags or 0) & MULTILINE or "\n" in text or "\r" in text)
    if several or text.encode("cp1252", "ignore").decode("cp1252") != text:
        raise Refused("form-not-drawn")


def inherited(field: Any, key: str) -> Any:
    """What a field has, or the field above it (§12.7.3.1)."""
    node = field
    for _level in range(32):
        if not isinstance(node, Dictionary):
            break
        if key in node:
            return node[key]
        node = node.get("/Parent")
    return None


def notice_of_field(widget: Any) -> str:
    """Whether a field is a signature that was made."""
    signed = inherited(widget, "/FT") == Name.Sig and inherited(widget, "/V") is not None
    return "signatures-removed" if signed else "form-flattened"


def dictionaries(pdf: Pdf) -> Iterator[Any]:
    """Every dictionary of the file, also those inside others; a stream counts as its dictionary."""
    for entry in pdf.objects:
        pending: list[Object] = [entry]
        while pending:
            one = pending.pop()
            if isinstance(one, (Dictionary, Stream)):
                yield one
                pending.extend(value for value in [inner for _key, inner in one.items()] if is_inside(value))
            elif isinstance(one, Array):
                pending.extend(value for value in list(one) if is_inside(value))


def is_inside(value: Any) -> bool:
    """A direct dictionary or array: indirect ones come in their own turn."""
    return isinstance(value, (Dictionary, Array)) and not value.is_indirect


def clean(entry: Any, notices: set[str]) -> None:
    """Take out of one dictionary all that acts."""
    for key, notice in KEYS.items():
        if key in entry:
            del entry[key]
            if notice:
                notices.add(notice)
    for key in ("/A", "/PA"):
        action = entry.get(key)
        # A structure element's /A holds attributes, which have no /S.
        if not isinstance(action, Dictionary) or "/S" not in action:
            continue
        if "/Next" in action:
            del action["/Next"]
            notices.add("automatic-actions-removed")
        kind = str(action["/S"])
        if kind == "/GoTo" or (kind == "/URI" and str(action.get("/URI", "")).lower().startswith(SAFE_LINKS)):
            continue
        del entry[key]
        notices.add(ACTIONS.get(kind, "links-removed"))


def main() -> None:
    """Answer on standard output; a refusal is an answer too."""
    limits = json.loads(sys.argv[1])
    bound(limits)
    content = sys.stdin.buffer.read()
    try:
        pdf, pages, notices = normalise(content, limits)
        report: dict[str, Any] = {"pages": pages, "notices": notices}
    except Refused as refused:
        report, pdf = {"refused": str(refused)}, b""
    except MemoryError:
        report, pdf = {"refused": "too-heavy"}, b""
    except Exception:  # noqa: BLE001 - whatever a foreign file breaks, the answer is the same.
        report, pdf = {"refused": "damaged-pdf"}, b""
    sys.stdout.buffer.write(json.dumps(report).encode() + b"\n" + pdf)


if __name__ == "__main__":
    main()
