"""The doors of the dispute kit: a page's button, two commands; and the code that a signing service wants."""

import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from typer.testing import CliRunner

from telesphore.cli.main import app
from telesphore.kernel.identifiers import uuid7
from telesphore.signature import ports
from telesphore.signature.formats import kit
from telesphore.signature.ports import CodeSent, PersonalToken, WrongCode
from tests.cast import Cast
from tests.signature.circuits import by, sent, token_of
from tests.signature.test_kit import completed, flipped, rezipped
from tests.web.test_pages import signed_in


def content_of(response: object) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]  # A FileResponse.


def test_the_page_of_a_completed_envelope_offers_its_kit(cast: Cast) -> None:
    envelope_id = completed(cast)
    browser = signed_in(cast.lebrun)
    page = browser.get(f"/book/{envelope_id}/").content.decode()
    assert f"/book/{envelope_id}/kit.zip" in page
    given = browser.get(f"/book/{envelope_id}/kit.zip")
    assert (given.status_code, given["Content-Type"], given["Cache-Control"]) == (200, "application/zip", "no-store")
    assert str(kit.check_manifest(kit.read(io.BytesIO(content_of(given)))).envelope) == str(envelope_id)


def test_nobody_and_strangers_get_none(cast: Cast) -> None:
    envelope_id = completed(cast)
    assert Client().get(f"/book/{envelope_id}/kit.zip").status_code == 302
    for stranger in (cast.ricaud, cast.cherif):
        browser = signed_in(stranger)
        answers = [browser.get(f"/book/{one}/kit.zip") for one in (envelope_id, uuid7())]
        assert [answer.status_code for answer in answers] == [404, 404]
    unfinished = sent(cast, [by(cast.lebrun)])
    browser = signed_in(cast.lebrun)
    assert browser.get(f"/book/{unfinished}/kit.zip").status_code == 404
    assert "kit.zip" not in browser.get(f"/book/{unfinished}/").content.decode()


def test_the_command_makes_one_and_verify_agrees(cast: Cast, tmp_path: Path) -> None:
    envelope_id, path = completed(cast), tmp_path / "kit.zip"
    run = CliRunner().invoke
    assert run(app, ["kit", str(envelope_id), "-o", str(path)]).exit_code == 0
    good = run(app, ["verify", "--json", str(path)])
    assert (good.exit_code, json.loads(good.stdout)["valid"]) == (0, True)
    told = run(app, ["verify", str(path)])
    assert "dispute kit, valid" in told.stdout
    entries = kit.read(path)
    path.write_bytes(rezipped(entries | {"evidence.json": flipped("evidence.json", entries["evidence.json"])}))
    bad = run(app, ["verify", str(path)])
    assert (bad.exit_code, "evidence.json has changed" in bad.stdout) == (1, True)
    missing = run(app, ["kit", str(uuid7()), "-o", str(tmp_path / "none.zip")])
    assert missing.exit_code != 0
    assert [one.name for one in tmp_path.iterdir()] == ["kit.zip"]


class ServiceWithCode:
    """A signing service that sends a code."""

    def __init__(self, token: PersonalToken) -> None:
        self.token = token

    def open(self, *, person_id: UUID, pin: str, code: str = "") -> AbstractContextManager[PersonalToken]:
        if not code:
            raise CodeSent
        if code != "738496":
            raise WrongCode
        return nullcontext(self.token)


@pytest.fixture
def service(cast: Cast) -> Iterator[None]:
    before = ports.token_reader.get()
    token = token_of(cast.lebrun, "Lebrun")
    ports.token_reader.bind(lambda: ServiceWithCode(token))  # type: ignore[arg-type,return-value]  # One signature only.
    yield
    ports.token_reader.bind(lambda: before)


@pytest.mark.usefixtures("service")
def test_a_code_is_asked_for_when_the_service_wants_one(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    browser = signed_in(cast.lebrun)
    assert 'name="code"' not in browser.get(f"/book/{envelope_id}/").content.decode()
    asked = browser.post(f"/book/{envelope_id}/sign", {"pin": "4021"})
    assert (asked.status_code, 'name="code"' in asked.content.decode()) == (422, True)
    wrong = browser.post(f"/book/{envelope_id}/sign", {"pin": "4021", "code": "1"})
    assert (wrong.status_code, 'name="code"' in wrong.content.decode()) == (422, True)
    assert browser.post(f"/book/{envelope_id}/sign", {"pin": "4021", "code": "738496"}).status_code == 302
