"""Sign-in by SAML, loaded only where it is configured: its libraries are an extra."""

import dataclasses
from importlib import import_module

from gatewright.accounts.limits import Limits
from gatewright.outbound.client import Outbound
from gatewright.settings.schema import Settings
from gatewright.storage.database import Database
from gatewright.web.sso.routes import SsoParts


def with_saml(settings: Settings, db: Database, outbound: Outbound, limits: Limits, parts: SsoParts) -> SsoParts:
    """The parts of every sign-in, with SAML's where its metadata are set."""
    if settings.saml is None:
        return parts
    metadata = import_module("gatewright.sso.saml.provider").Metadata(
        settings.saml, outbound, settings.operator_policy, db.clock
    )
    made = import_module("gatewright.sso.saml.sign_in").SamlSignIn(
        db, settings.saml, settings.base_url, metadata, parts.sign_in, limits
    )
    return dataclasses.replace(parts, saml=made)
