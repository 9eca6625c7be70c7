"""What monitors are told, and what the log says of a request."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from procrastinate.contrib.django import app

from telesphore.config.logs import CONFIGURATION, JsonLines, NotAboutJobs
from telesphore.config.wiring import bind
from telesphore.jobs import actions
from telesphore.kernel.errors import DomainError
from telesphore.vault import ports as vault
from telesphore.web.health import checks, views


class Shelf:
    """A store that is there, or not."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away

    def write(self, name: str, content: BinaryIO) -> None:
        raise NotImplementedError

    def read(self, name: str) -> BinaryIO:
        raise NotImplementedError

    def delete(self, name: str) -> None:
        raise NotImplementedError

    def names(self, prefix: str = "") -> Iterator[str]:
        if self.away:
            raise OSError("the secret name of a bucket")
        return iter(())


@pytest.fixture
def store() -> Iterator[Shelf]:
    shelf = Shelf()
    vault.store.bind(lambda: shelf)
    yield shelf
    vault.store = type(vault.store)(vault.store.name)
    bind()


def a_worker_lives(seconds_ago: float = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s * interval '1 s')", [seconds_ago]
        )


def test_a_process_that_answers_lives(client: Client) -> None:
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})
    assert "no-store" in response["Cache-Control"]


def test_an_instance_with_all_that_it_needs_is_ready(committed: str, store: Shelf, client: Client) -> None:
    a_worker_lives()
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready", "checks": {"database": "ok", "store": "ok", "worker": "ok", "queue": "ok"},
    }  # fmt: skip


def test_without_its_store_an_instance_is_not_ready(committed: str, store: Shelf, client: Client) -> None:
    a_worker_lives()
    store.away = True
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["status"] == "unready"
    assert response.json()["checks"]["store"] == "failing"
    assert "bucket" not in response.content.decode()


def test_without_its_database_an_instance_is_not_ready(committed: str, store: Shelf, client: Client) -> None:
    settings = connections["default"].settings_dict
    settings["NAME"] = "nowhere"
    try:
        response = client.get("/health/ready")
    finally:
        settings["NAME"] = committed
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failing"


def test_a_store_that_never_answers_does_not_hang_the_check(
    committed: str, store: Shelf, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    release = threading.Event()
    monkeypatch.setattr(checks, "TIMEOUT", 0.2)
    monkeypatch.setitem(checks.NEEDED, "store", lambda: release.wait(30))
    try:
        assert client.get("/health/ready").json()["checks"]["store"] == "failing"
    finally:
        release.set()


@pytest.mark.parametrize("seconds_ago", [60, None])
def test_without_a_worker_an_instance_answers_but_says_that_work_is_late(
    committed: str, store: Shelf, client: Client, seconds_ago: float | None
) -> None:
    if seconds_ago is not None:
        a_worker_lives(seconds_ago)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["worker"] == "failing"


def test_a_queue_that_waits_for_too_long_is_said_to_be_late(committed: str, store: Shelf, client: Client) -> None:
    a_worker_lives()
    before = dict(app.tasks)
    actions.job("test:late")(lambda: None)
    actions.enqueue("test:late", at=datetime.now(UTC) - timedelta(minutes=6))
    app.tasks.clear()
    app.tasks.update(before)
    assert client.get("/health/ready").json()["checks"] == {
        "database": "ok", "store": "ok", "worker": "ok", "queue": "failing",
    }  # fmt: skip


# Metrics


def test_metrics_show_the_queue_to_this_machine(committed: str, client: Client) -> None:
    a_worker_lives()
    before = dict(app.tasks)
    actions.job("test:late")(lambda: None)
    actions.enqueue("test:late", at=datetime.now(UTC) - timedelta(minutes=6))
    app.tasks.clear()
    app.tasks.update(before)
    text = client.get("/metrics").content.decode()
    assert 'telesphore_jobs{queue="default",state="waiting"} 1.0' in text
    assert "telesphore_workers 1.0" in text
    [oldest] = [line for line in text.splitlines() if line.startswith("telesphore_jobs_oldest_waiting_seconds{")]
    assert 360 <= float(oldest.split()[1]) < 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    "request_",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.7"},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer wrong"},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer "},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Basic right"},
    ],
)
@pytest.mark.parametrize("token", [None, "right"])
def test_to_anyone_else_metrics_are_not_there(client: Client, request_: dict[str, Any], token: str | None) -> None:
    with override_settings(METRICS_TOKEN=token):
        assert client.get("/metrics", **request_).status_code == 404


@pytest.mark.django_db
def test_the_bearer_of_the_token_reads_metrics_from_elsewhere(client: Client) -> None:
    with override_settings(METRICS_TOKEN="right"):
        response = client.get("/metrics", REMOTE_ADDR="192.0.2.7", HTTP_AUTHORIZATION="Bearer right")
    assert response.status_code == 200


@pytest.mark.parametrize("view", [views.live, views.ready, views.metrics])
def test_every_address_for_monitors_states_its_rule_and_refuses_to_be_written_to(view: Any) -> None:
    assert view.access_rule == "public"
    request = HttpRequest()
    request.method = "POST"
    assert view(request).status_code == 405


# The log


def open_link(request: HttpRequest, token: str) -> HttpResponse:
    logging.getLogger("telesphore.test").info("opened", extra={"link": "1234"})
    if "break" in request.GET:
        raise ValueError(f"Mme Durand {token}")
    return HttpResponse("ok")


open_link.access_rule = "public"  # type: ignore[attr-defined]  # How every view states its rule.

urlpatterns = [path("l/<str:token>", open_link), path("", include("telesphore.web.urls"))]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything logged, as it would be on stderr."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(NotAboutJobs())
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel("INFO")
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@override_settings(ROOT_URLCONF=__name__)
def test_a_request_is_logged_by_its_pattern_never_by_what_it_held(client: Client, log: io.StringIO) -> None:
    response = client.get("/l/SECRET-TOKEN?q=SECRET-QUERY", headers={"Cookie": "a=SECRET", "User-Agent": "SECRET"})
    inner, outer = lines(log)
    assert outer["message"] == "request"
    assert (outer["method"], outer["route"], outer["status"]) == ("GET", "l/<str:token>", 200)
    assert outer["milliseconds"] >= 0
    assert inner["link"] == "1234"
    assert inner["request"] == outer["request"] == response["X-Request-Id"]
    assert "SECRET" not in log.getvalue()


@override_settings(ROOT_URLCONF=__name__)
def test_an_error_is_logged_by_its_class_and_place_never_by_its_text(log: io.StringIO) -> None:
    response = Client(raise_request_exception=False).get("/l/SECRET-TOKEN?break=SECRET-QUERY")
    assert response.status_code == 500
    [error] = [line for line in lines(log) if line["level"] == "error"]
    assert error["exception"]["class"] == "builtins.ValueError"
    assert error["exception"]["places"][-1].endswith("open_link")
    assert error["request"] == response["X-Request-Id"]
    for secret in ("SECRET", "Durand"):
        assert secret not in log.getvalue()


def test_an_address_that_is_not_there_is_logged_without_its_path(client: Client, log: io.StringIO) -> None:
    assert client.get("/SECRET-PATH").status_code == 404
    [line] = lines(log)
    assert (line["route"], line["status"]) == (None, 404)
    assert "SECRET" not in log.getvalue()


def test_each_request_has_an_id_of_its_own(client: Client) -> None:
    first, second = client.get("/health/live"), client.get("/health/live")
    assert first["X-Request-Id"] != second["X-Request-Id"]


def test_a_made_up_method_is_not_written_in_the_log(client: Client, log: io.StringIO) -> None:
    client.generic("SECRET", "/health/live")
    assert lines(log)[-1]["method"] == "other"
    assert "SECRET" not in log.getvalue()


def test_what_a_library_says_is_kept_without_its_arguments(log: io.StringIO) -> None:
    logging.getLogger("some.library").warning("Could not open %s", "/patients/durand.pdf")
    logging.getLogger("some.library").warning("Could not open /patients/" + "durand.pdf")
    template, _ = lines(log)
    assert template["message"] == "Could not open %s"
    assert "durand" not in log.getvalue()


def test_a_job_that_fails_is_logged_by_name_without_its_arguments(committed: str, log: io.StringIO) -> None:
    from telesphore.config import worker

    class Away(DomainError):
        """Away."""

        code = "away"

    before = dict(app.tasks)

    @actions.job("test:secretive")
    def fail(word: str) -> None:
        raise Away(word=word)

    try:
        actions.enqueue("test:secretive", word="SECRET")
        worker.run(concurrency=1, until_idle=True, signals=False)
    finally:
        app.tasks.clear()
        app.tasks.update(before)
    [failed] = [line for line in lines(log) if line["message"] == "job failed"]
    assert (failed["task"], failed["code"], failed["attempt"]) == ("test:secretive", "away", 1)
    assert "SECRET" not in log.getvalue()


def test_the_installed_log_writes_json_lines_on_stderr() -> None:
    [handler] = CONFIGURATION["handlers"].values()
    assert handler["stream"] == "ext://sys.stderr"
    assert CONFIGURATION["formatters"][handler["formatter"]]["()"] is JsonLines
