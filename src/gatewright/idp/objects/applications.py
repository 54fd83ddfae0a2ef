"""Applications: `authentik_core.application`."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gatewright.domain.people import User
from gatewright.idp.objects.addresses import sample
from gatewright.idp.objects.fields import Fields, Values, is_key
from gatewright.oidc import redirect_uris
from gatewright.storage.applications import Application

NAMES = (
    *("name", "slug", "provider", "backchannel_providers", "open_in_new_tab", "meta_launch_url", "meta_icon"),
    *("meta_description", "meta_publisher", "policy_engine_mode", "group", "meta_hide"),
)
REQUIRED = ("name", "slug")
RESERVED_SLUGS = frozenset({"authorize", "token", "device", "userinfo", "introspect", "revoke", "par", "register"})
SLUG = re.compile(r"[a-zA-Z0-9_\-]{1,100}")
HIDDEN = "blank://blank"
"""How Authentik hid an application before it had a field for that (contract 3.3)."""
PLACEHOLDER = re.compile(r"%\(([^)]*)\)s")
PLACEHOLDERS = ("username", "email", "name", "uuid")
ICON_SCHEMES = ("https://", "http://", "/", "data:image/", "fa://")


def attributes(application: Application) -> Values:
    """The application in Authentik's names; `provider` is our id, which is Authentik's pk too."""
    return {
        "name": application.name,
        "slug": application.slug,
        "provider": application.provider_id,
        "open_in_new_tab": application.open_in_new_tab,
        "meta_launch_url": application.launch_url,
        "meta_icon": application.icon,
        "meta_description": application.description,
        "meta_publisher": application.publisher,
        "policy_engine_mode": application.binding_mode,
        "group": application.section,
        "meta_hide": application.is_hidden,
    }


def columns(attrs: Mapping[str, Any]) -> Values:
    """The columns. Raises FieldsInvalid."""
    fields = Fields(attrs, NAMES, "application")
    fields.nothing("backchannel_providers", "Back-channel providers (SCIM, LDAP) do not exist here.")
    slug, launch_url = fields.text("slug", None, most=100), fields.text("meta_launch_url", most=2048)
    if slug and (SLUG.fullmatch(slug) is None or slug in RESERVED_SLUGS):
        fields.problem("slug", "A slug has letters, digits, - and _, and is none of the reserved ones (token, ...).")
    hidden = fields.flag("meta_hide") or launch_url == HIDDEN
    launch_url = "" if launch_url == HIDDEN else launch_url
    if (cause := launch_url_problem(launch_url)) is not None:
        fields.problem("meta_launch_url", cause)
    icon = fields.text("meta_icon", most=20_000)
    if icon and not icon.startswith(ICON_SCHEMES):
        fields.problem("meta_icon", f"The icon is an address that starts with {', '.join(ICON_SCHEMES)}.")
    provider = fields.raw("provider")
    if provider is not None and not is_key(provider):
        fields.problem("provider", "Incorrect type. Expected pk value.")
    found = {
        "name": fields.text("name", None),
        "slug": slug,
        "provider_id": provider,
        "launch_url": launch_url,
        "open_in_new_tab": fields.flag("open_in_new_tab"),
        "section": fields.text("group"),
        "icon": icon,
        "description": fields.text("meta_description", most=2000, lines=True),
        "publisher": fields.text("meta_publisher"),
        "is_hidden": hidden,
        "binding_mode": fields.choice("policy_engine_mode", ("any", "all"), "any"),
    }
    fields.done()
    return found


def launch_url_problem(url: str) -> str | None:
    """Why this may not be a launch URL; None when it may. Placeholders of a person's own names are known, no others."""
    unknown = [name for name in PLACEHOLDER.findall(url) if name not in PLACEHOLDERS]
    if unknown:
        return f"The placeholder %({unknown[0][:60]})s is not known. There are {', '.join(PLACEHOLDERS)}."
    plain = sample(PLACEHOLDER.sub("x", url))
    if url and (not plain.startswith(("https://", "http://")) or redirect_uris.problem(plain) is not None):
        return "Enter a valid URL: an address that starts with https:// or http://."
    return None


def launch_url(url: str, user: User | None) -> str:
    """The address for a person, with their names in place of the placeholders (contract 3.3, 8.20)."""
    names = {} if user is None else {"username": user.username, "email": user.email, "name": user.display_name}
    names |= {} if user is None else {"uuid": user.uuid}
    return PLACEHOLDER.sub(lambda found: quote(names.get(found[1]) or "", safe=""), url)
