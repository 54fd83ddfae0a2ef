"""Icons that are kept elsewhere: the dashboard lets in the origins of those that the person sees, no others."""

import pytest
from tests.unit.web.authentik.conftest import Desk
from tests.unit.web.conftest import BASE

from gatewright.domain.identity import Role

HOSTILE = "https://evil.example;script-src *"


async def images(desk: Desk, headers: dict[str, str]) -> str:
    answer = await desk.worker.client.get(f"{BASE}/ui/", headers=headers)
    assert answer.status_code == 200
    found = [part for part in answer.headers["content-security-policy"].split("; ") if part.startswith("img-src")]
    assert len(found) == 1
    return str(found[0])


@pytest.mark.parametrize("role", [Role.PROXY_ADMIN_VIEWER, Role.INTERNAL_USER])
async def test_only_what_somebody_sees_may_load(desk: Desk, role: Role) -> None:
    user = await desk.person("bob", role)
    headers = await desk.browser(user)
    assert await images(desk, headers) == "img-src 'self' data:"
    for slug, icon in (
        ("open", "https://icons.example/a.svg"),
        ("again", "https://icons.example/b.svg"),
        ("own", "/static/a.svg"),
        ("drawn", "data:image/svg+xml,x"),
        ("named", "fa://fa-car"),
        ("hostile", f"{HOSTILE}/a.svg"),
        ("closed", "http://[2001:db8::1]:8080/secret.svg"),
    ):
        sent = {"name": slug, "slug": slug, "meta_icon": icon, "meta_launch_url": "https://x.example/"}
        made = await desk.ok("POST", "/core/applications/", sent)
        if slug == "closed":
            admins = (await desk.group("admins"))["pk"]
            await desk.ok("POST", "/policies/bindings/", {"target": made["pk"], "group": admins, "order": 0})
    wanted = "img-src 'self' data: https://icons.example"
    if role is Role.PROXY_ADMIN_VIEWER:
        wanted = "img-src 'self' data: http://[2001:db8::1]:8080 https://icons.example"
    assert await images(desk, headers) == wanted
