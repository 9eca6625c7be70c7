"""Programs that speak to the face for software, in the transaction of a test."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from telesphore.accounts import actions as accounts
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from tests.papers import blank

CODES = (Path(__file__).parents[2] / "docs" / "problems.md").read_text()
SCOPES = (
    "records:document:deposit", "records:document:read", "records:record:open", "signature:embedding:make",
    "signature:envelope:read", "signature:envelope:send", "signature:envelope:void", "signature:kit:export",
    "signature:recipient:correct", "signature:recipient:remind", "signature:template:see", "signature:thread:write",
)  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A program with a token."""

    secret: str

    def ask(
        self, method: str, path: str, content: Any = None, *, status: int = 200, key: str = "", **headers: str
    ) -> Any:
        """What JSON is answered, under the status that is expected; bytes when it is no JSON."""
        answer = self.answer(method, path, content, key=key, **headers)
        assert answer.status_code == status, (answer.status_code, answer.content)
        return json.loads(answer.content) if answer.content and "json" in answer["Content-Type"] else answer.content

    def answer(self, method: str, path: str, content: Any = None, *, key: str = "", **headers: str) -> Any:
        """One request, and its whole answer."""
        given = {"Authorization": f"Bearer {self.secret}", **({"Idempotency-Key": key} if key else {}), **headers}
        body = b"" if content is None else json.dumps(content)
        return _listed(Client(raise_request_exception=False).generic(
            method, f"/api/v1/{path}", body, content_type="application/json", headers=given
        ))  # fmt: skip

    def deposit(self, patient_id: UUID, *, key: str = "", content: bytes | None = None) -> Any:
        """File a blank page of this patient's."""
        form = {
            "patient_id": str(patient_id), "title": "Consentement", "type_code": "59284-0", "class_code": "52",
            "file": SimpleUploadedFile("any.pdf", content or blank(1), content_type="application/pdf"),
        }  # fmt: skip
        return self.post("documents", form, key=key)

    def post(self, path: str, form: dict[str, Any], *, key: str = "") -> Any:
        """Send a form, with its files, and its whole answer."""
        given = {"Authorization": f"Bearer {self.secret}", **({"Idempotency-Key": key} if key else {})}
        return _listed(Client(raise_request_exception=False).post(f"/api/v1/{path}", form, headers=given))


def _listed(answer: Any) -> Any:
    """The same answer; the code of a refusal is one that programmers were told of."""
    if answer["Content-Type"] == "application/problem+json":
        assert f"| `{answer.json()['code']}` |" in CODES, f"docs/problems.md lacks {answer.json()['code']}"
    return answer


def program(actor: Actor, *scopes: str, name: str = "DPI") -> Program:
    """A program of this person's."""
    issued = accounts.issue_token(
        name=name, scopes=scopes or SCOPES, expires_at=now() + timedelta(days=1), actor=actor, at=now()
    )
    return Program(issued.secret)


def composition(document_id: str, *people: Actor) -> dict[str, Any]:
    """One document, to be signed by these professionals, one after another."""
    return {
        "documents": [{"document_id": document_id}],
        "steps": [
            {"parties": [{"role": "professional", "person_id": str(one.person_id), "purpose": "validates"}]}
            for one in people
        ],
    }
