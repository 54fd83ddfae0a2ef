"""What somebody does or is refused stands in the audit log: who, what, the cause, from where, in which request."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from sqlalchemy import func, select
from tests.unit.web.authentik.conftest import PASSWORD, Desk
from tests.unit.web.conftest import BASE

from gatewright.idp.objects.flows import EXPLICIT_CONSENT
from gatewright.storage import tables

OPERATOR, PERSON = "203.0.113.9", "203.0.113.61"
CLIENT, SECRET, BACK = "wiki", "a-secret-of-the-wiki-0123456789", "https://wiki.example/cb"
MOUNT = "/application/o"
ASK = {"client_id": CLIENT, "redirect_uri": BACK, "response_type": "code", "state": "s", "scope": "openid broken"}
GRANTS = ["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"]


class Trail:
    """An installation with a client that asks for consent, and one browser at `PERSON`."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.db = desk, desk.db
        self.http = desk.worker.at(PERSON)
        self.seen: dict[str, Any] = {}
        self.requests: set[str] = set()
        for client in (self.http, desk.worker.admin):
            client.event_hooks["response"].append(self._answered)

    async def _answered(self, answer: httpx2.Response) -> None:
        self.requests.add(answer.headers["x-request-id"])

    async def prepare(self) -> None:
        mapping = {"name": "Broken", "scope_name": "broken", "expression": "return {'broken': 1 / 0}"}
        made = await self.desk.ok("POST", "/propertymappings/provider/scope/", mapping)
        provider = {
            "name": CLIENT,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "grant_types": GRANTS,
            "authorization_flow": EXPLICIT_CONSENT,
            "property_mappings": [made["pk"]],
            "redirect_uris": [{"matching_mode": "strict", "url": BACK}],
        }
        pk = (await self.desk.ok("POST", "/providers/oauth2/", provider))["pk"]
        self.seen["app"] = await self.desk.ok("POST", "/core/applications/", {"name": "W", "slug": "w", "provider": pk})
        self.seen["provider"] = pk
        link = (await self.desk.ok("POST", "/stages/invitation/invitations/", {"name": "welcome"}))["link"]
        self.seen["link"] = link.partition("itoken=")[2]

    async def operator(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """An act of the master key's; what it answers goes to `seen` under the path's words."""
        answer = await self.desk.call(method, path, body)
        assert answer.is_success, answer.text
        self.seen[path] = answer.json() if answer.content else None
        return answer

    async def press(self, page: httpx2.Response, **changes: str) -> httpx2.Response:
        """Presses the first button of the page."""
        form = page.text.split("<form", 1)[1]
        pairs = re.findall(r'name="([^"]+)" (?:[^>]*?)value="([^"]*)"', form)
        fields = {name: unescape(value) for name, value in reversed(pairs)}
        action = unescape(re.findall(r'action="([^"]*)"', form)[0])
        return await self.http.post(action, data={**fields, **changes}, headers={"origin": BASE})

    async def follow(self, answer: httpx2.Response) -> httpx2.Response:
        while answer.headers.get("location", "").startswith("/"):
            answer = await self.http.get(answer.headers["location"])
        return answer

    async def sign_in(self, name: str, password: str) -> httpx2.Response:
        page = await self.http.get("/if/flow/default-authentication-flow/")
        return await self.press(page, name=name, password=password)

    async def authorize(self, **changes: str) -> httpx2.Response:
        asked = await self.http.get(f"{MOUNT}/authorize/", params={**ASK, **changes})
        return await self.follow(asked) if "error" not in asked.headers.get("location", "") else asked

    async def decide(self, decision: str) -> httpx2.Response:
        done = await self.press(await self.authorize(), decision=decision)
        done = await self.follow(done)
        found = parse_qs(urlsplit(done.headers["location"]).query)
        self.seen["code"] = found.get("code", [""])[0]
        return done

    async def client(self, endpoint: str, secret: str = SECRET, **form: str) -> httpx2.Response:
        answer = await self.http.post(f"{MOUNT}/{endpoint}/", data=form, auth=(CLIENT, secret))
        self.seen[endpoint] = answer.json()
        return answer

    async def code(self) -> httpx2.Response:
        form = {"grant_type": "authorization_code", "redirect_uri": BACK}
        return await self.client("token", **form, code=self.seen["code"])

    async def device(self, answer: str) -> httpx2.Response:
        await self.client("device", scope="openid")
        page = await self.press(await self.http.get("/device"), user_code=self.seen["device"]["user_code"])
        return await self.press(page, answer=answer)

    async def invited(self, link: str) -> httpx2.Response:
        """Opens the invitation and sends its form, with the link's token in any case."""
        token = link.partition("itoken=")[2]
        page = await self.http.get("/if/flow/default-enrollment-flow/", params={"itoken": self.seen["link"]})
        fields = {"username": "ada", "name": "Ada", "email": "ada@example.com", "password": PASSWORD}
        return await self.press(page, **fields, token=token)

    async def sign_out(self) -> httpx2.Response:
        """The page with the button, since no page of the client's sent the browser there."""
        return await self.press(await self.http.get(f"{MOUNT}/w/end-session/"))

    async def token(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        return await self.operator(method, f"/core/tokens/{path}", body)

    async def recovery(self) -> httpx2.Response:
        """An administrator makes the link; its page is opened once, for the forms that come."""
        answer = await self.desk.call("POST", self.user("recovery/"), {})
        link = urlsplit(answer.json()["link"]).path
        self.seen["recovery"], self.seen["recovery_page"] = link.split("/")[-2], await self.http.get(link)
        return answer

    async def recover(self, token: str) -> httpx2.Response:
        return await self.press(self.seen["recovery_page"], token=token, password=PASSWORD)

    def user(self, action: str = "") -> str:
        return f"/core/users/{self.seen['ada']}/{action}"

    async def last(self, path: str) -> str:
        """The key of the last object of a list."""
        found = (await self.desk.listed(path))[-1]
        return str(found.get("pk") or found["uuid"])

    async def end(self, path: str) -> httpx2.Response:
        """An administrator takes away the last object of a list."""
        return await self.operator("DELETE", f"{path}{await self.last(path)}/")

    async def newest(self) -> int:
        async with self.db.read() as tx:
            return (await tx.execute(select(func.max(tables.audit_log.c.id)))).scalar() or 0

    async def since(self, newest: int) -> list[Any]:
        async with self.db.read() as tx:
            return list(await tx.execute(select(tables.audit_log).where(tables.audit_log.c.id > newest)))


Act = Callable[[Trail], Awaitable[httpx2.Response]]
MASTER = "default_user_id"
NOBODY: str | None = None
ANY = "*"


# In this order: the act, the event's action and outcome, its actor, and its target where there is one to name.
ACTS: list[tuple[Act, str, str, str | None, str | None]] = [
    (lambda t: t.invited("itoken=made-up"), "invitation.use", "invitation_invalid", NOBODY, NOBODY),
    (lambda t: t.invited(f"itoken={t.seen['link']}"), "invitation.use", "ok", "ada", "ada"),
    (lambda t: t.sign_in("nobody", PASSWORD), "idp.login", "user_unknown", NOBODY, "nobody"),
    (lambda t: t.sign_in("ada", "wrong password"), "idp.login", "password_wrong", NOBODY, "ada"),
    (lambda t: t.sign_in("ada", PASSWORD), "idp.login", "ok", "ada", NOBODY),
    (
        lambda t: t.authorize(redirect_uri="https://evil.example/"),
        "idp.authorize",
        "redirect_uri_mismatch",
        "ada",
        CLIENT,
    ),
    (lambda t: t.authorize(scope="openid", prompt="none"), "idp.authorize", "consent_required", "ada", CLIENT),
    (lambda t: t.decide("deny"), "idp.authorize", "declined", "ada", CLIENT),
    (lambda t: t.decide("allow"), "idp.consent", "ok", "ada", CLIENT),
    (lambda t: t.client("token", "wrong", grant_type="x"), "idp.token", "client_secret_wrong", NOBODY, CLIENT),
    (lambda t: t.code(), "idp.mapping", "mapping_failed", "ada", "Broken"),
    (lambda t: t.code(), "idp.token", "code_replayed", NOBODY, CLIENT),
    (
        lambda t: t.client("token", grant_type="client_credentials"),
        "idp.token",
        "ok",
        f"ak-{CLIENT}-client_credentials",
        CLIENT,
    ),
    (lambda t: t.client("introspect", "wrong", token="x"), "idp.introspect", "client_secret_wrong", NOBODY, CLIENT),
    (lambda t: t.client("revoke", token="x"), "idp.revoke", "ok", CLIENT, CLIENT),
    (lambda t: t.client("revoke", "wrong", token="x"), "idp.revoke", "client_secret_wrong", NOBODY, CLIENT),
    (lambda t: t.client("par", **ASK), "idp.push", "ok", CLIENT, CLIENT),
    (lambda t: t.client("par", **{**ASK, "response_type": "token"}), "idp.push", "response_type_token", NOBODY, CLIENT),
    (
        lambda t: t.http.get(f"{MOUNT}/userinfo/", headers={"authorization": "Bearer made.up.token"}),
        "idp.userinfo",
        "access_token_malformed",
        NOBODY,
        NOBODY,
    ),
    (lambda t: t.client("device", "wrong", scope="openid"), "idp.device", "client_secret_wrong", NOBODY, CLIENT),
    (lambda t: t.device("deny"), "idp.device", "device_denied", "ada", CLIENT),
    (lambda t: t.device("approve"), "idp.device", "ok", "ada", CLIENT),
    (
        lambda t: t.http.get("/sso/key/generate?source=litellm-cli&key=made-up"),
        "login.sso",
        "cli_login_invalid",
        NOBODY,
        NOBODY,
    ),
    (lambda t: t.http.get("/sso/callback?state=made-up&code=x"), "login.sso", "state_unknown", NOBODY, NOBODY),
    (lambda t: t.end("/oauth2/access_tokens/"), "token.revoke", "ok", MASTER, ANY),
    (lambda t: t.end("/core/user_consent/"), "model.deleted", "ok", MASTER, ANY),
    (lambda t: t.end("/core/authenticated_sessions/"), "session.end", "ok", MASTER, "user:{ada}"),
    (lambda t: t.sign_in("ada", PASSWORD), "idp.login", "ok", "ada", NOBODY),
    (lambda t: t.sign_out(), "idp.logout", "ok", "ada", CLIENT),
    (lambda t: t.recovery(), "user.recovery_link", "ok", MASTER, "ada"),
    (lambda t: t.recover("made-up"), "user.recovery", "link_invalid", NOBODY, NOBODY),
    (lambda t: t.recover(t.seen["recovery"]), "user.recovery", "ok", "ada", "ada"),
    (
        lambda t: t.operator("POST", t.user("set_password/"), {"password": PASSWORD}),
        "user.password",
        "ok",
        MASTER,
        "ada",
    ),
    (
        lambda t: t.token("POST", "", {"identifier": "robot", "user": t.seen["ada"]}),
        "model.created",
        "ok",
        MASTER,
        ANY,
    ),
    (lambda t: t.token("GET", "robot/view_key/"), "secret.view", "ok", MASTER, ANY),
    (lambda t: t.token("POST", "robot/set_key/", {"key": SECRET}), "secret.rotate", "ok", MASTER, ANY),
    (
        lambda t: t.operator("PATCH", t.user(), {"name": "A"}),
        "model.updated",
        "ok",
        MASTER,
        "authentik_core.user:{ada}",
    ),
    (lambda t: t.operator("DELETE", t.user()), "model.deleted", "ok", MASTER, "authentik_core.user:{ada}"),
]
OBJECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "/core/users/": ("authentik_core.user", {"username": "eve", "name": "Eve"}),
    "/core/groups/": ("authentik_core.group", {"name": "crew"}),
    "/propertymappings/provider/scope/": (
        "authentik_providers_oauth2.scopemapping",
        {"name": "m", "scope_name": "m", "expression": "return {}"},
    ),
    "/providers/oauth2/": ("authentik_providers_oauth2.oauth2provider", {"name": "p"}),
    "/core/applications/": ("authentik_core.application", {"name": "a", "slug": "a"}),
    "/stages/invitation/invitations/": ("authentik_stages_invitation.invitation", {"name": "guests"}),
}


async def test_what_somebody_does_is_in_the_audit_log(desk: Desk) -> None:
    trail = Trail(desk)
    await trail.prepare()
    for act, *expected in ACTS:
        newest = await trail.newest()
        trail.requests.clear()
        answer = await act(trail)
        wanted = (*expected[:3], expected[3] and str(expected[3]).format(**trail.seen))
        found = await trail.since(newest)
        shown = [(one.action, one.outcome, one.actor, one.target) for one in found]
        parts = 3 if wanted[3] == ANY else 4
        same = [one for one, fields in zip(found, shown, strict=True) if fields[:parts] == wanted[:parts]]
        assert same, (wanted, shown, answer.status_code)
        for one in same:
            assert one.address == (OPERATOR if one.actor == MASTER else PERSON), wanted
            assert one.reference in trail.requests, wanted
        if wanted[:2] == ("invitation.use", "ok"):
            trail.seen["ada"] = (await desk.listed("/core/users/?username=ada"))[0]["pk"]


async def test_every_change_of_an_object_is_in_the_audit_log(desk: Desk) -> None:
    for path, (model, attrs) in OBJECTS.items():
        made = await desk.call("POST", path, attrs)
        assert made.status_code == 201, made.text
        key = made.json().get("slug") or made.json()["pk"]
        changed = await desk.call("PATCH", f"{path}{key}/", {"name": "Another"})
        gone = await desk.call("DELETE", f"{path}{key}/")
        for answer, action in ((made, "model.created"), (changed, "model.updated"), (gone, "model.deleted")):
            request = answer.headers["x-request-id"]
            (event,) = [one for one in await desk.events(action) if one["reference"] == request]
            assert (event["actor"], event["address"], event["outcome"]) == (MASTER, OPERATOR, "ok")
            assert event["target"] == f"{model}:{made.json()['pk']}"
