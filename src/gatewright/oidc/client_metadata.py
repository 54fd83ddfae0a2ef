"""What a client says about itself when it registers (RFC 7591 2, OpenID Connect Dynamic Client Registration 1.0, 2).

Each reading is of a whole document: an update is checked as a new registration is, never as a patch (Authentik contract
8.29). Nothing that it names is ever fetched. A member that we do not know is ignored (RFC 7591 2); one that would
promise what does not happen here is refused by name.
"""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatewright.oidc import redirect_uris, scopes
from gatewright.oidc.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError, UnapprovedSoftwareStatement
from gatewright.oidc.jwt import ASYMMETRIC

BASIC, POST, KEY, PUBLIC = "client_secret_basic", "client_secret_post", "private_key_jwt", "none"
METHODS = (BASIC, POST, KEY, PUBLIC)
CODE, REFRESH, CREDENTIALS = "authorization_code", "refresh_token", "client_credentials"
MOST, LONGEST_NAME, LONGEST_TEXT = 100, 100, 2048

FETCHED = "Nothing that a client names is fetched here."
UNSIGNED = "Answers and requests are neither signed nor encrypted here."
NOT_ENFORCED = "This cannot be had for one client alone here."
REFUSED = {
    "jwks_uri": f"{FETCHED} Send the keys themselves in jwks.",
    **dict.fromkeys(("request_uris", "sector_identifier_uri"), FETCHED),
    **dict.fromkeys(
        (
            *("id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_signed_response_alg"),
            *("userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "request_object_signing_alg"),
            *("request_object_encryption_alg", "request_object_encryption_enc", "require_signed_request_object"),
            *("authorization_signed_response_alg", "authorization_encrypted_response_alg"),
            *("introspection_signed_response_alg", "introspection_encrypted_response_alg"),
        ),
        UNSIGNED,
    ),
    **dict.fromkeys(
        (
            *("default_max_age", "default_acr_values", "require_pushed_authorization_requests"),
            *("tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens"),
        ),
        NOT_ENFORCED,
    ),
}
NOTHING: tuple[Any, ...] = (None, "", False, [], {})


class ClientMetadata(msgspec.Struct, frozen=True):
    """A document that passed. `scopes` None asks for all that there are; `name` and addresses may be empty.

    `algorithm` is that of ID tokens, None for the usual one.
    """

    name: str
    redirect_uris: tuple[str, ...]
    logout_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    auth_method: str
    scopes: tuple[str, ...] | None
    client_uri: str
    jwks: dict[str, Any] | None
    algorithm: str | None
    notice_uri: str
    notice_method: str


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a request. Raises InvalidClientMetadata."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidClientMetadata("The body is not JSON.", cause="malformed") from error
    if not isinstance(found, dict):
        raise InvalidClientMetadata("The body is no JSON object.", cause="malformed")
    return found


def read(raw: Mapping[str, Any], *, grants: Collection[str], own_origin: str) -> ClientMetadata:
    """The document of a client, of whom these grants may be asked. `own_origin` is ours, where no client lives.

    Raises InvalidClientMetadata, InvalidRedirectUri, UnapprovedSoftwareStatement.
    """
    if raw.get("software_statement") not in NOTHING:
        raise UnapprovedSoftwareStatement()
    for name, why in REFUSED.items():
        if raw.get(name) not in NOTHING:
            raise InvalidClientMetadata(f"{name} is not supported. {why}", cause=f"metadata_{name}")
    chosen = _grants(raw, grants)
    method = _one_of(raw, "token_endpoint_auth_method", METHODS, BASIC)
    if method == PUBLIC and CREDENTIALS in chosen:
        raise _bad("grant_types", "A client without a secret or a key has no credentials to be granted for.")
    uris = _uris(raw, "redirect_uris", own_origin)
    if CODE in chosen and not uris:
        raise InvalidRedirectUri("redirect_uris is missing.", cause="metadata_redirect_uris")
    _check_kind(raw, uris)
    _one_of(raw, "subject_type", ("public",), "public")
    if method == KEY:
        _one_of(raw, "token_endpoint_auth_signing_alg", tuple(ASYMMETRIC), ASYMMETRIC[0])
    notice_uri, notice_method = _notices(raw, own_origin)
    return ClientMetadata(
        name=_name(raw),
        redirect_uris=uris,
        logout_uris=_uris(raw, "post_logout_redirect_uris", own_origin),
        grant_types=chosen,
        auth_method=method,
        scopes=_scopes(raw),
        client_uri=_client_uri(raw),
        jwks=_keys(raw) if method == KEY else None,
        algorithm=_text(raw, "id_token_signed_response_alg") or None,
        notice_uri=notice_uri,
        notice_method=notice_method,
    )


def response_types(grant_types: Collection[str]) -> list[str]:
    """Those that go with the grants (RFC 7591 2.1)."""
    return ["code"] if CODE in grant_types else []


def application_type(uris: Collection[str]) -> str:
    """`native` for an app with addresses of its own, else `web`."""
    return "native" if any(redirect_uris.origin(uri) is None for uri in uris) else "web"


def _grants(raw: Mapping[str, Any], offered: Collection[str]) -> tuple[str, ...]:
    chosen = _texts(raw, "grant_types") or (CODE,)
    for one in chosen:
        if one not in offered:
            raise _bad("grant_types", f"{one[:80]} is not offered here, only {', '.join(offered)}.")
    if chosen == (REFRESH,):
        raise _bad("grant_types", "refresh_token goes on from another grant and is none by itself.")
    asked = raw.get("response_types")
    if asked is not None and list(_texts(raw, "response_types")) != response_types(chosen):
        raise _bad("response_types", "Only code is supported, together with the grant type authorization_code.")
    return chosen


def _check_kind(raw: Mapping[str, Any], uris: Collection[str]) -> None:
    """Registration 1.0, 2: a web client has no scheme of its own."""
    kind = _one_of(raw, "application_type", ("web", "native"), "")
    if kind == "web" and application_type(uris) != "web":
        raise InvalidRedirectUri("A web client has no private-use scheme.", cause="metadata_application_type")


def _scopes(raw: Mapping[str, Any]) -> tuple[str, ...] | None:
    text = _text(raw, "scope")
    found = scopes.parse(text)
    if set(found) != set(text.split()):
        raise _bad("scope", "It is a list of names with a space between them.")
    return found or None


def _keys(raw: Mapping[str, Any]) -> dict[str, Any]:
    value = raw.get("jwks")
    if not isinstance(value, dict) or not value:
        raise _bad("jwks", "private_key_jwt needs the client's public keys.")
    return value


def _name(raw: Mapping[str, Any]) -> str:
    name = _text(raw, "client_name").strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise _bad("client_name", f"It has at most {LONGEST_NAME} printable characters.")
    return name


def _client_uri(raw: Mapping[str, Any]) -> str:
    uri = _text(raw, "client_uri")
    # A placeholder would tell the client the names of people who only look at their list of applications.
    if uri and (redirect_uris.problem(uri) is not None or redirect_uris.origin(uri) is None or "%(" in uri):
        raise _bad("client_uri", "It is no address that starts with https:// or http://.")
    return uri


def _notices(raw: Mapping[str, Any], own_origin: str) -> tuple[str, str]:
    """Where the client hears of the end of a session, and how: one of the two ways."""
    found = {kind: _text(raw, f"{kind}_logout_uri") for kind in ("backchannel", "frontchannel")}
    if all(found.values()):
        raise _bad("frontchannel_logout_uri", "A client hears of a logout in one way: leave one of the two out.")
    kind = "frontchannel" if found["frontchannel"] else "backchannel"
    name, uri = f"{kind}_logout_uri", found[kind]
    if uri:
        cause = _problem(uri, own_origin)
        if cause is not None or redirect_uris.origin(uri) is None:
            raise _bad(name, f"{uri[:200]} is refused: {cause or 'it is no web address'}.")
    return uri, kind


def _uris(raw: Mapping[str, Any], name: str, own_origin: str) -> tuple[str, ...]:
    try:
        found = _texts(raw, name)
    except OAuthError as error:
        raise InvalidRedirectUri(error.message, cause=error.cause) from error
    for uri in found:
        if (cause := _problem(uri, own_origin)) is not None:
            raise InvalidRedirectUri(f"{name}: {uri[:200]} is refused: {cause}.", cause=f"metadata_{name}")
    return found


def _problem(uri: str, own_origin: str) -> str | None:
    """Why a client that nobody looked at may not have this address; None when it may."""
    cause = redirect_uris.problem(uri)
    if cause is not None:
        return cause
    if urlsplit(uri).scheme == "http" and not redirect_uris.is_loopback(uri):
        return "http is for this machine's own addresses alone"
    # Whoever lived at our address would pass for us.
    return "it is an address of this server" if redirect_uris.origin(uri) == own_origin else None


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = raw.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST or not all(isinstance(one, str) for one in value):
        raise _bad(name, f"It is a list of at most {MOST} texts.")
    return tuple(dict.fromkeys(value))


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise _bad(name, f"It is a text of at most {LONGEST_TEXT} characters.")
    return value


def _one_of(raw: Mapping[str, Any], name: str, allowed: Collection[str], default: str) -> str:
    value = _text(raw, name) or default
    if value not in allowed and value != default:
        raise _bad(name, f"{value[:80]} is not supported, only {', '.join(allowed)}.")
    return value


def _bad(name: str, words: str) -> InvalidClientMetadata:
    return InvalidClientMetadata(f"{name}: {words}", cause=f"metadata_{name}")
