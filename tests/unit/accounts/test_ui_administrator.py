"""What UI_USERNAME and UI_PASSWORD say at a start is what there is after it."""

import pytest
from tests.passwords import QUICK, quick_passwords

from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.ui_administrator import UiAdministrator
from gatewright.accounts.users import Users
from gatewright.domain.clock import DAY
from gatewright.domain.errors import BadInput
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.storage import audit_log, users
from gatewright.storage.database import Database
from gatewright.storage.users import NewUser

pytestmark = pytest.mark.anyio
ONE, TWO = "first-of-the-passwords", "second-of-the-passwords"


async def password_fits(db: Database, name: str, password: str) -> bool:
    async with db.read() as tx:
        found = await users.with_password(tx, name)
    return found is not None and await quick_passwords().matches(password, found[1])


async def known(db: Database, name: str) -> User:
    return await Users(db).by_user_id(name)


async def test_the_account_follows_the_variables(db: Database) -> None:
    kept, sessions = UiAdministrator(db, quick_passwords()), Sessions(db, "gateway", DAY)
    assert await kept.keep("root", None) is None
    assert await Users(db).page(10, None) == []
    assert await kept.keep("root", ONE) is None
    root = await known(db, "root")
    assert (root.role, root.is_break_glass, root.email) == (Role.PROXY_ADMIN, True, None)
    session, _ = await sessions.open(root, Origin())
    # The same variables change nothing at the next start; another password ends what the first one opened.
    before = await audited(db)
    assert await kept.keep("root", ONE) is None
    assert await audited(db) == before
    assert await sessions.find(session) is not None
    assert await kept.keep("root", TWO) is None
    assert (await password_fits(db, "root", ONE), await password_fits(db, "root", TWO)) == (False, True)
    assert await sessions.find(session) is None
    # Another name takes the password from the first; without the variable nobody has one.
    assert await kept.keep("chief", TWO) is None
    assert (await password_fits(db, "root", TWO), await password_fits(db, "chief", TWO)) == (False, True)
    assert await kept.keep("chief", None) is None
    assert not await password_fits(db, "chief", TWO)
    assert await kept.keep("root", ONE) is None
    assert await password_fits(db, "root", ONE)
    assert (await known(db, "root")).id == root.id
    assert len(await Users(db).page(10, None)) == 2


async def audited(db: Database) -> int:
    async with db.read() as tx:
        return len(await audit_log.newest(tx, 100))


async def test_nobody_elses_account_is_taken_over(db: Database) -> None:
    new = NewUser("u", "root", "root", None, Role.INTERNAL_USER, RoleReason(rule="default"), password_hash="x")
    async with db.write() as tx:
        await users.add(tx, new, 1)
    kept = UiAdministrator(db, quick_passwords())
    for name in ("root", "default_user_id"):
        problem = await kept.keep(name, ONE)
        assert problem is not None
        assert "choose another UI_USERNAME" in problem
    assert (await known(db, "root")).role is Role.INTERNAL_USER
    assert not await password_fits(db, "root", ONE)
    assert len(await Users(db).page(10, None)) == 1


async def test_a_password_of_the_list_is_refused(db: Database) -> None:
    kept = UiAdministrator(db, Passwords(10, [ONE], QUICK))
    with pytest.raises(BadInput, match="attackers try"):
        await kept.keep("root", ONE)
    assert await Users(db).page(10, None) == []
