"""A client's access token opens the directory with the scope for it, as far as its person may go, while it lives."""

from typing import Any

import httpx2
import pytest
from tests.unit.web.authentik.conftest import Desk, bearer

from gatewright.idp.tokens.presented import API_SCOPE
from gatewright.storage import users

MOUNT = "/application/o"
AUTH = ("robot", "a-secret-of-the-robot-0123456789")
ACCOUNT = "ak-robot-client_credentials"


@pytest.fixture
async def robot(desk: Desk) -> Desk:
    """A client that may ask for the directory's scope."""
    mapping = {"name": "Directory", "scope_name": API_SCOPE, "expression": "return {}"}
    made = await desk.ok("POST", "/propertymappings/provider/scope/", mapping)
    provider = {
        "name": AUTH[0],
        "client_id": AUTH[0],
        "client_secret": AUTH[1],
        "grant_types": ["client_credentials"],
        "property_mappings": [made["pk"]],
    }
    pk = (await desk.ok("POST", "/providers/oauth2/", provider))["pk"]
    await desk.ok("POST", "/core/applications/", {"name": "Robot", "slug": "robot", "provider": pk})
    return desk


async def post(desk: Desk, endpoint: str, **form: str) -> httpx2.Response:
    return await desk.worker.client.post(f"{MOUNT}/{endpoint}/", data=form, auth=AUTH)


async def token(desk: Desk, scope: str = API_SCOPE, **more: str) -> dict[str, str]:
    answer = await post(desk, "token", grant_type="client_credentials", scope=scope, **more)
    assert answer.status_code == 200, answer.text
    return bearer(answer.json()["access_token"])


async def account(desk: Desk) -> Any:
    return (await desk.listed(f"/core/users/?username={ACCOUNT}"))[0]


async def refused(desk: Desk, headers: dict[str, str]) -> tuple[int, str]:
    answer = await desk.call("GET", "/core/users/me/", headers=headers)
    return answer.status_code, answer.json().get("code", "")


async def test_it_does_what_its_account_may(robot: Desk) -> None:
    headers = await token(robot)
    assert (await robot.ok("GET", "/core/users/me/", headers=headers))["user"]["username"] == ACCOUNT
    assert (await robot.call("GET", "/core/users/", headers=headers)).status_code == 403
    group, pk = await robot.group("admins"), (await account(robot))["pk"]
    await robot.ok("POST", f"/core/groups/{group['pk']}/add_user/", {"pk": pk})
    made = await robot.ok("POST", "/core/users/", {"username": "ada", "name": "Ada"}, headers=headers)
    assert (await robot.events("model.created"))[0]["actor"] == ACCOUNT
    # What it makes does not outlive it.
    own = await robot.ok("POST", "/core/tokens/", {"identifier": "t", "user": made["pk"]}, headers=headers)
    assert own["expiring"]


async def test_without_the_scope_it_opens_nothing(robot: Desk) -> None:
    assert await refused(robot, await token(robot, "openid")) == (403, "insufficient_scope")


async def test_one_for_another_resource_opens_nothing(robot: Desk) -> None:
    provider = {"name": "api", "client_id": "api"}
    pk = (await robot.ok("POST", "/providers/oauth2/", provider))["pk"]
    uri = "https://api.example/"
    app = {"name": "Api", "slug": "api", "provider": pk, "meta_launch_url": uri}
    await robot.ok("POST", "/core/applications/", app)
    assert await refused(robot, await token(robot, resource=uri)) == (401, "token_for_a_resource")
    # This gateway is the resource that the directory is of.
    own = await token(robot, resource=str(robot.worker.client.base_url))
    assert (await robot.ok("GET", "/core/users/me/", headers=own))["user"]["username"] == ACCOUNT


async def test_over_is_over_at_once(robot: Desk) -> None:
    headers = await token(robot)
    await post(robot, "revoke", token=headers["authorization"].removeprefix("Bearer "))
    assert await refused(robot, headers) == (401, "token_over")
    headers = await token(robot)
    async with robot.db.write() as tx:
        await users.change(tx, (await account(robot))["pk"], robot.db.clock(), is_active=False)
    assert await refused(robot, headers) == (401, "user_refused")
    forged = headers["authorization"][:-4] + "AAAA"
    assert await refused(robot, {"authorization": forged}) == (401, "access_token_signature")


async def test_it_opens_the_directory_alone(robot: Desk) -> None:
    headers = await token(robot)
    for path in ("/api/v1/me", "/v1/models", "/key/info"):
        assert (await robot.worker.client.get(path, headers=headers)).status_code == 401, path
