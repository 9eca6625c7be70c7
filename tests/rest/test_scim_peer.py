"""Another hand's checker of SCIM servers finds what we say that we do, and nothing else."""

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client
from scim2_client.client import BaseSyncSCIMClient
from scim2_tester import Status, check_server

from telesphore.kernel.actors import Actor
from tests.rest.test_tokens import issue, mona

__all__ = ["mona"]
NOT_DONE = {
    # A person who works here no more is said to be so; "active" taken away would say nothing.
    ("check_remove_attribute", "Failed to remove attribute 'active': This attribute can't be removed."),
    # RFC 7644 §3.4.3: queries by POST, for filters too long for an address; ours have one form.
    ("search_with_attributes", "There is nothing at this address."),
}


class Directory(BaseSyncSCIMClient):
    """Its client, in the transaction of the test: a WSGI server would close the connection that holds it."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._given = {"Authorization": f"Bearer {secret}"}

    def _make_url(self, url: str) -> str:
        return url if url.startswith("http") else f"/rest/scim/v2{url}"

    def _parse_json(self, response: Any) -> Any:
        return json.loads(response.content)

    def _query_kwargs(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {"params": payload}

    def request(self, method: str, url: str, **options: Any) -> Any:
        """One request."""
        address, query = urlsplit(self._make_url(url)), urlencode(options.get("params") or {}, doseq=True)
        content = options.get("json")
        return Client().generic(
            method, f"{address.path}?{query or address.query}", b"" if content is None else json.dumps(content),
            content_type="application/scim+json", headers={**self._given, **(options.get("headers") or {})},
        )  # fmt: skip


def test_another_hands_checker_finds_what_we_say_that_we_do(mona: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = Directory(issue(mona))
    directory.discover()
    user: Any = directory.get_resource_model("User")
    fields = user.model_fields
    # A schema can't say that a user name is an address, nor which roles there are: the checker is told.
    monkeypatch.setattr(fields["user_name"], "examples", [f"p{number}@montfaucy.example" for number in range(1000)])
    role = fields["roles"].annotation.__args__[0].__args__[0].model_fields["value"]
    monkeypatch.setattr(role, "examples", ["professional", "secretary"])
    results = check_server(directory, resource_types=["User"], include_tags={"crud", "misc"})
    done = [one.title for one in results if one.status is Status.SUCCESS]
    assert len(done) > 10
    failed = {(one.title, one.reason) for one in results if one.status in (Status.ERROR, Status.CRITICAL)}
    # What it tries is drawn anew each time: not every run comes across both.
    assert failed <= NOT_DONE
