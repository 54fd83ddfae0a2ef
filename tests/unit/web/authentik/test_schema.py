"""The schema says of every row what it takes and answers, as the validators and the answers' types do."""

from typing import Any

from tests.unit.web.authentik.conftest import Desk

from gatewright.idp.objects import people, providers
from gatewright.idp.objects.fields import described
from gatewright.web.authentik.actions import ABOUT

API = "/api/v3"


async def schema(desk: Desk) -> dict[str, Any]:
    answer = await desk.call("GET", "/schema/?format=json", headers={})
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json"
    found: dict[str, Any] = answer.json()
    return found


async def test_every_row_is_described_once(desk: Desk) -> None:
    found = await schema(desk)
    table = {
        (method, str(route.path))  # type: ignore[attr-defined]  # every row is a Starlette route
        for route in desk.program.router.routes
        if str(route.path).startswith(f"{API}/") and str(route.path).endswith("/")  # type: ignore[attr-defined]  # as above
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]  # as above
    }
    said = {(method.upper(), path) for path, operations in found["paths"].items() for method in operations}
    assert said == table
    assert {(method, API + path) for method, path in ABOUT} <= table
    operations = [one for operations in found["paths"].values() for one in operations.values()]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names)
    assert {"core_users_list", "core_users_partial_update", "core_users_set_password_create"} <= set(names)
    secrets = {"client_secret", "token", "key", "link", "provider_secret"}
    shown = {
        (name, member)
        for name, one in found["components"]["schemas"].items()
        for member in secrets & one.get("properties", {}).keys()
    }
    # Each of these is shown by the request that makes it, and by no other.
    assert shown == {
        ("OAuth2Provider", "client_secret"),
        ("ServiceAccount", "token"),
        ("SetupUrls", "token"),
        ("Key", "key"),
        ("Link", "link"),
        ("Invitation", "link"),
        ("Transaction", "provider_secret"),
    }


async def test_bodies_filters_and_errors_are_those_of_the_validators(desk: Desk) -> None:
    users = (await schema(desk))["paths"][f"{API}/core/users/"]
    body = users["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (body["required"], body["additionalProperties"]) == (["username", "name"], False)
    assert body["properties"]["username"] == {"type": "string", "maxLength": 150, "minLength": 1}
    assert body["properties"]["type"]["enum"][:2] == ["internal", "external"]
    asked = {one["name"]: one["schema"] for one in users["get"]["parameters"]}
    assert asked["is_active"] == {"type": "boolean"}
    assert asked["groups_by_pk"] == {"type": "array", "items": {"type": "string", "format": "uuid"}}
    assert {"200", "400", "401", "403"} <= users["get"]["responses"].keys()
    assert users["get"]["security"]


def test_a_validator_says_what_it_reads() -> None:
    found = described(people.columns, ["last_login"])
    assert found["is_active"] == {"type": ["boolean", "null"], "default": True}
    assert found["last_login"] == {}
    assert set(described(providers.columns, providers.NAMES)) == set(providers.NAMES)
