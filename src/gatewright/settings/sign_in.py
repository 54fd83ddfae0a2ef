"""One outside provider of sign-in as it is configured, whether by variables or by an administrator at run time."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gatewright.domain.identity import Role

ClientAuth = Literal["basic", "post", "private_key_jwt", "none"]
RolePolicy = Literal["every_login", "raise_only", "first_login"]


class ClaimNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    r"""Which claim holds what: paths, dots for nested claims, `\.` for a dot in a name (contract litellm 1.2).

    `kept` says what of them is kept in the person's metadata, and where there (contract litellm 2.6); it may take from
    the claims in `extra`.
    """

    user_id: str = "preferred_username"
    email: str = "email"
    display_name: str = "name"
    first_name: str = "first_name"
    last_name: str = "last_name"
    provider: str = "provider"
    role: str = "role"
    groups: str = "groups"
    teams: str | None = None
    extra: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()


class RoleRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How claims become a role. `is_configured`: the role claim (`ClaimNames.role`) counts.

    `mappings` are the groups that give a role, looked for in `group_claim` (None: `ClaimNames.groups`); they come
    before the role claim. `default_role` None means the installation's.
    """

    is_configured: bool = False
    mappings: Mapping[Role, tuple[str, ...]] = {}
    group_claim: str | None = None
    default_role: Role | None = None
    policy: RolePolicy = "every_login"

    @property
    def decides(self) -> bool:
        """Whether the provider decides roles at all, by absence too."""
        return self.is_configured or bool(self.mappings)


class AccessRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may sign in at all; an empty part restricts nothing, and whoever lacks the claim is out.

    `email_domains` are the part after @, `groups` are looked for in `ClaimNames.groups`, `roles` is the role decided.
    """

    email_domains: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()


class SignInProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider. `id` is a stable word (`generic`, `google`, or an administrator's choice), part of no identity.

    `profile` names its quirks (`sso.profiles`). Of `issuer` and the endpoints at least the issuer, or authorization and
    token endpoint, are there; what is not is found by discovery. `headers` go along to token and userinfo endpoint.
    The claims of a verified ID token count under those of userinfo, with `token_claims` those of a verified access
    token under both. `private_key` is PEM or a JWK, for `private_key_jwt`. `ca` is PEM text that is trusted beside the
    system's authorities; `verify_tls` False trusts whoever answers. `options` are the profile's own (`tenant`).
    """

    id: str
    profile: str
    client_id: str
    client_secret: str | None = None
    client_auth: ClientAuth = "basic"
    private_key: str | None = None
    label: str | None = None
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    jwks_uri: str | None = None
    scope: str = "openid profile email"
    use_pkce: bool = True
    token_claims: bool = False
    headers: Mapping[str, str] = {}
    ca: str | None = None
    verify_tls: bool = True
    clock_skew_s: int = 120
    claims: ClaimNames = ClaimNames()
    roles: RoleRules = RoleRules()
    access: AccessRules = AccessRules()
    options: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"SignInProvider({self.id!r}, {self.profile!r}, {self.client_id!r})"
