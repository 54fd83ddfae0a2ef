"""What there is a fixed number of: flows, signing keys, the brand, settings, versions."""

import platform
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid5

from starlette.responses import Response

from gatewright import __version__
from gatewright.domain.clock import iso
from gatewright.idp.directory.acting import absent
from gatewright.idp.objects import flows
from gatewright.storage import signing_keys
from gatewright.storage.database import Database
from gatewright.storage.signing_keys import KeyRow
from gatewright.web.authentik import action_answers, answers
from gatewright.web.authentik.resource import route
from gatewright.web.authentik.shapes import flow_answer
from gatewright.web.authentik.wire import answer, whole
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

KEY_TYPES = {"RS256": "rsa", "ES256": "ec", "EdDSA": "ed25519"}
BRAND = str(uuid5(flows.NAMESPACE, "brand"))
BRAND_FLOWS = {
    "flow_authentication": flows.SIGN_IN,
    "flow_invalidation": flows.SIGN_OUT,
    "flow_recovery": flows.RECOVERY,
    "flow_unenrollment": None,
    "flow_user_settings": flows.USER_SETTINGS,
    "flow_device_code": None,
    "flow_user_switch": None,
    "flow_lockdown": None,
    "flow_request": None,
}
BRAND_FILTERS = (
    *("domain", "brand_uuid", "default", "branding_title", "branding_logo", "branding_favicon", "web_certificate"),
    *BRAND_FLOWS,
)
ROLE_FILTERS = ("name", "managed", "groups", "users", "inherited", "group__name", "managed__isnull")
FLAGS = {
    "core_default_app_access": True,
    "enterprise_audit_include_expanded_diff": False,
    "flows_continuous_login": False,
    "flows_refresh_others": False,
}


class Fixed:
    """Read-only rows: they come from the program and its settings, not from the database's objects."""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url
        self._root_path = urlsplit(base_url).path

    def routes(self) -> list[Route]:
        viewer, anybody, caller = Access.VIEWER, Access.PUBLIC, Access.CALLER
        return [
            route("/flows/instances/", "GET", self.flows, viewer),
            route("/flows/instances/{key}/", "GET", self.flow, viewer),
            route("/flows/instances/{key}/used_by/", "GET", self.nobody, viewer),
            route("/crypto/certificatekeypairs/", "GET", self.certificates, viewer),
            route("/crypto/certificatekeypairs/{key}/", "GET", self.certificate, viewer),
            route("/crypto/certificatekeypairs/{key}/used_by/", "GET", self.nobody, viewer),
            route("/core/brands/", "GET", self.brands, viewer),
            route("/core/brands/current/", "GET", self.current_brand, anybody),
            route("/core/brands/{key}/", "GET", self.brand, viewer),
            route("/rbac/roles/", "GET", self.roles, viewer),
            route("/stages/email/", "GET", self.email_stages, viewer),
            route("/admin/version/", "GET", self.version, caller),
            route("/admin/system/", "GET", self.system, viewer),
            route("/admin/settings/", "GET", self.settings, viewer),
            route("/root/config/", "GET", self.config, anybody),
        ]

    async def flows(self, call: Call) -> Response:
        every = [{**flow_answer(flow), "flow_uuid": flow.pk} for flow in flows.FLOWS.values()]
        return whole(call, every, ("slug", "name", "designation", "flow_uuid", "denied_action"))

    async def flow(self, call: Call) -> Response:
        return answer(flow_answer(_flow(call)))

    async def nobody(self, _: Call) -> Response:
        """Nothing here can be deleted, so nothing would be missed."""
        return answer([])

    async def certificates(self, call: Call) -> Response:
        return whole(call, await self._keys(), ("name", "managed", "key_type", "has_key"))

    async def certificate(self, call: Call) -> Response:
        return answer(_named(await self._keys(), "pk", call.path("key"), "CertificateKeyPair"))

    async def brands(self, call: Call) -> Response:
        return whole(call, [self._brand()], BRAND_FILTERS)

    async def brand(self, call: Call) -> Response:
        return answer(_named([self._brand()], "brand_uuid", call.path("key"), "Brand"))

    async def current_brand(self, _: Call) -> Response:
        """What a page needs before anybody signs in."""
        slugs = {name: slug for name, slug in BRAND_FLOWS.items() if slug is not None}
        shown: dict[str, Any] = {
            **dict.fromkeys(BRAND_FLOWS),
            **slugs,
            "matched_domain": "authentik-default",
            "branding_title": "Gatewright",
            "branding_logo": self._root_path + "/static/mark.svg",
            "branding_logo_themed_urls": None,
            "branding_favicon": self._root_path + "/static/mark.svg",
            "branding_favicon_themed_urls": None,
            "branding_custom_css": "",
            "branding_map_tiles": "",
            "ui_footer_links": [],
            "ui_theme": "automatic",
            "default_locale": "",
            "flags": {name: FLAGS[name] for name in ("flows_continuous_login", "flows_refresh_others")},
        }
        return answer(shown)

    async def roles(self, call: Call) -> Response:
        """There are none of Authentik's kind: what somebody may do here is their role in the gateway."""
        return whole(call, [], ROLE_FILTERS)

    async def email_stages(self, call: Call) -> Response:
        """The one that `recovery_email/` takes. What a stage would set is set at the start for the whole gateway."""
        model = "authentik_stages_email.emailstage"
        names = {"component": "ak-stage-email-form", "verbose_name": "Email Stage", "meta_model_name": model}
        one = {"pk": flows.RECOVERY_EMAIL_PK, "name": flows.RECOVERY_EMAIL, "use_global_settings": True}
        shown = {**one, **names, "verbose_name_plural": "Email Stages", "flow_set": []}
        return whole(call, [shown], ("name", "use_global_settings"))

    async def version(self, _: Call) -> Response:
        shown = {"version_current": __version__, "version_latest": __version__, "version_latest_valid": True}
        return answer({**shown, "build_hash": "", "outdated": False, "outpost_outdated": False})

    async def system(self, call: Call) -> Response:
        """The server as the caller reaches it."""
        runtime: action_answers.Runtime = {
            "python_version": platform.python_version(),
            "environment": "custom",
            "architecture": platform.machine(),
            "platform": platform.platform(),
            "uname": " ".join(platform.uname()),
            "openssl_version": ssl.OPENSSL_VERSION,
            "openssl_fips_enabled": None,
            "authentik_version": __version__,
        }
        shown: action_answers.SystemInfo = {
            "http_headers": {},
            "http_host": call.request.headers.get("host", ""),
            "http_is_secure": self._base_url.startswith("https://"),
            "runtime": runtime,
            "brand": "authentik-default",
            "server_time": iso(self._db.clock()),
            "embedded_outpost_disabled": True,
            "embedded_outpost_host": "",
            "base_url": self._base_url,
        }
        return answer(shown)

    async def settings(self, _: Call) -> Response:
        """What corresponds to Authentik's system settings, which here are settings of the start."""
        shown = {
            "avatars": "none",
            "base_url": self._base_url,
            "default_user_change_name": False,
            "default_user_change_email": False,
            "default_user_change_username": False,
            "footer_links": [],
            "gdpr_compliance": True,
            "impersonation": False,
            "impersonation_require_reason": True,
            "default_token_duration": "days=30",
            "default_token_length": 60,
            "pagination_default_page_size": 20,
            "pagination_max_page_size": 100,
            "flags": FLAGS,
        }
        return answer(shown)

    async def config(self, _: Call) -> Response:
        reporting = {"enabled": False, "sentry_dsn": "", "environment": "", "send_pii": False, "traces_sample_rate": 0}
        cache = dict.fromkeys(("cache_timeout", "cache_timeout_flows", "cache_timeout_policies"), 0)
        return answer({"error_reporting": reporting, "capabilities": [], **cache, "cache_timeout_reputation": 0})

    async def _keys(self) -> list[answers.Certificate]:
        """The newest key of each algorithm, the usual one under Authentik's name for it."""
        async with self._db.read() as tx:
            rows = await signing_keys.everything(tx)
        newest: dict[str, KeyRow] = {}
        for row in rows:
            if row.retired_at is None:
                newest.setdefault(row.algorithm, row)
        # Whoever takes the first one takes the usual one.
        return [_certificate(newest[name]) for name in flows.ALGORITHMS if name in newest]

    def _brand(self) -> dict[str, Any]:
        return {
            **{name: None if slug is None else flows.FLOWS[slug].pk for name, slug in BRAND_FLOWS.items()},
            "brand_uuid": BRAND,
            "domain": "authentik-default",
            "default": True,
            "branding_title": "Gatewright",
            "branding_logo": self._root_path + "/static/mark.svg",
            "branding_favicon": self._root_path + "/static/mark.svg",
            "branding_custom_css": "",
            "branding_default_flow_background": "",
            "branding_map_tiles": "",
            "default_application": None,
            "web_certificate": None,
            "client_certificates": [],
            "attributes": {},
        }


def _flow(call: Call) -> flows.Flow:
    found = flows.FLOWS.get(str(flows.slug_of(call.path("key"))))
    if found is None:
        raise absent("Flow")
    return found


def _certificate(row: KeyRow) -> answers.Certificate:
    """A signing key; there is no certificate around it, and its private half never leaves."""
    pk = flows.certificate_pk(row.algorithm)
    return {
        "pk": pk,
        "name": flows.certificate_name(row.algorithm),
        "fingerprint_sha256": None,
        "fingerprint_sha1": None,
        "cert_expiry": None,
        "cert_subject": None,
        "private_key_available": True,
        "private_key_type": KEY_TYPES.get(row.algorithm),
        "key_type": KEY_TYPES.get(row.algorithm),
        "certificate_download_url": "",
        "private_key_download_url": "",
        "managed": None,
        "has_key": True,
        "kid": row.kid,
    }


def _named(everything: Sequence[Mapping[str, Any]], member: str, key: str, model: str) -> Mapping[str, Any]:
    found = next((one for one in everything if one[member] == key.lower()), None)
    if found is None:
        raise absent(model)
    return found
