"""GitHub: OAuth 2.0 without ID tokens. Who somebody is, GitHub's API says to whoever holds the access token.

Source: GitHub's REST API, "Users", "Emails", "Organizations" and "Teams". A person is the numeric id: names are given
to others once they are free, those of organizations too.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.redirect_uris import origin
from gatewright.settings.profiles.options import listed
from gatewright.settings.profiles.profile import ANYBODY
from gatewright.sso.discovery import object_of
from gatewright.sso.id_tokens import IdToken
from gatewright.sso.profiles.flow import OpenIdFlow, Told, Userinfo
from gatewright.sso.profiles.paging import pages
from gatewright.sso.refusals import ProviderFailed

PUBLIC = "https://github.com"
VERSION = "2022-11-28"


class Flow(OpenIdFlow):
    """`allowed_organizations` are names or numeric ids of which one must be the person's, or `*`.

    The claim `groups` holds those organizations (`acme`) and the person's teams in them (`acme/engineers`).
    """

    async def told(self, access_token: str, checked: IdToken | None, userinfo: Userinfo) -> Told:  # noqa: ARG002 - no OpenID Connect here
        """Raises LoginRefused with `organization_refused`, or ProviderFailed."""
        headers = {
            "authorization": f"Bearer {access_token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": VERSION,
        }
        api = self._api()
        user = object_of(await self.discovery.fetch(f"{api}/user", headers))
        number = user.get("id")
        if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
            raise ProviderFailed("userinfo_subject", "GitHub's profile does not say whom it is about.")
        emails, organizations, teams = await asyncio.gather(
            *(self._list(f"{api}/user/{name}", headers) for name in ("emails", "orgs", "teams"))
        )
        mine = self._allowed(organizations)
        email = next((row.get("email") for row in emails if row.get("primary") and row.get("verified") is True), None)
        claims = {
            "sub": str(number),
            "login": user.get("login"),
            "preferred_username": user.get("login"),
            "name": user.get("name") or user.get("login"),
            "email": email,
            "email_verified": email is not None,
            "groups": [*mine, *_teams(teams, mine)],
        }
        return Told({name: value for name, value in claims.items() if value is not None}, issuer=self._server())

    async def _list(self, url: str, headers: dict[str, str]) -> list[dict[str, Any]]:
        return await pages(self.discovery, f"{url}?per_page=100", headers, _entries)

    def _allowed(self, organizations: list[dict[str, Any]]) -> list[str]:
        """The names of the person's organizations that count here, in lower case."""
        allowed = listed(self.provider.options.get("allowed_organizations"))
        found = [
            row["login"].lower()
            for row in organizations
            if isinstance(row.get("login"), str) and (ANYBODY in allowed or allowed & _names(row))
        ]
        if not found and ANYBODY not in allowed:
            raise LoginRefused(
                "organization_refused",
                "Your GitHub account is in none of the organizations that may sign in, as far as GitHub shows it.",
                hint="If you are in one, ask an owner of it to approve this application, and sign in again.",
            )
        return found

    def _server(self) -> str:
        return origin(self.provider.token_endpoint or "") or PUBLIC

    def _api(self) -> str:
        """Where the API is: of github.com, of GitHub Enterprise Cloud with data residency, of an Enterprise Server."""
        server = self._server()
        host = urlsplit(server).hostname or ""
        if server == PUBLIC or host.endswith(".ghe.com"):
            return f"https://api.{host}"
        return f"{server}/api/v3"


def _names(row: dict[str, Any]) -> set[str]:
    """What an allowed organization may be called. Digits alone are an id: a name like that could be anybody's."""
    name = row["login"].lower()
    return {str(row.get("id"))} | (set() if name.isdecimal() else {name})


def _teams(teams: list[dict[str, Any]], organizations: list[str]) -> list[str]:
    found = []
    for team in teams:
        owner = team.get("organization")
        name = owner.get("login") if isinstance(owner, dict) else None
        if isinstance(name, str) and name.lower() in organizations and isinstance(team.get("slug"), str):
            found.append(f"{name.lower()}/{team['slug'].lower()}")
    return found


def _entries(page: Any) -> tuple[list[Any], str | None]:
    if not isinstance(page, list):
        raise ProviderFailed("provider_answer", "GitHub answered something else than a list.")
    return page, None
