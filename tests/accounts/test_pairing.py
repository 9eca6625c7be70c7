"""Workstations are paired by a code of which half travels, once, within ten minutes, in five tries."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import PairingNotFound, PairingRefused, WorkstationNotFound
from telesphore.accounts.formats import agent
from telesphore.accounts.models import Pairing, Workstation
from telesphore.accounts.ports import agent_server
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.web import rates
from tests.accounts.peer import Peer, paired
from tests.cast import NOBODY, Cast
from tests.signature.test_races import at_once

ComeIn = Callable[[Actor], Client]


def test_a_code_typed_into_the_agent_pairs_it(cast: Cast, come_in: ComeIn) -> None:
    client = come_in(cast.lebrun)
    peer = paired(client)
    row = Workstation.objects.get(id=peer.workstation)
    assert (row.name, row.organisation_id, bytes(row.public_key)) == ("Poste 3", cast.hospital, peer.public_key)
    assert row.paired_by_id == cast.lebrun.person_id
    page = client.get("/security/workstations/").content.decode()
    assert "Poste 3" in page
    event = Event.objects.get(action="accounts:workstation:pair")
    assert (event.organisation_id, event.subject_id) == (cast.hospital, row.id)


def test_a_code_serves_once_and_nothing_of_it_stays(cast: Cast, come_in: ComeIn) -> None:
    begun = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    assert Peer().pair(Client(), begun.code) == 200
    row = Pairing.objects.get()
    assert row.sealed_key is None
    assert begun.code[:5].encode() not in bytes(row.code_hash)
    assert Peer().pair(Client(), begun.code) == 422
    assert Workstation.objects.count() == 1


def test_what_waits_does_not_hold_the_key_that_the_code_makes(cast: Cast) -> None:
    begun = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    sealed = bytes(Pairing.objects.get().sealed_key or b"")
    assert sealed
    assert agent.pairing_key(begun.code, agent_server.get().origin) not in sealed


@pytest.mark.parametrize("code", ["AAAAA-AAAAA", "ABCDE-22222"])
def test_a_code_that_was_never_shown_pairs_nothing(cast: Cast, code: str) -> None:
    assert Peer().pair(Client(), code) == 422
    assert not Workstation.objects.exists()


def _right_half_wrong_half(code: str) -> str:
    return code[:5] + ("22222" if code[5:] != "22222" else "33333")


def test_five_wrong_tries_end_a_code(cast: Cast) -> None:
    begun = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    for _ in range(5):
        assert Peer().pair(Client(), _right_half_wrong_half(begun.code)) == 422
    assert Peer().pair(Client(), begun.code) == 422
    assert queries.pairing(pairing_id=begun.pairing_id, actor=cast.lebrun).tries_over


def test_parallel_guesses_each_cost_a_try(committed_cast: Cast) -> None:
    begun = actions.begin_pairing(name="Poste 3", actor=committed_cast.lebrun, at=now())

    def guess() -> None:
        asked = Peer().question(_right_half_wrong_half(begun.code))
        actions.pair_workstation(code_id=asked["code_id"], public_key=bytes(32), mac=bytes(32), actor=NOBODY, at=now())

    outcomes = at_once(*[guess] * 7)
    assert all(isinstance(outcome, PairingRefused) for outcome in outcomes)
    assert Pairing.objects.get().tries == 5
    refused = Event.objects.filter(action="accounts:workstation:pair", outcome="refused")
    assert refused.count() == 7


def test_a_code_is_over_after_ten_minutes(cast: Cast) -> None:
    at = now()
    begun = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=at - timedelta(minutes=10))
    assert Peer().pair(Client(), begun.code) == 422


def test_another_code_ends_the_one_before(cast: Cast) -> None:
    first = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    second = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    assert Peer().pair(Client(), first.code) == 422
    assert Peer().pair(Client(), second.code) == 200


def test_a_mac_for_another_server_pairs_nothing(cast: Cast) -> None:
    begun = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    # The agent was told another address: what it computed is worth nothing here.
    assert Peer(origin="https://telesphore.attacker.example").pair(Client(), begun.code) == 422


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"{", b"{}", b'{"code_id": "ABCDE", "public_key": "AAAA", "mac": "AAAA"}',
        b'{"code_id": ["ABCDE"], "public_key": 1, "mac": null}', b'{"a":' * 2000 + b"1" + b"}" * 2000, b"x" * 5000,
    ],
)  # fmt: skip
def test_nonsense_pairs_nothing(cast: Cast, body: bytes) -> None:
    assert Client().post("/agents/pair", body, content_type="application/json").status_code == 422


def test_whoever_asks_too_often_waits(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    # All in one minute, whenever this runs.
    at = now()
    monkeypatch.setattr(rates, "now", lambda: at)
    client = Client(REMOTE_ADDR="198.51.100.77")
    statuses = [client.post("/agents/pair", b"{}", content_type="application/json").status_code for _ in range(21)]
    assert statuses == [422] * 20 + [429]


def test_a_pairing_is_seen_by_who_began_it_alone(cast: Cast, come_in: ComeIn) -> None:
    begun = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    path = f"/security/workstations/pair/{begun.pairing_id}"
    assert come_in(cast.lebrun).get(path).status_code == 200
    assert come_in(cast.ricaud).get(path).status_code == 404
    assert come_in(cast.cherif).post(f"{path}/cancel").status_code == 404
    with pytest.raises(PairingNotFound):
        queries.pairing(pairing_id=UUID(int=9), actor=cast.lebrun)


def test_a_pairing_given_up_pairs_nothing(cast: Cast, come_in: ComeIn) -> None:
    begun = actions.begin_pairing(name="Poste 3", actor=cast.lebrun, at=now())
    come_in(cast.lebrun).post(f"/security/workstations/pair/{begun.pairing_id}/cancel")
    assert Peer().pair(Client(), begun.code) == 422


def test_a_workstation_is_removed_by_who_paired_it_or_an_administrator(cast: Cast, come_in: ComeIn) -> None:
    peer = paired(come_in(cast.lebrun))
    identifier = UUID(peer.workstation)
    for stranger in (cast.ricaud, cast.cherif):
        with pytest.raises(WorkstationNotFound):
            actions.revoke_workstation(workstation_id=identifier, actor=stranger, at=now())
    come_in(cast.lebrun).post(f"/security/workstations/{identifier}/revoke")
    assert Workstation.objects.get().revoked_at is not None
    with pytest.raises(WorkstationNotFound):
        queries.request_for_member(
            workstation_id=identifier, claims={"op": "status"}, language="fr", actor=cast.lebrun, at=now()
        )
    with pytest.raises(WorkstationNotFound):
        queries.request_for_anybody(workstation_id=identifier, claims={"op": "watch"}, language="fr", at=now())


def test_no_request_is_signed_for_another_organisations_workstation(cast: Cast, come_in: ComeIn) -> None:
    peer = paired(come_in(cast.lebrun))
    answer = come_in(cast.cherif).post(
        "/book/card/certificates", {"workstation": peer.workstation}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["error"]) == (404, "workstation-not-found")


def test_pairing_asks_who_proved_long_ago_to_prove_it_again(cast: Cast, come_in: ComeIn) -> None:
    client = come_in(cast.lebrun)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": now().timestamp() - 301}]
    session.save()
    answer = client.post("/security/workstations/pair", {"name": "Poste 3"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/again/")
    assert not Pairing.objects.exists()


def test_the_servers_key_is_its_owners_alone_and_stays(cast: Cast) -> None:
    from telesphore.config import keys
    from telesphore.config.cards import bind_agents
    from telesphore.config.settings import SETTINGS

    first = agent_server.get().key.public_key().public_bytes_raw()
    path = keys.folder(SETTINGS) / keys.AGENTS
    assert path.stat().st_mode & 0o777 == 0o600
    bind_agents(SETTINGS)
    assert agent_server.get().key.public_key().public_bytes_raw() == first
