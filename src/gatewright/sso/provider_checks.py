"""What is wrong with a provider that an administrator describes: pure. Variables are checked by `settings`."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.domain.errors import BadInput
from gatewright.domain.people import PROXY_SOURCE
from gatewright.oidc.redirect_uris import origin
from gatewright.settings import claim_map, sign_in_values, values
from gatewright.settings.profiles.made import addresses, made
from gatewright.settings.profiles.options import checked, unrestricted
from gatewright.settings.profiles.profile import GENERIC, NAMES
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.client_authentication import private_key

IDS = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
URLS = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint", "jwks_uri")
SECRETS = ("client_secret", "private_key")
RESERVED_IDS = frozenset({EMBEDDED_SOURCE, PROXY_SOURCE, "local", "jwt", "scim", "saml", "manual"})
"""What sessions, identities and memberships of another origin are filed under."""

LONGEST = 2000
LONGEST_CA = 100_000
MOST_SKEW_S = 300
MASK = "***"
"""What is shown in place of a header's value."""


def with_profile(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a new provider over those of its profile. Raises BadInput."""
    name, options = fields.get("profile", GENERIC), fields.get("options") or {}
    given = {field: value for field, value in fields.items() if value is not None}
    if name not in NAMES or not isinstance(options, Mapping) or not all(isinstance(v, str) for v in options.values()):
        # The shape says what is wrong, but for a profile that nobody knows.
        if isinstance(name, str) and name not in NAMES:
            raise _wrong("profile", f"There is no profile {name[:60]!r}.", f"The profiles are: {', '.join(NAMES)}.")
        return given
    known = made(name, options, id="", client_id="")
    start = {member: value for member, value in msgspec.to_builtins(known).items() if value is not None}
    return merged(start, {**given, "options": start["options"]})


def merged(before: Any, changed: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396)."""
    found = dict(before) if isinstance(before, dict) else {}
    for name, value in changed.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value) if isinstance(value, dict) else value
    return found


def followed(before: SignInProvider, after: SignInProvider) -> SignInProvider:
    """Addresses that the options made move with them, but for those that were given themselves."""
    if after.profile not in NAMES or (before.profile, before.options) == (after.profile, after.options):
        return after
    was, now = (addresses(one.profile, one.options, {}) for one in (before, after))
    moved = {
        name: now.get(name)
        for name in {*was, *now}
        if getattr(before, name) == getattr(after, name) and getattr(after, name) == was.get(name)
    }
    return msgspec.structs.replace(after, **moved)


def check(provider: SignInProvider, *, by_email: bool) -> None:
    """Raises BadInput naming the first field that is wrong. `by_email`: e-mail domains say who may sign in."""
    _check_id(provider.id)
    for name, value in msgspec.structs.asdict(provider).items():
        if isinstance(value, str):
            _check_text(name, value)
    if not provider.client_id:
        raise _wrong("client_id", "client_id is empty.", "The provider shows it beside the client secret.")
    for name in URLS:
        _check_url(name, getattr(provider, name))
    if provider.issuer is None and (provider.authorization_endpoint is None or provider.token_endpoint is None):
        raise _wrong(
            "issuer",
            "There is neither an issuer nor authorization and token endpoint.",
            "Give the issuer: everything else is found there.",
        )
    _check_secrets(provider)
    _check_kept(provider)
    _check_options(provider, by_email=by_email)
    if MASK in provider.headers.values():
        raise _wrong("headers", "A header has no value of its own.", "Values are not shown: give them all again.")
    if not 0 <= provider.clock_skew_s <= MOST_SKEW_S:
        raise _wrong("clock_skew_s", f"clock_skew_s is not from 0 to {MOST_SKEW_S}.", None)
    if "openid" not in provider.scope.split() and provider.issuer is not None:
        raise _wrong("scope", "The scope does not hold openid.", "Without it a provider sends no ID token.")


def _check_id(name: str) -> None:
    if IDS.fullmatch(name) is None:
        raise _wrong("id", "An id has lower-case letters, digits and hyphens, at most 40.", "Write it as my-company.")
    if name in RESERVED_IDS:
        raise _wrong("id", f"{name} is the name of another way to sign in here.", "Choose another id.")


def check_secrets_stay(before: SignInProvider, after: SignInProvider, given: frozenset[str]) -> None:
    """A secret goes nowhere but where it was given for. Raises BadInput: whoever moves the provider gives it again."""
    if _places(before) == _places(after):
        return
    for name in SECRETS:
        if getattr(before, name) is not None and getattr(after, name) is not None and name not in given:
            raise _wrong(name, f"{name} was given for another address.", "Give it again together with the new one.")
    if "headers" not in given and any(after.headers.get(name) == value for name, value in before.headers.items()):
        raise _wrong("headers", "The headers were given for another address.", "Give them again, or null to send none.")


def given_again(before: SignInProvider, changed: Mapping[str, Any]) -> frozenset[str]:
    """The members that a merge patch says anew; headers only where it says each of them."""
    headers = changed.get("headers")
    whole = isinstance(headers, Mapping) and before.headers.keys() <= headers.keys()
    return frozenset(name for name in changed if name != "headers" or whole)


def _check_options(provider: SignInProvider, *, by_email: bool) -> None:
    """Where anybody in the world can get an account, it must be said who may come in."""
    if provider.profile not in NAMES:
        raise _wrong("profile", "There is no such profile.", f"Profiles are {', '.join(NAMES)}.")
    if provider.options:
        _told(lambda name: str(checked(name, provider.options)), provider.profile, "options")
    missing = unrestricted(provider.profile, provider.options, by_email=by_email or bool(provider.access.email_domains))
    if missing is not None and not _is_one_tenant(provider):
        raise _wrong(
            f"options.{missing}",
            f"{missing} is missing, so every account in the world could sign in.",
            "Name those who may, or write * if everybody is meant.",
        )


def _is_one_tenant(provider: SignInProvider) -> bool:
    return provider.profile == "microsoft" and provider.issuer is not None and not provider.options.get("tenant")


def _check_secrets(provider: SignInProvider) -> None:
    if provider.client_auth in ("basic", "post") and not provider.client_secret:
        raise _wrong("client_secret", "client_secret is missing.", "Give it, or another client_auth.")
    if provider.client_auth == "private_key_jwt" and not provider.private_key:
        raise _wrong("private_key", "private_key is missing.", "Give a private key in PEM, or another client_auth.")
    if provider.client_auth == "none" and not provider.use_pkce:
        raise _wrong("use_pkce", "A client that does not authenticate cannot go without PKCE.", "Leave PKCE on.")
    if provider.private_key:
        _told(private_key, provider.private_key, "private_key")
    if provider.ca:
        _told(sign_in_values.authorities, provider.ca, "ca")
    for name, text in provider.headers.items():
        _told(partial(sign_in_values.check_header, name), text, "headers")


def _check_kept(provider: SignInProvider) -> None:
    _, left_out = claim_map.parse(",".join(f"{source}->{place}" for source, place in provider.claims.kept))
    if left_out:
        raise _wrong("claims.kept", f"{left_out[0]}.", "Write a claim and a place for each.")


def _places(provider: SignInProvider) -> tuple[str | None, ...]:
    # People's access tokens go to Graph.
    graph = origin(provider.options.get("graph_endpoint", ""))
    return (
        *(origin(getattr(provider, name) or "") for name in ("issuer", "token_endpoint", "userinfo_endpoint")),
        graph,
    )


def _check_text(name: str, value: str) -> None:
    longest = LONGEST_CA if name in ("ca", "private_key") else LONGEST
    if len(value) > longest:
        raise _wrong(name, f"{name} is longer than {longest} characters.", None)
    lines = value.replace("\n", "").replace("\r", "") if longest == LONGEST_CA else value
    if not lines.isprintable():
        raise _wrong(name, f"{name} holds a character that cannot be printed.", None)


def _check_url(name: str, value: str | None) -> None:
    if value is not None:
        _told(values.url, value, name)


def _told(parse: Callable[[str], Any], value: str, name: str) -> None:
    try:
        parse(value)
    except ValueError as error:
        problem, _, fix = str(error).partition(" | ")
        raise _wrong(name, f"{problem}.", f"{fix}." if fix else None) from error


def _wrong(name: str, problem: str, fix: str | None) -> BadInput:
    return BadInput(problem, param=name, hint=fix, code="field_invalid")
