"""However a session of the provider ends, its tokens, its dashboards and its clients end or hear of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.unit.idp.conftest import PASSWORD, quick_passwords

from gatewright.accounts.api_tokens import ApiTokens
from gatewright.accounts.audit import Audit
from gatewright.accounts.keys import Keys, NewKey
from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import DAY
from gatewright.domain.errors import Forbidden
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Origin
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.directory import Directory
from gatewright.idp.login import SignInRefused
from gatewright.storage import api_tokens, session_clients, session_ends, sessions, tables, users

from .acts import BASE, CALLBACK, Acts, error

pytestmark = pytest.mark.anyio
OVER = (400, "invalid_grant")
NOTICE = "https://app.example/backchannel"
ADMIN = By("the-admin")


def directory(acts: Acts) -> Directory:
    return Directory(acts.db, BASE, quick_passwords(), Audit(acts.db), own_client="litellm", claimed=[])


async def notices(acts: Acts) -> list[tuple[str, str]]:
    """The sids and subjects of all notices."""
    async with acts.db.read() as tx:
        rows = await tx.execute(select(tables.logout_notices).order_by(tables.logout_notices.c.id))
        return [(row.sid, row.subject) for row in rows]


async def sid_of(acts: Acts, session_id: int) -> str:
    async with acts.db.read() as tx:
        query = select(tables.sessions.c.sid).where(tables.sessions.c.id == session_id)
        return str((await tx.execute(query)).scalar_one())


async def dashboard(acts: Acts, provider_sid: str) -> tuple[Sessions, str]:
    """A dashboard's session that came from one of the provider."""
    store = Sessions(acts.db, "gateway", DAY)
    token, _ = await store.open(acts.stand.people["alice"], Origin(), source="embedded", provider_sid=provider_sid)
    return store, token


async def by_hand(acts: Acts, session_id: int) -> None:
    await acts.sessions.end(session_id)


async def by_an_administrator(acts: Acts, session_id: int) -> None:
    await directory(acts).grants.end_session(session_id, ADMIN, None)


async def by_deactivation(acts: Acts, _: int) -> None:
    await directory(acts).people.change(acts.stand.people["bob"].id, {"is_active": False}, ADMIN)


async def by_deletion(acts: Acts, _: int) -> None:
    await directory(acts).people.delete(acts.stand.people["bob"].id, ADMIN)


async def by_a_new_password(acts: Acts, _: int) -> None:
    await directory(acts).people.set_password(acts.stand.people["bob"].id, "another horse battery", ADMIN)


WAYS: list[Callable[[Acts, int], Awaitable[None]]] = [
    by_hand,
    by_an_administrator,
    by_deactivation,
    by_deletion,
    by_a_new_password,
]


async def bobs(acts: Acts, session_id: int, client_id: str = "app") -> dict[str, Any]:
    bob = acts.stand.people["bob"]
    return await acts.tokens(client_id=client_id, session_id=session_id, user_pk=bob.id)


@pytest.mark.parametrize("end", WAYS)
async def test_everything_ends_with_it_and_the_client_is_told_once(
    acts: Acts, end: Callable[[Acts, int], Awaitable[None]]
) -> None:
    await acts.change("app", logout_uri=NOTICE)
    session_id = await acts.session("bob")
    tokens = await bobs(acts, session_id)
    await bobs(acts, session_id)
    sid = await sid_of(acts, session_id)
    assert (await acts.claims(tokens["id_token"]))["sid"] == sid
    store, cookie = await dashboard(acts, sid)
    other_store, other_cookie = await dashboard(acts, "another session")
    other = await acts.tokens()
    await end(acts, session_id)
    assert (await acts.userinfo(tokens["access_token"])).status_code == 401
    assert error(await acts.refresh(tokens["refresh_token"])) == OVER
    assert await notices(acts) == [(sid, "bob")]
    assert await store.find(cookie) is None
    assert await other_store.find(other_cookie) is not None
    assert (await acts.userinfo(other["access_token"])).status_code == 200
    await acts.sessions.end(session_id)
    assert len(await notices(acts)) == 1


async def test_expiry_ends_access_tokens_alone_and_tells_the_client_once(acts: Acts) -> None:
    await acts.change("app", logout_uri=NOTICE, access_token_validity=5 * DAY)
    session_id = await acts.session()
    tokens = await acts.tokens(session_id=session_id)
    sid = await sid_of(acts, session_id)
    store, cookie = await dashboard(acts, sid)

    async def sweep() -> int:
        async with acts.db.write() as tx:
            return await session_ends.expire(tx, acts.db.clock(), 100)

    assert await sweep() == 0
    acts.stand.clock.now += DAY - 1
    later_store, later = await dashboard(acts, sid)
    acts.stand.clock.now += 2
    refreshed = (await acts.refresh(tokens["refresh_token"])).json()
    assert await sweep() == 1
    assert await notices(acts) == [(sid, "alice")]
    assert (await acts.userinfo(tokens["access_token"])).status_code == 401
    assert (await acts.userinfo(refreshed["access_token"])).status_code == 200
    assert (await acts.refresh(refreshed["refresh_token"])).status_code == 200
    assert await later_store.find(later) is not None
    assert await store.find(cookie) is None  # its own life is over
    assert await sweep() == 0


async def test_clients_without_an_address_or_with_frames_get_no_notice(acts: Acts) -> None:
    await acts.register("frames", logout_uri=NOTICE, logout_method="frontchannel")
    session_id = await acts.session()
    await acts.tokens(session_id=session_id)
    auth = ("frames", "a-client-secret-for-these-tests-1")
    code = await acts.code(client_id="frames", session_id=session_id)
    answer = await acts.token("authorization_code", auth=auth, code=code, redirect_uri=CALLBACK)
    assert answer.status_code == 200
    async with acts.db.read() as tx:
        framed = await session_clients.with_method(tx, session_id, "frontchannel")
        assert await session_clients.with_method(tx, session_id, "backchannel") == []
    client = await acts.stand.provider.clients.by_client_id("frames")
    assert client is not None
    assert framed == [client.id]
    await acts.sessions.end(session_id)
    assert await notices(acts) == []


async def test_each_client_hears_the_subject_that_it_knows(acts: Acts) -> None:
    await acts.change("app", logout_uri=NOTICE, sub_mode="user_uuid")
    session_id = await acts.session()
    await acts.tokens(session_id=session_id)
    await acts.sessions.end(session_id)
    assert [subject for _, subject in await notices(acts)] == [acts.stand.people["alice"].uuid]


async def test_a_session_that_goes_on_in_a_new_row_keeps_its_sid_and_its_clients(acts: Acts) -> None:
    await acts.change("app", logout_uri=NOTICE)
    old, new = await acts.session(), await acts.session()
    tokens = await acts.tokens(session_id=old)
    sid, fresh = await sid_of(acts, old), await sid_of(acts, new)
    store, cookie = await dashboard(acts, sid)
    async with acts.db.write() as tx:
        await sessions.succeed(tx, old, new)
    assert (await sid_of(acts, new), await sid_of(acts, old)) == (sid, fresh)
    await acts.sessions.end(old)
    assert await notices(acts) == []
    assert await store.find(cookie) is not None
    assert (await acts.refresh(tokens["refresh_token"])).status_code == 200
    await acts.sessions.end(new)
    assert [one for one, _ in await notices(acts)] == [sid]
    assert await store.find(cookie) is None


async def test_one_client_ends_while_the_session_goes_on(acts: Acts) -> None:
    await acts.change("app", logout_uri=NOTICE)
    await acts.register("other", logout_uri=NOTICE)
    session_id = await acts.session()
    tokens = await acts.tokens(session_id=session_id)
    code = await acts.code(client_id="other", session_id=session_id)
    auth = ("other", "a-client-secret-for-these-tests-1")
    kept = (await acts.token("authorization_code", auth=auth, code=code, redirect_uri=CALLBACK)).json()
    client = await acts.stand.provider.clients.by_client_id("app")
    assert client is not None
    async with acts.db.write() as tx:
        await session_ends.end_client(tx, session_id, client.id, acts.db.clock())
    assert (await acts.userinfo(tokens["access_token"])).status_code == 401
    assert error(await acts.refresh(tokens["refresh_token"])) == OVER
    assert (await acts.userinfo(kept["access_token"])).status_code == 200
    assert len(await notices(acts)) == 1
    await acts.sessions.end(session_id)
    assert len(await notices(acts)) == 2


async def test_tokens_that_come_as_the_session_ends_leave_nothing_behind(acts: Acts) -> None:
    """Whoever redeems after the end notes no client: nobody would tell it any more."""
    session_id = await acts.session()
    async with acts.db.write() as tx:
        await tx.execute(update(tables.sessions).values(ended_at=acts.db.clock()))
        client = await acts.stand.provider.clients.by_client_id("app")
        assert client is not None
        await session_clients.note(tx, session_id, client.id, "alice", acts.db.clock())
        assert (await tx.execute(select(tables.session_clients))).first() is None


async def test_this_was_not_me(acts: Acts) -> None:
    """Somebody else was in: all is over, and the password with it; the link sets a new one."""
    alice, account = acts.stand.people["alice"], acts.stand.provider.own_account
    first, second = await acts.session(), await acts.session()
    tokens = await acts.tokens(session_id=first)
    device = await acts.tokens(session_id=second)
    store, cookie = await dashboard(acts, await sid_of(acts, first))
    with pytest.raises(Forbidden):
        await account.not_me(alice.id, "a wrong password", Origin())
    assert (await acts.userinfo(tokens["access_token"])).status_code == 200
    path = await account.not_me(alice.id, PASSWORD, Origin())
    for one in (tokens, device):
        assert (await acts.userinfo(one["access_token"])).status_code == 401
        assert error(await acts.refresh(one["refresh_token"])) == OVER
    assert await store.find(cookie) is None
    assert await acts.causes("user.not_me") == ["ok"]
    with pytest.raises(SignInRefused):
        await acts.stand.provider.login.sign_in("alice", PASSWORD, Origin(), None)
    assert path is not None
    token = path.strip("/").rpartition("/")[2]
    recovery = directory(acts).recovery
    assert await recovery.use(token, "a new horse battery", Origin()) == "alice"
    with pytest.raises(Forbidden):
        await recovery.use(token, "another horse battery", Origin())
    await acts.stand.provider.login.sign_in("alice", "a new horse battery", Origin(), None)


async def test_it_was_not_me_at_another_provider(acts: Acts) -> None:
    bob, account = acts.stand.people["bob"], acts.stand.provider.own_account
    async with acts.db.write() as tx:
        await users.change(tx, bob.id, acts.db.clock(), password_hash=None)
    store = Sessions(acts.db, "gateway", DAY)
    cookie, _ = await store.open(bob, Origin(), source="https://login.example/")
    assert await account.not_me(bob.id, "", Origin()) is None
    assert await store.find(cookie) is None


async def test_it_was_not_me_ends_command_lines_and_api_tokens(acts: Acts) -> None:
    alice = acts.stand.people["alice"]
    keys = Keys(acts.db)
    for kind in ("cli", "virtual"):
        await keys.create(NewKey(alias=kind, owner=alice, models=(), kind=kind), actor="alice", origin=Origin())
    row = {"uuid": "t-1", "identifier": "script", "intent": "api", "user_pk": alice.id, "created_at": acts.db.clock()}
    async with acts.db.write() as tx:
        await api_tokens.add(tx, **row, token_hash=key_hash("a-token"))
    assert await ApiTokens(acts.db).authenticate("a-token") is not None
    await acts.stand.provider.own_account.not_me(alice.id, PASSWORD, Origin())
    assert await keys.cli_logins(alice.id) == []
    assert await ApiTokens(acts.db).authenticate("a-token") is None
    # Applications go on: the person looks through these.
    assert [key.alias for key in await keys.page(10, None, user_pk=alice.id)] == ["virtual"]
