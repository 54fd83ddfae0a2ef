"""The first administrator, made once whoever tries at the same moment."""

import asyncio

import msgspec
import pytest
from tests.passwords import quick_passwords

from gatewright.accounts.passwords import Passwords
from gatewright.accounts.setup import Setup
from gatewright.domain.errors import BadInput, Forbidden
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.storage import users
from gatewright.storage.database import Database
from gatewright.storage.users import NewUser

pytestmark = pytest.mark.anyio
PASSWORD = "a long password"


@pytest.fixture
def setup(db: Database) -> Setup:
    return Setup(db, quick_passwords(), break_glass=True)


async def test_replicas_and_the_link_together_make_one(
    db: Database, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: Passwords, password: str) -> str:
        return f"not a hash of {password}"

    monkeypatch.setattr(Passwords, "hash", at_once)  # the real one lets two through at a time
    link = await setup.new_link()
    found = await asyncio.gather(
        setup.headless("one@example.com", PASSWORD),
        setup.headless("two@example.com", PASSWORD),
        setup.use_link(link, "three@example.com", PASSWORD, Origin()),
        setup.use_link(link, "four@example.com", PASSWORD, Origin()),
        return_exceptions=True,
    )
    assert [type(one) for one in found if one is not None and not isinstance(one, Forbidden)] == [User]
    async with db.read() as tx:
        assert len(await users.page(tx, 10, None)) == 1


async def test_a_newcomer_from_outside_does_not_take_the_link_from_its_holder(db: Database, setup: Setup) -> None:
    link = await setup.new_link()
    async with db.write() as tx:
        newcomer = NewUser("u-1", "eve", "eve", None, Role.INTERNAL_USER_VIEWER, RoleReason(rule="default"))
        await users.add(tx, newcomer, db.clock())
    assert not await setup.is_open()
    async with db.write() as tx:
        await users.add(tx, msgspec.structs.replace(newcomer, uuid="u-2", username="u-2", user_id="x@y.z"), db.clock())
    with pytest.raises(BadInput):
        await setup.use_link(link, "x@y.z", PASSWORD, Origin())
    assert await setup.link_is_good(link)
    assert (await setup.use_link(link, "root@example.com", PASSWORD, Origin())).role is Role.PROXY_ADMIN
    with pytest.raises(Forbidden):
        await setup.use_link(link, "more@example.com", PASSWORD, Origin())


async def test_set_up_stays_closed_when_the_administrator_was_deleted(db: Database, setup: Setup) -> None:
    root = await setup.headless("root@example.com", PASSWORD)
    assert root is not None
    link = await setup.new_link()
    async with db.write() as tx:
        await users.change(tx, root.id, db.clock(), deleted_at=db.clock())
    assert await setup.headless("more@example.com", PASSWORD) is None
    assert not await setup.link_is_good(link)
    with pytest.raises(Forbidden):
        await setup.use_link(link, "more@example.com", PASSWORD, Origin())
