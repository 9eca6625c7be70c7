"""`telesphore demo`: a blank instance, the main job run through it, then the site.

Everything lies in the folder `demo/` of where it is run, which each run empties first.
"""

import logging
import os
import secrets
import shutil
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from telesphore.config import embedded, process
from telesphore.config.catalogue import read_settings
from telesphore.config.options import BadSetting
from telesphore.kernel.clock import now

if TYPE_CHECKING:
    from telesphore.cli.demonstration.people import Member
    from telesphore.signature.ports import SigningToken

FOLDER = Path("demo")
HOME = FOLDER / "home"


def set_up(environment: MutableMapping[str, str]) -> None:
    """Point the settings at the demonstration's own home, before anything reads them; empty what an earlier run left.

    Raises:
        BadSetting: `demo/` holds something else.
        process.AlreadyUp: another demonstration runs here.
    """
    for name in [name for name in environment if name.startswith("TELESPHORE_")]:
        del environment[name]
    environment.update(
        TELESPHORE_HOME=str(HOME.absolute()),
        TELESPHORE_DEMONSTRATION="yes",
        TELESPHORE_MAIL_GATEWAY="local",
        TELESPHORE_SMS_GATEWAY="local",
        TELESPHORE_TOKENS="pkcs11" if shutil.which("softhsm2-util") else "pkcs12",
    )
    if FOLDER.exists() and any(FOLDER.iterdir()) and not HOME.exists():
        raise BadSetting(f"The folder {FOLDER.absolute()} was not made by a demonstration: move it away first.")
    if HOME.exists():
        with process.alone(HOME):
            embedded.discard(embedded.cluster(HOME))
        shutil.rmtree(FOLDER)
    HOME.mkdir(mode=0o700, parents=True)


def run(*, document: Path | None, serve: bool) -> bool:
    """Run the main job, then serve until Ctrl-C if asked. Returns whether every check held."""
    from telesphore.cli.demonstration import job
    from telesphore.cli.demonstration.people import PIN

    # The job's own lines say what happens; the programs' logs come when the site is served.
    logging.getLogger().setLevel(logging.WARNING)
    settings = read_settings(os.environ)
    password = secrets.token_urlsafe(12)
    with process.database_running(settings):
        process.prepare(lambda event, sentence: print(sentence) if event == "migrated" else None)
        stage = job.Stage(folder=FOLDER, say=print, work=_work, token=_token)
        summary = job.run(stage=stage, document=document.read_bytes() if document else None, password=password)
    print(f"\n{'Every check held' if summary['all_checks_hold'] else 'SOME CHECKS FAILED'}. Look at:")
    for path in (*summary["documents"].values(), summary["audit"]["proof"], FOLDER / "summary.json"):
        print(f"    {path}")
    if serve:
        url = settings["base_url"].value
        print(f"\nSign in at {url} with the password {password}:")
        for member in summary["people"]:
            print(f"    {member['email']:36} {member['role']}")
        print(f"    (Dr Lebrun's token opens with the PIN {PIN}; messages land in {url}/outbox/)\n")
        process.up(settings, lambda event, sentence: print(f"telesphore: {sentence}", flush=True))
    return bool(summary["all_checks_hold"])


def _work() -> None:
    """Do all the jobs that are due, those that they enqueue too; then seal the trail."""
    from telesphore.audit.actions.seal import seal_once
    from telesphore.config import worker
    from telesphore.jobs import queries as jobs

    worker.run(concurrency=2, until_idle=True)
    # The last job may have enqueued others while the worker was leaving.
    while any(queue.waiting for queue in jobs.queues()):
        worker.run(concurrency=2, until_idle=True)
    while seal_once(at=now()).more:
        pass


def _token(member: "Member") -> "tuple[str, Callable[[], AbstractContextManager[SigningToken]]]":
    """Give a member a token of their own, and say what it is."""
    from telesphore.cli.demonstration.people import PIN
    from telesphore.config.tokens import provision_token
    from telesphore.signature.ports import token_reader

    assert member.actor.person_id is not None
    device = provision_token(actor=member.actor, pin=PIN)
    return device, partial(token_reader.get().open, person_id=member.actor.person_id, pin=PIN)
