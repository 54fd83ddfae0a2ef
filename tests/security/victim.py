"""Somebody with one object of each kind, and with secrets that nobody else may ever see."""

import base64
import re
from typing import Any

from .stage import CSRF, PASSWORD, Client, Site, Visitor, good

MARK = "quartz-sphinx"
V3, PROVIDERS = "/api/v3", "/api/v3/providers/oauth2/"


class Victim:
    """Somebody with one object of each kind; every secret of theirs, and every name, is known to the test."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.keys: dict[str, str] = {}
        self.secrets: dict[str, str] = {}

    async def settle(self) -> None:
        site, ok = self.site, self.site.ok
        self.person = await site.person(MARK, name=MARK)
        name, pk = self.person["username"], self.person["pk"]
        self.group = await site.group(MARK, users=[pk])
        self.app: Client = await site.client(MARK, client_secret="the-secret-of-the-victims-client")
        self.app.auth = (self.app.id, "the-secret-of-the-victims-client")
        await self.app.only_for(self.group)
        binding = (await ok("GET", f"{V3}/policies/bindings/?target={self.app.application['pk']}"))["results"][0]
        entitlement = {"name": MARK, "app": self.app.application["pk"]}
        entitled = await ok("POST", f"{V3}/core/application_entitlements/", entitlement)
        mapping = {"name": site.name(MARK), "scope_name": "m", "expression": "return {}"}
        await self._tokens(name, pk)
        browser = await self._browser(name)
        await self._factor(browser)
        # Models are everybody's to see; what is secret about them is how they are reached.
        model = {
            "name": site.name("model"),
            "upstream_model": "openai/gpt-x",
            "api_base": "https://8.8.8.8/v1",
            "api_key": "the-key-of-the-models-provider",
        }
        self.secrets["model key"] = model["api_key"]
        self.model = await ok("POST", "/api/v1/models", model)
        invitation = {"name": site.name("i"), "groups": [self.group["pk"]]}
        invitation = await ok("POST", f"{V3}/stages/invitation/invitations/", invitation)
        self.secrets["invitation"] = invitation["link"].partition("itoken=")[2]
        recovery = await ok("POST", f"{V3}/core/users/{pk}/recovery/", {})
        self.secrets["recovery"] = recovery["link"].rsplit("/", 2)[1]
        sessions = await ok("GET", f"{V3}/core/authenticated_sessions/?user={pk}")
        first = (await browser.api("GET", "/api/v1/me/sessions")).json()["items"][0]
        self.keys |= {
            f"{V3}/core/users/": str(pk),
            f"{V3}/core/groups/": self.group["pk"],
            f"{V3}/core/applications/": self.app.id,
            f"{V3}/providers/": str(self.app.provider_pk),
            f"{V3}/policies/bindings/": binding["pk"],
            f"{V3}/core/authenticated_sessions/": sessions["results"][0]["uuid"],
            f"{V3}/core/application_entitlements/": entitled["pbm_uuid"],
            f"{V3}/propertymappings/": (await ok("POST", f"{V3}/propertymappings/provider/scope/", mapping))["pk"],
            f"{V3}/stages/invitation/": invitation["pk"],
            f"{V3}/events/": (await site.events())[0]["pk"],
            "/api/v1/me/sessions/": first["id"],
            "/api/v1/sessions/": first["id"],
            "/api/v1/models/": self.model["id"],
            "/api/v1/users/": name,
            "/application/o/": self.app.id,
        }
        for kind in ("core/user_consent", "oauth2/access_tokens", "oauth2/refresh_tokens"):
            listed = (await ok("GET", f"{V3}/{kind}/?user={pk}"))["results"]
            self.keys[f"{V3}/{kind}/"] = str(listed[0]["pk"]) if listed else "1"
        await site.followed()

    async def _tokens(self, name: str, pk: int) -> None:
        ok, path = self.site.ok, f"{V3}/core/tokens/"
        identifier = f"token-{name}"
        await ok("POST", path, {"identifier": identifier, "user": pk})
        self.secrets["api token"] = "the-api-token-of-the-victim-0123456789"
        await ok("POST", f"{path}{identifier}/set_key/", {"key": self.secrets["api token"]})
        robot = await ok("POST", f"{V3}/core/users/service_account/", {"name": self.site.name("robot")})
        virtual = await ok("POST", "/key/generate", {"user_id": name, "key_alias": self.site.name("alias")})
        self.secrets |= {"app password": robot["token"], "virtual key": virtual["key"]}
        self.keys |= {path: identifier, "/api/v1/keys/": "", "/key/info": virtual["token"]}
        listed = (await ok("GET", "/api/v1/keys?limit=200"))["items"]
        row = next(one for one in listed if one["name"] == virtual["key_alias"])
        self.keys["/api/v1/keys/"] = row["id"]

    async def _browser(self, name: str) -> Visitor:
        browser = self.site.browser()
        await browser.dashboard(name)
        tokens = await self.app.tokens(browser, scope="openid email offline_access")
        started = await self.app.device()
        code = await self.app.code(browser)
        self.secrets |= {
            "access token": tokens["access_token"],
            "refresh token": tokens["refresh_token"],
            "device code": started["device_code"],
            "authorization code": code,
            "client secret": self.app.auth[1],
            "password": PASSWORD,
            "session": str(browser.cookie("gatewright_session")),
            "provider session": str(browser.cookie("gatewright_idp_session")),
        }
        return browser

    async def _factor(self, browser: Visitor) -> None:
        asked = {"password": PASSWORD, "name": "Phone"}
        begun = good(await browser.api("POST", "/api/v1/me/security/apps", asked))
        secret = begun["secret"].replace(" ", "")
        raw = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.secrets |= {"authenticator": secret, "authenticator, raw": raw.hex()}

    def filled(self, path: str) -> str:
        key = next((key for start, key in self.keys.items() if path.startswith(start)), "1")
        return re.sub(r"\{[^}]+\}", key, path)

    def in_(self, text: str) -> list[str]:
        """Which secrets stand in the text, in whatever spelling JSON may have."""
        markers = {**self.secrets, "hash": "$argon2", "signing key": '"d":', "key file": "PRIVATE KEY"}
        return [name for name, secret in markers.items() if secret in text]


async def session_of(site: Site, person: dict[str, Any], role: str) -> dict[str, str]:
    """The headers of a dashboard whose person has that role."""
    await site.ok("PATCH", f"/api/v1/users/{person['username']}", {"role": role})
    browser = site.browser()
    await browser.dashboard(person["username"])
    return {"cookie": f"gatewright_session={browser.cookie('gatewright_session')}", **CSRF}


async def snapshot(victim: Victim) -> list[Any]:
    """What the victim has, as an administrator sees it."""
    found = []
    for start, key in sorted(victim.keys.items()):
        if start.startswith(V3) and key not in ("", "1"):
            folder = {"providers/": "providers/oauth2/", "propertymappings/": "propertymappings/provider/scope/"}
            folder |= {"stages/invitation/": "stages/invitation/invitations/", "events/": "events/events/"}
            path = f"{V3}/{folder.get(start.removeprefix(f'{V3}/'), start.removeprefix(f'{V3}/'))}"
            found.append(await victim.site.ok("GET", f"{path}{key}/"))
    found.append((await victim.site.ok("GET", "/api/v1/models?limit=200"))["items"])
    return found
