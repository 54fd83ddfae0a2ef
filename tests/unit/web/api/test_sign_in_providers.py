"""Providers that an administrator adds: told without their secrets, used on every worker, gone when removed."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.sso.provider import CLIENT, SECRET, FakeProvider
from tests.unit.web.conftest import Worker

from gatewright.app.build import Program
from gatewright.app.first_start import LINK_FILE
from gatewright.settings.schema import Settings
from gatewright.storage import audit_log

pytestmark = pytest.mark.anyio
PATH = "/api/v1/sign-in-providers"
WANTED = {"id": "acme", "issuer": "https://id.acme.example", "client_id": "gw", "client_secret": "hush-hush"}


@pytest.fixture
async def workers(settings: Settings) -> AsyncIterator[list[Worker]]:
    """Two workers of one installation that may reach a provider on loopback."""
    opened = msgspec.structs.replace(settings, allowed_networks=("127.0.0.1/32",))
    link = (settings.data_dir / LINK_FILE).read_text().strip()
    found = [Worker(Program(opened), link) for _ in range(2)]
    for worker in found:
        await worker.program.edge._start()
    yield found
    for worker in found:
        await worker.program.edge._stop()


@pytest.fixture
async def provider(workers: list[Worker]) -> AsyncIterator[FakeProvider]:
    fake = FakeProvider(workers[0].program.db.clock)
    server = await fake.start()
    async with server:
        yield fake


async def signed_in(worker: Worker, provider: FakeProvider, source: str) -> httpx2.Response:
    async with worker.at("203.0.113.10", {"accept": "text/html"}) as browser:
        begun = await browser.get("/sso/key/generate", params={"provider": source})
        assert begun.status_code == 303, begun.text
        back = provider.authorize(begun.headers["location"])
        return await browser.get(f"/sso/callback/{source}?{back}")


async def test_whoever_is_added_signs_people_in_on_every_worker(workers: list[Worker], provider: FakeProvider) -> None:
    one, other = workers
    wanted = {"id": "acme", "label": "Acme", "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET}
    made = await one.admin.post(PATH, json=wanted)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["redirect_uri"], shown["origin"]) == ("http://localhost:4000/sso/callback/acme", "database")
    assert (shown["has_client_secret"], shown["has_private_key"]) == (True, False)
    assert SECRET not in made.text
    await other.program.follower.catch_up()
    answer = await signed_in(other, provider, "acme")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/")
    begun = provider.seen("/token")[-1][3]
    assert begun["redirect_uri"] == shown["redirect_uri"]
    assert shown["standing"] is None
    said = (await one.admin.get(f"{PATH}/acme")).json()["standing"]
    assert said == {"issuer": provider.issuer, "doubt": None, "notes": []}
    assert (await one.admin.patch(f"{PATH}/acme", json={"is_enabled": False})).json()["is_enabled"] is False
    await other.program.follower.catch_up()
    assert (await other.client.get("/sso/key/generate?provider=acme")).status_code == 404


async def test_an_answer_at_another_providers_address_is_refused(workers: list[Worker], provider: FakeProvider) -> None:
    worker = workers[0]
    wanted = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET}
    for name in ("acme", "other"):
        assert (await worker.admin.post(PATH, json={"id": name, **wanted})).status_code == 201
    await worker.program.follower.catch_up()
    async with worker.at("203.0.113.10", {"accept": "text/html"}) as browser:
        begun = await browser.get("/sso/key/generate?provider=acme")
        back = provider.authorize(begun.headers["location"])
        refused = await browser.get(f"/sso/callback/other?{back}")
    assert "state_other_source" in refused.text
    assert provider.seen("/token") == []


async def test_what_is_changed_is_merged_and_secrets_stay_where_they_belong(worker: Worker) -> None:
    made = await worker.admin.post(PATH, json={**WANTED, "headers": {"x-tenant": "t-1"}})
    assert made.json()["headers"] == {"x-tenant": "***"}
    path = f"{PATH}/acme"
    changed = await worker.admin.patch(path, json={"claims": {"role": "roles"}, "label": "Acme"})
    assert (changed.json()["claims"]["role"], changed.json()["claims"]["email"]) == ("roles", "email")
    assert (await worker.program.sign_in_providers.get("acme")).provider.client_secret == "hush-hush"
    assert (await worker.program.sign_in_providers.get("acme")).provider.headers == {"x-tenant": "t-1"}
    moved = {"issuer": "https://id.elsewhere.example"}
    refused = await worker.admin.patch(path, json=moved)
    assert refused.status_code == 400
    assert "client_secret was given for another address" in refused.text
    refused = await worker.admin.patch(path, json={**moved, "client_secret": "new"})
    assert "headers were given for another address" in refused.text
    again = {"client_secret": "new", "headers": {"x-tenant": "t-1"}}
    assert (await worker.admin.patch(path, json={**moved, **again})).status_code == 200
    listed = (await worker.admin.get(PATH)).json()["items"]
    assert [(one["id"], one["origin"]) for one in listed] == [("embedded", "embedded"), ("acme", "database")]
    assert [one["has_client_secret"] for one in listed] == [True, True]
    assert (await worker.admin.delete(path)).status_code == 204
    assert (await worker.admin.get(path)).status_code == 404
    async with worker.program.db.read() as tx:
        rows = [row for row in await audit_log.newest(tx, 20) if row["action"].startswith("sign_in_provider.")]
    assert [row["action"].partition(".")[2] for row in rows] == ["delete", "update", "update", "create"]
    assert "hush-hush" not in str(rows)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"id": "Acme!"}, "id"),
    ({"id": "embedded"}, "id"),
    ({"client_id": ""}, "client_id"),
    ({"client_secret": None}, "client_secret"),
    ({"client_auth": "private_key_jwt"}, "private_key"),
    ({"client_auth": "magic"}, "client_auth"),
    ({"issuer": None}, "issuer"),
    ({"issuer": "https://user:pw@id.example"}, "issuer"),
    ({"token_endpoint": "ftp://x"}, "token_endpoint"),
    ({"scope": "profile"}, "scope"),
    ({"clock_skew_s": 4000}, "clock_skew_s"),
    ({"headers": {"x": "***"}}, "headers"),
    ({"roles": {"default_role": "boss"}}, "roles.default_role"),
    ({"claims": {"nickname": "x"}}, "nickname"),
    ({"tenent": "x"}, "tenent"),
]


@pytest.mark.parametrize(("changes", "param"), WRONG, ids=lambda value: str(value)[:40])
async def test_what_is_wrong_is_named(workers: list[Worker], changes: dict[str, Any], param: str) -> None:
    refused = await workers[0].admin.post(PATH, json={**WANTED, **changes})
    assert refused.status_code in (400, 409), refused.text
    assert param in refused.text
    assert "hush-hush" not in refused.text


CURVE = ec.generate_private_key(ec.SECP256K1()).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


async def test_what_could_never_work_or_would_leak_is_named(worker: Worker) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"ca": "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----"}, "holds no certificate"),
        ({"client_auth": "private_key_jwt", "private_key": "hello"}, "no private key in PEM"),
        ({"client_auth": "private_key_jwt", "private_key": CURVE.decode()}, "nothing can be signed"),
        ({"client_auth": "none", "use_pkce": False}, "without PKCE"),
        ({"headers": {"Host": "evil.example"}}, "the header Host is not one to set"),
        ({"headers": {"x-a": "b\r\nx-c: d"}}, "x-a holds a character"),
        ({"claims": {"kept": [["department", "my.secret"]]}}, "named like a secret"),
        ({"claims": {"kept": [["a", "x"], ["b", "x.y"]]}}, "has that place already"),
    ]
    for changes, words in wrong:
        answer = await worker.admin.post(PATH, json={**WANTED, **changes})
        assert answer.status_code == 400, changes
        assert words in answer.text
        assert "hello" not in answer.text


async def test_a_profile_brings_what_is_not_said(worker: Worker) -> None:
    wanted = {"id": "kc", "profile": "keycloak", "client_id": "gw", "client_secret": "hush-hush"}
    options = {"domain": "id.acme.example", "realm": "staff"}
    made = await worker.admin.post(PATH, json={**wanted, "options": options, "claims": {"email": "mail"}})
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["issuer"], shown["label"]) == ("https://id.acme.example/realms/staff", "Keycloak")
    assert shown["claims"]["email"] == "mail"
    assert shown["claims"]["role"] != "role"
    moved: dict[str, Any] = {"options": {"realm": "guests"}, "issuer": shown["issuer"], "client_secret": "hush-hush"}
    changed = await worker.admin.patch(f"{PATH}/kc", json=moved)
    assert changed.json()["issuer"] == "https://id.acme.example/realms/guests", changed.text
    given = {**moved, "options": {"realm": "staff"}, "issuer": "https://id.acme.example/x"}
    assert (await worker.admin.patch(f"{PATH}/kc", json=given)).json()["issuer"] == "https://id.acme.example/x"
    profiles = {one["name"]: one for one in (await worker.admin.get("/api/v1/sign-in-profiles")).json()["items"]}
    assert {"google", "microsoft", "okta", "keycloak", "authentik", "auth0", "github", "generic"} == profiles.keys()
    assert set(profiles["keycloak"]["fields"]) >= options.keys()
    assert (profiles["keycloak"]["token_claims"], profiles["microsoft"]["decides_roles"]) == (True, True)
    world: dict[str, Any] = {"id": "google", "profile": "google", "client_id": "g", "client_secret": "hush-hush"}
    refused = await worker.admin.post(PATH, json=world)
    assert (refused.status_code, "allowed_domains" in refused.text) == (400, True)
    world["options"] = {"allowed_domains": "acme.example"}
    made = await worker.admin.post(PATH, json=world)
    assert (made.status_code, made.json()["redirect_uri"]) == (201, "http://localhost:4000/sso/callback"), made.text
