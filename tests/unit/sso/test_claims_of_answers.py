"""Which claims count, of which answer, and what is kept of them with the person."""

import json
from typing import Any

import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.forgery import ATTACKER, claims_of, honest, packed, signed
from tests.unit.sso.provider import KEYS, FakeProvider, Reply
from tests.unit.sso.stage import Stage, generic, sign_in

from gatewright.oidc.jwt import SigningKey, half_hash
from gatewright.web.litellm.rows import user_row

pytestmark = pytest.mark.anyio


def with_access_token(provider: FakeProvider, key: SigningKey = KEYS[0], **claims: Any) -> str:
    """Gives out an access token that is a JWT, and knows it at the userinfo endpoint."""
    said = {"iss": provider.issuer, "sub": "u-1", "exp": provider.clock() // 1000 + 60, "team": "red", **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    token = signed(honest(kid=key.kid), json.dumps(kept).encode(), key)
    provider.answer_changes = {"access_token": token}
    provider.token_changes = {"at_hash": half_hash(token, "ES256")}
    provider.replies["/userinfo"] = Reply(200, json.dumps(provider.user).encode())
    return token


async def shown(stage: Stage, provider: FakeProvider) -> str | None:
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    return (await stage.user("ada")).display_name


@pytest.mark.parametrize(("more", "found"), [({}, None), ({"GENERIC_INCLUDE_TOKEN_CLAIMS": "true"}, "red")])
async def test_claims_of_a_verified_access_token_count_when_asked_for(
    make_stage: MakeStage, provider: FakeProvider, more: dict[str, str], found: str | None
) -> None:
    with_access_token(provider)
    stage = make_stage(generic(provider.origin, GENERIC_USER_DISPLAY_NAME_ATTRIBUTE="team", **more))
    assert await shown(stage, provider) == found


LIES: list[tuple[str, dict[str, Any]]] = [
    ("another issuer", {"iss": "https://evil.example"}),
    ("somebody else", {"sub": "u-2"}),
    ("no end", {"exp": None}),
    ("an end in the past", {"exp": 1_700_000_000}),
    ("the attacker's signature", {"key": ATTACKER}),
    ("no keys that are known", {}),
    ("no JWT", {}),
]


@pytest.mark.parametrize(("lie", "changes"), LIES, ids=[lie for lie, _ in LIES])
async def test_claims_of_an_access_token_that_proves_nothing_do_not_count(
    make_stage: MakeStage, provider: FakeProvider, caplog: pytest.LogCaptureFixture, lie: str, changes: dict[str, Any]
) -> None:
    with_access_token(provider, **changes)
    if lie == "no keys that are known":
        provider.discovery_status = 404
    if lie == "no JWT":
        provider.answer_changes, provider.token_changes = {}, {}
    environ = generic(provider.origin, GENERIC_USER_DISPLAY_NAME_ATTRIBUTE="team", GENERIC_INCLUDE_TOKEN_CLAIMS="true")
    assert await shown(make_stage(environ), provider) is None
    assert ("do not count" in caplog.text) is (lie != "no keys that are known")


async def test_the_first_that_is_not_null_counts(make_stage: MakeStage, provider: FakeProvider) -> None:
    provider.user |= {"a": None, "b": "userinfo"}
    with_access_token(provider, a="access", b="access", c="access", d="access")
    provider.token_changes |= {"b": "id", "c": "id", "d": None}
    asked = {"GENERIC_INCLUDE_TOKEN_CLAIMS": "true", "GENERIC_USER_EXTRA_ATTRIBUTES": "a,b,c,d"}
    stage = make_stage(generic(provider.origin, CLI_SSO_CLAIM_MAP="a->a,b->b,c->c,d->d", **asked))
    await shown(stage, provider)
    kept = (await stage.user("ada")).metadata
    assert kept == {"auth_provider": "generic", "a": "access", "b": "userinfo", "c": "id", "d": "access"}


async def test_a_profile_that_is_signed_counts(known_issuer: Stage, provider: FakeProvider) -> None:
    body = {"sub": "u-1", "iss": provider.issuer, "aud": ["litellm"], "preferred_username": "ada", "name": "Ada L"}
    token = signed(honest(), json.dumps(body).encode()).encode()
    provider.replies["/userinfo"] = Reply(200, token, "content-type: application/jwt")
    assert await shown(known_issuer, provider) == "Ada L"


async def test_a_signed_profile_without_keys_is_refused_by_name(stage: Stage, provider: FakeProvider) -> None:
    provider.discovery_status = 404
    provider.replies["/userinfo"] = Reply(200, b"a.b.c", "content-type: application/jwt")
    answer = await sign_in(stage, provider, stage.browser())
    assert answer.status_code == 502
    assert "Set GENERIC_ISSUER" in answer.text
    assert ("login.sso", "userinfo_unverified") in await stage.audit()


async def test_attribution_follows_every_sign_in(make_stage: MakeStage, provider: FakeProvider) -> None:
    names = {"GENERIC_USER_EXTRA_ATTRIBUTES": "org.unit,tok", "GENERIC_USER_PROVIDER_ATTRIBUTE": "idp"}
    claim_map = "org.unit->metadata.cost.unit, id->cost.who, tok->session"
    stage = make_stage(generic(provider.origin, CLI_SSO_CLAIM_MAP=claim_map, **names))
    jwt = f"{packed(honest())}.{packed({})}.c2ln"
    provider.user |= {"org": {"unit": "R&D"}, "idp": "azure", "tok": jwt}
    await shown(stage, provider)
    assert user_row(await stage.user("ada")).metadata == {
        "auth_provider": "azure",
        "cost": {"unit": "R&D", "who": "ada"},
    }
    provider.user |= {"org": {"unit": "Sales"}, "idp": "other"}
    await shown(stage, provider)
    assert (await stage.user("ada")).metadata["cost"] == {"unit": "Sales", "who": "ada"}
    del provider.user["org"]
    await shown(stage, provider)
    assert (await stage.user("ada")).metadata == {"auth_provider": "azure", "cost": {"unit": "Sales", "who": "ada"}}


# Where the endpoints come from.


async def test_the_issuer_alone_is_enough(make_stage: MakeStage, provider: FakeProvider) -> None:
    environ = {name: text for name, text in generic(provider.origin).items() if "ENDPOINT" not in name}
    stage = make_stage({**environ, "GENERIC_ISSUER": provider.issuer})
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    standing = await stage.sign_in.standing("generic")
    assert standing is not None
    assert (standing.issuer, standing.doubt, standing.notes) == (provider.issuer, None, ())


async def test_an_endpoint_beside_the_issuer_wins_and_the_difference_is_noted(
    make_stage: MakeStage, provider: FakeProvider
) -> None:
    provider.metadata_changes = {"token_endpoint": f"{provider.origin}/elsewhere"}
    stage = make_stage(generic(provider.origin, GENERIC_ISSUER=provider.issuer, GENERIC_CLIENT_USE_PKCE="false"))
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    assert provider.seen("/elsewhere") == []
    standing = await stage.sign_in.standing("generic")
    assert standing is not None
    assert standing.notes == (
        "sign-ins go without PKCE",
        "token_endpoint is set to another address than the provider publishes",
    )


@pytest.mark.parametrize("issuer", [True, False])
async def test_keys_that_are_configured_need_no_document(
    make_stage: MakeStage, provider: FakeProvider, issuer: bool
) -> None:
    provider.discovery_status = 404
    more = {"GENERIC_ISSUER": provider.issuer} if issuer else {}
    stage = make_stage(generic(provider.origin, GENERIC_JWKS_URI=f"{provider.origin}/jwks", **more))
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    standing = await stage.sign_in.standing("generic")
    assert standing is not None
    assert (standing.issuer, standing.doubt) == (provider.issuer, None)
    provider.mend_token = lambda token: signed(honest(), json.dumps(claims_of(token)).encode(), ATTACKER)
    assert (await sign_in(stage, provider, stage.browser())).status_code == 403


async def test_the_allowed_skew_is_the_settings(make_stage: MakeStage, provider: FakeProvider) -> None:
    provider.token_changes = {"exp": provider.clock() // 1000 - 30}
    assert (await sign_in(s := make_stage(generic(provider.origin)), provider, s.browser())).status_code == 303
    strict = make_stage(generic(provider.origin, GENERIC_CLOCK_SKEW="29"))
    assert (await sign_in(strict, provider, strict.browser())).status_code == 403
