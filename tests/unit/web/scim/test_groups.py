"""`/scim/v2/Groups` are teams, as Entra ID and Okta call them, on both databases."""

from typing import Any
from urllib.parse import quote

import pytest
from tests.unit.web.scim.conftest import ROOT, Scim

from gatewright.accounts.keys import KeyRing, Keys, NewKey
from gatewright.accounts.teams import NewTeam, Teams
from gatewright.accounts.users import Users
from gatewright.domain.errors import Unauthenticated
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Origin
from gatewright.domain.scim.schema import GROUP, PATCH
from gatewright.storage import audit_log, changes, team_members, teams
from gatewright.storage import scim as rows

WINDOWS_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


def ops(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


async def inside(scim: Scim, group_id: str) -> list[str]:
    """The ids of the members."""
    body = await scim.ok("GET", f"/Groups/{group_id}")
    return [one["value"] for one in body.get("members", [])]


async def test_what_entra_id_does_with_a_group(scim: Scim) -> None:
    ada, bob = (await scim.user("ada"))["id"], (await scim.user("bob"))["id"]
    body = {
        "schemas": [GROUP, WINDOWS_GROUP],
        "externalId": "oid-of-engines",
        "displayName": "Engines",
        "meta": {"resourceType": "Group"},
        "members": [],
    }
    group = await scim.ok("POST", "/Groups", body)
    path = f"/Groups/{group['id']}"
    for filter_ in ('displayName eq "engines"', 'externalId eq "oid-of-engines"', f'id eq "{group["id"]}"'):
        listed = await scim.ok("GET", f"/Groups?excludedAttributes=members&filter={quote(filter_)}")
        assert [one["id"] for one in listed["Resources"]] == [group["id"]]
    add = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": ada}, {"$ref": None, "value": bob}]}
    # Twice: a client that heard no answer repeats itself.
    for _ in range(2):
        assert (await scim.send("PATCH", path, ops(add))).status_code == 204
    whole = await scim.ok("GET", path)
    assert whole["members"] == [{"value": one, "type": "User", "$ref": f"{ROOT}/Users/{one}"} for one in (ada, bob)]
    assert "members" not in await scim.ok("GET", f"{path}?excludedAttributes=members")
    member = quote(f'id eq "{group["id"]}" and members eq "{ada}"')
    assert (await scim.ok("GET", f"/Groups?filter={member}"))["totalResults"] == 1
    assert (await scim.ok("GET", f"/Users/{ada}"))["groups"] == [
        {"value": group["id"], "display": "Engines", "$ref": f"{ROOT}/Groups/{group['id']}"}
    ]
    grouped = quote('groups.display eq "engines"')
    assert (await scim.ok("GET", f"/Users?filter={grouped}"))["totalResults"] == 2
    for _ in range(2):
        await scim.ok("PATCH", path, ops({"op": "Remove", "path": "members", "value": [{"value": ada}]}))
    await scim.ok("PATCH", path, ops({"op": "Replace", "path": "displayName", "value": "Looms"}))
    assert await inside(scim, group["id"]) == [bob]
    assert (await scim.ok("GET", path))["displayName"] == "Looms"
    assert (await scim.send("DELETE", path)).status_code == 204
    assert await scim.refused("GET", path) == (404, None)


async def test_what_okta_does_with_a_group(scim: Scim) -> None:
    ada, bob = (await scim.user("ada"))["id"], (await scim.user("bob"))["id"]
    body = {"schemas": [GROUP], "displayName": "Engines", "members": [{"value": ada, "display": "ada"}]}
    group = await scim.ok("POST", "/Groups", body)
    path = f"/Groups/{group['id']}"
    renamed = {"op": "replace", "value": {"id": group["id"], "displayName": "Looms"}}
    await scim.ok("PATCH", path, ops(renamed))
    moved: list[dict[str, Any]] = [
        {"op": "remove", "path": f'members[value eq "{ada}"]'},
        {"op": "add", "path": "members", "value": [{"value": bob, "display": "bob"}]},
    ]
    answered = await scim.ok("PATCH", f"{path}?attributes=members,displayName", ops(*moved))
    assert [one["value"] for one in answered["members"]] == [bob]
    assert answered["displayName"] == "Looms"
    replaced = await scim.ok("PUT", path, {**body, "members": [{"value": ada}, {"value": ada}]})
    assert [one["value"] for one in replaced["members"]] == [ada]
    assert replaced["displayName"] == "Engines"
    await scim.ok("PATCH", path, ops({"op": "remove", "path": "members"}))
    assert await inside(scim, group["id"]) == []


async def test_memberships_by_another_word_stay(scim: Scim) -> None:
    ada, bob = (await scim.user("ada"))["id"], (await scim.user("bob"))["id"]
    group = await scim.ok("POST", "/Groups", {"displayName": "Engines", "members": [{"value": ada}]})
    async with scim.db.write() as tx:
        team = await teams.by_id(tx, group["id"])
        assert team is not None
        pks = await rows.known_pks(tx, [bob], adopt=False)
        await team_members.put(tx, team.id, pks[bob], "admin", "manual", 1)
    path = f"/Groups/{group['id']}"
    assert await inside(scim, group["id"]) == [ada, bob]
    await scim.ok("PATCH", path, ops({"op": "add", "path": "members", "value": [{"value": bob}]}))
    await scim.ok("PUT", path, {"displayName": "Engines"})
    async with scim.db.read() as tx:
        left = await team_members.of_team(tx, team.id)
    assert [(one.user_pk, one.role, one.origin) for one in left] == [(pks[bob], "admin", "manual")]


async def test_teams_of_ours_are_groups_and_their_keys_end_with_them(scim: Scim) -> None:
    team = await Teams(scim.db).create(NewTeam(team_id="t1"), actor="boss", origin=Origin())
    secret, _ = await Keys(scim.db).create(NewKey(None, None, team_id=team.team_id), actor="boss", origin=Origin())
    assert (await scim.ring.authenticate(secret)).team_id == "t1"
    shown = await scim.ok("GET", "/Groups/t1")
    assert (shown["displayName"], "members" in shown) == ("t1", False)
    by_name = quote('displayName eq "T1"')
    assert (await scim.ok("GET", f"/Groups?filter={by_name}"))["totalResults"] == 1
    await scim.ok("DELETE", "/Groups/t1")
    with pytest.raises(Unauthenticated):
        await KeyRing(scim.db, "").authenticate(secret)


async def test_a_command_line_key_for_a_team_ends_with_the_membership(scim: Scim) -> None:
    ada = await scim.user("ada")
    group = await scim.ok("POST", "/Groups", {"displayName": "Engines", "members": [{"value": ada["id"]}]})
    [user] = [one for one in await Users(scim.db).page(100, None) if one.uuid == ada["id"]]
    made = []
    for team_id in (group["id"], None):
        new = NewKey(None, user, kind="cli", team_id=team_id)
        made.append((await Keys(scim.db).create(new, actor="boss", origin=Origin()))[0])
    await scim.ok("PUT", f"/Groups/{group['id']}", {"displayName": "Engines"})
    ring = KeyRing(scim.db, "")
    with pytest.raises(Unauthenticated) as caught:
        await ring.authenticate(made[0])
    assert caught.value.error_code == "key_revoked"
    assert (await ring.authenticate(made[1])).user_id == user.user_id
    async with scim.db.read() as tx:
        told = [one.ref for one in await changes.since(tx, 0) if one.kind == "key"]
    assert told.count(key_hash(made[0])) == 2


async def test_changes_are_whole_or_not_at_all(scim: Scim) -> None:
    ada = (await scim.user("ada"))["id"]
    group = await scim.ok("POST", "/Groups", {"displayName": "Engines", "externalId": "1"})
    other = await scim.ok("POST", "/Groups", {"displayName": "Engines"})
    path = f"/Groups/{group['id']}"
    nobody = {"op": "add", "path": "members", "value": [{"value": ada}, {"value": "nobody"}]}
    rename = {"op": "replace", "path": "displayName", "value": "Looms"}
    assert await scim.refused("PATCH", path, ops(rename, nobody)) == (400, "invalidValue")
    stranger = {"displayName": "x", "members": [{"value": "y"}]}
    assert await scim.refused("POST", "/Groups", stranger) == (400, "invalidValue")
    assert await scim.refused("POST", "/Groups", {"members": []}) == (400, "invalidValue")
    assert await scim.refused("POST", "/Groups", {"displayName": "x", "externalId": "1"}) == (409, "uniqueness")
    taken = {"op": "add", "path": "externalId", "value": "1"}
    assert await scim.refused("PATCH", f"/Groups/{other['id']}", ops(taken)) == (409, "uniqueness")
    late = {"if-match": 'W/"another"'}
    assert await scim.refused("PATCH", path, ops(rename), **late) == (412, None)
    for filter_ in ('members[display eq "x"]', "members.shoe pr", 'title eq "x"'):
        assert await scim.refused("GET", f"/Groups?filter={quote(filter_)}") == (400, "invalidFilter")
    assert await scim.ok("GET", path) == group
    assert (await scim.ok("GET", "/Groups?sortBy=displayName&count=1"))["totalResults"] == 2
    async with scim.db.read() as tx:
        events = await audit_log.newest(tx, 50)
    causes = [one["outcome"] for one in events if one["action"].startswith("scim.group.")]
    assert {"invalidValue", "uniqueness", "version_differs"} <= set(causes)
