"""OAuth2/OpenID providers: `authentik_providers_oauth2.oauth2provider` (contract 1.2)."""

import secrets
import string
from collections.abc import Mapping
from typing import Any

from gatewright.idp.objects import durations, flows
from gatewright.idp.objects.addresses import sample
from gatewright.idp.objects.fields import Fields, Values
from gatewright.oidc import redirect_patterns, redirect_uris
from gatewright.storage.directory.providers import StoredProvider

SECRET_PURPOSE = "oauth_provider.client_secret"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE)
DEFAULT_GRANTS = ("authorization_code", "refresh_token")
NEVER = ("implicit", "hybrid", "password", "urn:ietf:params:oauth:grant-type:token-exchange")
"""Authentik's grants that are not offered here: a file that names one loads without it, with a warning (9.9)."""
SUB_MODES = ("hashed_user_id", "user_id", "user_uuid", "user_username", "user_email", "user_upn")
ISSUER_MODES = ("per_provider", "global")
LIVES = {
    "access_code_validity": "minutes=1",
    "access_token_validity": "minutes=10",
    "refresh_token_validity": "days=30",
    "refresh_token_absolute_validity": "days=90",
}
THRESHOLD = "refresh_token_threshold"
NAMES = (
    *("name", "authentication_flow", "authorization_flow", "invalidation_flow", "client_type", "client_id"),
    *("client_secret", "redirect_uris", "grant_types", *LIVES, THRESHOLD, "include_claims_in_id_token"),
    *("signing_key", "encryption_key", "sub_mode", "issuer_mode", "property_mappings", "logout_uri", "logout_method"),
    *("jwt_federation_sources", "jwt_federation_providers", "require_pkce", "jwks", "consent_validity"),
)
REQUIRED = ("name",)
SHORTEST_SECRET, LONGEST_SECRET, NEW_SECRET = 16, 255, 64
MOST_URIS = 100


def attributes(row: StoredProvider, mapping_ids: list[int]) -> Values:
    """The provider in Authentik's names, without the secret; `property_mappings` are our ids."""
    return {
        "name": row.name,
        "authorization_flow": row.authorization_flow,
        "invalidation_flow": row.invalidation_flow,
        "client_type": row.client_type,
        "client_id": row.client_id,
        "redirect_uris": [dict(uri) for uri in row.redirect_uris],
        "grant_types": list(row.grant_types),
        **{name: durations.render(getattr(row, name)) for name in (*LIVES, THRESHOLD)},
        "consent_validity": "" if row.consent_validity is None else durations.render(row.consent_validity),
        "include_claims_in_id_token": row.include_claims_in_id_token,
        "signing_key": row.signing_algorithm,
        "sub_mode": row.sub_mode,
        "issuer_mode": row.issuer_mode,
        "property_mappings": mapping_ids,
        "logout_uri": row.logout_uri,
        "logout_method": row.logout_method,
        "require_pkce": row.require_pkce,
        "jwks": row.jwks,
    }


def columns(attrs: Mapping[str, Any]) -> tuple[Values, list[str]]:
    """The columns, `mapping_ids`, and what was left out of them in words. Raises FieldsInvalid.

    `client_secret` is in clear, and there only when the attributes hold one: an empty text keeps the secret as it is.
    """
    fields = Fields(attrs, NAMES, "oauth2provider")
    fields.nothing("encryption_key", "Encrypted tokens are not supported.")
    for name in ("jwt_federation_sources", "jwt_federation_providers"):
        fields.nothing(name, "Federation is not supported. Give the client its own keys in jwks.")
    if flows.slug_of(fields.raw("authentication_flow", flows.SIGN_IN)) != flows.SIGN_IN:
        fields.problem("authentication_flow", f"There is one way to sign in: {flows.SIGN_IN}.")
    grants, warnings = _grants(fields)
    found = {
        "name": fields.text("name", None),
        "client_id": _client_id(fields),
        "client_type": fields.choice("client_type", ("confidential", "public"), "confidential"),
        "authorization_flow": fields.choice("authorization_flow", flows.AUTHORIZATION, flows.IMPLICIT_CONSENT),
        "invalidation_flow": fields.choice("invalidation_flow", flows.INVALIDATION, flows.SIGN_OUT),
        "redirect_uris": _redirect_uris(fields),
        "grant_types": grants,
        "sub_mode": fields.choice("sub_mode", SUB_MODES, "hashed_user_id"),
        "issuer_mode": fields.choice("issuer_mode", ISSUER_MODES, "per_provider"),
        "include_claims_in_id_token": fields.flag("include_claims_in_id_token", True),
        "require_pkce": fields.flag("require_pkce"),
        "signing_algorithm": fields.choice("signing_key", flows.ALGORITHMS, "RS256"),
        "mapping_ids": fields.items("property_mappings", int),
        **{name: fields.duration(name, default) for name, default in LIVES.items()},
        THRESHOLD: fields.duration(THRESHOLD, "seconds=0", zero=True),
        "consent_validity": _consent(fields),
        "logout_uri": _logout_uri(fields),
        "logout_method": fields.choice("logout_method", ("backchannel", "frontchannel"), "backchannel"),
        "jwks": _jwks(fields),
    }
    if fields.has("client_secret") and fields.raw("client_secret") != "":
        found["client_secret"] = _secret(fields)
    fields.done()
    return found, warnings


def new_secret() -> str:
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(NEW_SECRET))


def _client_id(fields: Fields) -> str:
    given = fields.text("client_id")
    if given and not (given.isascii() and given.isprintable()):
        fields.problem("client_id", "The client id has printable ASCII characters alone.")
    return given or secrets.token_urlsafe(30)


def _secret(fields: Fields) -> str:
    value = fields.text("client_secret", most=LONGEST_SECRET)
    if value and not (len(value) >= SHORTEST_SECRET and value.isascii() and value.isprintable()):
        fields.problem(
            "client_secret",
            f"The client secret needs {SHORTEST_SECRET} to {LONGEST_SECRET} printable ASCII characters.",
        )
    return value


def _grants(fields: Fields) -> tuple[list[str], list[str]]:
    """An empty list means the usual two (contract 0.4). Grants that are never offered are left out with a warning."""
    wanted = fields.items("grant_types", str)
    for grant in wanted:
        if grant not in GRANTS + NEVER:
            fields.problem("grant_types", f'"{grant[:60]}" is not a valid choice.')
    warnings = [f"the grant type {grant} is not offered and was left out" for grant in wanted if grant in NEVER]
    return [grant for grant in wanted if grant in GRANTS] or list(DEFAULT_GRANTS), warnings


def _redirect_uris(fields: Fields) -> list[dict[str, str]]:
    """The list of mappings, or the newline-separated text of old files."""
    value = fields.raw("redirect_uris", [])
    entries: Any = [{"url": line} for line in value.split()] if isinstance(value, str) else value
    if not isinstance(entries, list | tuple) or len(entries) > MOST_URIS:
        fields.problem("redirect_uris", f"Expected a list of at most {MOST_URIS} redirect URIs.")
        return []
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            fields.problem("redirect_uris", "A redirect URI is a mapping with a url.")
            continue
        url, mode = entry["url"], entry.get("matching_mode", "strict")
        kind = entry.get("redirect_uri_type", "authorization")
        cause = redirect_patterns.problem(url) if mode == "regex" else redirect_uris.problem(sample(url))
        if unknown := sorted(map(str, entry.keys() - {"url", "matching_mode", "redirect_uri_type"})):
            fields.problem("redirect_uris", f"{url[:200]!r}: the member {unknown[0][:60]} is not supported.")
        elif mode not in ("strict", "regex"):
            fields.problem("redirect_uris", f"{url[:200]!r}: the matching mode is strict or regex.")
        elif kind not in ("authorization", "logout"):
            fields.problem("redirect_uris", f"{url[:200]!r}: the type is authorization or logout.")
        elif cause is not None:
            fields.problem("redirect_uris", f"{url[:200]!r} is refused: {cause}.")
        else:
            found.append({"url": url, "matching_mode": mode, "redirect_uri_type": kind})
    return found


def _consent(fields: Fields) -> int | None:
    """How long a consent is remembered: four weeks unless it is said, None for ever."""
    if fields.raw("consent_validity", "weeks=4") == "":
        return None
    return fields.duration("consent_validity", "weeks=4")


def _logout_uri(fields: Fields) -> str:
    url = fields.text("logout_uri", most=2048)
    if url and (not url.startswith(("https://", "http://")) or redirect_uris.problem(url) is not None):
        fields.problem("logout_uri", "Enter a valid URL: an address that starts with https:// or http://.")
    return url


def _jwks(fields: Fields) -> dict[str, Any] | None:
    """The client's public keys (RFC 7517 5). A private or shared key is refused: it has no business here."""
    value = fields.mapping("jwks")
    if not value:
        return None
    keys = value.get("keys")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        fields.problem("jwks", "A JWK Set has a list of keys.")
    elif any(key.get("kty") not in ("RSA", "EC", "OKP") or "d" in key for key in keys):
        fields.problem("jwks", "Public keys alone, of the type RSA, EC or OKP.")
    return value
