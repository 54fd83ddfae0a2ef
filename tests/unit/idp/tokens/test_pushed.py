"""Pushed authorization requests, from the push to the code (RFC 9126)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from tests.unit.idp.test_sign_in_path import sign_in

from gatewright.storage.tables import pushed_requests

from .acts import CALLBACK, MOUNT, SECRET, Acts, error

pytestmark = pytest.mark.anyio
AUTH = ("app", SECRET)
REQUEST = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid email", "state": "s t&", "nonce": "n-7"}
AUTHORIZE = f"{MOUNT}/authorize/"


async def push(acts: Acts, **changes: str) -> str:
    answer = await acts.post("par", {**REQUEST, **changes}, AUTH)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["expires_in"] == 60
    found: str = answer.json()["request_uri"]
    return found


async def test_the_browser_brings_a_reference_alone(acts: Acts) -> None:
    brought = {"client_id": "app", "request_uri": await push(acts), "scope": "openid profile", "state": "another"}
    async with acts.stand.browser() as browser:
        # A mail scanner or a chat's preview looks first.
        assert (await browser.head(AUTHORIZE, params=brought)).status_code == 200
        done = await sign_in(browser, "alice", brought)
        assert done.status_code == 303, done.text
        query = parse_qs(urlsplit(done.headers["location"]).query)
        assert query["state"] == ["s t&"]
        answer = await acts.token("authorization_code", code=query["code"][0], redirect_uri=CALLBACK)
        assert answer.json()["scope"] == "openid email"
        assert (await acts.claims(answer.json()["id_token"]))["nonce"] == "n-7"
        again = await browser.get(AUTHORIZE, params=brought)
        assert again.status_code == 400
        assert "used already" in again.text
    assert "request_uri_over" in await acts.causes("idp.authorize")


async def test_late_or_another_clients(acts: Acts) -> None:
    await acts.register("other")
    uri = await push(acts)
    async with acts.stand.browser() as browser:
        assert (await browser.get(AUTHORIZE, params={"client_id": "other", "request_uri": uri})).status_code == 400
        assert (await browser.get(AUTHORIZE, params={"request_uri": uri})).status_code == 400
        acts.stand.clock.now += 60_000
        assert (await browser.get(AUTHORIZE, params={"client_id": "app", "request_uri": uri})).status_code == 400


async def test_an_address_is_never_fetched(acts: Acts) -> None:
    async with acts.stand.browser() as browser:
        brought = {"client_id": "app", "redirect_uri": CALLBACK, "request_uri": "https://evil.example/r"}
        answer = await browser.get(AUTHORIZE, params=brought)
        assert "error=request_uri_not_supported" in answer.headers["location"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
        ({"client_id": "other"}, "invalid_request"),
    ],
)
async def test_what_would_be_refused_is_refused_at_once(acts: Acts, changes: dict[str, str], expected: str) -> None:
    await acts.register("other")
    assert error(await acts.post("par", {**REQUEST, **changes}, AUTH)) == (400, expected)
    assert (await acts.causes("idp.push"))[0] != "ok"


async def test_only_the_client_itself_pushes(acts: Acts) -> None:
    assert error(await acts.post("par", {**REQUEST, "client_id": "app"})) == (401, "invalid_client")
    assert error(await acts.post("par", REQUEST, ("app", "wrong" * 5))) == (401, "invalid_client")


async def test_no_secret_is_kept(acts: Acts) -> None:
    answer = await acts.post("par", {**REQUEST, "client_id": "app", "client_secret": SECRET})
    assert answer.status_code == 201
    async with acts.db.read() as tx:
        rows: list[Any] = list((await tx.execute(select(pushed_requests))).all())
    assert len(rows) == 1
    assert SECRET not in str(rows)
    assert answer.json()["request_uri"] not in str(rows)
