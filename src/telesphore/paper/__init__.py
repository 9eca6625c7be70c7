"""Pages that we write ourselves: typeset from a template and data to PDF, with fonts embedded. Pure."""
