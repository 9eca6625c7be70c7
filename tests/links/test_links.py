"""Links: opening consumes nothing, five wrong codes close them, parallel guesses included."""

import re
import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.links import access
from telesphore.links import actions as links
from telesphore.links.errors import (
    CodeAskedTooSoon,
    CodeExpired,
    LinkBlocked,
    LinkExpired,
    LinkNotFound,
    LinkRevoked,
    LinkUsedUp,
    WrongCode,
)
from telesphore.links.models import Link, Receipt
from telesphore.outbox.models import Notice
from telesphore.vault import queries as vault
from tests.cast import NOBODY, Cast


def make_link(cast: Cast) -> tuple[UUID, str]:
    """A link to sign for Odile: its id and its token."""
    link = links.create(
        organisation_id=cast.hospital, purpose="signature:sign", subject_id=cast.odile_id, patient_id=cast.odile_id,
        phone="+33639980147", language="fr", expires_at=now() + timedelta(days=30), actor=cast.sylvie, at=now(),
    )  # fmt: skip
    return link.link_id, link.url.rpartition("/")[2]


def sent_code(cast: Cast) -> str:
    """The code in the newest SMS."""
    notice = Notice.objects.filter(organisation_id=cast.hospital, kind="links:code").latest("queued_at")
    assert notice.sealed is not None
    text = vault.unseal_text(
        organisation_id=cast.hospital, key_id=vault.organisation_keyset(cast.hospital), sealed=bytes(notice.sealed),
        context=f"outbox:notice:{notice.id}",
    )  # fmt: skip
    found = re.search(r"\b\d{6}\b", text)
    assert found
    return found.group()


def wrong(code: str) -> str:
    """Six digits that are not the code."""
    return f"{(int(code) + 1) % 10**6:06d}"


def test_opening_a_link_consumes_nothing(cast: Cast) -> None:
    link_id, token = make_link(cast)
    for _ in range(50):
        links.open_landing(token=token, actor=NOBODY, at=now())
    link = Link.objects.get(id=link_id)
    assert (link.tries_left, link.used_up_at) == (5, None)
    assert set(Receipt.objects.values_list("kind", flat=True)) == {"opened"}


def test_the_right_code_reveals_what_is_behind_and_the_traces_say_so(cast: Cast) -> None:
    link_id, token = make_link(cast)
    links.send_code(token=token, actor=NOBODY, at=now())
    revealed = links.reveal(token=token, code=sent_code(cast), actor=NOBODY, at=now())
    assert (revealed.link_id, revealed.patient_id) == (link_id, cast.odile_id)
    assert Event.objects.filter(action="links:link:reveal", subject_id=link_id, outcome="done").count() == 1


def test_the_right_code_costs_no_try(cast: Cast) -> None:
    link_id, token = make_link(cast)
    links.send_code(token=token, actor=NOBODY, at=now())
    links.reveal(token=token, code=sent_code(cast), actor=NOBODY, at=now())
    assert Link.objects.get(id=link_id).tries_left == 5


def test_a_code_typed_with_spaces_is_the_same_code(cast: Cast) -> None:
    _, token = make_link(cast)
    links.send_code(token=token, actor=NOBODY, at=now())
    code = sent_code(cast)
    links.reveal(token=token, code=f" {code[:3]} {code[3:]} ", actor=NOBODY, at=now())


def test_five_wrong_codes_close_the_link_for_its_life_even_with_a_new_code(cast: Cast) -> None:
    _, token = make_link(cast)
    at = now()
    left = []
    for number in range(5):
        links.send_code(token=token, actor=NOBODY, at=at + number * timedelta(minutes=1))
        with pytest.raises(WrongCode) as refused:
            links.reveal(token=token, code=wrong(sent_code(cast)), actor=NOBODY, at=at + number * timedelta(minutes=1))
        left.append(refused.value.params["tries_left"])
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(LinkBlocked):
        links.send_code(token=token, actor=NOBODY, at=at + timedelta(hours=1))
    with pytest.raises(LinkBlocked):
        links.reveal(token=token, code=sent_code(cast), actor=NOBODY, at=at + timedelta(minutes=5))


def test_a_wrong_code_leaves_a_refusal_in_the_trail(cast: Cast) -> None:
    _, token = make_link(cast)
    links.send_code(token=token, actor=NOBODY, at=now())
    with pytest.raises(WrongCode):
        links.reveal(token=token, code=wrong(sent_code(cast)), actor=NOBODY, at=now())
    event = Event.objects.get(action="links:link:reveal", outcome="refused")
    assert event.detail == {"code": "wrong-code"}
    assert (event.organisation_id, event.patient_id) == (cast.hospital, cast.odile_id)


def test_every_refusal_of_a_link_is_in_its_organisations_trail(cast: Cast) -> None:
    link_id, token = make_link(cast)
    links.revoke(organisation_id=cast.hospital, link_id=link_id, actor=cast.sylvie, at=now())
    for refused in (
        lambda: links.open_landing(token=token, actor=NOBODY, at=now()),
        lambda: links.send_code(token=token, actor=NOBODY, at=now()),
        lambda: links.reveal(token=token, code="000000", actor=NOBODY, at=now()),
    ):
        with pytest.raises(LinkRevoked):
            refused()
    events = Event.objects.filter(organisation_id=cast.hospital, subject_id=link_id, outcome="refused")
    assert sorted(events.values_list("action", flat=True)) == [
        "links:code:send",
        "links:link:open",
        "links:link:reveal",
    ]


def test_a_code_is_good_once(cast: Cast) -> None:
    _, token = make_link(cast)
    links.send_code(token=token, actor=NOBODY, at=now())
    code = sent_code(cast)
    links.reveal(token=token, code=code, actor=NOBODY, at=now())
    with pytest.raises(CodeExpired):
        links.reveal(token=token, code=code, actor=NOBODY, at=now())


def test_a_code_dies_after_ten_minutes_and_costs_no_try(cast: Cast) -> None:
    link_id, token = make_link(cast)
    at = now()
    links.send_code(token=token, actor=NOBODY, at=at)
    with pytest.raises(CodeExpired):
        links.reveal(token=token, code=sent_code(cast), actor=NOBODY, at=at + timedelta(minutes=10))
    assert Link.objects.get(id=link_id).tries_left == 5


def test_a_new_code_replaces_the_one_before(cast: Cast) -> None:
    _, token = make_link(cast)
    at = now()
    links.send_code(token=token, actor=NOBODY, at=at)
    first = sent_code(cast)
    links.send_code(token=token, actor=NOBODY, at=at + timedelta(minutes=1))
    if first == sent_code(cast):
        return
    with pytest.raises(WrongCode):
        links.reveal(token=token, code=first, actor=NOBODY, at=at + timedelta(minutes=1))


def test_codes_can_not_be_asked_in_a_burst(cast: Cast) -> None:
    _, token = make_link(cast)
    at = now()
    links.send_code(token=token, actor=NOBODY, at=at)
    with pytest.raises(CodeAskedTooSoon):
        links.send_code(token=token, actor=NOBODY, at=at + timedelta(seconds=5))


@pytest.mark.parametrize("token", ["", "x", "0" * 43, "../../etc/passwd", "é" * 43])
def test_a_guessed_link_is_not_there(cast: Cast, token: str) -> None:
    with pytest.raises(LinkNotFound):
        links.open_landing(token=token, actor=NOBODY, at=now())


def test_a_dead_link_says_why_it_is_dead(cast: Cast) -> None:
    link_id, token = make_link(cast)
    with pytest.raises(LinkExpired):
        links.open_landing(token=token, actor=NOBODY, at=now() + timedelta(days=30, seconds=1))
    links.use_up(organisation_id=cast.hospital, link_id=link_id, actor=cast.odile, at=now())
    with pytest.raises(LinkUsedUp):
        links.open_landing(token=token, actor=NOBODY, at=now())
    links.revoke(organisation_id=cast.hospital, link_id=link_id, actor=cast.sylvie, at=now())
    with pytest.raises(LinkRevoked):
        links.open_landing(token=token, actor=NOBODY, at=now())


def test_neither_the_token_nor_the_code_is_at_rest(cast: Cast) -> None:
    _, token = make_link(cast)
    links.send_code(token=token, actor=NOBODY, at=now())
    code = sent_code(cast)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(link::text, '') FROM links_link link UNION ALL "
            "SELECT string_agg(code::text, '') FROM links_code code UNION ALL "
            "SELECT string_agg(notice::text, '') FROM outbox_notice notice UNION ALL "
            "SELECT string_agg(job.args::text, '') FROM procrastinate_jobs job"
        )
        rest = "".join(text or "" for (text,) in cursor.fetchall())
    assert token not in rest
    assert access.token_hash(token).hex() in rest
    assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", rest)


def test_parallel_guesses_get_five_tries_in_all(committed_cast: Cast) -> None:
    cast = committed_cast
    link_id, token = make_link(cast)
    links.send_code(token=token, actor=NOBODY, at=now())
    bad = wrong(sent_code(cast))
    outcomes: list[str] = []
    together = threading.Barrier(16)

    def guess() -> None:
        together.wait()
        try:
            links.reveal(token=token, code=bad, actor=NOBODY, at=now())
        except (WrongCode, LinkBlocked) as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["link-blocked"] * 11 + ["wrong-code"] * 5
    assert Link.objects.get(id=link_id).tries_left == 0
