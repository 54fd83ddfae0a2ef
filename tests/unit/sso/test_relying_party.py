"""What the relying party believes of a provider that lies, and of answers that somebody else planted."""

import base64
import json
from typing import Any

import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import KEYS, FakeProvider
from tests.unit.sso.stage import ManualClock, Stage, generic, query_of, sign_in

from gatewright.domain.clock import MINUTE, SECOND
from gatewright.oidc.jwt import half_hash
from gatewright.oidc.pkce import challenge
from gatewright.storage import audit_log
from gatewright.web.cookies import LOGIN, SESSION

pytestmark = pytest.mark.anyio


async def refused(stage: Stage, answer: Any, code: str, status: int) -> None:
    """The page says so with its code and reference, nobody is signed in, and the audit log holds it."""
    assert (answer.status_code, f"<code>{code}</code>" in answer.text) == (status, True), answer.text
    assert "req-" in answer.text
    assert SESSION not in answer.headers.get("set-cookie", "")
    assert ("login.sso", code) in await stage.audit()
    assert ("login.sso", "ok") not in await stage.audit()


async def test_the_authorization_request_is_complete(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    asked = query_of(begun.headers["location"])
    assert begun.headers["location"].startswith(f"{provider.origin}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == "http://localhost:4000/sso/callback"
    assert asked["scope"] == "openid profile email litellm_role"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) == len(asked["nonce"]) == 43
    assert "prompt" not in asked
    assert "httponly" in begun.headers["set-cookie"].lower()
    assert "samesite=lax" in begun.headers["set-cookie"].lower()
    await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    [(_, _, _, fields)] = provider.seen("/token")
    assert challenge(fields["code_verifier"]) == asked["code_challenge"]
    assert fields["redirect_uri"] == asked["redirect_uri"]
    assert "s3cret" not in str(fields)


async def test_a_sign_in_ends_at_the_dashboard(stage: Stage, provider: FakeProvider) -> None:
    done = await sign_in(stage, provider, stage.browser())
    assert (done.status_code, done.headers["location"]) == (303, "/ui/")
    cookie = done.headers["set-cookie"].lower()
    assert f"{SESSION}=" in cookie
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert done.headers["cache-control"] == "no-store"
    assert done.headers["referrer-policy"] == "no-referrer"


async def test_on_https_cookies_carry_the_host_prefix(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin, PROXY_BASE_URL="https://llm.example"))
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    assert begun.headers["set-cookie"].startswith("__Host-gatewright_login=")
    assert "secure" in begun.headers["set-cookie"].lower()
    done = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    assert "__Host-gatewright_session=" in done.headers["set-cookie"]


async def test_without_pkce_only_when_the_settings_say_so(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_CLIENT_USE_PKCE="false"))
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    assert "code_challenge" not in query_of(begun.headers["location"])
    assert (await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")).status_code == 303


# State: login cross-site request forgery, replay, another browser.


async def test_a_state_that_nobody_made_is_refused(stage: Stage, provider: FakeProvider) -> None:
    await refused(stage, await sign_in(stage, provider, stage.browser(), state="x" * 43), "state_unknown", 400)
    await refused(stage, await sign_in(stage, provider, stage.browser(), state=None), "state_unknown", 400)
    assert provider.seen("/token") == []


async def test_an_answer_works_once(stage: Stage, provider: FakeProvider) -> None:
    first = stage.browser()
    begun = await first.get("/sso/key/generate")
    back = provider.authorize(begun.headers["location"])
    assert (await first.get(f"/sso/callback?{back}")).status_code == 303
    binding = first.cookies[LOGIN]
    thief = stage.browser()
    thief.cookies.set(LOGIN, binding)
    again = await thief.get(f"/sso/callback?{back}")
    assert again.status_code == 400
    assert ("login.sso", "state_unknown") in await stage.audit()
    # In the browser that is signed in, the second of two clicks leads on.
    assert (await first.get(f"/sso/callback?{back}")).headers["location"] == "/ui/"


async def test_another_browser_cannot_finish_a_sign_in(stage: Stage, provider: FakeProvider) -> None:
    attacker, victim = stage.browser(), stage.browser()
    begun = await attacker.get("/sso/key/generate")
    back = provider.authorize(begun.headers["location"])
    await victim.get("/sso/key/generate")
    await refused(stage, await victim.get(f"/sso/callback?{back}"), "state_other_browser", 400)
    # The leaked answer is used up.
    await refused(stage, await attacker.get(f"/sso/callback?{back}"), "state_unknown", 400)
    assert provider.seen("/token") == []


async def test_a_browser_without_cookies_is_told_so(stage: Stage, provider: FakeProvider) -> None:
    begun = await stage.browser().get("/sso/key/generate")
    answer = await stage.browser().get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    await refused(stage, answer, "state_other_browser", 400)
    assert "Cookies must be allowed" in answer.text


async def test_an_answer_after_ten_minutes_is_too_late(
    stage: Stage, provider: FakeProvider, clock: ManualClock
) -> None:
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    clock.now += 10 * MINUTE
    await refused(
        stage,
        await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}"),
        "state_expired",
        400,
    )


async def test_two_tabs_can_sign_in_at_the_same_time(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    urls = [(await browser.get("/sso/key/generate")).headers["location"] for _ in range(2)]
    for url in urls:
        assert (await browser.get(f"/sso/callback?{provider.authorize(url)}")).status_code == 303


async def test_repeated_parameters_are_refused(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    back = provider.authorize(begun.headers["location"])
    await refused(stage, await browser.get(f"/sso/callback?{back}&code=other"), "invalid_request", 400)


async def test_an_error_of_the_provider_is_shown_in_words(stage: Stage, provider: FakeProvider) -> None:
    answer = await sign_in(
        stage, provider, stage.browser(), code=None, error="access_denied", error_description="<b>No</b> way"
    )
    await refused(stage, answer, "provider_refused", 401)
    assert "access_denied (&lt;b&gt;No&lt;/b&gt; way)" in answer.text


async def test_an_error_without_a_sign_in_shows_nothing_of_its_text(stage: Stage) -> None:
    answer = await stage.browser().get("/sso/callback?error=access_denied&error_description=Call+0900&state=x")
    await refused(stage, answer, "state_unknown", 400)
    assert "0900" not in answer.text


async def test_an_answer_without_a_code_is_refused(stage: Stage, provider: FakeProvider) -> None:
    await refused(stage, await sign_in(stage, provider, stage.browser(), code=None), "code_missing", 400)


# What the provider says.


def unsigned(token: str) -> str:
    """The same claims with `alg: none`."""
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def forged(token: str) -> str:
    """Other claims under the old signature."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = "somebody-else"
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{other}.{signature}"


LIES: list[tuple[str, dict[str, Any], str]] = [
    ("token_changes", {"nonce": "another"}, "nonce_mismatch"),
    ("token_changes", {"nonce": None}, "nonce_mismatch"),
    ("token_changes", {"aud": "other"}, "id_token_audience"),
    ("token_changes", {"aud": ["litellm", "other"]}, "id_token_azp"),
    ("token_changes", {"aud": ["litellm", "other"], "azp": "other"}, "id_token_azp"),
    ("token_changes", {"exp": 1_700_000_000}, "id_token_expired"),
    ("token_changes", {"exp": None}, "id_token_malformed"),
    ("token_changes", {"iat": 1_999_999_999}, "id_token_issued_in_future"),
    ("token_changes", {"at_hash": half_hash("another-token", "ES256")}, "at_hash_mismatch"),
    ("token_changes", {"sub": None}, "id_token_subject"),
    ("profile_changes", {"sub": "somebody-else"}, "userinfo_mismatch"),
]


@pytest.mark.parametrize(("attribute", "changes", "code"), LIES)
async def test_a_lie_is_found_with_and_without_a_configured_issuer(
    either: Stage,
    provider: FakeProvider,
    attribute: str,
    changes: dict[str, Any],
    code: str,
) -> None:
    setattr(provider, attribute, changes)
    await refused(either, await sign_in(either, provider, either.browser()), code, 403)


async def test_a_bad_signature_is_refused(either: Stage, provider: FakeProvider) -> None:
    provider.mend_token = forged
    await refused(either, await sign_in(either, provider, either.browser()), "id_token_signature", 403)


@pytest.mark.parametrize("discovery_status", [200, 404])
async def test_an_unsigned_token_is_never_taken(stage: Stage, provider: FakeProvider, discovery_status: int) -> None:
    provider.mend_token = unsigned
    provider.discovery_status = discovery_status
    await refused(stage, await sign_in(stage, provider, stage.browser()), "id_token_algorithm", 403)


async def test_another_issuer_is_refused_where_one_is_configured(known_issuer: Stage, provider: FakeProvider) -> None:
    provider.token_changes = {"iss": f"{provider.origin}/o/other/"}
    await refused(known_issuer, await sign_in(known_issuer, provider, known_issuer.browser()), "id_token_issuer", 403)


async def test_a_missing_id_token_is_refused_where_an_issuer_is_configured(
    known_issuer: Stage, provider: FakeProvider
) -> None:
    provider.answer_changes = {"id_token": None}
    answer = await sign_in(known_issuer, provider, known_issuer.browser())
    await refused(known_issuer, answer, "id_token_missing", 502)


async def test_a_response_of_another_issuer_is_refused_before_the_code_is_sent(
    either: Stage, provider: FakeProvider
) -> None:
    await refused(
        either, await sign_in(either, provider, either.browser(), iss="https://evil.example"), "response_issuer", 403
    )
    assert provider.seen("/token") == []


async def test_response_and_token_must_name_one_issuer(stage: Stage, provider: FakeProvider) -> None:
    answer = await sign_in(stage, provider, stage.browser(), iss=f"{provider.origin}/o/other/")
    await refused(stage, answer, "response_issuer", 403)


async def test_a_provider_that_promises_iss_must_send_it(known_issuer: Stage, provider: FakeProvider) -> None:
    provider.metadata_changes = {"authorization_response_iss_parameter_supported": True}
    await refused(known_issuer, await sign_in(known_issuer, provider, known_issuer.browser()), "response_issuer", 403)
    browser = known_issuer.browser()
    assert (await sign_in(known_issuer, provider, browser, iss=provider.issuer)).status_code == 303


async def test_new_keys_of_the_provider_are_fetched_but_not_for_every_wrong_token(
    known_issuer: Stage, provider: FakeProvider, clock: ManualClock
) -> None:
    assert (await sign_in(known_issuer, provider, known_issuer.browser())).status_code == 303
    clock.now += 31 * SECOND
    provider.key, provider.published = KEYS[1], KEYS
    assert (await sign_in(known_issuer, provider, known_issuer.browser())).status_code == 303
    provider.published = [KEYS[0]]
    provider.mend_token = forged
    for _ in range(3):
        assert (await sign_in(known_issuer, provider, known_issuer.browser())).status_code == 403
    assert len(provider.seen("/jwks")) == 2


async def test_the_keys_and_the_document_are_fetched_once(known_issuer: Stage, provider: FakeProvider) -> None:
    for _ in range(3):
        await sign_in(known_issuer, provider, known_issuer.browser())
    assert len(provider.seen("/jwks")) == len(provider.seen("/o/app/.well-known/openid-configuration")) == 1


# The seed's variables name no issuer.


async def test_the_issuer_is_discovered_at_the_token_endpoints_host(stage: Stage, provider: FakeProvider) -> None:
    await sign_in(stage, provider, stage.browser())
    standing = await stage.sign_in.standing("generic")
    assert standing is not None
    assert (standing.issuer, standing.doubt) == (provider.issuer, None)
    user = (await stage.everybody())[0]
    assert await stage.identities(user) == [(provider.issuer, "u-1")]


@pytest.mark.parametrize(
    ("attribute", "value", "doubt"),
    [
        ("discovery_status", 404, "404"),
        ("metadata_changes", {"issuer": "http://elsewhere.example"}, "calls itself"),
        ("metadata_changes", {"id_token_signing_alg_values_supported": ["HS256"]}, "shared secret"),
        ("token_changes", {"iss": "https://sts.elsewhere.example"}, "token endpoint's host"),
        ("answer_changes", {"id_token": None}, "no ID token"),
    ],
)
async def test_without_keys_the_connection_is_trusted_and_the_doubt_is_shown(
    stage: Stage, provider: FakeProvider, attribute: str, value: Any, doubt: str
) -> None:
    setattr(provider, attribute, value)
    provider.user["litellm_role"] = "internal_user"
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    standing = await stage.sign_in.standing("generic")
    assert standing is not None
    assert doubt in (standing.doubt or "")
    assert (await stage.user("ada")).role == "internal_user"


async def test_claims_of_a_token_that_was_not_verified_are_not_used(
    make_stage: MakeStage, provider: FakeProvider
) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_USER_DISPLAY_NAME_ATTRIBUTE="only_in_id_token"))
    provider.discovery_status = 404
    await sign_in(stage, provider, stage.browser())
    assert (await stage.user("ada")).display_name is None
    provider.discovery_status = 200
    fresh = make_stage(generic(provider.origin, GENERIC_USER_DISPLAY_NAME_ATTRIBUTE="only_in_id_token"))
    await sign_in(fresh, provider, fresh.browser())
    assert (await fresh.user("ada")).display_name == "yes"


# A provider that fails.


@pytest.mark.parametrize(
    ("status", "changes", "code", "http"),
    [
        (400, {"error": "invalid_grant", "error_description": "used"}, "code_refused", 401),
        (200, {"error": "invalid_client"}, "client_refused", 401),
        (400, {"error": "invalid_scope"}, "token_exchange_refused", 401),
        (200, {"access_token": None}, "token_answer", 502),
        (200, {"access_token": "a\r\nb"}, "token_answer", 502),
        (200, {"token_type": "mac"}, "token_answer", 502),
    ],
)
async def test_a_token_endpoint_that_refuses_or_talks_nonsense(
    stage: Stage, provider: FakeProvider, status: int, changes: dict[str, Any], code: str, http: int
) -> None:
    provider.token_status, provider.answer_changes = status, changes
    answer = await sign_in(stage, provider, stage.browser())
    await refused(stage, answer, code, http)
    assert "s3cret" not in answer.text


async def test_a_provider_that_is_down_is_named(make_stage: MakeStage) -> None:
    stage = make_stage(generic("http://127.0.0.1:1"))
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    state = query_of(begun.headers["location"])["state"]
    answer = await browser.get(f"/sso/callback?code=x&state={state}")
    await refused(stage, answer, "provider_unreachable", 502)
    assert "http://127.0.0.1:1/token could not be reached" in answer.text


async def test_a_start_that_fails_says_what_to_do_and_leaves_the_emergency_door_open(
    make_stage: MakeStage, provider: FakeProvider
) -> None:
    env = generic(provider.origin, GENERIC_ISSUER=f"{provider.origin}/elsewhere")
    stage = make_stage({name: value for name, value in env.items() if not name.endswith("_ENDPOINT")})
    answer = await stage.browser().get("/sso/key/generate")
    await refused(stage, answer, "provider_status", 502)
    assert "Compare the issuer" in answer.text
    assert 'href="/fallback/login"' in answer.text
    async with stage.db.read() as tx:
        [written] = await audit_log.newest(tx, 1)
    assert (written["details"]["source"], "Compare the issuer" in written["details"]["fix"]) == ("generic", True)
