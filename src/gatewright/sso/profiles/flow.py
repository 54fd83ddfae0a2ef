"""Where a provider may differ from OpenID Connect: how it says who somebody is, and how its claims are read."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

import msgspec

from gatewright.settings.profiles import profile
from gatewright.settings.profiles.profile import Profile
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.claim_paths import at
from gatewright.sso.discovery import Discovery
from gatewright.sso.id_tokens import IdToken

CODE = {name: f"gatewright.sso.profiles.{name}" for name in ("google", "microsoft", "github")}
"""The providers that need code of their own: a module each with a class `Flow`, loaded when one is configured."""

Userinfo = Callable[[], Awaitable[Mapping[str, Any]]]
"""Asks the userinfo endpoint of OpenID Connect, or answers the checked ID token's claims where there is none."""


class NamedTeam(msgspec.Struct, frozen=True):
    """A team that the provider wants to exist."""

    team_id: str
    alias: str | None


class Told(msgspec.Struct, frozen=True):
    """What the provider says of a person; `claims` hold at least `sub`.

    `issuer` stands in for that of an ID token where there is none.
    """

    claims: Mapping[str, Any]
    issuer: str | None = None
    teams: tuple[NamedTeam, ...] = ()


class OpenIdFlow:
    """Plain OpenID Connect. Those of other providers derive from it."""

    def __init__(self, provider: SignInProvider, discovery: Discovery) -> None:
        self.provider = provider
        self.profile: Profile = profile_of(provider)
        # Read at the start, not in the middle of a sign-in that fails.
        profile.find(profile.GENERIC)
        self.discovery = discovery

    async def told(
        self,
        access_token: str,  # noqa: ARG002 - for the providers that have an API of their own
        checked: IdToken | None,  # noqa: ARG002 - for the providers that look at claims of their own
        userinfo: Userinfo,
    ) -> Told:
        """Who signed in, and what they are. Raises LoginRefused with a cause code."""
        return Told(await userinfo())

    def shaped(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims with names of groups as people write them too: Keycloak's `/staff` is `staff` as well."""
        prefix, name = self.profile.group_prefix, self.provider.claims.groups
        groups = at(claims, name)
        if prefix is None or not isinstance(groups, list) or name not in claims:
            return dict(claims)
        bare = [group[len(prefix) :] for group in groups if isinstance(group, str) and group.startswith(prefix)]
        return {**claims, name: [*groups, *(group for group in bare if group not in groups)]}


def profile_of(provider: SignInProvider) -> Profile:
    """The data of a provider's profile; those of `generic` for a name that this version does not know."""
    known = provider.profile in profile.NAMES
    return profile.find(provider.profile if known else profile.GENERIC)


def flow_of(provider: SignInProvider, discovery: Discovery) -> OpenIdFlow:
    """How people sign in through that provider."""
    if provider.profile not in CODE:
        return OpenIdFlow(provider, discovery)
    made: OpenIdFlow = import_module(CODE[provider.profile]).Flow(provider, discovery)
    return made
