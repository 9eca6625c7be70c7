"""One example of each request's body, for the description; a test sends each of them."""

from typing import Any, Final

PATIENT: Final = "01a1f3c0-0000-7000-8000-000000000001"
DOCUMENT: Final = "01a1f3c0-0000-7000-8000-000000000002"
PROFESSIONAL: Final = "01a1f3c0-0000-7000-8000-000000000003"
TEMPLATE: Final = "01a1f3c0-0000-7000-8000-000000000004"
_COMPOSITION: Final[dict[str, Any]] = {
    "documents": [{"document_id": DOCUMENT}],
    "steps": [
        {"parties": [{"role": "patient", "purpose": "consents"}]},
        {"parties": [{"role": "professional", "person_id": PROFESSIONAL, "purpose": "validates"}]},
    ],
}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "create_envelope": {"patient_id": PATIENT, "composition": _COMPOSITION, "send": True},
    "void_envelope": {"reason": "The date of the act was wrong."},
    "correct_address": {"email": "odile.marchetti@courriel.example", "phone": "+33639980147"},
    "embed_recipient": {"origins": ["https://dpi.example"]},
    "change_draft": {"composition": _COMPOSITION, "version": 1},
    "send_draft": {"version": 1},
    "place_anchors": {"version": 1},
    "search_patients": {"name": "Marchetti"},
    "deposit_document": {
        "patient_id": PATIENT, "title": "Consentement", "type_code": "59284-0", "class_code": "52",
        "file": "(the bytes of the file)",
    },
    "use_template": {"template_id": TEMPLATE, "patient_id": PATIENT, "professional_id": PROFESSIONAL},
    "give_bulk": {"template_id": TEMPLATE, "professional_id": PROFESSIONAL, "rows": [{"patient": PATIENT}]},
    "write_entry": {
        "kind": "question", "body": "À jeun depuis minuit ?", "mentions": [PROFESSIONAL],
        "pin": {"page": 0, "x": 500, "y": 200},
    },
    "write_entry_with_file": {
        "body": "Le bilan d'hier.", "mentions": [PROFESSIONAL], "file": "(the bytes of the file)",
    },
}  # fmt: skip
"""By the operation's name; ids are of nothing."""
