"""From a client's metadata to the provider that it becomes, and back."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from gatewright.idp.clients import MOUNT
from gatewright.idp.objects import providers as objects
from gatewright.idp.objects.flows import EXPLICIT_CONSENT
from gatewright.oidc import client_metadata, scopes
from gatewright.oidc.client_metadata import ClientMetadata
from gatewright.oidc.errors import InvalidClientMetadata
from gatewright.storage.applications import Application
from gatewright.storage.directory.providers import StoredProvider
from gatewright.storage.registered_clients import RegisteredClient
from gatewright.storage.scope_mappings import ScopeMapping

# What a client says of itself, by our columns: an administrator's change of one of these is not undone by the client.
CHANGEABLE = (
    *("client_type", "redirect_uris", "grant_types", "signing_algorithm", "logout_uri", "logout_method", "jwks"),
    *("authorization_flow", "application_name"),
)
KINDS = ("authorization", "logout")
FIELDS = {
    "name": "client_name",
    "redirect_uris": "redirect_uris",
    "signing_key": "id_token_signed_response_alg",
    "meta_launch_url": "client_uri",
}
"""Our fields in the protocol's names, for what only the objects themselves can find wrong."""


class Described(msgspec.Struct, frozen=True):
    """A registered client as it is stored."""

    provider: StoredProvider
    application: Application
    mappings: tuple[ScopeMapping, ...]


def attributes(wanted: ClientMetadata, template: StoredProvider, mappings: Sequence[ScopeMapping]) -> dict[str, Any]:
    """The provider's attributes: what the client chose, and for the rest what the template has.

    People are always asked for their consent, since nobody looked at the client. Raises InvalidClientMetadata for a
    scope that the template does not have.
    """
    usual = objects.attributes(template, [])
    kinds = (("authorization", wanted.redirect_uris), ("logout", wanted.logout_uris))
    chosen = {
        "client_type": "public" if wanted.auth_method == client_metadata.PUBLIC else "confidential",
        "authorization_flow": EXPLICIT_CONSENT,
        "redirect_uris": [{"url": uri, "redirect_uri_type": kind} for kind, uris in kinds for uri in uris],
        "grant_types": list(wanted.grant_types),
        "property_mappings": [one.uuid for one in _wanted(wanted, mappings)],
        "signing_key": wanted.algorithm or template.signing_algorithm,
        "logout_uri": wanted.notice_uri,
        "logout_method": wanted.notice_method,
        "jwks": wanted.jwks or {},
    }
    kept = {name: value for name, value in usual.items() if name not in ("name", "client_id")}
    return {**kept, **chosen}


def application(wanted: ClientMetadata, client_id: str) -> dict[str, Any]:
    """The application's attributes."""
    return {"name": wanted.name or f"Client {client_id[:8]}", "meta_launch_url": wanted.client_uri}


def digest(found: Described) -> str:
    """Tells an administrator's change of the client apart from what the client wrote itself."""
    row = found.provider
    seen = {name: getattr(row, name) for name in CHANGEABLE}
    seen |= {"mappings": sorted(one.uuid for one in found.mappings), "launch_url": found.application.launch_url}
    return hashlib.sha256(msgspec.json.encode(seen, order="sorted")).hexdigest()


def information(found: Described, client: RegisteredClient, token: str, base_url: str) -> dict[str, Any]:
    """The client information response, without a secret (RFC 7591 3.2.1, RFC 7592 3)."""
    row = found.provider
    uris = {kind: [uri["url"] for uri in row.redirect_uris if uri["redirect_uri_type"] == kind] for kind in KINDS}
    notice = f"{row.logout_method}_logout"
    granted = scopes.render(dict.fromkeys((scopes.OPENID, *(one.scope_name for one in found.mappings))))
    told = {
        "client_id": row.client_id,
        "client_id_issued_at": client.created_at // 1000,
        "registration_access_token": token,
        "registration_client_uri": f"{base_url}{MOUNT}/register/{row.client_id}/",
        "client_name": found.application.name,
        "client_uri": found.application.launch_url,
        "redirect_uris": uris["authorization"],
        "post_logout_redirect_uris": uris["logout"],
        "grant_types": row.grant_types,
        "response_types": client_metadata.response_types(row.grant_types),
        "token_endpoint_auth_method": client.auth_method,
        "application_type": client_metadata.application_type(uris["authorization"]),
        "subject_type": "public",
        "id_token_signed_response_alg": row.signing_algorithm,
        "scope": granted,
        "jwks": row.jwks,
        f"{notice}_uri": row.logout_uri,
        f"{notice}_session_required": True if row.logout_uri else None,
    }
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


def _wanted(wanted: ClientMetadata, mappings: Sequence[ScopeMapping]) -> list[ScopeMapping]:
    asked = wanted.scopes
    if asked is None:
        return list(mappings)
    offered = {scopes.OPENID, *(one.scope_name for one in mappings)}
    if unknown := [name for name in asked if name not in offered]:
        raise InvalidClientMetadata(f"scope: {unknown[0][:80]} is not offered here.", cause="metadata_scope")
    return [one for one in mappings if one.scope_name in asked]
