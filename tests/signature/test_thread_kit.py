"""The discussion in the dispute kit: an outsider checks it, and to what each signature is bound."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import discuss, results, seal
from telesphore.signature.actions.discuss import Words
from telesphore.signature.formats import kit
from telesphore.signature.states import EntryKind, EntryVisibility
from tests.cast import Cast
from tests.papers import one_page
from tests.signature.circuits import ODILE, by, doctor_signs, odile_signs, sent, token_of
from tests.signature.test_kit import made, outsider, outsiders, resealed

Entries = dict[str, bytes]


def _completed(cast: Cast) -> UUID:
    """Odile asks and signs; Dr Lebrun answers, remarks among professionals, and signs."""
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])

    def wrote(actor: Actor, body: str, **more: Any) -> UUID:
        return discuss.write(envelope_id=envelope_id, words=Words(body=body, **more), actor=actor, at=now())

    question = wrote(cast.odile, "Dois-je être à jeun ?", kind=EntryKind.QUESTION)
    odile_signs(cast, envelope_id)
    wrote(
        cast.lebrun, "Oui, six heures.", kind=EntryKind.ANSWER, about=question, file=one_page(), file_name="jeûne.pdf"
    )
    wrote(cast.lebrun, "Elle est inquiète.", visibility=EntryVisibility.PROFESSIONALS)
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    results.file_results(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    while audit.seal_once(at=now()).more:
        pass
    return envelope_id


def _in_thread(change: Callable[[dict[str, Any]], None]) -> Callable[[Entries], Entries]:
    def altered(entries: Entries) -> Entries:
        thread = json.loads(entries[kit.THREAD])
        change(thread)
        return entries | {kit.THREAD: kit.as_json(thread)}

    return altered


def _last_left_out(thread: dict[str, Any]) -> None:
    thread["entries"].pop()
    thread["head"] = thread["entries"][-1]["hash"]


def _without_heads(entries: Entries) -> Entries:
    evidence = json.loads(entries[kit.EVIDENCE])
    for row in evidence["revisions"]:
        row["thread_head"] = ""
    return entries | {kit.EVIDENCE: kit.as_json(evidence)}


FORGED: dict[str, Callable[[Entries], Entries]] = {
    "words": _in_thread(lambda thread: thread["entries"][1]["content"].update(body="Non.")),
    "author": _in_thread(lambda thread: thread["entries"][0]["content"]["author"].update(name="Dr Anne Lebrun")),
    "salt": _in_thread(lambda thread: thread["entries"][0].update(salt="00" * 32)),
    "commitment": _in_thread(lambda thread: thread["entries"][2].update(commitment="00" * 32)),
    "one-left-out": _in_thread(lambda thread: thread["entries"].pop(0)),
    "the-last-left-out": _in_thread(_last_left_out),
    "none": _in_thread(lambda thread: thread.update(entries=[], head=thread["head"])),
    "no-thread": lambda entries: {name: content for name, content in entries.items() if not name.startswith("thread")},
    "attachment": lambda entries: entries | {"thread/0002.pdf": entries["thread/0002.pdf"] + b" "},
    "attachment-left-out": lambda entries: {n: content for n, content in entries.items() if n != "thread/0002.pdf"},
    "attachment-added": lambda entries: entries | {"thread/0003.pdf": entries["thread/0002.pdf"]},
    "heads": _without_heads,
}


def test_an_outsider_checks_the_discussion_and_the_organisation_itself_cannot_rewrite_it(
    committed_cast: Cast, tmp_path: Path
) -> None:
    cast = committed_cast
    envelope_id = _completed(cast)
    content = made(envelope_id, cast.lebrun)
    entries = kit.read(io.BytesIO(content))
    status, found = outsider(tmp_path, content, verifier=entries["verify.py"])
    # Both signatures and the seal.
    assert (status, found["thread"]) == (2, {"entries": 3, "hidden": 0, "bound": 3}), found
    evidence = json.loads(entries[kit.EVIDENCE])
    hashes = [entry["hash"] for entry in json.loads(entries[kit.THREAD])["entries"]]
    assert [row["thread_head"] for row in evidence["revisions"]] == ["", hashes[0], hashes[2], ""]
    assert [row["thread_head"] for row in evidence["details"]["signers"]] == [hashes[0], hashes[2]]
    assert evidence["details"]["thread_head"] == hashes[2]
    assert json.loads(entries["verdict/report.json"])["conclusion"] == "valid"

    # Odile gets what she could read; of the rest she learns only that there is something.
    theirs = made(envelope_id, replace(cast.odile, acr="eidas1"))
    hers = kit.read(io.BytesIO(theirs))
    assert ["content" in entry for entry in json.loads(hers[kit.THREAD])["entries"]] == [True, True, False]
    assert b"inqui" not in b"".join(hers[name] for name in (kit.THREAD, kit.EVIDENCE))
    assert outsider(tmp_path, theirs)[1]["thread"] == {"entries": 3, "hidden": 1, "bound": 3}

    said = outsiders(tmp_path, {name: resealed(cast, entries, change) for name, change in FORGED.items()})
    assert [name for name, problem in said.items() if problem == ""] == []
