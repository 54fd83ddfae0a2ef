"""Who is calling, and giving up the credential that calls."""

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role
from gatewright.domain.keys import key_hash
from gatewright.storage import users as user_rows


async def test_a_person_sees_role_and_reason(stage: Stage) -> None:
    ada = await stage.person("ada", Role.PROXY_ADMIN_VIEWER)
    body = (await stage.in_browser("GET", "/api/v1/me", await stage.browser(ada))).json()
    assert body == {
        "user_id": "ada",
        "username": "ada",
        "email": "ada@example.com",
        "display_name": "Ada",
        "role": "proxy_admin_viewer",
        "role_label": "Viewer",
        "role_reason": {"rule": "claim", "claim": "role", "value": "proxy_admin_viewer", "warning": None, "steps": []},
        "role_locked": False,
        "kind": "session",
        "expires_at": body["expires_at"],
        "models": [],
    }
    assert body["expires_at"].endswith("Z")


async def test_the_master_key_and_a_key_without_owner_have_no_names(stage: Stage) -> None:
    master = (await stage.call("GET", "/api/v1/me", MASTER)).json()
    assert (master["user_id"], master["kind"], master["role"]) == ("default_user_id", "master", "proxy_admin")
    assert (master["username"], master["role_reason"]["rule"]) == (None, "master_key")
    orphan = (await stage.call("GET", "/api/v1/me", await stage.key_of(None, models=("chat",)))).json()
    assert (orphan["kind"], orphan["role"], orphan["role_reason"]["rule"]) == (
        "key",
        Role.INTERNAL_USER_VIEWER,
        "no_owner",
    )
    assert orphan["models"] == ["chat"]


async def test_logout_revokes_exactly_the_credential_that_calls(stage: Stage) -> None:
    ada = await stage.person("ada")
    login, other = await stage.key_of(ada, kind="cli"), await stage.key_of(ada, kind="cli")
    answered = await stage.call("POST", "/api/v1/me/logout", login)
    assert (answered.status_code, answered.content) == (204, b"")
    refused = await stage.call("GET", "/api/v1/me", login)
    assert (refused.status_code, refused.json()["code"]) == (401, "key_revoked")
    assert (await stage.call("GET", "/api/v1/me", other)).status_code == 200


async def test_logout_of_a_virtual_key_without_owner(stage: Stage) -> None:
    orphan = await stage.key_of(None)
    assert (await stage.call("POST", "/api/v1/me/logout", orphan)).status_code == 204
    assert (await stage.call("GET", "/api/v1/me", orphan)).status_code == 401


async def test_logout_of_a_browser_ends_its_session_alone(stage: Stage) -> None:
    ada = await stage.person("ada")
    here, there = await stage.browser(ada), await stage.browser(ada)
    assert (await stage.in_browser("POST", "/api/v1/me/logout", here)).status_code == 204
    assert (await stage.in_browser("GET", "/api/v1/me", here)).status_code == 401
    assert (await stage.in_browser("GET", "/api/v1/me", there)).status_code == 200


async def test_a_deleted_persons_key_does_nothing_and_makes_no_key_without_owner(stage: Stage) -> None:
    ada = await stage.person("ada")
    secret = await stage.key_of(ada)
    async with stage.db.write() as tx:
        await user_rows.change(tx, ada.id, stage.clock(), deleted_at=stage.clock())
    for method, path, body in (
        ("GET", "/api/v1/me", None),
        ("POST", "/api/v1/keys", {"name": "x"}),
        ("POST", "/key/generate", {}),
    ):
        assert (await stage.call(method, path, secret, body)).status_code == 401


async def test_the_master_key_cannot_be_signed_out(stage: Stage) -> None:
    refused = await stage.call("POST", "/api/v1/me/logout", MASTER)
    assert (refused.status_code, refused.json()["code"]) == (403, "master_key")
    assert "LITELLM_MASTER_KEY" in refused.json()["hint"]
    assert (await stage.call("GET", "/api/v1/me", MASTER)).status_code == 200


async def test_ui_is_public_and_names_whole_urls(stage: Stage) -> None:
    body = (await stage.call("GET", "/api/v1/ui")).json()
    assert body["base_url"] == "http://localhost:4000"
    assert body["sign_in_url"] == "http://localhost:4000/sso/key/generate"
    assert set(body) == {"product", "version", "base_url", "sign_in_url", "api_base_url"}


async def test_what_is_somebodys_own_is_not_refused_for_the_role(stage: Stage) -> None:
    refused = await stage.call("GET", "/api/v1/me/sessions", MASTER)
    assert refused.status_code == 403
    assert refused.json()["detail"] == "This needs a credential that belongs to a user."
    assert refused.json()["hint"] == "Sign in on the dashboard, as yourself."


async def test_what_is_stored_of_a_key_opens_nothing(stage: Stage) -> None:
    secret = await stage.key_of(await stage.person("ada"))
    assert (await stage.call("GET", "/api/v1/me", secret)).status_code == 200
    for stored in (key_hash(secret), f"sk-{key_hash(secret)}"):
        for path in ("/api/v1/me", "/user/info"):
            assert (await stage.call("GET", path, stored)).status_code == 401, path
