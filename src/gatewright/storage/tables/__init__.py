"""Every table. Times are milliseconds since the epoch, money is nano-dollars, secrets are sealed or hashed."""

from gatewright.storage.tables.base import metadata
from gatewright.storage.tables.gateway import deployments, keys, spend_log, teams
from gatewright.storage.tables.log import audit_log, changes, facts
from gatewright.storage.tables.people import (
    attempts,
    cli_logins,
    group_members,
    groups,
    identities,
    login_transactions,
    one_time_links,
    sessions,
    users,
)
from gatewright.storage.tables.provider import (
    access_tokens,
    applications,
    authorization_codes,
    oauth_providers,
    provider_mappings,
    scope_mappings,
    signing_keys,
)

__all__ = [
    "access_tokens",
    "applications",
    "attempts",
    "audit_log",
    "authorization_codes",
    "changes",
    "cli_logins",
    "deployments",
    "facts",
    "group_members",
    "groups",
    "identities",
    "keys",
    "login_transactions",
    "metadata",
    "oauth_providers",
    "one_time_links",
    "provider_mappings",
    "scope_mappings",
    "sessions",
    "signing_keys",
    "spend_log",
    "teams",
    "users",
]
