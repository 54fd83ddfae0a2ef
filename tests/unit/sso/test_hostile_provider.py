"""Every attack is refused with its own code, says so with a reference, and leaves nobody and nothing behind."""

import json
from typing import Any

import pytest
from tests.unit.sso.attacks import CASES, ISSUER, Attack
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import KEYS, SECRET, FakeProvider, Reply
from tests.unit.sso.stage import Stage, generic, knowing_the_issuer, sign_in

from gatewright.storage.tables import identities, sessions, users
from gatewright.web.cookies import SESSION

pytestmark = pytest.mark.anyio
PATIENCE_S = 0.2
"""For a provider that never answers; the others answer at once."""


async def count(stage: Stage, table: Any) -> int:
    async with stage.db.read() as tx:
        return len((await tx.execute(table.select())).all())


def opened(make_stage: MakeStage, provider: FakeProvider, door: str, attack: Attack | None = None) -> Stage:
    source = knowing_the_issuer(provider) if door in ISSUER else None
    slow = attack is not None and attack.code == "provider_timeout"
    return make_stage(generic(provider.origin), source, **({"patience_s": PATIENCE_S} if slow else {}))


@pytest.mark.parametrize(("door", "attack"), CASES, ids=[f"{door}-{attack.name}" for door, attack in CASES])
async def test_an_attack_is_refused_and_nothing_is_made(
    make_stage: MakeStage, provider: FakeProvider, door: str, attack: Attack
) -> None:
    stage = opened(make_stage, provider, door, attack)
    attack.spoil(provider)
    browser = stage.browser()
    answer = await browser.get("/sso/key/generate")
    if answer.status_code == 303:
        answer = await browser.get(f"/sso/callback?{provider.authorize(answer.headers['location'], **attack.back)}")
    assert 400 <= answer.status_code < 600, answer.text
    assert attack.code in answer.text, answer.text
    assert "req-" in answer.text
    assert [row for row in await stage.audit() if row[0] == "login.sso"] == [("login.sso", attack.code)]
    for table in (users, identities, sessions):
        assert await count(stage, table) == 0, table.name
    assert SESSION not in answer.headers.get("set-cookie", "")
    assert provider.seen("/elsewhere") == []
    assert SECRET not in answer.text
    assert "access-token" not in answer.text


async def test_an_honest_provider_is_believed(make_stage: MakeStage, provider: FakeProvider) -> None:
    for door in ("endpoints", "issuer"):
        stage = opened(make_stage, provider, door)
        assert (await sign_in(stage, provider, stage.browser())).status_code == 303


async def test_a_code_and_a_state_work_once(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    back = provider.authorize(begun.headers["location"])
    assert (await browser.get(f"/sso/callback?{back}")).status_code == 303
    other = await stage.browser().get("/sso/key/generate")
    assert other.status_code == 303
    code = back.partition("&")[0].removeprefix("code=")
    assert (await sign_in(stage, provider, stage.browser(), code=code)).status_code == 401
    assert (await stage.audit())[0] == ("login.sso", "code_refused")
    assert (await stage.browser().get(f"/sso/callback?{back}")).status_code == 400
    assert (await stage.audit())[0] == ("login.sso", "state_unknown")
    assert await count(stage, users) == 1


async def test_several_keys_of_one_id_are_all_tried(known_issuer: Stage, provider: FakeProvider) -> None:
    entries = [{**KEYS[1].public_jwk, "kid": KEYS[0].kid}, {"kty": "what"}, 7, KEYS[0].public_jwk]
    provider.replies["/jwks"] = Reply(200, json.dumps({"keys": entries}).encode())
    assert (await sign_in(known_issuer, provider, known_issuer.browser())).status_code == 303


@pytest.mark.parametrize("subject", ["\uff55-1", "u\u2010\u0031", "U-1", "u-1 ", "\u0075-\u0661"])
async def test_a_subject_that_looks_like_another_is_another(
    known_issuer: Stage, provider: FakeProvider, subject: str
) -> None:
    assert (await sign_in(known_issuer, provider, known_issuer.browser())).status_code == 303
    provider.user = {"sub": subject, "preferred_username": "eve"}
    assert (await sign_in(known_issuer, provider, known_issuer.browser())).status_code == 303
    ada, eve = await known_issuer.user("ada"), await known_issuer.user("eve")
    assert await known_issuer.identities(ada) == [(provider.issuer, "u-1")]
    assert await known_issuer.identities(eve) == [(provider.issuer, subject)]


async def test_one_way_of_the_provider_says_what_it_wants(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_CLIENT_USE_PKCE="false"))
    back: dict[str, str | None] = {
        "code": None,
        "error": "invalid_request",
        "error_description": "code_challenge missing",
    }
    answer = await sign_in(stage, provider, stage.browser(), **back)
    assert answer.status_code == 401
    assert "take GENERIC_CLIENT_USE_PKCE=false out" in answer.text
    assert ("login.sso", "pkce_wanted") in await stage.audit()
    provider.token_status = 400
    provider.answer_changes = {"error": "invalid_grant", "error_description": "missing code_verifier"}
    await sign_in(stage, provider, stage.browser())
    assert (await stage.audit())[0] == ("login.sso", "pkce_wanted")


async def test_a_header_of_the_settings_stays_at_the_provider(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_SSO_HEADERS="x-gate=open=1"))
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    for path, sent in (("/token", "open=1"), ("/userinfo", "open=1"), ("/jwks", None)):
        assert [headers.get("x-gate") for _, _, headers, _ in provider.seen(path)] == [sent]
