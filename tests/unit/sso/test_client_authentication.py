"""How we say who we are at the token endpoint, and the public key that proves it."""

import time
from pathlib import Path
from typing import Any, cast

import pytest
from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import KeySet
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import CLIENT, KEYS, SECRET, FakeProvider
from tests.unit.sso.stage import generic, sign_in

from gatewright.domain.errors import SettingInvalid
from gatewright.oidc.jwt import key_id, unverified_claim
from gatewright.settings.load import load
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.client_authentication import check_private_keys, published_keys

pytestmark = pytest.mark.anyio


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> str:
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*kinds).decode()


@pytest.mark.parametrize(
    ("way", "more"),
    [
        ("basic", {}),
        ("basic", {"GENERIC_CLIENT_AUTH": "basic"}),
        ("post", {"GENERIC_CLIENT_AUTH": "post"}),
        ("post", {"GENERIC_INCLUDE_CLIENT_ID": "true"}),
        ("none", {"GENERIC_CLIENT_AUTH": "none", "GENERIC_CLIENT_SECRET": ""}),
    ],
)
async def test_each_way_is_used_alone(
    make_stage: MakeStage, provider: FakeProvider, way: str, more: dict[str, str]
) -> None:
    stage = make_stage(generic(provider.origin, **more))
    provider.client_auth = way
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    [(_, _, headers, fields)] = provider.seen("/token")
    assert fields["client_id"] == CLIENT
    assert (SECRET in fields.values()) is (way == "post")
    assert ("authorization" in headers) is (way == "basic")


@pytest.mark.parametrize("known", [True, False])
async def test_a_private_key_signs_an_assertion_that_the_provider_checks_with_our_jwks(
    make_stage: MakeStage, provider: FakeProvider, known: bool, tmp_path: Path
) -> None:
    (tmp_path / "key.pem").write_text(pem(ec.generate_private_key(ec.SECP384R1())))
    issuer = {"GENERIC_ISSUER": provider.issuer} if known else {}
    key = {"GENERIC_CLIENT_SECRET": "", "GENERIC_CLIENT_PRIVATE_KEY_FILE": str(tmp_path / "key.pem")}
    stage = make_stage(generic(provider.origin, **key, **issuer))
    published = await stage.terminal().get("/sso/jwks")
    provider.client_auth, provider.client_keys = "private_key_jwt", published.json()
    [entry] = published.json()["keys"]
    assert (entry["alg"], entry["use"], "d" in entry) == ("ES384", "sig", False)
    for _ in range(2):
        assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    sent = [fields["client_assertion"] for _, _, _, fields in provider.seen("/token")]
    assert {key_id(one) for one in sent} == {entry["kid"]}
    assert len({unverified_claim(one, "jti", kind="assertion") for one in sent}) == 2
    audience = provider.issuer if known else f"{provider.origin}/token"
    assert unverified_claim(sent[0], "aud", kind="assertion") == audience
    assert "client_secret" not in str(provider.seen("/token"))


class Judge(JWTBearerClientAssertion):  # type: ignore[misc] # Authlib has no types
    """Authlib's half of RFC 7523, as a provider uses it."""

    def __init__(self, audience: str) -> None:
        super().__init__()
        self.audience = audience
        self.seen: set[str] = set()

    def get_audiences(self) -> list[str]:
        return [self.audience]

    def validate_jti(self, claims: object, jti: str) -> bool:  # noqa: ARG002 - Authlib's signature
        is_new = jti not in self.seen
        self.seen.add(jti)
        return is_new


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)], ids=["ES256", "RS256"]
)
async def test_authlib_takes_the_assertion_once(
    make_stage: MakeStage, provider: FakeProvider, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    provider.clock = lambda: int(time.time() * 1000)
    text = {"GENERIC_CLIENT_SECRET": "", "GENERIC_CLIENT_PRIVATE_KEY": pem(key)}
    stage = make_stage(generic(provider.origin, **text))
    stage.db.clock.now = provider.clock()  # type: ignore[attr-defined] # the clock of the tests; Authlib reads the wall's
    provider.client_auth, provider.client_keys = "private_key_jwt", (await stage.terminal().get("/sso/jwks")).json()
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    assertion = provider.seen("/token")[0][3]["client_assertion"]
    judge, published = Judge(f"{provider.origin}/token"), KeySet.import_key_set(cast("Any", provider.client_keys))
    assert judge.process_assertion_claims(assertion, published)["sub"] == CLIENT
    with pytest.raises(InvalidClientError, match="used before"):
        judge.process_assertion_claims(assertion, published)
    with pytest.raises(InvalidClientError):
        Judge("https://other.example/token").process_assertion_claims(assertion, published)


async def test_another_key_is_refused_with_what_to_do(make_stage: MakeStage, provider: FakeProvider) -> None:
    provider.client_auth = "post"
    stage = make_stage(generic(provider.origin))
    answer = await sign_in(stage, provider, stage.browser())
    assert answer.status_code == 401
    assert "set GENERIC_CLIENT_AUTH=post" in answer.text
    assert ("login.sso", "client_refused") in await stage.audit()


async def test_no_key_is_published_where_none_signs(make_stage: MakeStage, provider: FakeProvider) -> None:
    stage = make_stage(generic(provider.origin, GENERIC_CLIENT_PRIVATE_KEY=KEYS[0].private_jwk))
    assert (await stage.terminal().get("/sso/jwks")).json() == {"keys": []}


def provided(key: str) -> SignInProvider:
    return SignInProvider(
        id="generic", profile="generic", client_id="c", client_auth="private_key_jwt", private_key=key
    )


def test_a_jwk_keeps_its_id_and_a_pem_gets_its_thumbprint() -> None:
    text = KEYS[0].private_jwk.replace(f'"kid":"{KEYS[0].kid}"', '"kid":"mine"')
    ours = published_keys([provided(text), provided(pem(ed25519.Ed25519PrivateKey.generate())), provided("no key")])
    kids = [entry["kid"] for entry in ours["keys"]]  # type: ignore[attr-defined] # a list of keys
    assert kids[0] == "mine"
    assert len(kids) == 2
    assert len(kids[1]) == 43


@pytest.mark.parametrize("key", ["hello", "{}", '{"kty":"oct","k":"c2VjcmV0"}', "public", "curve"])
def test_a_key_that_signs_nothing_stops_the_start_unseen(key: str) -> None:
    real = ec.generate_private_key(ec.SECP256R1())
    public = real.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = {"public": public.decode(), "curve": pem(ec.generate_private_key(ec.SECP256K1()))}.get(key, key)
    environ = generic("https://idp.example", GENERIC_CLIENT_SECRET="", GENERIC_CLIENT_PRIVATE_KEY=text)
    with pytest.raises(SettingInvalid, match="GENERIC_CLIENT_PRIVATE_KEY") as caught:
        check_private_keys(load({}, environ).providers)
    assert text not in f"{caught.value} {caught.value.__dict__}" or len(text) < 3
