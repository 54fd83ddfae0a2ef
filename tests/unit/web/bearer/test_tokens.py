"""Which tokens count and which do not, whatever they are made to look like."""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.unit.translation.anthropic_messages.judge import accept_error
from tests.unit.web.bearer.conftest import MESSAGES, Open
from tests.unit.web.bearer.issuer import EC, ED, RSA, Issuer, public, text_of, token

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("db_url", [None])]

ANYBODY = {"user_id_jwt_field": "sub", "user_id_upsert": True}
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize(("key", "kid"), [(RSA, "k1"), (EC, "k2"), (ED, "k3"), (EC, None)])
async def test_each_asymmetric_algorithm_counts(opened: Open, key: Any, kid: str | None) -> None:
    stage = await opened(**ANYBODY)
    answer = await stage.chat(stage.issuer.token(key=key, kid=kid))
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "hello"


def hmac_with_the_public_key(issuer: Issuer) -> str:
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = text_of(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "k1"}).encode())
    data = f"{head}.{text_of(json.dumps(issuer.claims()).encode())}"
    return f"{data}.{text_of(hmac.new(pem, data.encode(), hashlib.sha256).digest())}"


def unsigned(issuer: Issuer, algorithm: str = "none") -> str:
    head = text_of(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    return f"{head}.{text_of(json.dumps(issuer.claims()).encode())}."


def changed_payload(issuer: Issuer) -> str:
    first, _, last = issuer.token().split(".")
    return f"{first}.{text_of(json.dumps(issuer.claims(sub='somebody-else')).encode())}.{last}"


def with_a_claim_twice(issuer: Issuer) -> str:
    return token(json.dumps(issuer.claims())[:-1] + ', "sub": "admin"}')


def with_a_key_of_its_own(issuer: Issuer) -> str:
    own = public(OTHER, "k1")
    return token(issuer.claims(), OTHER, jwk=own, jku=f"{issuer.origin}/evil/keys", x5u=f"{issuer.origin}/evil/x5u")


HOSTILE: dict[str, tuple[Any, str]] = {
    "alg none": (unsigned, "jwt_algorithm"),
    "alg NoNe": (lambda issuer: unsigned(issuer, "NoNe"), "jwt_algorithm"),
    "alg of a list": (lambda issuer: token(issuer.claims(), alg=["RS256"]), "jwt_algorithm"),
    "HMAC with the public key": (hmac_with_the_public_key, "jwt_algorithm"),
    "ES256 named for an RSA key": (lambda issuer: token(issuer.claims(), alg="ES256"), "jwt_key_unknown"),
    "PS256 named for an RS256 signature": (lambda issuer: token(issuer.claims(), alg="PS256"), "jwt_signature"),
    "a stranger's key": (lambda issuer: issuer.token(key=OTHER), "jwt_signature"),
    "keys in the header": (with_a_key_of_its_own, "jwt_signature"),
    "a kid of SQL": (lambda issuer: issuer.token(kid="k1' OR 1=1 --"), "jwt_key_unknown"),
    "a kid of a path": (lambda issuer: issuer.token(kid="../../dev/null"), "jwt_key_unknown"),
    "a kid that is no text": (lambda issuer: token(issuer.claims(), kid=7), "jwt_malformed"),
    "another payload": (changed_payload, "jwt_signature"),
    "a claim twice": (with_a_claim_twice, "jwt_malformed"),
    "another issuer's key": (lambda issuer: issuer.token("/a", key=EC, kid="k1"), "jwt_key_unknown"),
    "an issuer that does not count": (lambda issuer: issuer.token("/b", key=EC), "jwt_issuer"),
    "an issuer with a slash more": (lambda issuer: issuer.token(iss=f"{issuer.origin}/a/"), "jwt_issuer"),
    "an issuer in a list": (lambda issuer: issuer.token(iss=[f"{issuer.origin}/a"]), "jwt_issuer"),
    "no issuer": (lambda issuer: issuer.token(iss=None), "jwt_issuer"),
    "another audience": (lambda issuer: issuer.token(aud="other"), "jwt_audience"),
    "other audiences": (lambda issuer: issuer.token(aud=["other", 7]), "jwt_audience"),
    "no audience": (lambda issuer: issuer.token(aud=None), "jwt_audience"),
    "expired": (lambda issuer: issuer.token(exp=issuer.claims()["iat"] - 121), "jwt_expired"),
    "no end": (lambda issuer: issuer.token(exp=None), "jwt_malformed"),
    "an end of another kind": (lambda issuer: issuer.token(exp=True), "jwt_malformed"),
    "an end that is no number": (lambda issuer: issuer.token(exp=float("nan")), "jwt_malformed"),
    "an endless number": (lambda issuer: issuer.token(exp=10**400), "jwt_malformed"),
    "not yet valid": (lambda issuer: issuer.token(nbf=issuer.claims()["iat"] + 121), "jwt_not_yet_valid"),
    "issued later": (lambda issuer: issuer.token(iat=issuer.claims()["iat"] + 121), "jwt_not_yet_valid"),
    "no subject": (lambda issuer: issuer.token(sub=None), "jwt_subject"),
    "a subject that no database holds": (lambda issuer: issuer.token(sub="a\0b"), "jwt_subject"),
    "a subject of half a character": (lambda issuer: issuer.token(sub="\ud800"), "jwt_subject"),
    "a long subject": (lambda issuer: issuer.token(sub="s" * 256), "jwt_subject"),
    "a logout token": (lambda issuer: token(issuer.claims(), typ="logout+jwt"), "jwt_type"),
    "a logout token without a typ": (
        lambda issuer: issuer.token(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
        "jwt_type",
    ),
    "an assertion": (lambda issuer: token(issuer.claims(), typ="oauth-id-jag+jwt"), "jwt_type"),
    "a critical header": (lambda issuer: token(issuer.claims(), crit=["x"], x=1), "jwt_signature"),
    "a huge token": (lambda issuer: issuer.token(groups=["g" * 200] * 200), "jwt_malformed"),
    "deep JSON": (lambda _: token('{"a":' + "[" * 5000 + "]" * 5000 + "}"), "jwt_malformed"),
    "no JSON": (lambda _: token("{"), "jwt_malformed"),
    "a list": (lambda _: token("[1]"), "jwt_malformed"),
    "rubbish": (lambda _: "eyJ.eyJ.eyJ", "jwt_malformed"),
}


async def test_a_hostile_token_is_refused_with_its_cause_and_leaves_nothing(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    found = {name: await stage.refusal(make(stage.issuer)) for name, (make, _) in HOSTILE.items()}
    assert found == {name: (401, code) for name, (_, code) in HOSTILE.items()}
    told = [(row["outcome"], row["details"]["issuer"]) for row in await stage.log("jwt.refused")]
    expected = [code for _, code in HOSTILE.values()]
    assert sorted(outcome for outcome, _ in told) == sorted(expected)
    assert await stage.log("user.create") == []
    assert "/evil/keys" not in stage.issuer.seen
    people = await stage.admin("GET", "/api/v1/users")
    assert [one["user_id"] for one in people["items"] if one["user_id"].startswith("s-")] == []


async def test_clocks_may_differ_by_two_minutes(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    now = stage.issuer.claims()["iat"]
    assert (await stage.chat(stage.issuer.token(exp=now - 119))).status_code == 200
    assert (await stage.chat(stage.issuer.token(nbf=now + 119, iat=now + 119))).status_code == 200


async def test_a_token_ends_though_it_is_remembered(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    short = stage.issuer.token(exp=stage.issuer.claims()["iat"] + 60)
    assert (await stage.chat(short)).status_code == 200
    stage.clock.pass_s(181)
    assert await stage.refusal(short) == (401, "jwt_expired")


async def test_two_tokens_that_begin_alike_are_two(opened: Open) -> None:
    """CVE-2026-35030: a cache by the beginning of a token gave the caller of one the rights of another."""
    stage = await opened(**ANYBODY)
    good = stage.issuer.token()
    head, payload, signed = good.split(".")
    assert (await stage.chat(good)).status_code == 200
    flipped = bytes([base64.urlsafe_b64decode(signed + "==")[0] ^ 1]) + base64.urlsafe_b64decode(signed + "==")[1:]
    assert await stage.refusal(f"{head}.{payload}.{text_of(flipped)}") == (401, "jwt_signature")
    assert (await stage.chat(good)).status_code == 200


async def test_keys_are_fetched_once_for_many_and_again_after_a_change(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    issuer = stage.issuer
    answers = await asyncio.gather(*(stage.chat(issuer.token(sub=f"s-{number}")) for number in range(8)))
    assert [one.status_code for one in answers] == [200] * 8
    assert issuer.fetches() == 1

    # Rotated: the new key is found at once after the cool-down, and not before, whatever key ids people make up.
    issuer.keys["/a"] = [public(EC, "new")]
    assert await stage.refusal(issuer.token(key=EC, kid="new")) == (401, "jwt_key_unknown")
    assert issuer.fetches() == 1
    stage.clock.pass_s(31)
    await asyncio.gather(*(stage.refusal(issuer.token(kid=f"made-up-{number}")) for number in range(5)))
    assert issuer.fetches() == 2
    assert (await stage.chat(issuer.token(key=EC, kid="new"))).status_code == 200
    assert await stage.refusal(issuer.token()) == (401, "jwt_key_unknown")
    assert issuer.fetches() == 2


async def test_a_change_of_keys_without_ids_is_noticed(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    stage.issuer.keys["/a"] = [public(RSA, None)]
    assert (await stage.chat(stage.issuer.token(kid=None))).status_code == 200
    stage.issuer.keys["/a"] = [public(OTHER, None)]
    stage.clock.pass_s(31)
    assert (await stage.chat(stage.issuer.token(key=OTHER, kid=None))).status_code == 200
    assert stage.issuer.fetches() == 2


async def test_an_issuer_that_is_down_does_not_make_its_keys_useless_for_an_hour(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    assert (await stage.chat(stage.issuer.token())).status_code == 200
    stage.issuer.down = True
    stage.clock.pass_s(600 + 3599)
    assert (await stage.chat(stage.issuer.token())).status_code == 200
    stage.clock.pass_s(31)
    assert await stage.refusal(stage.issuer.token()) == (503, "jwt_keys_unavailable")
    assert await stage.log("jwt.refused") == []
    stage.issuer.down = False
    stage.clock.pass_s(31)
    assert (await stage.chat(stage.issuer.token())).status_code == 200


async def test_an_issuer_that_was_never_reached_is_nobodys_fault_but_the_gateways(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    stage.issuer.down = True
    answers = await asyncio.gather(*(stage.refusal(stage.issuer.token(sub=f"s-{one}")) for one in range(4)))
    assert answers == [(503, "jwt_keys_unavailable")] * 4
    assert len(stage.issuer.seen) == 1
    assert (await stage.worker.admin.get("/v1/models")).status_code == 200


async def test_a_discovery_document_must_be_its_issuers(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    stage.issuer.metadata = {"issuer": f"{stage.issuer.origin}/b"}
    assert await stage.refusal(stage.issuer.token()) == (503, "jwt_keys_unavailable")
    assert stage.issuer.fetches() == 0


async def test_an_answer_that_is_no_set_of_keys_replaces_none(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    assert (await stage.chat(stage.issuer.token())).status_code == 200
    stage.issuer.metadata = {"jwks_uri": f"{stage.issuer.origin}/a/nothing"}
    stage.clock.pass_s(31)
    assert await stage.refusal(stage.issuer.token(kid="unknown")) == (401, "jwt_key_unknown")
    assert "/a/nothing" in stage.issuer.seen
    assert (await stage.chat(stage.issuer.token())).status_code == 200


async def test_every_issuers_keys_speak_for_it_alone(opened: Open, issuer: Issuer) -> None:
    issuers = [
        {"issuer": f"{issuer.origin}/a", "audience": ["gateway", "other"]},
        {"issuer": f"{issuer.origin}/b", "audience": "b-only", "jwks_url": f"{issuer.origin}/b/keys"},
    ]
    stage = await opened(**ANYBODY, issuers=issuers)
    assert (await stage.chat(issuer.token(aud=["x", "other"]))).status_code == 200
    assert (await stage.chat(issuer.token("/b", key=EC, aud="b-only"))).status_code == 200
    assert await stage.refusal(issuer.token("/b", key=EC)) == (401, "jwt_audience")
    # The key of /b under its kid, for a token that says /a, and the other way about.
    assert await stage.refusal(issuer.token("/a", key=EC, kid="k1")) == (401, "jwt_key_unknown")
    assert await stage.refusal(issuer.token("/b", key=RSA, aud="b-only")) == (401, "jwt_key_unknown")
    assert "/b/.well-known/openid-configuration" not in issuer.seen
    # The same subject of two issuers is two people.
    created = {row["details"]["source"] for row in await stage.log("user.create")}
    assert created == {f"{issuer.origin}/a", f"{issuer.origin}/b"}


async def test_a_bad_token_is_told_of_once_and_a_flood_of_them_in_one_line(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    bad = stage.issuer.token(aud="other")
    for _ in range(5):
        assert await stage.refusal(bad) == (401, "jwt_audience")
    assert len(await stage.log("jwt.refused")) == 1
    for number in range(70):
        await stage.refusal(stage.issuer.token(aud="other", sub=f"s-{number}"))
    assert len(await stage.log("jwt.refused")) == 60
    assert [row["details"] for row in await stage.log("audit.flood")] == [{"action": "jwt.refused"}]


async def test_a_refusal_is_in_the_dialect_of_its_route(opened: Open) -> None:
    stage = await opened(**ANYBODY)
    bad = stage.issuer.token(aud="other")
    messages = {"model": "one", "max_tokens": 9, "messages": MESSAGES}
    spoken = await stage.worker.client.post("/v1/messages", json=messages, headers={"x-api-key": bad})
    assert spoken.status_code == 401
    assert accept_error(spoken.json()).error.type == "authentication_error"
    problem = await stage.get("/api/v1/me", bad)
    assert (problem.status_code, problem.json()["code"]) == (401, "jwt_audience")
    assert problem.headers["content-type"] == "application/problem+json"
    litellm = await stage.get("/key/info", bad)
    assert (litellm.status_code, litellm.json()["error"]["code"]) == (401, "401")


async def test_tokens_count_nowhere_else(opened: Open) -> None:
    stage = await opened(**ANYBODY, admin_allowed_routes=["management_routes", "/*"])
    good = stage.issuer.token(scope="litellm_proxy_admin")
    assert (await stage.get("/api/v1/users", good)).status_code == 200
    assert (await stage.get("/api/v3/core/users/", good)).status_code == 401
    assert (await stage.get("/api/v3/admin/version/", good)).status_code == 401
    assert (await stage.get("/scim/v2/Users", good)).status_code == 401
    assert (await stage.get("/sso/readiness", good)).status_code == 401
    userinfo = await stage.get("/application/o/userinfo/", good)
    assert userinfo.status_code == 401
    page = await stage.get("/ui", good)
    assert page.status_code in (302, 303, 307)


async def test_without_the_setting_a_token_is_no_key(opened: Open) -> None:
    stage = await opened(general={"enable_jwt_auth": False})
    assert await stage.refusal(stage.issuer.token()) == (401, "invalid_api_key")
    assert stage.issuer.seen == []
