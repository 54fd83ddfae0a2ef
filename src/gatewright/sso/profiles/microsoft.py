"""Microsoft Entra ID: several tenants behind one address, and groups from Microsoft Graph.

Source: contract litellm 1.3; Microsoft's "Access token claims" (`tid`, groups overage) and "List a user's direct
memberships". `sub` is pairwise, `oid` is the person in the tenant and the `id` of Graph. Nobody verifies an address of
e-mail, so none is taken as verified (`email_verified` is not believed of Graph).
"""

from typing import Any

from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.redirect_uris import origin
from gatewright.settings.profiles.options import MANY_TENANTS, TENANT_ID, listed
from gatewright.settings.profiles.profile import ANYBODY
from gatewright.sso.discovery import object_of
from gatewright.sso.id_tokens import IdToken
from gatewright.sso.profiles.flow import NamedTeam, OpenIdFlow, Told, Userinfo
from gatewright.sso.profiles.paging import pages
from gatewright.sso.refusals import ProviderFailed

GRAPH = "https://graph.microsoft.com/v1.0"
VOUCHED = (True, 1, "1", "true")
"""What `xms_edov` is where Microsoft saw that the directory owns the address's domain."""

GROUP = "#microsoft.graph.group"


class Flow(OpenIdFlow):
    """Options: `tenant`, `allowed_tenants`, `graph_endpoint`, `service_principal_id`, `groups_from`."""

    async def told(self, access_token: str, checked: IdToken | None, userinfo: Userinfo) -> Told:
        """Raises LoginRefused with `tenant_refused`, ProviderFailed with `graph_refused` or `groups_overage`."""
        if checked is None:
            raise ProviderFailed("id_token_missing", "The provider sent no ID token.")
        allowed = await self._check_tenant(checked)
        token = {"authorization": f"Bearer {access_token}"}
        if self.provider.options.get("groups_from") == "token":
            return Told(await self._from_token(checked, token, userinfo))
        person = await self._person(checked, token)
        if (
            ANYBODY in allowed
            and checked.claims["tid"] not in allowed
            and checked.claims.get("xms_edov") not in VOUCHED
        ):
            person = self._without_foreign_address(person)
        groups = await self._groups(token)
        teams: tuple[NamedTeam, ...] = ()
        if principal := self.provider.options.get("service_principal_id"):
            teams = await self._assigned(principal, token)
            wanted = {team.team_id for team in teams}
            groups = [group for group in groups if group in wanted]
        roles = _texts(checked.claims.get("app_roles")) or _texts(checked.claims.get("roles"))
        return Told({**person, "sub": checked.claims["sub"], "roles": roles, "groups": groups}, teams=teams)

    async def _from_token(self, checked: IdToken, token: dict[str, str], userinfo: Userinfo) -> dict[str, Any]:
        """Userinfo, and the groups from Graph where there were too many of them for the token."""
        claims = dict(await userinfo())
        names = checked.claims.get("_claim_names")
        too_many = checked.claims.get("hasgroups") is True or (isinstance(names, dict) and "groups" in names)
        if too_many:
            try:
                claims["groups"] = await self._groups(token)
            except ProviderFailed as error:
                raise ProviderFailed(
                    "groups_overage", "You are in more groups than the provider's token holds.", hint=error.message
                ) from error
        return claims

    async def _check_tenant(self, checked: IdToken) -> frozenset[str]:
        """The tenants that may sign in, of which the one that issued the token is one. Raises LoginRefused."""
        tenant = str(checked.claims.get("tid") or "").lower()
        wanted = self.provider.options.get("tenant", "").lower()
        if not wanted:
            return frozenset({tenant})
        if checked.doubt is not None:
            raise ProviderFailed("issuer_unverified", f"The provider's signature could not be checked: {checked.doubt}")
        if TENANT_ID.fullmatch(tenant) is None or f"/{tenant}/" not in checked.issuer.lower():
            raise LoginRefused("tenant_refused", "The ID token's issuer and its tenant differ.")
        if wanted in MANY_TENANTS:
            allowed = listed(self.provider.options.get("allowed_tenants"))
        elif TENANT_ID.fullmatch(wanted):
            allowed = frozenset({wanted})
        else:
            allowed = frozenset({await self._tenant_of(wanted, origin(checked.issuer) or "")})
        if tenant not in allowed and ANYBODY not in allowed:
            raise LoginRefused(
                "tenant_refused",
                f"Accounts of the directory {tenant} may not sign in here.",
                hint="Sign in again with the account of your organization.",
            )
        return allowed

    def _without_foreign_address(self, person: dict[str, Any]) -> dict[str, Any]:
        """Without an address that whoever runs some directory may have made up; a user principal name they may not."""
        name = self.provider.claims.email
        return person if person.get(name) == person.get("userPrincipalName") else {**person, name: "", "email": ""}

    async def _tenant_of(self, domain: str, authority: str) -> str:
        """The id of the tenant that has the domain, as its discovery document says."""
        document = object_of(await self.discovery.fetch(f"{authority}/{domain}/v2.0/.well-known/openid-configuration"))
        return str(document.get("issuer")).lower().removeprefix(f"{authority}/").partition("/")[0]

    async def _person(self, checked: IdToken, token: dict[str, str]) -> dict[str, Any]:
        """Graph's `/me`, which must be about the person of the ID token."""
        url = self.provider.userinfo_endpoint or f"{self._graph()}/me"
        person = object_of(await self._asked(url, token))
        if not _is_same(str(checked.claims.get("oid") or ""), person.get("id")):
            raise LoginRefused("userinfo_mismatch", "The provider's profile is about somebody else.")
        name = self.provider.claims.email
        # Personal accounts and some guests have one of the two.
        return {**person, name: person.get(name) or person.get("mail")}

    async def _groups(self, token: dict[str, str]) -> list[str]:
        """The ids of the groups that the person is a direct member of. Directory roles are none."""
        rows = await self._listed(f"{self._graph()}/me/memberOf?$select=id&$top=999", token)
        return [row["id"] for row in rows if row.get("@odata.type", GROUP) == GROUP and isinstance(row.get("id"), str)]

    async def _assigned(self, principal: str, token: dict[str, str]) -> tuple[NamedTeam, ...]:
        """The groups that are assigned to the enterprise application."""
        rows = await self._listed(f"{self._graph()}/servicePrincipals/{principal}/appRoleAssignedTo?$top=999", token)
        found = {
            row["principalId"]: NamedTeam(row["principalId"], _name(row.get("principalDisplayName")))
            for row in rows
            if row.get("principalType") == "Group" and isinstance(row.get("principalId"), str)
        }
        return tuple(found.values())

    async def _listed(self, url: str, token: dict[str, str]) -> list[dict[str, Any]]:
        try:
            return await pages(self.discovery, url, token, _entries)
        except ProviderFailed as error:
            raise _refused(error) from error

    async def _asked(self, url: str, token: dict[str, str]) -> Any:
        try:
            return await self.discovery.fetch(url, token)
        except ProviderFailed as error:
            raise _refused(error) from error

    def _graph(self) -> str:
        return self.provider.options.get("graph_endpoint", GRAPH).rstrip("/")


def _refused(error: ProviderFailed) -> ProviderFailed:
    """A refusal of Graph by a name of its own: what mends it is a permission."""
    if error.error_code != "provider_status":
        return error
    return ProviderFailed("graph_refused", f"Microsoft Graph did not answer: {error.message}")


def _is_same(oid: str, found: object) -> bool:
    """Whether Graph's id is the token's `oid`. A personal account's is the same number without zeros and hyphens."""
    if not oid or not isinstance(found, str):
        return False
    left, right = (text.lower().replace("-", "").lstrip("0") for text in (oid, found))
    return left == right and left != ""


def _texts(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [text for text in listed if isinstance(text, str)]


def _name(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value.isprintable() and value else None


def _entries(page: Any) -> tuple[list[Any], str | None]:
    value, following = (page.get("value"), page.get("@odata.nextLink")) if isinstance(page, dict) else (None, None)
    if not isinstance(value, list):
        raise ProviderFailed("provider_answer", "Microsoft Graph answered something else than a list.")
    return value, following if isinstance(following, str) else None
