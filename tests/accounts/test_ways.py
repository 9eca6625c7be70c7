"""Ways to sign in: added, removed but never the last, told, traced; codes good once; links back in after a loss."""

import re
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from django.db import connections

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import (
    LastWay,
    MemberNotFound,
    NotAllowed,
    SetUpLinkRefused,
    TooManyPasskeys,
    WayNotFound,
)
from telesphore.accounts.formats import codes
from telesphore.accounts.models import Person, SetUpLink
from telesphore.accounts.states import Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.outbox import queries as outbox
from telesphore.outbox.actions import deliver
from telesphore.outbox.models import Notice
from tests.cast import LONG_AGO, NOBODY, Cast

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def digits(at: datetime, secret: str = SECRET) -> str:
    """What an application that holds the secret shows at this instant."""
    import base64

    return HOTP(base64.b32decode(secret), 6, SHA1()).generate(int(at.timestamp()) // 30).decode()


def who(actor: Actor) -> UUID:
    assert actor.person_id is not None
    return actor.person_id


def add_passkey(actor: Actor, name: str = "Téléphone") -> int:
    actions.add_passkey(person_id=who(actor), name=name, credential={"id": name}, actor=actor, at=NOON)
    return queries.ways_of(who(actor)).passkeys[-1].passkey_id


def add_totp(actor: Actor) -> None:
    actions.add_totp(person_id=who(actor), secret=SECRET, step=0, actor=actor, at=NOON)


def last_mail() -> str:
    """Send what waits, and read the last one."""
    for notice in Notice.objects.filter(status="waiting").order_by("queued_at"):
        deliver(organisation_id=str(notice.organisation_id), notice_id=str(notice.id))
    return [message.text for message in outbox.local_messages() if message.channel == "email"][-1]


def administrator(cast: Cast) -> Actor:
    person_id = actions.add_person(
        email="claire.moreau@montfaucy.example", password=None, family_name="Moreau", given_name="Claire",
        actor=Actor.system(), at=LONG_AGO,
    )  # fmt: skip
    actions.grant_role(
        person_id=person_id, organisation_id=cast.hospital, role=Role.ADMINISTRATOR, actor=Actor.system(), at=LONG_AGO
    )
    return Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=cast.hospital, person_id=person_id,
        roles=frozenset({Role.ADMINISTRATOR.value}),
    )  # fmt: skip


def test_a_passkey_is_named_renamed_and_removed_and_each_leaves_a_trace(cast: Cast) -> None:
    add_passkey(cast.lebrun, "Ordinateur")
    phone = add_passkey(cast.lebrun)
    actions.rename_passkey(
        person_id=who(cast.lebrun), passkey_id=phone, name=" Téléphone du cabinet ", actor=cast.lebrun, at=NOON
    )
    assert [key.name for key in queries.ways_of(who(cast.lebrun)).passkeys] == ["Ordinateur", "Téléphone du cabinet"]
    actions.remove_passkey(person_id=who(cast.lebrun), passkey_id=phone, elsewhere=False, actor=cast.lebrun, at=NOON)
    assert [key.name for key in queries.ways_of(who(cast.lebrun)).passkeys] == ["Ordinateur"]
    traced = Event.objects.filter(action__startswith="accounts:way:", subject_id=who(cast.lebrun))
    assert sorted(traced.values_list("action", "organisation_id")) == sorted(
        (action, cast.hospital)
        for action in ("accounts:way:add", "accounts:way:add", "accounts:way:rename", "accounts:way:remove")
    )


def test_another_ones_passkey_looks_as_if_it_were_not_there(cast: Cast) -> None:
    hers = add_passkey(cast.lebrun)
    with pytest.raises(WayNotFound):
        actions.remove_passkey(person_id=who(cast.ricaud), passkey_id=hers, elsewhere=True, actor=cast.ricaud, at=NOON)
    with pytest.raises(WayNotFound):
        actions.rename_passkey(person_id=who(cast.ricaud), passkey_id=hers, name="à moi", actor=cast.ricaud, at=NOON)
    assert queries.ways_of(who(cast.lebrun)).passkeys[0].name == "Téléphone"


def test_the_last_sufficient_way_stays_unless_she_can_come_in_elsewhere(cast: Cast) -> None:
    key = add_passkey(cast.lebrun)
    remove = {"person_id": who(cast.lebrun), "passkey_id": key, "actor": cast.lebrun, "at": NOON}
    with pytest.raises(LastWay):
        # A password alone is not enough.
        actions.remove_passkey(**remove, elsewhere=False)
    assert queries.ways_of(who(cast.lebrun)).passkeys, "the refusal undid the removal"
    add_totp(cast.lebrun)
    actions.remove_passkey(**remove, elsewhere=False)
    for undo in (actions.remove_totp, actions.remove_password):
        with pytest.raises(LastWay):
            undo(person_id=who(cast.lebrun), elsewhere=False, actor=cast.lebrun, at=NOON)
    actions.remove_password(person_id=who(cast.lebrun), elsewhere=True, actor=cast.lebrun, at=NOON)
    ways = queries.ways_of(who(cast.lebrun))
    assert not ways.password
    assert ways.totp_at is None, "an application's code is worth nothing without the password"


def test_one_person_has_twenty_passkeys_and_no_more(cast: Cast) -> None:
    for number in range(20):
        Authenticator.objects.create(user_id=who(cast.lebrun), type="webauthn", data={"name": str(number)})
    with pytest.raises(TooManyPasskeys):
        add_passkey(cast.lebrun)


def test_what_changed_and_when_is_told_by_e_mail_and_nothing_more(cast: Cast) -> None:
    add_passkey(cast.lebrun, "Téléphone de garde")
    told = last_mail()
    assert "Une clé d’accès a été ajoutée." in told
    assert "23 novembre 2026 13:00" in told
    assert "/security/" in told
    assert "Téléphone" not in told


def test_no_way_is_added_without_its_trace(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from telesphore.audit import actions as audit

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(RuntimeError):
        add_passkey(cast.lebrun)
    assert not queries.ways_of(who(cast.lebrun)).passkeys


def test_an_applications_code_is_good_once_and_half_a_minute_early_or_late(cast: Cast) -> None:
    add_totp(cast.lebrun)
    spend = actions.spend_code
    person = who(cast.lebrun)
    assert spend(person_id=person, code=digits(NOON - timedelta(seconds=90)), at=NOON) is None
    assert spend(person_id=person, code=digits(NOON - timedelta(seconds=30)), at=NOON)
    assert spend(person_id=person, code=digits(NOON - timedelta(seconds=30)), at=NOON) is None
    code = digits(NOON)
    assert spend(person_id=person, code=f"{code[:3]} {code[3:]}", at=NOON)
    assert spend(person_id=person, code=code, at=NOON) is None
    # The next one stays good until its own end, then is not.
    ahead = digits(NOON + timedelta(seconds=30))
    assert spend(person_id=person, code=ahead, at=NOON)
    assert spend(person_id=person, code=ahead, at=NOON + timedelta(seconds=45)) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "１２３４５６", "000000\0"])
def test_what_is_no_code_is_refused(cast: Cast, code: str) -> None:
    add_totp(cast.lebrun)
    assert actions.spend_code(person_id=who(cast.lebrun), code=code, at=NOON) is None


def test_a_recovery_code_is_good_once_however_it_is_typed(cast: Cast) -> None:
    made = actions.make_recovery_codes(person_id=who(cast.lebrun), actor=cast.lebrun, at=NOON)
    assert len(set(made)) == 10
    assert actions.spend_code(person_id=who(cast.ricaud), code=made[0], at=NOON) is None
    typed = made[0].upper().replace("-", " ")
    assert actions.spend_code(person_id=who(cast.lebrun), code=typed, at=NOON)
    assert actions.spend_code(person_id=who(cast.lebrun), code=made[0], at=NOON) is None
    assert queries.ways_of(who(cast.lebrun)).codes_left == 9
    actions.make_recovery_codes(person_id=who(cast.lebrun), actor=cast.lebrun, at=NOON)
    assert actions.spend_code(person_id=who(cast.lebrun), code=made[1], at=NOON) is None, "new ones replace them"


def test_neither_the_applications_secret_nor_a_recovery_code_is_at_rest(cast: Cast) -> None:
    add_totp(cast.lebrun)
    made = actions.make_recovery_codes(person_id=who(cast.lebrun), actor=cast.lebrun, at=NOON)
    kept = str(list(Authenticator.objects.values("data")))
    assert SECRET not in kept
    assert not [code for code in made if code in kept or code.replace("-", "") in kept]


def test_a_sealed_secret_opens_for_its_own_person_only() -> None:
    sealed = codes.seal("secret", key=b"k" * 32, context="totp:1")
    assert codes.unseal(sealed, key=b"k" * 32, context="totp:1") == "secret"
    for key, context in ((b"k" * 32, "totp:2"), (b"l" * 32, "totp:1")):
        with pytest.raises(codes.Unreadable):
            codes.unseal(sealed, key=key, context=context)
    with pytest.raises(codes.Unreadable):
        codes.unseal("not base64!", key=b"k" * 32, context="totp:1")


def at_once(number: int, act: object) -> list[object]:
    """What `act` gives to so many threads that begin together."""
    gate, found = threading.Barrier(number), []

    def run() -> None:
        try:
            gate.wait()
            found.append(act())  # type: ignore[operator]  # A function.
        except SetUpLinkRefused as refused:
            found.append(refused)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_codes_and_links_given_by_many_at_once_are_good_once(committed_cast: Cast) -> None:
    lebrun = committed_cast.lebrun
    add_totp(lebrun)
    recovery = actions.make_recovery_codes(person_id=who(lebrun), actor=lebrun, at=NOON)[0]
    for code in (digits(NOON), recovery):
        found = at_once(6, lambda code=code: actions.spend_code(person_id=who(lebrun), code=code, at=NOON))
        assert sum(one is not None for one in found) == 1
    actions.send_recovery_link(person_id=who(lebrun), actor=NOBODY, at=NOON)
    token = re.search(r"/set-up/([\w-]+)/", last_mail())[1]  # type: ignore[index]  # It is there.
    found = at_once(4, lambda: actions.follow(token=token, code="", actor=NOBODY, at=NOON))
    assert sum(isinstance(one, actions.Followed) for one in found) == 1


def token_of(mail: str) -> str:
    found = re.search(r"/sign-in/set-up/([A-Za-z0-9_-]{43})/", mail)
    assert found
    return found[1]


def test_an_administrator_gives_back_a_way_in_by_two_channels(cast: Cast) -> None:
    claire = administrator(cast)
    add_passkey(cast.lebrun)
    before = Person.objects.get(id=cast.lebrun.person_id).get_session_auth_hash()
    code = actions.reset_ways(person_id=who(cast.lebrun), actor=claire, at=NOON)
    ways = queries.ways_of(who(cast.lebrun))
    assert (ways.passkeys, ways.password, ways.totp_at, ways.codes_left) == ((), False, None, None)
    assert Person.objects.get(id=cast.lebrun.person_id).get_session_auth_hash() != before, "open sessions end"
    mail = last_mail()
    assert code not in mail
    token = token_of(mail)
    assert actions.asks_code(token=token, at=NOON)
    with pytest.raises(SetUpLinkRefused):
        actions.follow(token=token, code="", actor=NOBODY, at=NOON)
    with pytest.raises(SetUpLinkRefused):
        actions.follow(token=token, code="aaaaa-aaaaa", actor=NOBODY, at=NOON)
    followed = actions.follow(token=token, code=code.upper(), actor=NOBODY, at=NOON)
    assert followed == actions.Followed(who(cast.lebrun), "link+code")
    with pytest.raises(SetUpLinkRefused):
        actions.follow(token=token, code=code, actor=NOBODY, at=NOON)


def test_five_wrong_codes_or_three_days_close_the_link(cast: Cast) -> None:
    claire = administrator(cast)
    code = actions.reset_ways(person_id=who(cast.lebrun), actor=claire, at=NOON)
    token = token_of(last_mail())
    with pytest.raises(SetUpLinkRefused):
        actions.asks_code(token=token, at=NOON + timedelta(days=3))
    for _ in range(5):
        with pytest.raises(SetUpLinkRefused):
            actions.follow(token=token, code="aaaaa-aaaaa", actor=NOBODY, at=NOON)
    with pytest.raises(SetUpLinkRefused):
        actions.follow(token=token, code=code, actor=NOBODY, at=NOON)


def test_a_new_link_ends_the_earlier_one_and_its_token_is_not_at_rest(cast: Cast) -> None:
    actions.send_recovery_link(person_id=who(cast.lebrun), actor=NOBODY, at=NOON)
    first = token_of(last_mail())
    actions.send_recovery_link(person_id=who(cast.lebrun), actor=NOBODY, at=NOON + timedelta(minutes=1))
    with pytest.raises(SetUpLinkRefused):
        actions.follow(token=first, code="", actor=NOBODY, at=NOON + timedelta(minutes=2))
    second = token_of(last_mail())
    assert second.encode() not in bytes(SetUpLink.objects.get().token_sha256)
    followed = actions.follow(token=second, code="", actor=NOBODY, at=NOON + timedelta(minutes=2))
    assert followed.means == "recovery-code+link"


def test_only_an_administrator_of_the_same_organisation_resets(cast: Cast) -> None:
    claire = administrator(cast)
    add_passkey(cast.lebrun)
    with pytest.raises(NotAllowed):
        actions.reset_ways(person_id=who(cast.lebrun), actor=cast.ricaud, at=NOON)
    for stranger in (who(cast.cherif), UUID(int=7)):
        with pytest.raises(MemberNotFound):
            actions.reset_ways(person_id=stranger, actor=claire, at=NOON)
    assert queries.ways_of(who(cast.lebrun)).passkeys


def test_a_link_of_someone_suspended_opens_nothing(cast: Cast) -> None:
    actions.send_recovery_link(person_id=who(cast.lebrun), actor=NOBODY, at=NOON)
    token = token_of(last_mail())
    Person.objects.filter(id=cast.lebrun.person_id).update(is_active=False)
    with pytest.raises(SetUpLinkRefused):
        actions.follow(token=token, code="", actor=NOBODY, at=NOON)


def test_a_new_device_is_told_with_its_time_and_nothing_of_health(cast: Cast) -> None:
    actions.warn_of_new_device(person_id=who(cast.lebrun), client="Firefox, Windows", actor=cast.lebrun, at=NOON)
    told = last_mail()
    assert "Firefox, Windows" in told
    assert "13:00" in told
    assert not re.search("FERRAND|Odile|patient", told)
