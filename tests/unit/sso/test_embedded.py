"""Our own provider is a provider like any other, but that its people are the users themselves."""

import dataclasses
from uuid import uuid4

import msgspec
import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import SECRET, FakeProvider
from tests.unit.sso.stage import Stage, query_of, sign_in

from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import User
from gatewright.sso.sources import embedded
from gatewright.storage import users
from gatewright.storage.users import NewUser

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(make_stage: MakeStage, provider: FakeProvider) -> Stage:
    """The embedded source with the fake provider in place of our own: subjects are usernames."""

    async def secret() -> str:
        return SECRET

    source = embedded("http://localhost:4000", secret)
    provider.user = {"sub": "Ada", "preferred_username": "Ada", "email": "Ada@x", "litellm_role": "proxy_admin"}
    return make_stage(
        {}, dataclasses.replace(source, provider=msgspec.structs.replace(source.provider, issuer=provider.issuer))
    )


async def make_user(stage: Stage, *, linked: bool = True) -> User:
    uuid = str(uuid4())
    new = NewUser(uuid, "Ada", "Ada", "Ada@x", Role.INTERNAL_USER, RoleReason(rule="default"))
    async with stage.db.write() as tx:
        user = await users.add(tx, new, 1)
        if linked:
            await users.link(tx, user.id, "embedded", uuid, 1)
    stage.uuids["Ada"] = uuid
    return user


async def test_a_sign_in_goes_to_the_provider_at_once_and_links_by_uuid(stage: Stage, provider: FakeProvider) -> None:
    user = await make_user(stage)
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate?return_to=/ui/keys")
    asked = query_of(begun.headers["location"])
    assert (asked["client_id"], asked["scope"]) == ("litellm", "openid profile email litellm_role")
    done = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    assert (done.status_code, done.headers["location"]) == (303, "/ui/keys")
    after = await stage.user("Ada")
    assert (after.id, after.role, after.email) == (user.id, Role.PROXY_ADMIN, "Ada@x")
    assert await stage.identities(after) == [("embedded", user.uuid)]


async def test_nobody_is_made_by_signing_in_to_our_own_provider(stage: Stage, provider: FakeProvider) -> None:
    refused = await sign_in(stage, provider, stage.browser())
    assert (refused.status_code, "not_linked" in refused.text) == (403, True)
    await make_user(stage, linked=False)
    refused = await sign_in(stage, provider, stage.browser())
    assert (refused.status_code, "not_linked" in refused.text) == (403, True)
    assert [user.username for user in await stage.everybody()] == ["Ada"]


async def test_the_local_form_leads_to_our_own_providers_page(stage: Stage) -> None:
    browser = stage.browser()
    assert (await browser.get("/fallback/login")).headers["location"] == "/sso/key/generate"
    assert (await browser.post("/fallback/login", data={"username": "x"})).status_code == 404
