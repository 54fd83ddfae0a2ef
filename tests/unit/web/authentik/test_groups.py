"""Groups through `/api/v3`: members, parents, and what hangs on them."""

from tests.unit.web.authentik.conftest import Desk


async def made(desk: Desk, name: str, **more: object) -> str:
    pk: str = (await desk.ok("POST", "/core/groups/", {"name": name, **more}))["pk"]
    return pk


async def test_members_come_and_go(desk: Desk) -> None:
    ada, bob = (await desk.user("ada"))["pk"], (await desk.user("bob"))["pk"]
    pk = await made(desk, "staff", users=[ada], attributes={"quota": 3})
    await desk.ok("POST", f"/core/groups/{pk}/add_user/", {"pk": bob})
    await desk.ok("POST", f"/core/groups/{pk}/add_user/", {"pk": bob})
    shown = await desk.ok("GET", f"/core/groups/{pk}/")
    assert (shown["users"], shown["attributes"]) == ([ada, bob], {"quota": 3})
    assert [one["username"] for one in shown["users_obj"]] == ["ada", "bob"]
    for query in ("members_by_username=bob", f"members_by_pk={bob}", "name=staff", "search=TAF"):
        assert [one["pk"] for one in await desk.listed(f"/core/groups/?{query}")] == [pk]
    await desk.ok("POST", f"/core/groups/{pk}/remove_user/", {"pk": ada})
    # A patch that does not name the members leaves them.
    await desk.ok("PATCH", f"/core/groups/{pk}/", {"attributes": {}})
    assert (await desk.ok("GET", f"/core/groups/{pk}/"))["users"] == [bob]
    for body in ({"pk": 999}, {"pk": "1"}, {}):
        assert (await desk.call("POST", f"/core/groups/{pk}/add_user/", body)).status_code in (400, 404)


async def test_parents_make_superusers_and_no_circles(desk: Desk) -> None:
    root = await made(desk, "root", is_superuser=True)
    middle, leaf = await made(desk, "middle", parents=[root]), await made(desk, "leaf")
    # Clients of 2025.2 name one parent.
    shown = await desk.ok("PATCH", f"/core/groups/{leaf}/", {"parent": middle})
    assert (shown["parent"], shown["parents"], shown["parent_name"]) == (middle, [middle], "middle")
    assert (await desk.ok("GET", f"/core/groups/{middle}/"))["children"] == [leaf]
    ada = await desk.user("ada", groups=[leaf])
    assert (await desk.ok("GET", f"/core/users/{ada['pk']}/"))["is_superuser"] is True
    assert [one["username"] for one in await desk.listed("/core/users/?is_superuser=true")] == ["ada"]
    for pk, parents in ((root, [leaf]), (leaf, [leaf]), (root, [middle])):
        refused = await desk.call("PATCH", f"/core/groups/{pk}/", {"parents": parents})
        assert (refused.status_code, list(refused.json())) == (400, ["parents"])
    assert (await desk.ok("PATCH", f"/core/groups/{leaf}/", {"parent": None}))["parents"] == []
    assert (await desk.ok("GET", f"/core/users/{ada['pk']}/"))["is_superuser"] is False


NOT_A_GROUP: tuple[tuple[dict[str, object], str], ...] = (
    ({"name": "admins"}, "name"),
    ({"name": ""}, "name"),
    ({"name": "x", "users": [999]}, "users"),
    ({"name": "x", "users": ["1"]}, "users"),
    ({"name": "x", "parents": ["00000000-0000-4000-8000-000000000000"]}, "parents"),
    ({"name": "x", "roles": ["r"]}, "roles"),
    ({"name": "x", "is_superuser": "yes"}, "is_superuser"),
    ({"name": "x", "colour": "red"}, "colour"),
)


async def test_wrong_groups_are_refused_by_field(desk: Desk) -> None:
    for body, field in NOT_A_GROUP:
        refused = await desk.call("POST", "/core/groups/", body)
        assert (refused.status_code, list(refused.json())) == (400, [field]), refused.text
    assert len(await desk.listed("/core/groups/")) == 1


async def test_a_group_that_guards_an_application_cannot_vanish(desk: Desk) -> None:
    pk = await made(desk, "staff")
    app = (await desk.listed("/core/applications/"))[0]
    binding = await desk.ok("POST", "/policies/bindings/", {"target": app["pk"], "group": pk, "order": 0})
    # Without the binding everybody could use the application.
    assert (await desk.call("DELETE", f"/core/groups/{pk}/")).status_code == 400
    await desk.ok("DELETE", f"/policies/bindings/{binding['pk']}/")
    await desk.ok("DELETE", f"/core/groups/{pk}/")
    assert (await desk.call("GET", f"/core/groups/{pk}/")).status_code == 404


async def test_null_leaves_members_and_groups_as_they_are(desk: Desk) -> None:
    group = await desk.ok("POST", "/core/groups/", {"name": "crew"})
    ada = await desk.user("ada", groups=[group["pk"]])
    path = f"/core/groups/{group['pk']}/"
    assert (await desk.ok("PUT", path, {"name": "band", "users": None, "parents": None}))["users"] == [ada["pk"]]
    kept = await desk.ok("PATCH", f"/core/users/{ada['pk']}/", {"groups": None, "attributes": None})
    assert kept["groups"] == [group["pk"]]


async def test_numbers_that_no_row_has_are_refused(desk: Desk) -> None:
    for path, body in (
        ("/core/groups/", {"name": "crew", "users": [10**30]}),
        ("/core/groups/", {"name": "crew", "users": [-1]}),
        ("/core/applications/", {"name": "a", "slug": "a", "provider": 10**30}),
    ):
        assert (await desk.call("POST", path, body)).status_code == 400, body
