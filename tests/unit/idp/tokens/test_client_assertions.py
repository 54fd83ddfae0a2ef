"""private_key_jwt (RFC 7523 3): signed by the client's key, for us, in time, once."""

import asyncio
import base64
import hashlib
import hmac
import json
from itertools import count
from typing import Any

import pytest

from gatewright.oidc import jwt

from .acts import BASE, CALLBACK, DEVICE, MOUNT, SECRET, Acts, error

pytestmark = pytest.mark.anyio
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS = {name: jwt.generate_key(name) for name in ("RS256", "ES256", "EdDSA")}
OTHER = jwt.generate_key("ES256")
ISSUER = f"{BASE}{MOUNT}/signer/"
NUMBERS = count()
NOW = 1_800_000_000


@pytest.fixture
async def signer(acts: Acts) -> Acts:
    """The client `signer` has public keys, and no secret."""
    await acts.register("signer", client_secret=None, jwks=jwt.public_jwks(KEYS.values()))
    return acts


def claims(acts: Acts, **changes: Any) -> dict[str, Any]:
    now = acts.db.clock() // 1000
    whole = {
        "iss": "signer",
        "sub": "signer",
        "aud": f"{BASE}{MOUNT}/token/",
        "exp": now + 60,
        "iat": now,
        "jti": f"jti-{next(NUMBERS)}",
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not ...}


def form(assertion: str, **more: str) -> dict[str, str]:
    return {"client_assertion_type": TYPE, "client_assertion": assertion, **more}


async def ask(acts: Acts, assertion: str, **more: str) -> tuple[int, str]:
    """The status, and the error or nothing."""
    answer = await acts.post("token", form(assertion, grant_type="client_credentials", **more))
    return answer.status_code, answer.json().get("error", "")


GOOD, REFUSED = (200, ""), (401, "invalid_client")


@pytest.mark.parametrize("algorithm", list(KEYS))
@pytest.mark.parametrize("named", [{}, {"client_id": "signer"}])
async def test_a_signed_assertion_is_the_client(signer: Acts, algorithm: str, named: dict[str, str]) -> None:
    assert await ask(signer, jwt.sign(claims(signer), KEYS[algorithm]), **named) == GOOD


@pytest.mark.parametrize("audience", [ISSUER, f"{BASE}{MOUNT}/token", f"{BASE}{MOUNT}/par/", [ISSUER]])
async def test_the_audiences_that_mean_us(signer: Acts, audience: Any) -> None:
    assert await ask(signer, jwt.sign(claims(signer, aud=audience), KEYS["ES256"])) == GOOD


async def test_it_opens_every_endpoint(signer: Acts) -> None:
    def signed() -> dict[str, str]:
        return form(jwt.sign(claims(signer), KEYS["ES256"]))

    token = (await signer.post("token", {**signed(), "grant_type": "client_credentials"})).json()["access_token"]
    assert (await signer.post("introspect", {**signed(), "token": token})).json()["active"] is True
    assert (await signer.post("revoke", {**signed(), "token": token})).status_code == 200
    assert (await signer.post("introspect", {**signed(), "token": token})).json() == {"active": False}
    pushed = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid"}
    assert (await signer.post("par", {**signed(), **pushed})).status_code == 201
    started = await signer.post("device", {**signed(), "scope": "openid"})
    assert started.status_code == 200
    polled = {"grant_type": DEVICE, "device_code": started.json()["device_code"]}
    assert error(await signer.post("token", {**signed(), **polled})) == (400, "authorization_pending")
    for endpoint in ("introspect", "revoke", "par", "device"):
        spoiled = {**signed(), "client_assertion": jwt.sign(claims(signer), OTHER), "token": "x"}
        assert error(await signer.post(endpoint, spoiled)) == REFUSED


BAD: dict[str, dict[str, Any]] = {
    "of another issuer": {"iss": "app"},
    "about another client": {"sub": "app"},
    "without an issuer": {"iss": ...},
    "without a subject": {"sub": ...},
    "for somebody else": {"aud": "https://other.example/token"},
    "for another client's issuer": {"aud": f"{BASE}{MOUNT}/app/"},
    "for us and somebody else": {"aud": [ISSUER, "https://other.example/"]},
    "for nobody": {"aud": ...},
    "for an object": {"aud": {"a": 1}},
    "that never ends": {"exp": ...},
    "that ended": {"exp": NOW - 61},
    "that ends tomorrow": {"exp": NOW + 86_400},
    "that ends in words": {"exp": "soon"},
    "that ends truly": {"exp": True},
    "of the future": {"iat": NOW + 120},
    "of no time": {"iat": "now"},
    "not valid yet": {"nbf": NOW + 120},
    "without a jti": {"jti": ...},
    "with an empty jti": {"jti": ""},
    "with a jti of numbers": {"jti": 7},
    "with a jti without end": {"jti": "x" * 1000},
}


async def test_assertions_that_are_not_good(signer: Acts) -> None:
    for case, changes in BAD.items():
        made = jwt.sign(claims(signer, **changes), KEYS["ES256"])
        assert await ask(signer, made, client_id="signer") == REFUSED, case
    causes = await signer.causes("idp.token")
    assert {cause.removeprefix("client_assertion_") for cause in causes} == {
        *("issuer", "subject", "audience", "expiry", "issued_at", "not_before", "jti"),
    }


async def test_a_replay(signer: Acts) -> None:
    assertion = jwt.sign(claims(signer), KEYS["ES256"])
    assert await ask(signer, assertion) == GOOD
    assert await ask(signer, assertion) == REFUSED
    assert await signer.causes("idp.suspicious") == ["client_assertion_replayed"]
    await signer.register("second", client_secret=None, jwks=jwt.public_jwks([OTHER]))
    same_jti = claims(signer, iss="second", sub="second", jti="jti-of-both")
    assert await ask(signer, jwt.sign(claims(signer, jti="jti-of-both"), KEYS["ES256"])) == GOOD
    assert await ask(signer, jwt.sign(same_jti, OTHER)) == GOOD


async def test_of_parallel_uses_exactly_one_wins(signer: Acts) -> None:
    assertion = jwt.sign(claims(signer), KEYS["ES256"])
    results = await asyncio.gather(*(ask(signer, assertion) for _ in range(6)))
    assert sorted(results) == [GOOD, *[REFUSED] * 5]


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def test_algorithms_that_prove_nothing(signer: Acts) -> None:
    """`none`, and HMAC with what everybody knows: the public key (RFC 8725 3.1)."""
    rsa = KEYS["RS256"].public_jwk
    unsigned = f"{encoded({'alg': 'none'})}.{encoded(claims(signer))}."
    assert await ask(signer, unsigned) == REFUSED
    for secret in (json.dumps(rsa), str(rsa["n"]), rsa["kid"], ""):
        for alg in ("HS256", "none", "RS256"):
            head = f"{encoded({'alg': alg, 'kid': rsa['kid']})}.{encoded(claims(signer))}"
            mac = hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest()
            signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
            assert await ask(signer, f"{head}.{signature}") == REFUSED


async def test_a_shared_secret_among_the_keys_is_no_key(signer: Acts) -> None:
    secret = b"a shared secret that is long enough"
    key = {"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode(), "alg": "HS256"}
    await signer.change("signer", jwks={"keys": [key]})
    head = f"{encoded({'alg': 'HS256'})}.{encoded(claims(signer))}"
    mac = base64.urlsafe_b64encode(hmac.new(secret, head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    assert await ask(signer, f"{head}.{mac}") == REFUSED


async def test_garbage(signer: Acts) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 6000).decode()
    head = encoded({"alg": "ES256", "kid": KEYS["ES256"].kid})
    texts = ("x", "a.b.c", "..", "é.b.c", "e30.e30.", "e30.xxxxxxxxx.e30", f"{deep}.e30.e30", f"{head}.{deep}.e30")
    for assertion in texts:
        for named in ({}, {"client_id": "signer"}, {"client_id": "nobody"}):
            assert await ask(signer, assertion, **named) == REFUSED, assertion[:60]


async def test_one_way_of_proof_at_a_time(signer: Acts) -> None:
    both = form(jwt.sign(claims(signer), KEYS["ES256"]), grant_type="client_credentials")
    assert error(await signer.post("token", both, ("app", SECRET))) == (400, "invalid_request")
    assert error(await signer.post("token", {**both, "client_secret": SECRET})) == (400, "invalid_request")
    assert error(await signer.post("token", {**both, "client_assertion_type": "saml"})) == REFUSED
    assert error(await signer.post("token", {**both, "client_assertion": ""})) == REFUSED


async def test_another_clients_key_and_a_client_without_keys(signer: Acts) -> None:
    assert await ask(signer, jwt.sign(claims(signer), OTHER)) == REFUSED
    named = claims(signer, iss="app", sub="app")
    assert await ask(signer, jwt.sign(named, KEYS["ES256"])) == REFUSED
    assert (await signer.causes("idp.token"))[0] == "client_assertion_no_keys"
    # Keys do not open the door to a mere name.
    assert error(await signer.token("client_credentials", auth=None, client_id="signer")) == REFUSED
