"""One page of a PDF as a file of its own."""

import io

import pikepdf


def page_alone(pdf: bytes, index: int) -> bytes:
    """A PDF of this one page, which shows as it does in the document.

    Raises:
        IndexError: the document has no such page.
    """
    with pikepdf.open(io.BytesIO(pdf)) as document, pikepdf.new() as alone:
        if not 0 <= index < len(document.pages):
            raise IndexError(index)
        page = document.pages[index]
        # Signatures and fields show by their appearances; what they point at would bring all other pages along.
        for annotation in page.obj.get("/Annots", []):
            if annotation.get("/Subtype") == "/Widget":
                annotation["/Subtype"] = pikepdf.Name("/Stamp")
            for key in ("/Parent", "/P", "/V", "/Lock", "/A", "/AA", "/Dest", "/FT", "/T"):
                if key in annotation:
                    del annotation[key]
        for key in ("/AA", "/B", "/StructParents"):
            if key in page.obj:
                del page.obj[key]
        alone.pages.append(page)
        out = io.BytesIO()
        alone.save(out, deterministic_id=True)
    return out.getvalue()
