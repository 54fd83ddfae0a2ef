"""What an attacker meets: the whole application twice, as two workers on one database, under a clock of the test's.

Nothing here looks inside: people, clients and grants are made over HTTP, as administrators and clients make them.
"""

import base64
import itertools
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from argon2 import PasswordHasher
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from tests.conformance.conftest import Form

from gatewright.app import clock as wall
from gatewright.app.build import Program
from gatewright.app.first_start import prepare
from gatewright.app.keyfiles import with_keys
from gatewright.settings.load import load

BASE = "http://localhost:4000"
MASTER = "sk-master-of-the-attacks-0123456789"
ADMIN, PASSWORD = "ada@example.local", "correct horse battery"
SECRET = "a-secret-of-thirty-two-letters!!"
CALLBACK, SIGNED_OUT = "https://rp.example/cb", "https://rp.example/signed-out"
AUTHORIZE, SIGN_IN = "/application/o/authorize/", "/if/flow/default-authentication-flow/"
EXPLICIT = "default-provider-authorization-explicit-consent"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ["authorization_code", "refresh_token", "client_credentials", DEVICE]
SCOPES = ("openid", "email", "profile", "offline_access")
CSRF = {"x-gatewright-request": "1"}
OURS = f"{BASE}/"


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = wall.now()

    def __call__(self) -> int:
        return self.now

    def pass_(self, **spans: int) -> None:
        """`pass_(minutes=2)`."""
        units = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}
        self.now += sum(count * units[unit] for unit, count in spans.items())


class Visitor:
    """One browser: keeps its cookies, follows redirects as long as they stay here."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def open(self, path: str, **params: str) -> httpx2.Response:
        return await self._followed(await self.http.get(path, params=params or None))

    async def submit(self, page: httpx2.Response, **changes: str) -> httpx2.Response:
        """Presses the page's button."""
        return await self._followed(await self.press(page, **changes))

    async def press(self, page: httpx2.Response, **changes: str) -> httpx2.Response:
        """The same, without following what it leads to."""
        form = Form(page.text)
        headers = {"origin": BASE, "sec-fetch-site": "same-origin"}
        return await self.http.post(form.action, data={**form.fields, **changes}, headers=headers)

    async def sign_in(self, name: str, password: str = PASSWORD, **request: str) -> httpx2.Response:
        """Through the sign-in page, of an application's request or by itself."""
        page = await self.open(AUTHORIZE, **request) if request else await self.open(SIGN_IN)
        assert 'type="password"' in page.text, page.text
        return await self.submit(page, name=name, password=password)

    async def dashboard(self, name: str, password: str = PASSWORD) -> None:
        """A session of the dashboard, by the embedded provider."""
        page = await self.open("/sso/key/generate")
        done = await self.submit(page, name=name, password=password) if 'type="password"' in page.text else page
        assert done.status_code == 200, done.text
        assert self.cookie("gatewright_session"), done.text

    async def api(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """As the dashboard calls."""
        headers = {**CSRF, "sec-fetch-site": "same-origin"}
        return await self.http.request(method, path, json=body, headers=headers)

    def cookie(self, name: str) -> str | None:
        found = [one.value for one in self.http.cookies.jar if one.name == name]
        return found[0] if found else None

    async def _followed(self, response: httpx2.Response) -> httpx2.Response:
        for _ in range(12):
            if not response.is_redirect or not response.headers["location"].startswith(("/", OURS)):
                break
            response = await self.http.get(response.headers["location"])
        return response


class Site:
    """Two workers. `admin` calls with the master key."""

    def __init__(self, programs: list[Program], clock: Clock) -> None:
        self.programs, self.clock = programs, clock
        self._numbers = itertools.count(1)
        self._browsers: list[httpx2.AsyncClient] = []
        self.admin = self.at(headers={"authorization": f"Bearer {MASTER}"})

    def at(
        self, address: str | None = None, worker: int = 0, headers: Mapping[str, str] | None = None
    ) -> httpx2.AsyncClient:
        """A client at an address; without one it is an address of its own."""
        transport = httpx2.ASGITransport(app=self.programs[worker].edge, client=(address or self.address(), 40000))
        made = httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers)
        self._browsers.append(made)
        return made

    def address(self) -> str:
        """One that nobody else has."""
        number = next(self._numbers)
        return f"198.18.{number >> 8}.{number & 255}"

    def browser(self, address: str | None = None, worker: int = 0) -> Visitor:
        headers = {"accept": "text/html", "sec-fetch-site": "none", "sec-fetch-dest": "document"}
        return Visitor(self.at(address, worker, headers))

    def name(self, start: str) -> str:
        """A name that nobody has yet."""
        return f"{start}{next(self._numbers)}"

    async def followed(self) -> None:
        """Both workers have heard of every change, as they do by themselves within a second."""
        for program in self.programs:
            await program.follower.catch_up()

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        """An administrator's call, which succeeds."""
        answer = await self.admin.request(method, path, json=body)
        assert answer.is_success, answer.text
        await self.followed()
        return answer.json() if answer.content else None

    async def person(self, start: str = "eve", **more: Any) -> dict[str, Any]:
        """Somebody with PASSWORD."""
        name = self.name(start)
        made: dict[str, Any] = await self.ok(
            "POST", "/api/v3/core/users/", {"username": name, "name": name, "email": f"{name}@example.com", **more}
        )
        await self.ok("POST", f"/api/v3/core/users/{made['pk']}/set_password/", {"password": PASSWORD})
        return made

    async def change(self, person: Mapping[str, Any], **columns: Any) -> None:
        await self.ok("PATCH", f"/api/v3/core/users/{person['pk']}/", columns)

    async def group(self, start: str = "group", **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.ok("POST", "/api/v3/core/groups/", {"name": self.name(start), **more})
        return found

    async def client(self, start: str = "app", *, scopes: tuple[str, ...] = SCOPES, **more: Any) -> "Client":
        """A confidential client that may use every grant; `more` are fields of the provider."""
        name = self.name(start)
        listed = await self.ok("GET", "/api/v3/propertymappings/provider/scope/?page_size=100")
        managed = {f"goauthentik.io/providers/oauth2/scope-{scope}" for scope in scopes}
        fields = {
            "name": name,
            "client_id": name,
            "client_secret": SECRET,
            "client_type": "confidential",
            "grant_types": GRANTS,
            "property_mappings": [one["pk"] for one in listed["results"] if one["managed"] in managed],
            "redirect_uris": [
                {"matching_mode": "strict", "url": CALLBACK},
                {"matching_mode": "strict", "url": SIGNED_OUT, "redirect_uri_type": "logout"},
            ],
            **more,
        }
        provider = await self.ok("POST", "/api/v3/providers/oauth2/", fields)
        app = {"name": name, "slug": name, "provider": provider["pk"]}
        return Client(self, name, provider["pk"], await self.ok("POST", "/api/v3/core/applications/", app))

    async def events(self, **query: str) -> list[dict[str, Any]]:
        """The audit log, newest first."""
        query = {"ordering": "-created", "page_size": "100", **query}
        found: list[dict[str, Any]] = (await self.ok("GET", f"/api/v3/events/events/?{urlencode(query)}"))["results"]
        return found

    async def close_browsers(self) -> None:
        """After a test: all but the administrator's."""
        for http in self._browsers[1:]:
            await http.aclose()
        del self._browsers[1:]


class Client:
    """One registered application, and what it asks for."""

    def __init__(self, site: Site, client_id: str, provider_pk: int, application: Mapping[str, Any]) -> None:
        self.site, self.id, self.provider_pk, self.application = site, client_id, provider_pk, application
        self.auth = (client_id, SECRET)
        self.issuer = f"{BASE}/application/o/{client_id}/"
        self._address = site.address()

    def http(self, worker: int = 0) -> httpx2.AsyncClient:
        return self.site.at(self._address, worker)

    def request(self, **changes: str) -> dict[str, str]:
        """An authorization request."""
        usual = {"client_id": self.id, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid email"}
        return {name: value for name, value in {**usual, "state": "s", **changes}.items() if value}

    async def post(
        self, endpoint: str, form: Mapping[str, str], *, auth: bool = True, worker: int = 0
    ) -> httpx2.Response:
        """A call of a client's endpoint, with HTTP Basic."""
        headers = {"authorization": basic(*self.auth)} if auth else {}
        return await self.http(worker).post(f"/application/o/{endpoint}/", data=dict(form), headers=headers)

    async def token(
        self, grant: str, form: Mapping[str, str] | None = None, *, worker: int = 0, auth: bool = True, **more: str
    ) -> httpx2.Response:
        return await self.post("token", {"grant_type": grant, **(form or {}), **more}, worker=worker, auth=auth)

    async def code(self, browser: Visitor, name: str | None = None, **changes: str) -> str:
        """A code for whoever is signed in, or signs in as `name` on the way."""
        answer = (
            await browser.open(AUTHORIZE, **self.request(**changes))
            if name is None
            else await browser.sign_in(name, **self.request(**changes))
        )
        if "decision" in answer.text:
            answer = await browser.submit(answer, decision="allow")
        return returned(answer)["code"]

    async def exchange(
        self, code: str, form: Mapping[str, str] | None = None, *, worker: int = 0, auth: bool = True, **more: str
    ) -> httpx2.Response:
        asked = {"code": code, "redirect_uri": CALLBACK, **(form or {}), **more}
        return await self.token("authorization_code", asked, worker=worker, auth=auth)

    async def tokens(self, browser: Visitor, name: str | None = None, **changes: str) -> dict[str, Any]:
        """A whole sign-in, with a refresh token where `offline_access` is asked for."""
        return good(await self.exchange(await self.code(browser, name, **changes)))

    async def refresh(self, token: str, *, worker: int = 0, **form: str) -> httpx2.Response:
        return await self.token("refresh_token", {"refresh_token": token, **form}, worker=worker)

    async def userinfo(self, token: str, *, worker: int = 0) -> httpx2.Response:
        return await self.http(worker).get("/application/o/userinfo/", headers={"authorization": f"Bearer {token}"})

    async def introspect(self, token: str, *, worker: int = 0) -> dict[str, Any]:
        return good(await self.post("introspect", {"token": token}, worker=worker))

    async def change(self, **fields: Any) -> None:
        """Changes the provider."""
        await self.site.ok("PATCH", f"/api/v3/providers/oauth2/{self.provider_pk}/", fields)

    async def only_for(self, group: Mapping[str, Any]) -> None:
        """From now on members of the group alone may use it."""
        binding = {"target": self.application["pk"], "group": group["pk"], "order": 0}
        await self.site.ok("POST", "/api/v3/policies/bindings/", binding)

    async def device(self, **form: str) -> dict[str, Any]:
        """A device that waits."""
        return good(await self.post("device", {"scope": "openid email offline_access", **form}))

    async def approve(self, browser: Visitor, started: Mapping[str, Any]) -> httpx2.Response:
        """Whoever is signed in types the device's code and says yes."""
        page = await browser.open("/device")
        shown = await browser.submit(page, user_code=started["user_code"])
        return await browser.submit(shown, answer="approve") if shown.status_code == 200 else shown

    async def poll(self, started: Mapping[str, Any], *, worker: int = 0, **form: str) -> httpx2.Response:
        self.site.clock.pass_(seconds=5)
        return await self.token(DEVICE, {"device_code": started["device_code"], **form}, worker=worker)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def good(answer: httpx2.Response) -> dict[str, Any]:
    """The body of an answer that must be a success."""
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def error(answer: httpx2.Response) -> str:
    """The protocol's error code."""
    assert answer.status_code in (400, 401, 403), answer.text
    return str(answer.json()["error"])


def returned(answer: httpx2.Response, target: str = CALLBACK) -> dict[str, str]:
    """The members that the redirect to the client carries."""
    assert answer.status_code in (302, 303), answer.text
    location = answer.headers["location"]
    assert location.startswith(f"{target}?"), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def without_token(page: str) -> str:
    """A page without what is random on it: its form token and its reference id."""
    return re.sub(r"req-[0-9a-f]{16}", "", re.sub(r'name="csrf" value="[0-9a-f]+"', "", page))


def proof() -> tuple[str, dict[str, str]]:
    """A PKCE verifier, and the parameters of the request that goes with it."""
    verifier = secrets.token_urlsafe(48)
    return verifier, {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}


@asynccontextmanager
async def opened(folder: Path, database: str | None, **more: str) -> AsyncIterator[Site]:
    """The site on that DATABASE_URL, None for SQLite, with one administrator. `more` are further variables."""
    clock = Clock()
    url = database or f"sqlite:///{folder / 'shared.db'}"
    environment = {
        "LITELLM_MASTER_KEY": MASTER,
        "LITELLM_SALT_KEY": "sk-salt-of-the-attacks-0123456789",
        "PROXY_BASE_URL": BASE,
        "DATABASE_URL": url,
        "GATEWRIGHT_ADMIN_EMAIL": ADMIN,
        "GATEWRIGHT_ADMIN_PASSWORD": PASSWORD,
        **more,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wall, "now", clock)
        settings = [
            with_keys(load({}, {**environment, "GATEWRIGHT_DATA_DIR": str(folder / name)})) for name in ("one", "two")
        ]
        await prepare(settings[0])
        programs = [Program(one) for one in settings]
    for program in programs:
        # As cheap as it gets: these tests count hashes, they do not time them.
        program.passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        await program.edge._start()
    site = Site(programs, clock)
    yield site
    await site.close_browsers()
    await site.admin.aclose()
    for program in programs:
        await program.edge._stop()
