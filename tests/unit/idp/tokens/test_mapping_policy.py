"""What a mapping that goes wrong means for what clients get: ID token, access token and userinfo, from outside."""

from typing import Any

import httpx2
import pytest

from gatewright.idp.claims import RESERVED
from gatewright.storage import oauth_providers, scope_mappings

from .acts import CALLBACK, MOUNT, Acts

pytestmark = pytest.mark.anyio
SCOPE = "openid email own"
OWN = "Mapping of our own"
FAULTS: dict[str, tuple[str, list[tuple[int | None, str]]]] = {
    "raises": ('x = 1\nreturn {"own": user.nope}', [(2, "nope")]),
    "stays a text": ("return user.username", [(None, "not a dict but str")]),
    "is a list": ('return ["proxy_admin"]', [(None, "not a dict but list")]),
    "sets what is the protocol's": (
        f"return {{name: user.username for name in {sorted(RESERVED)!r}}}",
        [(None, f"the claim {name} is the protocol's own") for name in sorted(RESERVED)],
    ),
}


async def attach(acts: Acts, expression: str, name: str = OWN, *, required: bool = False) -> int:
    """Gives the client one more mapping."""
    columns = {"uuid": f"uuid of {name}", "name": name, "scope_name": "own", "description": ""}
    async with acts.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="app")
        assert provider is not None
        before = [one.id for one in await scope_mappings.of_provider(tx, provider)]
        made = await scope_mappings.add(tx, **columns, expression=expression, required=required)
        await scope_mappings.attach(tx, provider, [*before, made])
    return made


async def change(acts: Acts, mapping: int, **columns: Any) -> None:
    async with acts.db.write() as tx:
        await scope_mappings.change(tx, mapping, **columns)


async def redeem(acts: Acts, code: str) -> httpx2.Response:
    return await acts.token("authorization_code", code=code, redirect_uri=CALLBACK)


async def everywhere(acts: Acts) -> list[dict[str, Any]]:
    """What ID token, access token and userinfo say of the person."""
    tokens = await acts.tokens(scope=SCOPE)
    info = await acts.userinfo(tokens["access_token"])
    assert info.status_code == 200, info.text
    return [await acts.claims(tokens["id_token"]), await acts.claims(tokens["access_token"]), info.json()]


def protocol(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims of the protocol that are the same for every token of that person and client."""
    changing = {"exp", "iat", "jti", "sid", "at_hash"}
    return {name: value for name, value in claims.items() if name in RESERVED - changing}


async def test_one_that_is_not_required_gives_no_claim_and_an_event(acts: Acts) -> None:
    mapping = await attach(acts, "return {}")
    before = await everywhere(acts)
    for what, (expression, problems) in FAULTS.items():
        await change(acts, mapping, expression=expression)
        known = len(await acts.stand.events("idp.mapping"))
        after = await everywhere(acts)
        assert [protocol(claims) for claims in after] == [protocol(claims) for claims in before], what
        assert [set(claims) for claims in after] == [set(claims) for claims in before], what
        assert all(claims["email"] == "alice@example.com" for claims in after), "the others go on"
        events = await acts.stand.events("idp.mapping")
        fresh = events[: len(events) - known]
        # Once for the tokens, and once for userinfo.
        assert len(fresh) == 2 * len(problems), what
        found = {(event["details"]["line"], event["details"]["cause"]) for event in fresh}
        assert all(any(line == one and words in cause for one, cause in found) for line, words in problems), what
        for event in fresh:
            assert (event["target"], event["actor"], event["outcome"]) == (OWN, "alice", "mapping_failed")
            assert (event["details"]["client"], event["details"]["scope"]) == ("app", "own")
            assert event["reference"].startswith("req-")


async def test_one_that_is_required_gives_nothing_until_it_is_mended(acts: Acts) -> None:
    mapping = await attach(acts, 'return {"own": 1}', required=True)
    good = await acts.tokens(scope=SCOPE)
    for what, (expression, problems) in FAULTS.items():
        await change(acts, mapping, expression=expression)
        code = await acts.code(scope=SCOPE)
        for refused in (await redeem(acts, code), await acts.userinfo(good["access_token"])):
            assert refused.status_code == 500, what
            assert set(refused.json()) == {"error", "error_description"}
            assert refused.json()["error"] == "server_error"
            # The client learns which one and where to look, the cause stands in the log alone.
            assert OWN in refused.json()["error_description"]
            assert refused.headers["x-request-id"] in refused.json()["error_description"]
            assert not any(words in refused.text for _, words in problems), what
        await change(acts, mapping, expression='return {"own": 2}')
        answer = await redeem(acts, code)
        assert answer.status_code == 200, "the code was not used up"
        assert (await acts.claims(answer.json()["id_token"]))["own"] == 2
        assert (await acts.userinfo(good["access_token"])).json()["own"] == 2
    events = await acts.stand.events("idp.mapping")
    assert len(events) == 2 * sum(len(problems) for _, problems in FAULTS.values())


async def test_values_that_two_mappings_give_are_there_once(acts: Acts) -> None:
    await attach(acts, "return {'own': ['a', 'b', {'c': 1}], 'deep': {'list': [1, 2], 'kept': user.pk > 0}}", "First")
    await attach(acts, "return {'own': ['b', {'c': 1}, 'd'], 'deep': {'list': [2, 3]}, 'null': None}", "Second")
    for claims in await everywhere(acts):
        assert claims["own"] == ["a", "b", {"c": 1}, "d"]
        assert claims["deep"] == {"list": [1, 2, 3], "kept": True}
        assert "null" not in claims
    assert await acts.stand.events("idp.mapping") == []


async def test_a_client_that_wants_them_at_userinfo_alone_has_them_there_and_in_the_access_token(acts: Acts) -> None:
    await attach(acts, "return {'own': user.username}")
    await acts.change("app", include_claims_in_id_token=False)
    id_token, access_token, info = await everywhere(acts)
    assert "own" not in id_token
    assert access_token["own"] == info["own"] == "alice"


async def test_discovery_names_the_claims_off_the_text_and_runs_nothing(acts: Acts) -> None:
    await attach(
        acts, "while True:\n    pass\nclaims = {'own': user.nope, 'sub': 1}\nclaims['more'] = 2\nreturn claims"
    )
    async with acts.stand.browser() as http:
        document = (await http.get(f"{MOUNT}/app/.well-known/openid-configuration")).json()
    named = document["claims_supported"]
    assert {"own", "more", "email", "email_verified", "sub"} <= set(named)
    assert len(named) == len(set(named))
    assert "own" in document["scopes_supported"]
    assert await acts.stand.events("idp.mapping") == []
    assert acts.stand.provider.expressions._pool is None
