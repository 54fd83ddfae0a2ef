"""The options of profiles: how each is read, and which of them must say who may come in.

Where anybody in the world can get an account, nobody is let in until it was said who: an organization's own people, or
`*` for everybody.
"""

import re
from collections.abc import Callable, Mapping

from gatewright.settings import values
from gatewright.settings.profiles.profile import ANYBODY, NAMES, find

MANY_TENANTS = frozenset({"common", "organizations", "consumers"})
TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})+", re.ASCII)
ORGANIZATION = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,99})", re.ASCII)

Restricted = str | None
"""The option that must be there, None where nothing must."""


def domains(value: str) -> str:
    """Domains with commas between them, or `*`."""
    return _listed(value, DOMAIN, "is no domain", "Write acme.com, or * for everybody")


def tenant(value: str) -> str:
    """A tenant's id, a domain of it, or one of the three words for many."""
    found = value.strip().lower()
    if found in MANY_TENANTS or TENANT_ID.fullmatch(found) or DOMAIN.fullmatch(found):
        return found
    raise ValueError(f"{value!r} is no tenant | Copy the Directory (tenant) ID of the app's overview page")


def tenants(value: str) -> str:
    """Tenant ids with commas between them, or `*`."""
    return _listed(value, TENANT_ID, "is no tenant id", "Write the directories' ids, or * for everybody")


def one_id(value: str) -> str:
    """An object's id in Entra."""
    found = value.strip().lower()
    if TENANT_ID.fullmatch(found) is None:
        raise ValueError(f"{value!r} is no object id | Copy the Object ID of the enterprise application")
    return found


def organizations(value: str) -> str:
    """Names or numeric ids with commas between them, or `*`."""
    return _listed(value, ORGANIZATION, "is no organization", "Write acme, or * for everybody")


def groups_from(value: str) -> str:
    """Whether groups come from Graph or from the token."""
    if value not in ("graph", "token"):
        raise ValueError(f"{value!r} is no source of groups | Write graph or token")
    return value


def address(value: str) -> str:
    """A URL without the slash at its end."""
    return values.url(value).rstrip("/")


PARSERS: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "google": {"allowed_domains": domains},
    "microsoft": {
        "tenant": tenant,
        "allowed_tenants": tenants,
        "graph_endpoint": address,
        "service_principal_id": one_id,
        "groups_from": groups_from,
    },
    "github": {"allowed_organizations": organizations, "enterprise_url": address},
}
"""By profile and option. An option of a profile that is not here is any text."""


def checked(name: str, options: Mapping[str, str]) -> dict[str, str]:
    """The options of a profile as they are kept. Raises ValueError with the problem, ` | `, the fix, naming one."""
    known = find(name).fields if name in NAMES else {}
    found = {}
    for option, value in options.items():
        if option not in known:
            raise ValueError(f"{name} has no option {option!r} | Its options are {', '.join(known) or 'none'}")
        parse = PARSERS.get(name, {}).get(option, values.text)
        try:
            found[option] = parse(value)
        except ValueError as error:
            raise ValueError(f"{option}: {error}") from error
    return found


def unrestricted(name: str, options: Mapping[str, str], *, by_email: bool) -> Restricted:
    """The option that has to say who may come in and does not. `by_email`: addresses are restricted elsewhere."""
    if name == "google" and not options.get("allowed_domains") and not by_email:
        return "allowed_domains"
    if name == "microsoft" and options.get("tenant", "common") in MANY_TENANTS and not options.get("allowed_tenants"):
        return "allowed_tenants"
    if name == "github" and not options.get("allowed_organizations"):
        return "allowed_organizations"
    return None


def with_email(name: str, options: Mapping[str, str], *, by_email: bool) -> dict[str, str]:
    """The options of a provider for whose people e-mail domains say who may come in: Google's then lets all in."""
    return {**({"allowed_domains": ANYBODY} if name == "google" and by_email else {}), **options}


def listed(value: str | None) -> frozenset[str]:
    """The entries of an option that is a list."""
    return frozenset(entry.strip().lower() for entry in (value or "").split(",")) - {""}


def _listed(value: str, form: re.Pattern[str], problem: str, fix: str) -> str:
    entries = [entry.strip().lower() for entry in value.split(",") if entry.strip()]
    for entry in entries:
        if entry != ANYBODY and form.fullmatch(entry) is None:
            raise ValueError(f"{entry!r} {problem} | {fix}")
    if not entries:
        raise ValueError(f"it names nothing | {fix}")
    return ",".join(entries)
