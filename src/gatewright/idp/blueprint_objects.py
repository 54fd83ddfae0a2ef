"""From a blueprint's attributes to the columns of our tables: what each object may say, and what is refused."""

import re
import secrets
import string
from typing import Any

from gatewright.domain.clock import DAY, HOUR, MINUTE, SECOND, Millis
from gatewright.idp.blueprint_file import BlueprintInvalid
from gatewright.idp.expressions.inspection import inspect
from gatewright.idp.expressions.reading import TEXT_LIMIT
from gatewright.oidc import redirect_patterns, redirect_uris, scopes

Values = dict[str, Any]

# `required` is ours: Authentik passes over it.
MAPPING_FIELDS = ("name", "managed", "scope_name", "description", "expression", "required")
SECRET_CHARS = 64
DEFAULT_GRANTS = ("authorization_code", "refresh_token")
GRANTS = (*DEFAULT_GRANTS, "client_credentials", "urn:ietf:params:oauth:grant-type:device_code")
SUB_MODES = ("hashed_user_id", "user_id", "user_uuid", "user_username", "user_email", "user_upn")
IMPLICIT_CONSENT = "default-provider-authorization-implicit-consent"
EXPLICIT_CONSENT = "default-provider-authorization-explicit-consent"
RESERVED_SLUGS = frozenset({"authorize", "token", "device", "userinfo", "introspect", "revoke"})
SLUG = re.compile(r"[a-zA-Z0-9_\-]{1,100}")
UNITS: dict[str, Millis] = {
    "seconds": SECOND,
    "minutes": MINUTE,
    "hours": HOUR,
    "days": DAY,
    "weeks": 7 * DAY,
    "milliseconds": 1,
}
PROVIDER_DEFAULTS: Values = {
    "client_type": "confidential",
    "authorization_flow": IMPLICIT_CONSENT,
    "invalidation_flow": "default-invalidation-flow",
    "grant_types": list(DEFAULT_GRANTS),
    "redirect_uris": [],
    "sub_mode": "hashed_user_id",
    "issuer_mode": "per_provider",
    "include_claims_in_id_token": True,
    "access_code_validity": "minutes=1",
    "access_token_validity": "minutes=10",
    "refresh_token_validity": "days=30",
}
PROVIDER_FIELDS = (*PROVIDER_DEFAULTS, "name", "client_id", "client_secret", "require_pkce", "signing_key")


def group_columns(attrs: Values) -> Values:
    """Old files name one `parent`, newer ones `parents`."""
    reject_unknown("group", attrs, ("name", "is_superuser", "parent", "parents", "attributes"))
    parents = [attrs["parent"]] if attrs.get("parent") is not None else list(attrs.get("parents") or [])
    attributes = attrs.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise BlueprintInvalid("A group's attributes are a mapping.")
    columns: Values = {"name": _text(attrs, "name"), "is_superuser": bool(attrs.get("is_superuser", False))}
    return {**columns, "attributes": attributes, "parent_ids": parents}


def mapping_columns(attrs: Values, *, complete: bool) -> Values:
    """`complete` asks for every required field, as a new object needs it."""
    reject_unknown("scopemapping", attrs, MAPPING_FIELDS)
    columns = {"description": "", **attrs} if complete else dict(attrs)
    if not isinstance(columns.get("required", False), bool):
        raise BlueprintInvalid("A scope mapping's `required` is true or false.")
    for name in ("name", "scope_name", "expression"):
        if complete or name in columns:
            columns[name] = _text(columns if name in columns else {**columns, "name": columns.get("managed")}, name)
    if "scope_name" in columns and scopes.parse(columns["scope_name"]) != (columns["scope_name"],):
        raise BlueprintInvalid(f"{columns['scope_name']!r} is not a scope name.")
    if "expression" in columns:
        found = inspect(columns["expression"]).first_error
        if found is not None:
            name = columns.get("name", columns.get("scope_name", "mapping"))
            raise BlueprintInvalid(f"The expression of {name!r}, line {found.line}: {found.message}.")
    return columns


def provider_columns(attrs: Values, *, complete: bool) -> tuple[Values, list[str]]:
    """The columns, and what was left out of them. A new confidential client without a secret gets a random one."""
    reject_unknown("oauth2provider", attrs, PROVIDER_FIELDS)
    warnings: list[str] = []
    columns: Values = {**PROVIDER_DEFAULTS, **attrs} if complete else dict(attrs)
    columns.pop("signing_key", None)
    if complete:
        columns["name"] = _text(columns, "name")
        columns["client_id"] = str(columns.get("client_id") or secrets.token_urlsafe(30))
    _check_choices(columns)
    if columns.get("client_secret") is None:
        columns.pop("client_secret", None)
        if complete and columns["client_type"] == "confidential":
            alphabet = string.ascii_letters + string.digits
            columns["client_secret"] = "".join(secrets.choice(alphabet) for _ in range(SECRET_CHARS))
    if "client_secret" in columns:
        columns["client_secret"] = _secret(columns["client_secret"])
    if "redirect_uris" in columns:
        columns["redirect_uris"] = _redirect_uris(columns["redirect_uris"])
    if "grant_types" in columns:
        dropped = [grant for grant in columns["grant_types"] if grant not in GRANTS]
        warnings += [f"the grant type {grant} is not offered and was left out" for grant in dropped]
        columns["grant_types"] = [grant for grant in columns["grant_types"] if grant in GRANTS] or list(DEFAULT_GRANTS)
    for name in ("access_code_validity", "access_token_validity", "refresh_token_validity"):
        if name in columns:
            columns[name] = duration(columns[name])
    return columns, warnings


def application_columns(attrs: Values, *, complete: bool) -> Values:
    """Fields for the eye alone (`group`, `meta_description`, ...) are not kept."""
    shown = ("group", "meta_description", "meta_publisher", "meta_icon", "open_in_new_tab")
    reject_unknown("application", attrs, ("name", "slug", "provider", "meta_launch_url", "policy_engine_mode", *shown))
    columns: Values = {"launch_url": ""} if complete else {}
    if complete:
        slug = _text(attrs, "slug")
        if SLUG.fullmatch(slug) is None or slug in RESERVED_SLUGS:
            raise BlueprintInvalid(f"The slug {slug!r} is reserved or not made of letters, digits, - and _.")
        columns |= {"slug": slug, "name": _text(attrs, "name")}
    if "name" in attrs:
        columns["name"] = _text(attrs, "name")
    if "provider" in attrs:
        columns["provider_id"] = attrs["provider"]
    if "meta_launch_url" in attrs:
        columns["launch_url"] = str(attrs["meta_launch_url"] or "")
        if columns["launch_url"] and redirect_uris.problem(_sample(columns["launch_url"])) is not None:
            raise BlueprintInvalid(f"The launch URL {columns['launch_url']!r} is not a web address.")
    return columns


def duration(value: object) -> Millis:
    """Authentik's durations, `hours=1;minutes=30`, in milliseconds (contract 1.2)."""
    total = 0.0
    for part in str(value).replace(",", ";").split(";"):
        unit, _, number = part.strip().partition("=")
        try:
            total += UNITS[unit] * float(number)
        except (KeyError, ValueError) as error:
            raise BlueprintInvalid(f"{value!r} is not a duration such as minutes=10.") from error
    if not SECOND <= total <= 3660 * DAY:
        raise BlueprintInvalid(f"The duration {value!r} is shorter than a second or longer than ten years.")
    return int(total)


def reject_unknown(model: str, attrs: Values, known: tuple[str, ...]) -> None:
    """Raises BlueprintInvalid for an attribute that would change nothing."""
    unknown = set(attrs) - set(known)
    if unknown:
        raise BlueprintInvalid(f"{model.rpartition('.')[2]}: the attribute {min(map(str, unknown))} is not supported.")


def _check_choices(columns: Values) -> None:
    choices = {
        "client_type": ("confidential", "public"),
        "sub_mode": SUB_MODES,
        "issuer_mode": ("per_provider",),
        "authorization_flow": (IMPLICIT_CONSENT, EXPLICIT_CONSENT),
        "invalidation_flow": ("default-invalidation-flow", "default-provider-invalidation-flow"),
    }
    for name, allowed in choices.items():
        if name in columns and columns[name] not in allowed:
            raise BlueprintInvalid(f"oauth2provider: {name} {columns[name]!r} is not supported, only {allowed}.")


def _redirect_uris(value: object) -> list[dict[str, str]]:
    """The list of mappings, or the newline-separated text of old files."""
    entries: list[Any] = [{"url": line} for line in value.split()] if isinstance(value, str) else list(value or [])  # type: ignore[call-overload]
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise BlueprintInvalid("A redirect URI is a mapping with a url.")
        kind, mode = entry.get("redirect_uri_type", "authorization"), entry.get("matching_mode", "strict")
        if mode not in ("strict", "regex") or kind not in ("authorization", "logout"):
            raise BlueprintInvalid(f"The redirect URI {entry['url']!r}: {mode}/{kind} is not supported.")
        url = entry["url"]
        problem = redirect_patterns.problem(url) if mode == "regex" else redirect_uris.problem(_sample(url))
        if problem is not None:
            raise BlueprintInvalid(f"The redirect URI {entry['url']!r} is refused: {problem}.")
        found.append({"url": entry["url"], "matching_mode": mode, "redirect_uri_type": kind})
    return found


def _sample(url: str) -> str:
    """The address as it may look once the base URL is in it."""
    return "https://base.example" + url.removeprefix("{base_url}") if url.startswith("{base_url}/") else url


def _secret(value: object) -> str:
    if not isinstance(value, str) or not 16 <= len(value) <= 255 or not value.isascii() or not value.isprintable():
        raise BlueprintInvalid("The client secret needs 16 to 255 printable ASCII characters.")
    return value


def _text(attrs: Values, name: str) -> str:
    value = attrs.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_LIMIT:
        raise BlueprintInvalid(f"The attribute {name} is missing or not a text.")
    return value
