"""What a hostile provider, or somebody between, may try: one row each, and the code with which it is refused."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.unit.sso import forgery
from tests.unit.sso.forgery import ATTACKER, by_the_attacker, honest, other_payload, shared_secret, signed
from tests.unit.sso.provider import KEYS, SECRET, FakeProvider, Reply

from gatewright.oidc.jwt import half_hash

Spoil = Callable[[FakeProvider], None]
BOTH = ("endpoints", "issuer")
ISSUER = ("issuer",)
HTML = Reply(200, b"<!doctype html><h1>Welcome</h1>", "content-type: text/html")
HUGE = Reply(200, b'{"sub": "' + b"u" * 1_100_000 + b'"}')
HALF = Reply(200, b'{"sub": "u-', says=500)
SLOW = Reply(hangs=True)
PACKED = Reply(200, b"\x1f\x8b\x08\x00", "content-type: application/json\r\ncontent-encoding: gzip")
TWICE = Reply(200, b'{"sub": "u-1", "sub": "u-2", "access_token": "a", "access_token": "b", "keys": [], "keys": []}')
NOT_A_NUMBER = Reply(200, b'{"sub": "u-1", "access_token": "access-token", "keys": [], "expires_in": NaN}')
DEEP = Reply(200, b'{"sub": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")
ENDLESS = Reply(200, b'{"sub": ' + b"9" * 9000 + b"}")
NO_TEXT = Reply(200, b'{"sub": "\xff\xfe"}')
LIST = Reply(200, b"[1, 2]")
METADATA_ADDRESS = "http://169.254.169.254/latest/meta-data/"


def nothing(provider: FakeProvider) -> None:
    """The provider stays honest; the browser brings something else."""


class Attack(NamedTuple):
    """`doors`: with the seed's variables, with a configured issuer, or both. `back` changes what the browser brings."""

    name: str
    code: str
    spoil: Spoil = nothing
    back: Mapping[str, str | None] = MappingProxyType({})
    doors: tuple[str, ...] = BOTH

    def __str__(self) -> str:
        return self.name


def token(**changes: Any) -> Spoil:
    return lambda provider: provider.token_changes.update(changes)


def answer(**changes: Any) -> Spoil:
    return lambda provider: provider.answer_changes.update(changes)


def profile(**changes: Any) -> Spoil:
    return lambda provider: provider.profile_changes.update(changes)


def document(**changes: Any) -> Spoil:
    return lambda provider: provider.metadata_changes.update(changes)


def mended(mend: Callable[[str], str]) -> Spoil:
    return lambda provider: setattr(provider, "mend_token", mend)


def refusal(error: str, description: str = "", status: int = 400) -> Spoil:
    def spoil(provider: FakeProvider) -> None:
        provider.token_status = status
        provider.answer_changes = {"error": error, "error_description": description}

    return spoil


def reply(path: str, raw: Reply) -> Spoil:
    return lambda provider: provider.replies.update({path: raw})


def redirect(path: str, target: str = "/elsewhere", status: int = 302) -> Spoil:
    def spoil(provider: FakeProvider) -> None:
        url = target if "://" in target else provider.origin + target
        provider.replies[path] = Reply(status, b"", f"location: {url}")

    return spoil


def at_metadata_address(name: str) -> Spoil:
    return document(**{name: METADATA_ADDRESS})


def keys(*entries: dict[str, Any]) -> Spoil:
    return reply("/jwks", Reply(200, json.dumps({"keys": entries}).encode()))


def signed_profile(claims: dict[str, Any], **more: Any) -> Spoil:
    def spoil(provider: FakeProvider) -> None:
        body = json.dumps({"sub": "u-1", "iss": provider.issuer, **claims}).encode()
        provider.replies["/userinfo"] = Reply(
            200, signed(honest(), body, **more).encode(), "content-type: application/jwt"
        )

    return spoil


DISCOVERY = "/o/app/.well-known/openid-configuration"
OURS = KEYS[0].public_jwk
SYMMETRIC = {"kty": "oct", "k": "c2VjcmV0", "kid": KEYS[0].kid, "alg": "HS256"}
GIANT = {"kty": "RSA", "n": "w" * 100_000, "e": "AQAB", "kid": KEYS[0].kid}

RESPONSE: tuple[Attack, ...] = (
    Attack("a state that nobody made", "state_unknown", back={"state": "x" * 43}),
    Attack("no state", "state_unknown", back={"state": None}),
    Attack("another provider's answer", "response_issuer", back={"iss": "https://evil.example"}),
    Attack(
        "a promised issuer that is missing",
        "response_issuer",
        document(authorization_response_iss_parameter_supported=True),
        doors=ISSUER,
    ),
    Attack("a refusal", "provider_refused", back={"code": None, "error": "access_denied"}),
    Attack("a code that another sign-in used", "code_refused", back={"code": "code-of-somebody"}),
    Attack("no code", "code_missing", back={"code": None}),
)

ID_TOKEN: tuple[Attack, ...] = (
    Attack("no signature and no algorithm", "id_token_algorithm", mended(forgery.unsigned)),
    Attack("no algorithm in other letters", "id_token_algorithm", mended(forgery.none_in_capitals)),
    Attack("an empty signature", "id_token_algorithm", mended(forgery.without_signature)),
    Attack("the public key as shared secret", "id_token_algorithm", mended(shared_secret(forgery.PUBLIC_PEM))),
    Attack("the JWK as shared secret", "id_token_algorithm", mended(shared_secret(forgery.PUBLIC_JWK))),
    Attack("the client's secret as key", "id_token_algorithm", mended(shared_secret(forgery.CLIENT_SECRET))),
    Attack("other claims under the signature", "id_token_signature", mended(forgery.forged)),
    Attack("the attacker's key with the provider's id", "id_token_signature", mended(by_the_attacker(kid=KEYS[0].kid))),
    Attack("a key that is not published", "id_token_key_unknown", mended(by_the_attacker())),
    Attack("a key that the header brings", "id_token_key_unknown", mended(by_the_attacker(jwk=ATTACKER.public_jwk))),
    Attack(
        "a key set that the header names", "id_token_key_unknown", mended(by_the_attacker(jku="https://evil.example"))
    ),
    Attack(
        "an extension that we do not know",
        "id_token_signature",
        mended(forgery.extended),
    ),
    Attack("no token", "id_token_malformed", mended(lambda _: "hello")),
    Attack("an encrypted token", "id_token_malformed", mended(lambda one: f"{one}.x.y")),
    Attack("a giant token", "id_token_malformed", mended(lambda one: one + "A" * 70_000)),
    Attack("a number for a token", "id_token_missing", answer(id_token=7)),
    Attack("no token where one must be", "id_token_missing", answer(id_token=None), doors=ISSUER),
    Attack(
        "a subject twice",
        "id_token_malformed",
        mended(other_payload(lambda text: text.replace("{", '{"sub": "x", ', 1))),
    ),
    Attack("a payload that is a list", "id_token_malformed", mended(other_payload(lambda text: f"[{text}]"))),
    Attack("another nonce", "nonce_mismatch", token(nonce="another")),
    Attack("no nonce", "nonce_mismatch", token(nonce=None)),
    Attack("another audience", "id_token_audience", token(aud="other")),
    Attack("no audience", "id_token_audience", token(aud=[])),
    Attack("several audiences and no party", "id_token_azp", token(aud=["litellm", "other"])),
    Attack("another party", "id_token_azp", token(azp="other")),
    Attack("another issuer", "id_token_issuer", token(iss="https://evil.example/"), doors=ISSUER),
    Attack("no issuer", "id_token_issuer", token(iss=None)),
    Attack("our own provider's name for an issuer", "id_token_issuer", token(iss="embedded")),
    Attack("an issuer that is no address", "id_token_issuer", token(iss="token-endpoint:https://idp.example")),
    Attack("an issuer that cannot be shown", "id_token_issuer", token(iss="http://a\x00b")),
    Attack("an expired token", "id_token_expired", token(exp=1_700_000_000)),
    Attack("an end that is text", "id_token_malformed", token(exp="4102444800")),
    Attack("an end that is no number", "id_token_malformed", token(exp=float("inf"))),
    Attack("a token of tomorrow", "id_token_issued_in_future", token(iat=4_102_444_800)),
    Attack("a token that begins tomorrow", "id_token_not_yet_valid", token(nbf=4_102_444_800)),
    Attack("another access token", "at_hash_mismatch", token(at_hash=half_hash("another", "ES256"))),
    Attack("no subject", "id_token_subject", token(sub=None)),
    Attack("an empty subject", "id_token_subject", token(sub="")),
    Attack("a subject that is a number", "id_token_subject", token(sub=1)),
    Attack("a subject that is a list", "id_token_subject", token(sub=["u-1"])),
    Attack("a subject that is too long", "id_token_subject", token(sub="u" * 256)),
    Attack("a subject with NUL", "id_token_subject", token(sub="u-1\x00")),
    Attack("a subject with a line break", "id_token_subject", token(sub="u-1\nadmin")),
    Attack("a subject with an invisible letter", "id_token_subject", token(sub="u\u200b-1")),
    Attack("a subject that is half a letter", "id_token_subject", token(sub="\ud800")),
)

KEY_SETS: tuple[Attack, ...] = (
    Attack("a key set without a list", "jwks_malformed", reply("/jwks", Reply(200, b'{"keys": "none"}'))),
    Attack("an empty key set", "id_token_key_unknown", keys()),
    Attack("keys for encryption", "id_token_key_unknown", keys({**OURS, "use": "enc"})),
    Attack("keys that may not verify", "id_token_key_unknown", keys({**OURS, "key_ops": ["encrypt"]})),
    Attack("a symmetric key", "id_token_key_unknown", keys(SYMMETRIC)),
    Attack("a giant key", "id_token_key_unknown", keys(GIANT)),
    Attack("the right key behind a hundred", "id_token_key_unknown", keys(*[ATTACKER.public_jwk] * 100, OURS)),
    Attack("another key of the same id", "id_token_signature", keys({**ATTACKER.public_jwk, "kid": KEYS[0].kid})),
    Attack("a key set with a member twice", "provider_answer", reply("/jwks", TWICE)),
    Attack("a key set elsewhere", "provider_redirect", redirect("/jwks")),
    Attack("a key set at the cloud's metadata", "provider_address", at_metadata_address("jwks_uri")),
)

TOKEN_ENDPOINT: tuple[Attack, ...] = (
    *(
        Attack(f"a token endpoint that redirects with {status}", "provider_redirect", redirect("/token", status=status))
        for status in (301, 302, 303, 307, 308)
    ),
    Attack(
        "a token endpoint that leads into the cloud", "provider_redirect", redirect("/token", METADATA_ADDRESS, 307)
    ),
    Attack("too many requests", "provider_busy", reply("/token", Reply(429))),
    Attack("a token endpoint that is down", "provider_down", reply("/token", Reply(503, HTML.body, HTML.headers))),
    Attack(
        "a token endpoint that is no endpoint", "provider_answer", reply("/token", Reply(404, HTML.body, HTML.headers))
    ),
    Attack("a bare 401", "client_refused", reply("/token", Reply(401, b"", "www-authenticate: Basic"))),
    Attack("a client that is not known", "client_refused", refusal("invalid_client")),
    Attack("a grant that is not allowed", "client_not_allowed", refusal("unauthorized_client")),
    Attack("a code that was used", "code_refused", refusal("invalid_grant")),
    Attack("an error of its own", "token_exchange_refused", refusal("something_else", f"your secret is {SECRET}")),
    Attack("an error that is a list", "token_exchange_refused", refusal(["invalid_client"])),  # type: ignore[arg-type] # a lie
    Attack("an error with 200", "code_refused", refusal("invalid_grant", status=200)),
    Attack("a provider that dislikes PKCE", "pkce_refused", refusal("invalid_request", "PKCE is not supported")),
    Attack("no access token", "token_answer", answer(access_token=None)),
    Attack("an access token with a line break", "token_answer", answer(access_token="a\r\nx-evil: 1")),
    Attack("an access token that is a list", "token_answer", answer(access_token=["a"])),
    Attack("a giant access token", "token_answer", answer(access_token="a" * 40_000)),
    Attack("another kind of token", "token_answer", answer(token_type="mac")),
    Attack("a kind that is a number", "token_answer", answer(token_type=1)),
)

USERINFO: tuple[Attack, ...] = (
    Attack("somebody else's profile", "userinfo_mismatch", profile(sub="somebody-else")),
    Attack("a profile of nobody", "userinfo_subject", profile(sub=None)),
    Attack("an empty profile", "userinfo_subject", reply("/userinfo", Reply(200, b"{}"))),
    Attack("a profile of a number", "userinfo_subject", profile(sub=1)),
    Attack("a profile with NUL", "userinfo_subject", profile(sub="u-1\x00")),
    Attack("an error instead of a profile", "userinfo_refused", reply("/userinfo", Reply(200, b'{"error": "x"}'))),
    Attack("a token that is refused", "userinfo_refused", reply("/userinfo", Reply(401))),
    Attack("no endpoint", "provider_status", reply("/userinfo", Reply(404))),
    Attack("a profile elsewhere", "provider_redirect", redirect("/userinfo")),
    Attack("a profile at the cloud's metadata", "provider_redirect", redirect("/userinfo", METADATA_ADDRESS)),
    Attack("a profile by the attacker", "userinfo_signature", signed_profile({}, key=ATTACKER)),
    Attack("a profile of another issuer", "userinfo_issuer", signed_profile({"iss": "https://evil.example"})),
    Attack("a profile for another client", "userinfo_audience", signed_profile({"aud": ["other"]})),
    Attack("a signed profile of somebody else", "userinfo_mismatch", signed_profile({"sub": "u-2"})),
    Attack(
        "an encrypted profile",
        "userinfo_encrypted",
        reply("/userinfo", Reply(200, b"a.b.c.d.e", "content-type: application/jwt")),
    ),
    Attack(
        "an unsigned profile",
        "userinfo_algorithm",
        reply(
            "/userinfo",
            Reply(
                200,
                forgery.unsigned(f"{forgery.packed(honest())}.{forgery.packed({'sub': 'u-1'})}.").encode(),
                "content-type: application/jwt; charset=utf-8",
            ),
        ),
    ),
)

DOCUMENT: tuple[Attack, ...] = tuple(
    one._replace(doors=ISSUER)
    for one in (
        Attack("a document of another issuer", "metadata_issuer", document(issuer="https://evil.example")),
        Attack("no document", "provider_status", reply(DISCOVERY, Reply(404))),
        Attack("a page instead of the document", "metadata_malformed", reply(DISCOVERY, HTML)),
        Attack("a document with a member twice", "metadata_malformed", reply(DISCOVERY, TWICE)),
        Attack("a document that is a list", "metadata_malformed", reply(DISCOVERY, LIST)),
        Attack("a document of other types", "metadata_malformed", document(token_endpoint=7)),
        Attack("a document without endpoints", "metadata_malformed", document(token_endpoint=None)),
        Attack(
            "an endpoint that is a script", "metadata_endpoint", document(authorization_endpoint="javascript:alert(1)")
        ),
        Attack("an endpoint that is a file", "metadata_endpoint", document(token_endpoint="file:///etc/passwd")),
        Attack(
            "a token endpoint with a password", "provider_address", document(token_endpoint="http://a:b@127.0.0.1/")
        ),
        Attack("a document elsewhere", "provider_redirect", redirect(DISCOVERY)),
        Attack("a document at the cloud's metadata", "provider_redirect", redirect(DISCOVERY, METADATA_ADDRESS)),
        Attack("a token endpoint in the cloud", "provider_address", at_metadata_address("token_endpoint")),
        Attack("a profile in the cloud", "provider_address", at_metadata_address("userinfo_endpoint")),
        Attack(
            "no algorithm that proves anything",
            "id_token_algorithm",
            document(id_token_signing_alg_values_supported=["HS256", "none"]),
        ),
    )
)


def answers() -> Iterator[Attack]:
    """The same bad answers at every address that we ask."""
    for path, doors in ((DISCOVERY, ISSUER), ("/jwks", BOTH), ("/token", BOTH), ("/userinfo", BOTH)):
        malformed = "metadata_malformed" if path == DISCOVERY else "provider_answer"
        rows = (
            ("a page", malformed, HTML),
            ("a list", malformed, LIST),
            ("a member twice", malformed, TWICE),
            ("no number", malformed, NOT_A_NUMBER),
            ("a deep nest", malformed, DEEP),
            ("a number without end", malformed, ENDLESS),
            ("bytes that are no text", malformed, NO_TEXT),
            ("half an answer", "provider_unreachable", HALF),
            ("a packed answer", "provider_answer_encoded", PACKED),
            ("a huge answer", "provider_answer_too_large", HUGE),
            ("no answer in time", "provider_timeout", SLOW),
            ("a failure", "provider_down", Reply(500)),
            ("too many requests", "provider_busy", Reply(429)),
        )
        for name, code, raw in rows:
            yield Attack(f"{name} at {path}", code, reply(path, raw), doors=doors)


ATTACKS: tuple[Attack, ...] = (
    *(*RESPONSE, *ID_TOKEN, *KEY_SETS, *TOKEN_ENDPOINT, *USERINFO, *DOCUMENT),
    *answers(),
)
CASES = [(door, attack) for attack in ATTACKS for door in attack.doors]
