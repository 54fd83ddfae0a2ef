"""Clients that register themselves: who may, what they become, and what they cannot do to others."""

import asyncio
from typing import Any

import httpx2
import pytest
from tests.unit.idp.test_sign_in_path import sign_in

from gatewright.domain.clock import DAY, MINUTE
from gatewright.domain.errors import BadInput, NotFound
from gatewright.idp.access import AccessRules
from gatewright.idp.clients import Client
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.applications import DirectoryApplications
from gatewright.idp.directory.providers import DirectoryProviders
from gatewright.idp.registration.tokens import RegistrationTokens, Wanted
from gatewright.oidc import jwt
from gatewright.storage.directory import providers as provider_rows
from gatewright.storage.listing import EVERYTHING

from .acts import BASE, MOUNT, Acts, basic, error

pytestmark = pytest.mark.anyio
BY = By("ada")
URI = "https://rp.example/cb"
DOCUMENT = {"redirect_uris": [URI], "client_name": "Wiki"}


class Desk:
    """An administrator who makes tokens, and clients that use them."""

    def __init__(self, acts: Acts) -> None:
        self.acts, self.db = acts, acts.db
        self.tokens = RegistrationTokens(acts.db)

    async def token(self, slug: str = "app", *, groups: tuple[str, ...] = (), uses: int = 5, life: int = DAY) -> str:
        return (await self.tokens.create(Wanted("ci", slug, groups, life, uses), BY))[1]

    async def call(
        self, method: str, path: str, token: str | None, body: Any = None, *, address: str = "203.0.113.7"
    ) -> httpx2.Response:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        transport = httpx2.ASGITransport(app=self.acts.stand.app, client=(address, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers) as http:
            if isinstance(body, bytes):
                return await http.request(method, path, content=body, headers={"content-type": "application/json"})
            return await http.request(method, path, **({} if body is None else {"json": body}))

    async def post(self, token: str | None, body: Any = DOCUMENT, slug: str = "app", **more: Any) -> httpx2.Response:
        return await self.call("POST", f"{MOUNT}/{slug}/register/", token, body, **more)

    async def registered(self, *, groups: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
        answer = await self.post(await self.token(groups=groups), {**DOCUMENT, **changes})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def own(self, method: str, client: dict[str, Any], body: Any = None) -> httpx2.Response:
        """The client at its own address."""
        token = client["registration_access_token"]
        return await self.call(method, client["registration_client_uri"].removeprefix(BASE), token, body)

    async def put(self, client: dict[str, Any], **document: Any) -> httpx2.Response:
        return await self.own("PUT", client, {"client_id": client["client_id"], **document})

    async def client(self, client_id: str) -> Client:
        found = await self.acts.stand.provider.clients.by_client_id(client_id)
        assert found is not None
        return found

    async def proves(self, client_id: str, secret: str) -> bool:
        return (await self.acts.post("introspect", {"token": "x"}, (client_id, secret))).status_code == 200

    async def count(self) -> int:
        async with self.db.read() as tx:
            return (await provider_rows.page(tx, EVERYTHING))[0]

    async def document(self, slug: str = "app") -> dict[str, Any]:
        answer = await self.call("GET", f"{MOUNT}/{slug}/.well-known/openid-configuration", None)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def desk(acts: Acts) -> Desk:
    return Desk(acts)


async def test_without_a_token_there_is_no_endpoint(desk: Desk) -> None:
    assert "registration_endpoint" not in await desk.document()
    for token in (None, "made-up"):
        assert error(await desk.post(token)) == (404, "not_found")
    used = await desk.token(uses=1)
    assert (await desk.document())["registration_endpoint"] == f"{BASE}{MOUNT}/app/register/"
    assert "registration_endpoint" not in await desk.document("litellm")
    assert error(await desk.post(used, slug="litellm")) == (404, "not_found")
    assert error(await desk.post(used, slug="none")) == (404, "not_found")
    assert (await desk.post(used)).status_code == 201
    assert "registration_endpoint" not in await desk.document()
    assert error(await desk.post(used)) == (404, "not_found")


async def test_a_token_is_for_its_application_its_time_and_its_count(desk: Desk) -> None:
    await desk.token(life=2 * DAY, uses=9)
    other = await desk.token("litellm")
    for token in (None, "made-up", "x" * 500, other):
        answer = await desk.post(token)
        assert error(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    late, over = await desk.token(life=MINUTE), await desk.token()
    [view] = [one for one in await desk.tokens.page(9, None) if one.token.most_uses == 5][:1]
    await desk.tokens.revoke(view.token.uuid, BY)
    assert error(await desk.post(over)) == (401, "invalid_token")
    desk.acts.stand.clock.now += MINUTE
    assert error(await desk.post(late)) == (401, "invalid_token")
    assert await desk.count() == 2
    with pytest.raises(NotFound):
        await desk.tokens.revoke("none", BY)


async def test_of_parallel_registrations_no_more_than_the_count_succeed(desk: Desk) -> None:
    token, _ = await desk.token(uses=2), await desk.token(uses=9)
    before = await desk.count()
    answers = await asyncio.gather(*(desk.post(token) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 401, 401, 401, 401]
    assert await desk.count() == before + 2


async def test_a_refused_document_costs_no_use_and_leaves_nothing(desk: Desk) -> None:
    token, before = await desk.token(uses=1), await desk.count()
    for body, expected in (
        ({**DOCUMENT, "grant_types": ["password"]}, "invalid_client_metadata"),
        ({**DOCUMENT, "scope": "openid admin"}, "invalid_client_metadata"),
        ({**DOCUMENT, "id_token_signed_response_alg": "HS256"}, "invalid_client_metadata"),
        ({**DOCUMENT, "id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ({**DOCUMENT, "client_name": "a\x00b"}, "invalid_client_metadata"),
        ({**DOCUMENT, "jwks_uri": "http://169.254.169.254/"}, "invalid_client_metadata"),
        (
            {**DOCUMENT, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "x"}]}},
            "invalid_client_metadata",
        ),
        ({**DOCUMENT, "redirect_uris": [f"{BASE}/sso/callback"]}, "invalid_redirect_uri"),
        ({"client_name": "x"}, "invalid_redirect_uri"),
        ({**DOCUMENT, "software_statement": "e30.e30."}, "unapproved_software_statement"),
        ([], "invalid_client_metadata"),
        ("x", "invalid_client_metadata"),
    ):
        assert error(await desk.post(token, body)) == (400, expected), body
    for bad in (b"", b"{", b"\xff", b"[" * 5000, b'{"client_name": "' + b"x" * 70_000 + b'"}'):
        assert error(await desk.post(token, bad))[0] in (400, 413)
    assert error(await desk.post("made-up", b"{")) == (401, "invalid_token")
    assert error(await desk.acts.post("app/register", {"redirect_uris": URI})) == (400, "invalid_client_metadata")
    assert await desk.count() == before
    assert (await desk.post(token)).status_code == 201
    assert "metadata_jwks_uri" in await desk.acts.causes("idp.register")


async def test_it_belongs_to_the_issuer_at_which_it_registered(desk: Desk) -> None:
    made = await desk.registered(scope="openid email", post_logout_redirect_uris=["https://rp.example/out"])
    client = await desk.client(made["client_id"])
    assert client.issuer == f"{BASE}{MOUNT}/app/"
    assert (client.asks_consent, client.is_registered, client.logout_uris) == (True, True, ("https://rp.example/out",))
    assert made["scope"] == "openid email"
    assert made["client_id_issued_at"] == desk.db.clock() // 1000
    assert (made["client_secret_expires_at"], made["token_endpoint_auth_method"]) == (0, "client_secret_basic")
    assert made["response_types"] == ["code"]
    assert await desk.proves(made["client_id"], made["client_secret"])
    [event] = await desk.acts.stand.events("idp.register")
    assert event["target"] == made["client_id"]
    assert event["details"] == {"application": "app", "token": "ci", "name": "Wiki", "groups": ["admins"]}
    secrets = (made["client_secret"], made["registration_access_token"])
    for action in ("idp.register", "model.created", "registration_token.create"):
        assert not any(secret in str(one) for one in await desk.acts.stand.events(action) for secret in secrets)


async def test_a_logout_at_the_shared_issuer_knows_whose_it_is(desk: Desk) -> None:
    made = await desk.registered(post_logout_redirect_uris=["https://rp.example/out"])
    path = f"{MOUNT}/app/end-session/"
    query = {"client_id": made["client_id"], "post_logout_redirect_uri": "https://rp.example/out", "state": "s"}
    async with desk.acts.stand.browser() as browser:
        done = await browser.get(path, params=query)
        assert done.headers["location"] == "https://rp.example/out?state=s"
        foreign = await browser.get(path, params={**query, "client_id": "litellm"})
        assert foreign.status_code == 400
        # A hint names its client too; for another one it is nothing.
        hint = {"iss": f"{BASE}{MOUNT}/app/", "aud": made["client_id"], "sub": "alice", "sid": "x"}
        token = jwt.sign(hint, await desk.acts.stand.provider.keys.signer("RS256"))
        hinted = await browser.get(path, params={**query, "client_id": "", "id_token_hint": token})
        assert hinted.headers["location"] == "https://rp.example/out?state=s"


async def test_nobody_but_the_tokens_groups_may_use_it(desk: Desk) -> None:
    await desk.acts.bind("app", "editors")
    rules, people = AccessRules(desk.db), desk.acts.stand.people
    usual = await desk.client((await desk.registered())["client_id"])
    assert await rules.refusal(people["alice"], usual) is None
    assert await rules.refusal(people["bob"], usual) == "application_denied"
    named = await desk.client((await desk.registered(groups=("editors",)))["client_id"])
    assert await rules.refusal(people["alice"], named) == "application_denied"
    await desk.acts.join("bob", "editors")
    assert await rules.refusal(people["bob"], named) is None
    async with desk.acts.stand.browser() as browser:
        query = {"client_id": usual.client_id, "redirect_uri": URI, "response_type": "code", "scope": "openid"}
        assert (await sign_in(browser, "bob", query)).status_code == 403


async def test_a_token_whose_groups_are_gone_makes_nothing_that_is_everybodys(desk: Desk) -> None:
    async with desk.db.write() as tx:
        await tx.exec_driver_sql("INSERT INTO groups (uuid, name, attributes) VALUES ('g-1', 'passing', '{}')")
    token = await desk.token(groups=("passing",), uses=1)
    async with desk.db.write() as tx:
        await tx.exec_driver_sql("DELETE FROM groups WHERE uuid = 'g-1'")
    assert error(await desk.post(token)) == (403, "access_denied")
    [view] = await desk.tokens.page(9, None)
    assert (view.token.uses, view.group_names) == (0, ())


async def test_no_answer_after_the_first_holds_the_secret(desk: Desk) -> None:
    made = await desk.registered()
    seen = await desk.own("GET", made)
    assert seen.status_code == 200
    assert seen.headers["cache-control"] == "no-store"
    kept = {name: value for name, value in made.items() if not name.startswith("client_secret")}
    assert seen.json() == kept
    assert (await desk.put(made, **DOCUMENT)).json() == kept
    assert (await desk.put(made, **DOCUMENT, client_secret=made["client_secret"])).json() == kept
    assert await desk.proves(made["client_id"], made["client_secret"])


async def test_an_update_is_a_whole_document(desk: Desk) -> None:
    made = await desk.registered(post_logout_redirect_uris=["https://rp.example/out"], client_uri="https://rp.example")
    # Only what is sent counts, and it must be right by itself (contract 8.29).
    parts: list[dict[str, Any]] = [{"client_name": "New"}, {"redirect_uris": []}, {"redirect_uris": None}]
    for part in parts:
        assert error(await desk.put(made, **part)) == (400, "invalid_redirect_uri")
    answer = await desk.put(made, redirect_uris=["https://rp.example/new"])
    assert answer.status_code == 200, answer.text
    client = await desk.client(made["client_id"])
    assert (client.redirect_uris, client.logout_uris, client.launch_url) == (("https://rp.example/new",), (), "")
    assert "post_logout_redirect_uris" not in answer.json()
    assert client.application_name == f"Client {made['client_id'][:8]}"
    for bad in (
        {"client_id": "app", "redirect_uris": [URI]},
        {"redirect_uris": [URI]},
        {"client_id": client.client_id, "redirect_uris": [URI], "client_secret": "another"},
        {"client_id": client.client_id, "redirect_uris": [URI], "client_secret": ["x"]},
        {"client_id": client.client_id, "redirect_uris": [URI], "registration_access_token": "x"},
    ):
        assert error(await desk.own("PUT", made, bad))[0] == 400
    assert (await desk.client(made["client_id"])).redirect_uris == ("https://rp.example/new",)


async def test_what_an_administrator_took_away_the_client_cannot_take_back(desk: Desk) -> None:
    made = await desk.registered()
    providers = DirectoryProviders(desk.db, BASE, "litellm")
    client = await desk.client(made["client_id"])
    await providers.change(client.id, {"grant_types": ["authorization_code"], "property_mappings": []}, BY)
    assert error(await desk.put(made, **DOCUMENT)) == (403, "access_denied")
    assert await desk.acts.causes("idp.register.update") == ["changed_by_administrator"]
    assert (await desk.own("GET", made)).json()["scope"] == "openid"
    # A rotated secret and a binding are not what the client says of itself.
    second = await desk.registered()
    await providers.rotate_secret((await desk.client(second["client_id"])).id, 0, BY)
    assert (await desk.put(second, **DOCUMENT)).status_code == 200


async def test_an_update_is_measured_by_what_the_template_is_now(desk: Desk) -> None:
    made = await desk.registered(grant_types=["authorization_code", "refresh_token"])
    await desk.acts.change("app", grant_types=["authorization_code"])
    document = {**DOCUMENT, "grant_types": ["authorization_code", "refresh_token"]}
    assert error(await desk.put(made, **document)) == (400, "invalid_client_metadata")
    assert (await desk.put(made, **DOCUMENT)).json()["grant_types"] == ["authorization_code"]


async def test_a_proof_that_is_replaced_counts_no_more(desk: Desk) -> None:
    made = await desk.registered()
    key = {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43}
    keyed = {**DOCUMENT, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}}
    answer = (await desk.put(made, **keyed)).json()
    assert (answer["jwks"], answer["token_endpoint_auth_method"]) == ({"keys": [key]}, "private_key_jwt")
    assert "client_secret" not in answer
    assert not await desk.proves(made["client_id"], made["client_secret"])
    back = (await desk.put(made, **DOCUMENT)).json()
    assert "jwks" not in back
    assert await desk.proves(made["client_id"], back["client_secret"])
    assert (await desk.client(made["client_id"])).jwks is None
    open_ = (await desk.put(made, **DOCUMENT, token_endpoint_auth_method="none")).json()
    assert "client_secret" not in open_
    assert (await desk.client(made["client_id"])).is_public
    again = (await desk.put(made, **DOCUMENT, token_endpoint_auth_method="client_secret_post")).json()
    assert await desk.proves(made["client_id"], again["client_secret"])
    assert not await desk.proves(made["client_id"], back["client_secret"])


async def test_a_client_that_leaves_is_gone_with_all_that_is_its(desk: Desk) -> None:
    made, before = await desk.registered(), await desk.count()
    client = await desk.client(made["client_id"])
    assert (await desk.own("DELETE", made)).status_code == 204
    assert await desk.count() == before - 1
    with pytest.raises(NotFound):
        await DirectoryApplications(desk.db, DirectoryProviders(desk.db, BASE, None)).get(client.slug)
    for method in ("GET", "PUT", "DELETE"):
        assert error(await desk.own(method, made, DOCUMENT)) == (401, "invalid_token")
    assert (await desk.client("app")).client_id == "app"


async def test_each_token_is_for_its_own_client(desk: Desk) -> None:
    one, two, initial = await desk.registered(), await desk.registered(), await desk.token()
    wrong = (two["registration_access_token"], initial, one["client_secret"], None, "x" * 500)
    for token in wrong:
        for method in ("GET", "PUT", "DELETE"):
            answer = await desk.call(method, one["registration_client_uri"], token, DOCUMENT)
            assert error(answer) == (401, "invalid_token")
    # A client that an administrator made has no such address at all.
    for client_id in ("app", "litellm", "none", "%00"):
        answer = await desk.call("GET", f"{MOUNT}/register/{client_id}/", one["registration_access_token"])
        assert error(answer) == (401, "invalid_token")
    basic_header = {"authorization": basic(one["client_id"], one["client_secret"])}
    async with desk.acts.stand.browser() as http:
        assert (await http.get(one["registration_client_uri"], headers=basic_header)).status_code == 401
    assert (await desk.own("GET", one)).status_code == 200


async def test_it_takes_no_address_of_another_application(desk: Desk) -> None:
    """A resource (RFC 8707) is a registered application's address; a client that names it does not own it."""
    resources = desk.acts.stand.provider.resources
    await desk.acts.bind("app", "editors")
    bob = desk.acts.stand.people["bob"]
    await desk.acts.join("bob", "admins")
    assert not await resources.may_use(bob, "https://app.example")
    await desk.registered(redirect_uris=["https://app.example/mine"], client_uri="https://app.example")
    assert not await resources.may_use(bob, "https://app.example")


async def test_it_does_not_pass_for_the_dashboard(desk: Desk) -> None:
    """A native app's port is free (RFC 8252 7.3), so its loopback address can become that of our own callback."""
    made = await desk.registered(redirect_uris=["http://localhost/sso/callback"], token_endpoint_auth_method="none")
    challenge = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    query = {"client_id": made["client_id"], "redirect_uri": f"{BASE}/sso/callback", "response_type": "code"}
    async with desk.acts.stand.browser() as browser:
        asked = await sign_in(browser, "alice", {**query, **challenge, "scope": "openid"})
        assert "consent" in asked.headers["location"], asked.headers["location"]
        page = await browser.get(asked.headers["location"])
    assert "Allow Wiki to sign you in?" in page.text
    assert "Allow Gatewright" not in page.text


async def test_a_template_that_is_gone_leaves_its_clients_as_they_are(desk: Desk) -> None:
    made = await desk.registered()
    providers = DirectoryProviders(desk.db, BASE, "litellm")
    template = await desk.client("app")
    await DirectoryApplications(desk.db, providers).delete("app", BY)
    await providers.delete(template.id, BY)
    assert await desk.proves(made["client_id"], made["client_secret"])
    assert error(await desk.put(made, **DOCUMENT)) == (403, "access_denied")
    assert (await desk.own("GET", made)).status_code == 200
    assert (await desk.own("DELETE", made)).status_code == 204
    assert await desk.tokens.page(9, None) == []


async def test_an_address_that_asks_too_often_waits(desk: Desk) -> None:
    made = await desk.registered()
    for _ in range(60):
        last = await desk.call("GET", "/application/o/register/x/", "guess", address="198.51.100.1")
    assert last.status_code == 401
    answer = await desk.call("GET", made["registration_client_uri"], "guess", address="198.51.100.1")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert (await desk.own("GET", made)).status_code == 200


async def test_tokens_that_cannot_be_made(desk: Desk) -> None:
    made = await desk.registered()
    slug = (await desk.client(made["client_id"])).slug
    for wanted, field in (
        (Wanted("x", "none", (), DAY, 1), "application"),
        (Wanted("x", slug, (), DAY, 1), "application"),
        (Wanted("x", "app", ("nobodies",), DAY, 1), "groups"),
        (Wanted("x", "app", (), 0, 1), "expires_in"),
        (Wanted("x", "app", (), 366 * DAY, 1), "expires_in"),
        (Wanted("x", "app", (), DAY, 0), "uses"),
        (Wanted("x", "app", (), DAY, 1001), "uses"),
    ):
        with pytest.raises(BadInput) as caught:
            await desk.tokens.create(wanted, BY)
        assert caught.value.param == field
