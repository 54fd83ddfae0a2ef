"""What LiteLLM's dashboard asks before anything else, and the flag that can be switched."""

from typing import Any
from uuid import uuid4

import pytest
from tests.unit.web.authentik.conftest import Desk
from tests.unit.web.conftest import BASE
from tests.unit.web.sso.conftest import Started

from gatewright.domain.identity import Role

FLAG = "disable_custom_api_keys"


async def test_the_first_file_that_the_dashboard_reads(started: Started) -> None:
    worker = await started.worker()
    for path in ("/.well-known/litellm-ui-config", "/litellm/.well-known/litellm-ui-config"):
        assert (await worker.client.get(path)).json() == {
            "server_root_path": "",
            "proxy_base_url": BASE,
            "auto_redirect_to_sso": True,
            "admin_ui_disabled": False,
            "sso_configured": True,
            "hide_default_credentials_hint": True,
            "is_control_plane": False,
            "mcp_stdio_enabled": False,
            "workers": [],
        }
    off = await started.worker(DISABLE_ADMIN_UI="true")
    assert (await off.client.get("/.well-known/litellm-ui-config")).json()["admin_ui_disabled"]


async def test_what_the_variables_say(started: Started) -> None:
    given = {
        "PROXY_LOGOUT_URL": "https://auth.example.com/out",
        "LITELLM_UI_API_DOC_BASE_URL": "https://api.example.com",
        "PROXY_DEFAULT_TEAM_DISABLED": "true",
    }
    worker = await started.worker(**given)
    found = (await worker.admin.get("/sso/get/ui_settings")).json()
    assert found == {
        "PROXY_BASE_URL": BASE,
        "PROXY_LOGOUT_URL": "https://auth.example.com/out",
        "LITELLM_UI_API_DOC_BASE_URL": "https://api.example.com",
        "DEFAULT_TEAM_DISABLED": True,
        "SSO_ENABLED": True,
        "NUM_SPEND_LOGS_ROWS": 0,
        "DISABLE_EXPENSIVE_DB_QUERIES": False,
    }
    assert (await worker.client.get("/sso/get/ui_settings")).status_code == 401
    assert (await worker.client.get("/api/v1/ui")).json()["api_base_url"] == "https://api.example.com"
    assert (await worker.admin.get("/api/v1/overview")).json()["base_url"] == "https://api.example.com"
    assert (await (await started.worker()).client.get("/api/v1/ui")).json()["api_base_url"] == BASE


async def bring(desk: Desk) -> int:
    """The status of a key whose secret the caller brings."""
    return (await desk.worker.admin.post("/key/generate", json={"key": f"sk-{uuid4().hex}"})).status_code


async def update(desk: Desk, body: dict[str, Any], status: int = 200) -> Any:
    answer = await desk.worker.admin.patch("/update/ui_settings", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_flag_that_is_switched_works(desk: Desk) -> None:
    assert await bring(desk) == 200
    before = (await desk.worker.client.get("/get/ui_settings")).json()
    assert before.keys() == {"values", "field_schema", "source"}
    assert before["values"].keys() == before["source"].keys() == before["field_schema"]["properties"].keys()
    assert (before["values"][FLAG], before["source"][FLAG]) == (False, "default")
    # What was answered can be sent back with a change in it.
    changed = await update(desk, {**before["values"], FLAG: True})
    assert changed == {
        "message": "UI settings updated successfully",
        "status": "success",
        "settings": {FLAG: True},
    }
    after = (await desk.worker.client.get("/get/ui_settings")).json()
    assert (after["values"][FLAG], after["source"][FLAG]) == (True, "db")
    assert await bring(desk) == 403
    assert (await desk.worker.admin.post("/key/generate", json={})).status_code == 200
    await update(desk, {FLAG: False})
    assert await bring(desk) == 200
    assert [event["outcome"] for event in await desk.events("settings.ui")] == ["ok", "ok"]


async def test_what_cannot_be_switched_is_refused_by_name(desk: Desk) -> None:
    values = (await desk.worker.client.get("/get/ui_settings")).json()["values"]
    for name, value in values.items():
        if name != FLAG:
            other = (not value) if isinstance(value, bool) else ["x"]
            refused = await update(desk, {name: other}, 400)
            assert refused["error"]["param"] == name
    assert (await update(desk, {"made_up": True}, 400))["error"]["param"] == "made_up"
    assert (await update(desk, {FLAG: "yes"}, 400))["error"]["param"] == FLAG
    assert (await desk.worker.client.get("/get/ui_settings")).json()["values"] == values


@pytest.mark.parametrize("role", [Role.INTERNAL_USER, Role.PROXY_ADMIN_VIEWER])
async def test_administrators_alone_switch(desk: Desk, role: Role) -> None:
    key = await desk.virtual_key(await desk.person("eve", role))
    answer = await desk.worker.client.patch("/update/ui_settings", json={FLAG: True}, headers=key)
    assert answer.status_code == 401
    assert (await desk.worker.client.patch("/update/ui_settings", json={FLAG: True})).status_code == 401


async def test_the_operators_file_counts_before(started: Started) -> None:
    path = started.folder / "config.yaml"
    path.write_text(f"general_settings: {{{FLAG}: true}}\n")
    desk = Desk(await started.worker(GATEWRIGHT_CONFIG=str(path)))
    assert (await desk.worker.client.get("/get/ui_settings")).json()["source"][FLAG] == "config"
    assert await bring(desk) == 403
    await update(desk, {FLAG: False}, 400)
