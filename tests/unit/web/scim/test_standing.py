"""Whom SCIM sees and may change, and what ends when it switches somebody off, on both databases."""

from typing import Any

import msgspec
from tests.unit.web.scim.conftest import Scim, assembled

from gatewright.accounts.keys import KeyRing, Keys, NewKey
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.users import Users, create_local
from gatewright.domain.errors import Unauthenticated
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.settings.schema import Settings
from gatewright.storage import audit_log, users
from gatewright.storage.database import Database
from gatewright.storage.users import NewUser

PATCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
NOWHERE = Origin()


async def row(db: Database, name: str, **more: Any) -> User:
    """Somebody whom SCIM did not make."""
    reason = RoleReason(rule="default")
    new = NewUser(f"uuid-of-{name}", name, name, f"{name}@x.org", Role.INTERNAL_USER, reason, **more)
    async with db.write() as tx:
        return await users.add(tx, new, 1)


async def behind(db: Database, scim_id: str) -> User:
    """The user of a SCIM id."""
    found = [one for one in await Users(db).page(100, None) if one.uuid == scim_id]
    return found[0]


def switched(active: bool) -> dict[str, Any]:
    return {**PATCH, "Operations": [{"op": "replace", "value": {"active": active}}]}


async def test_people_of_ours_are_not_scims(scim: Scim) -> None:
    ada = await row(scim.db, "ada")
    path = f"/Users/{ada.uuid}"
    assert (await scim.ok("GET", "/Users"))["totalResults"] == 0
    for method, body in (("GET", None), ("PUT", {"userName": "ada"}), ("PATCH", switched(False)), ("DELETE", None)):
        assert await scim.refused(method, path, body) == (404, None)
    # Nobody is found by a name, and nobody's name is taken.
    for name in ("ada", "ADA"):
        assert await scim.refused("POST", "/Users", {"userName": name}) == (409, "uniqueness")
    member = {"displayName": "x", "members": [{"value": ada.uuid}]}
    assert await scim.refused("POST", "/Groups", member) == (400, "invalidValue")


async def test_people_of_ours_are_taken_over_when_the_operator_says_so(adopting: Scim, scim: Scim) -> None:
    ada = await row(adopting.db, "ada")
    await row(adopting.db, "emergency", is_break_glass=True)
    await row(adopting.db, "robot", kind="service_account")
    [seen] = (await adopting.ok("GET", "/Users"))["Resources"]
    assert (seen["userName"], seen["id"], seen["emails"]) == (
        "ada",
        ada.uuid,
        [{"value": "ada@x.org", "primary": True}],
    )
    for name in ("emergency", "robot"):
        assert await adopting.refused("GET", f"/Users/uuid-of-{name}") == (404, None)
        assert await adopting.refused("POST", "/Users", {"userName": name}) == (409, "uniqueness")
    group = await adopting.ok("POST", "/Groups", {"displayName": "Engines", "members": [{"value": ada.uuid}]})
    # Whom it put into a team it takes out again, whom it sees by now or not.
    assert len((await scim.ok("GET", f"/Groups/{group['id']}"))["members"]) == 1
    await scim.ok("PUT", f"/Groups/{group['id']}", {"displayName": "Engines"})
    assert "members" not in await scim.ok("GET", f"/Groups/{group['id']}")
    change = {**PATCH, "Operations": [{"op": "Add", "path": "externalId", "value": "oid"}]}
    await adopting.ok("PATCH", f"/Users/{ada.uuid}", change)
    # From then on they are provisioned, setting or not, and are the account that they were.
    assert (await scim.ok("GET", f"/Users/{ada.uuid}"))["externalId"] == "oid"
    after = await behind(scim.db, ada.uuid)
    assert (after.username, after.user_id, after.role) == ("ada", "ada", Role.INTERNAL_USER)


async def test_what_a_newcomer_is(scim: Scim) -> None:
    body = {"displayName": "Ada", "emails": [{"value": "Ada@X.org"}], "userType": "proxy_admin"}
    ada = await scim.user("ada", **body)
    user = await behind(scim.db, ada["id"])
    assert (user.username, user.user_id, user.email, user.email_verified) == ("ada", "ada", "ada@x.org", False)
    assert (user.role, user.role_reason.rule, user.is_break_glass) == (Role.INTERNAL_USER_VIEWER, "default", False)
    async with scim.db.read() as tx:
        assert await users.identities_of(tx, user.id) == []
        assert not await users.has_password(tx, user.id)
    # Their name for the directory may change, the account's own never comes to mean somebody else.
    await scim.ok("PUT", f"/Users/{ada['id']}", {"userName": "king"})
    other = await behind(scim.db, (await scim.user("ada"))["id"])
    assert (await behind(scim.db, ada["id"])).username == "ada"
    assert other.username == other.user_id == other.uuid
    for name in ("master", "Default_User_Id"):
        made = await behind(scim.db, (await scim.user(name))["id"])
        assert made.username == made.user_id == made.uuid


async def test_names_that_mean_an_administrator_are_nobodys(settings: Settings, db: Database) -> None:
    scim = assembled(msgspec.structs.replace(settings, proxy_admin_id="Boss"), db)
    made = await behind(db, (await scim.user("bOSS"))["id"])
    assert made.user_id == made.username == made.uuid


async def test_switching_somebody_off_ends_what_they_have(scim: Scim, settings: Settings) -> None:
    db = scim.db
    ada = await scim.user("ada")
    path, user = f"/Users/{ada['id']}", await behind(db, ada["id"])
    sessions, keys = Sessions(db, "gateway", settings.session_life), Keys(db)
    cookie, _ = await sessions.open(user, NOWHERE)
    virtual, _ = await keys.create(NewKey(None, user), actor="boss", origin=NOWHERE)
    command_line, _ = await keys.create(NewKey(None, user, kind="cli"), actor="boss", origin=NOWHERE)
    assert await sessions.find(cookie, NOWHERE) is not None

    async def works(secret: str) -> str | None:
        try:
            await KeyRing(db, "").authenticate(secret)
        except Unauthenticated as error:
            return error.error_code
        return None

    assert [await works(virtual), await works(command_line)] == [None, None]
    await scim.ok("PATCH", path, switched(False))
    assert [await works(virtual), await works(command_line)] == ["user_inactive", "key_revoked"]
    await scim.ok("PATCH", path, switched(True))
    assert await sessions.find(cookie, NOWHERE) is None
    assert [await works(virtual), await works(command_line)] == [None, "key_revoked"]
    await scim.ok("DELETE", path)
    assert await works(virtual) == "key_revoked"
    async with db.read() as tx:
        events = [(one["action"], one["outcome"]) for one in await audit_log.newest(tx, 20)]
    assert ("scim.user.create", "ok") in events
    assert ("scim.user.delete", "ok") in events
    assert events.count(("scim.user.update", "ok")) == 2


async def test_the_last_administrator_stays(scim: Scim) -> None:
    ada = await scim.user("ada")
    path, user = f"/Users/{ada['id']}", await behind(scim.db, ada["id"])
    await Users(scim.db).set_role(user.user_id, Role.PROXY_ADMIN, actor="boss", origin=NOWHERE)
    for method, body in (("PATCH", switched(False)), ("DELETE", None)):
        assert await scim.refused(method, path, body) == (409, None)
    async with scim.db.read() as tx:
        causes = {(one["action"], one["outcome"]) for one in await audit_log.newest(tx, 9)}
    assert {("scim.user.update", "last_admin"), ("scim.user.delete", "last_admin")} <= causes
    async with scim.db.write() as tx:
        reason = RoleReason(rule="first_admin")
        await create_local(tx, scim.db, email="root@x.org", password_hash="x", role_reason=reason, break_glass=True)
    await scim.ok("PATCH", path, switched(False))
    assert (await behind(scim.db, ada["id"])).role is Role.PROXY_ADMIN


async def test_an_administrators_account_is_given_to_nobody(scim: Scim) -> None:
    ada = await scim.user("ada", externalId="1")
    path, user = f"/Users/{ada['id']}", await behind(scim.db, ada["id"])
    await scim.ok("PUT", path, {"userName": "ada", "externalId": "2"})
    await Users(scim.db).set_role(user.user_id, Role.PROXY_ADMIN_VIEWER, actor="boss", origin=NOWHERE)
    assert await scim.refused("PUT", path, {"userName": "ada", "externalId": "3"}) == (400, "mutability")
    assert await scim.refused("PUT", path, {"userName": "ada"}) == (400, "mutability")
    assert (await scim.ok("PUT", path, {"userName": "ada", "externalId": "2", "title": "Dr"}))["title"] == "Dr"
    # Once they have signed in, the id opens nothing any more.
    async with scim.db.write() as tx:
        await users.link(tx, user.id, "https://idp.example", "s", 1)
    assert (await scim.ok("PUT", path, {"userName": "ada", "externalId": "3"}))["externalId"] == "3"


async def test_what_the_provider_told_since_is_seen(scim: Scim) -> None:
    ada = await scim.user("ada", emails=[{"value": "old@x.org", "type": "work", "primary": True}])
    user = await behind(scim.db, ada["id"])
    async with scim.db.write() as tx:
        await users.change(tx, user.id, 5, email="new@x.org", email_verified=True)
    seen = await scim.ok("GET", f"/Users/{ada['id']}")
    old = {"value": "old@x.org", "type": "work", "primary": False}
    assert seen["emails"] == [{"value": "new@x.org", "primary": True}, old]
    found = await scim.ok("GET", "/Users?filter=emails%20eq%20%22NEW@x.org%22")
    assert found["totalResults"] == 1
    # Writing back what was read changes nothing of it.
    await scim.ok("PUT", f"/Users/{ada['id']}", seen)
    assert (await behind(scim.db, ada["id"])).email_verified
