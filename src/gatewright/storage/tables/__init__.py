"""Every table. Times are milliseconds since the epoch, money is nano-dollars, secrets are sealed or hashed."""

from gatewright.storage.tables.base import metadata
from gatewright.storage.tables.gateway import deployments, keys, spend_log, teams
from gatewright.storage.tables.issued import (
    access_tokens,
    authorization_codes,
    device_codes,
    logout_notices,
    pushed_requests,
    refresh_tokens,
    session_clients,
    used_assertions,
)
from gatewright.storage.tables.log import audit_log, changes, facts
from gatewright.storage.tables.people import (
    attempts,
    cli_logins,
    group_members,
    group_parents,
    groups,
    identities,
    login_transactions,
    one_time_links,
    sessions,
    users,
)
from gatewright.storage.tables.provider import (
    applications,
    bindings,
    consents,
    entitlements,
    oauth_providers,
    provider_mappings,
    scope_mappings,
    signing_keys,
)
from gatewright.storage.tables.registration import registered_clients, registration_tokens
from gatewright.storage.tables.sign_in import api_tokens, authenticators, ceremonies, invitations, recovery_codes

__all__ = [
    "access_tokens",
    "api_tokens",
    "applications",
    "attempts",
    "audit_log",
    "authenticators",
    "authorization_codes",
    "bindings",
    "ceremonies",
    "changes",
    "cli_logins",
    "consents",
    "deployments",
    "device_codes",
    "entitlements",
    "facts",
    "group_members",
    "group_parents",
    "groups",
    "identities",
    "invitations",
    "keys",
    "login_transactions",
    "logout_notices",
    "metadata",
    "oauth_providers",
    "one_time_links",
    "provider_mappings",
    "pushed_requests",
    "recovery_codes",
    "refresh_tokens",
    "registered_clients",
    "registration_tokens",
    "scope_mappings",
    "session_clients",
    "sessions",
    "signing_keys",
    "spend_log",
    "teams",
    "used_assertions",
    "users",
]
