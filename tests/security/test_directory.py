"""Groups, roles and changed objects: attacks on the rules of the directory."""

from typing import Any

import pytest

from .stage import BASE, CALLBACK, Site
from .victim import PROVIDERS, V3, session_of

pytestmark = pytest.mark.anyio


async def test_04_nobody_climbs_through_groups(stored: Site) -> None:
    """Members and viewers change no membership, parent or role; what is inherited counts at once, and ends at once."""
    superusers = await stored.group("super", is_superuser=True)
    middle = await stored.group("middle")
    inner = await stored.group("inner", parents=[middle["pk"]])
    robot = await stored.ok("POST", f"{V3}/core/users/service_account/", {"name": stored.name("robot")})
    person = await stored.person(groups=[inner["pk"]])
    await stored.ok("POST", f"{V3}/core/groups/{inner['pk']}/add_user/", {"pk": robot["user_pk"]})
    key = stored.name("token")
    await stored.ok("POST", f"{V3}/core/tokens/", {"identifier": key, "user": robot["user_pk"]})
    bearer = {"authorization": f"Bearer {(await stored.ok('GET', f'{V3}/core/tokens/{key}/view_key/'))['key']}"}
    climbers = {
        "member": await session_of(stored, person, "internal_user"),
        "viewer": await session_of(stored, await stored.person("viewer"), "proxy_admin_viewer"),
        "robot": bearer,
    }
    own = person["pk"]
    steps: list[tuple[str, str, Any]] = [
        ("POST", f"{V3}/core/groups/{superusers['pk']}/add_user/", {"pk": own}),
        ("PATCH", f"{V3}/core/groups/{superusers['pk']}/", {"users": [own]}),
        ("PATCH", f"{V3}/core/groups/{inner['pk']}/", {"parents": [superusers["pk"]]}),
        ("PATCH", f"{V3}/core/groups/{inner['pk']}/", {"parent": superusers["pk"]}),
        ("PATCH", f"{V3}/core/groups/{inner['pk']}/", {"is_superuser": True}),
        ("PUT", f"{V3}/core/groups/{inner['pk']}/", {"name": inner["name"], "is_superuser": True}),
        ("POST", f"{V3}/core/groups/", {"name": stored.name("g"), "users": [own], "parents": [superusers["pk"]]}),
        ("PATCH", f"{V3}/core/users/{own}/", {"groups": [superusers["pk"]]}),
        ("POST", f"{V3}/core/users/", {"username": stored.name("x"), "name": "x", "groups": [superusers["pk"]]}),
        ("POST", f"{V3}/stages/invitation/invitations/", {"name": stored.name("i"), "groups": [superusers["pk"]]}),
        ("POST", f"{V3}/core/users/1/set_password/", {"password": "correct horse battery"}),
        ("POST", f"{V3}/core/users/1/recovery/", {}),
        ("POST", f"{V3}/core/tokens/", {"identifier": stored.name("t"), "user": 1}),
        ("POST", "/api/v1/users/x/factors/reset", None),
        ("PATCH", f"/api/v1/users/{person['username']}", {"role": "proxy_admin"}),
        ("POST", "/user/update", {"user_id": person["username"], "user_role": "proxy_admin"}),
    ]
    for climber, headers in climbers.items():
        for method, path, body in steps:
            answer = await stored.at(headers=headers).request(method, path, json=body)
            assert answer.status_code in (401, 403), (climber, method, path, answer.text)
    groups = f"{V3}/core/groups/"

    async def administers(worker: int) -> bool:
        made = await stored.at(worker=worker, headers=bearer).post(groups, json={"name": stored.name("g")})
        assert made.status_code in (201, 403), made.text
        return made.status_code == 201

    assert not await administers(1)
    await stored.ok("PATCH", f"{groups}{middle['pk']}/", {"parents": [superusers["pk"]]})
    assert await administers(1)
    # No group is its own ancestor, from whichever end the ring is closed.
    for child, parent in ((superusers, inner), (middle, inner), (inner, inner)):
        answer = await stored.admin.patch(f"{groups}{child['pk']}/", json={"parents": [parent["pk"]]})
        assert answer.status_code == 400, (child["name"], parent["name"])
    await stored.ok("PATCH", f"{groups}{middle['pk']}/", {"parents": []})
    assert not await administers(0)
    assert not await administers(1)


FIELDS: dict[str, list[dict[str, Any]]] = {
    PROVIDERS: [
        {"redirect_uris": [{"matching_mode": "strict", "url": "javascript:alert(1)"}]},
        {"redirect_uris": [{"matching_mode": "regex", "url": ".*"}]},
        {"client_secret": "short"},
        {"grant_types": ["made_up"]},
        {"logout_uri": "javascript:1"},
        {"access_token_validity": "forever"},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "d"}]}},
        {"sub_mode": "made_up"},
        {"client_type": "made_up"},
        {"signing_key": "made_up"},
        {"authorization_flow": "made-up"},
        {"property_mappings": ["00000000-0000-4000-8000-000000000000"]},
    ],
    f"{V3}/core/applications/": [
        {"slug": "token"},
        {"slug": "../x"},
        {"meta_launch_url": "javascript:alert(1)"},
        {"meta_launch_url": "https://%(password_hash)s.example/"},
        {"policy_engine_mode": "none"},
    ],
    f"{V3}/propertymappings/provider/scope/": [{"expression": "return {"}, {"expression": "import os\nreturn {}"}],
    f"{V3}/core/users/": [{"email": "not an address"}, {"type": "made_up"}, {"groups": ["x"]}],
}


@pytest.mark.parametrize("path", FIELDS)
async def test_29_a_change_is_held_to_the_rules_of_a_new_object(site: Site, path: str) -> None:
    """Each field that a new object may not have, a changed one may not have either: by PATCH, by PUT, with others."""
    name = site.name("object")
    possible: dict[str, dict[str, Any]] = {
        PROVIDERS: {"name": name, "redirect_uris": [{"matching_mode": "strict", "url": CALLBACK}]},
        f"{V3}/core/applications/": {"name": name, "slug": name},
        f"{V3}/propertymappings/provider/scope/": {"name": name, "scope_name": name, "expression": "return {}"},
        f"{V3}/core/users/": {"username": name, "name": name},
    }
    required = possible[path]
    made = await site.ok("POST", path, required)
    own = f"{path}{made['slug' if 'applications' in path else 'pk']}/"
    kept = await site.ok("GET", own)
    for bad in FIELDS[path]:
        others: dict[str, Any] = {key: site.name("other") for key in ("name", "slug", "username") if key in required}
        fresh = required | others
        assert (await site.admin.post(path, json={**fresh, **bad})).status_code == 400, bad
        assert (await site.admin.patch(own, json=bad)).status_code == 400, bad
        assert (await site.admin.put(own, json={**required, **bad})).status_code == 400, bad
    assert await site.ok("GET", own) == kept


async def test_29_the_whole_object_counts_not_the_part_that_changed(site: Site) -> None:
    group, person = await site.group(), await site.person()
    app, other = await site.client(), await site.client()
    binding = {"target": app.application["pk"], "group": group["pk"], "order": 0}
    path = f"{V3}/policies/bindings/"
    bound = await site.ok("POST", path, binding)
    # One group or one person, whichever is said first.
    patches: list[dict[str, Any]] = [{"user": person["pk"]}, {"group": None}, {"group": ""}, {"policy": bound["pk"]}]
    for patch in patches:
        assert (await site.admin.patch(f"{path}{bound['pk']}/", json=patch)).status_code == 400, patch
    # A provider belongs to one application.
    applications = f"{V3}/core/applications/"
    answer = await site.admin.patch(f"{applications}{app.id}/", json={"provider": other.provider_pk})
    assert answer.status_code == 400
    # The dashboard's own client keeps what a sign-in needs.
    [own] = (await site.ok("GET", f"{PROVIDERS}?client_id=litellm"))["results"]
    patches = [{"client_id": "mine"}, {"redirect_uris": []}, {"redirect_uris": [{"url": "https://evil.example/"}]}]
    for patch in patches:
        answer = await site.admin.patch(f"{PROVIDERS}{own['pk']}/", json=patch)
        assert (answer.status_code, answer.json().get("code")) == (409, "own_client"), patch
    assert BASE in str(own["redirect_uris"])
