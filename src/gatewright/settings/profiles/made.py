"""A provider made from its profile: addresses, scope and claims from the profile and its options, the rest as given."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gatewright.settings.profiles.options import TENANT_ID
from gatewright.settings.profiles.profile import find
from gatewright.settings.sign_in import RoleRules, SignInProvider

ENTRA = "https://login.microsoftonline.com"
CLOUDS = {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"}
GITHUB = "https://github.com"


def made(name: str, options: Mapping[str, str], **given: Any) -> SignInProvider:
    """`given` are fields of the provider (`id` and `client_id` at least); None counts as not given."""
    profile = find(name)
    fields: dict[str, Any] = {
        "profile": name,
        "label": profile.label,
        "scope": profile.scope,
        "client_auth": profile.client_auth,
        "claims": profile.claims,
        "token_claims": profile.token_claims,
        "roles": RoleRules(is_configured=profile.decides_roles),
        "options": dict(options),
    }
    present = {field: value for field, value in given.items() if value is not None}
    return SignInProvider(**{**fields, **addresses(name, options, present), **present})


def addresses(name: str, options: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, str]:
    """The issuer, or authorization and token endpoint where no one issuer stands for the provider."""
    if name == "github":
        server = options.get("enterprise_url", GITHUB)
        return {
            "authorization_endpoint": f"{server}/login/oauth/authorize",
            "token_endpoint": f"{server}/login/oauth/access_token",
        }
    if name == "microsoft" and options.get("tenant"):
        return _of_tenant(options["tenant"], given)
    issuer = find(name).issuer_of(options)
    return {} if issuer is None else {"issuer": issuer}


def _of_tenant(tenant: str, given: Mapping[str, Any]) -> dict[str, str]:
    """A tenant's id is its issuer. Behind a domain or `common` the ID token names it, at the same host."""
    parts = urlsplit(given.get("token_endpoint") or ENTRA)
    authority = f"{parts.scheme}://{parts.hostname}" if parts.hostname in CLOUDS else ENTRA
    if TENANT_ID.fullmatch(tenant):
        return {"issuer": f"{authority}/{tenant}/v2.0"}
    return {
        "authorization_endpoint": f"{authority}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/{tenant}/oauth2/v2.0/token",
    }
