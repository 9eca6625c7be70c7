"""`telesphore retention`: what operators read and run, and the statuses that their scripts see."""

import json

from typer.testing import CliRunner

from telesphore.cli.retention import app
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import watch
from tests.cast import Cast
from tests.signature.guard import Clockwork, completed, guarded

runner = CliRunner()


def test_a_turn_a_status_and_a_forecast(cast: Cast) -> None:
    with guarded(Clockwork()):
        completed(cast)
        turn = runner.invoke(app, ["renew", "--json"])
        assert turn.exit_code == 0
        assert json.loads(turn.output)["renewed"] == 1
        status = runner.invoke(app, ["status", "--json"])
        assert status.exit_code == 0
        assert json.loads(status.output)["counts"]["standing"] == 1
        forecast = json.loads(runner.invoke(app, ["forecast", "--json"]).output)
        assert len(forecast["years"]) == 21
        assert forecast["authorities"][0]["name"] == "Autorité du temps"
        said = runner.invoke(app, ["forecast"]).output
        assert "If Autorité du temps stopped tomorrow" in said
        assert runner.invoke(app, ["leave", "Autorité du temps"]).exit_code == 0
        assert json.loads(runner.invoke(app, ["status", "--json"]).output)["counts"]["due"] == 1
        assert runner.invoke(app, ["leave", "Personne"]).exit_code == 3


def test_what_could_not_be_renewed_ends_with_1_and_says_why(cast: Cast) -> None:
    with guarded(Clockwork(away=True)):
        completed(cast)
        turn = runner.invoke(app, ["renew"])
        assert turn.exit_code == 1
        assert "failed: authority-away\t1" in turn.output
        status = runner.invoke(app, ["status"])
        assert status.exit_code == 1
        assert "failed: authority-away\t1" in status.output


def test_another_means_reaches_what_is_watched(cast: Cast) -> None:
    with guarded(Clockwork(), means="file"):
        completed(cast)
        watch.watch_some(actor=Actor.system(), at=now(), most=10)
        assert runner.invoke(app, ["means", "record"]).output == "Documents that change their means: 1.\n"
        assert runner.invoke(app, ["means", "paper"]).exit_code == 2


def test_where_nothing_is_watched_it_says_what_will_be(cast: Cast) -> None:
    with guarded(Clockwork()):
        for command in ("status", "forecast"):
            said = runner.invoke(app, [command])
            assert (said.exit_code, "Nothing is watched yet" in said.output) == (0, True), command
            assert "weakening" not in said.output
        completed(cast)
        runner.invoke(app, ["renew"])
        for command in ("status", "forecast"):
            assert "Nothing is watched yet" not in runner.invoke(app, [command]).output
        stranger = runner.invoke(app, ["leave", "Personne"])
        assert (stranger.exit_code, stranger.stdout) == (3, "")
        assert "`telesphore retention forecast` names them" in stranger.stderr
