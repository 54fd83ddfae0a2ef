"""What SCIM provisioning may do to people who sign in."""

import re
from collections.abc import Mapping

from gatewright.settings import values
from gatewright.settings.setting import Setting

PROVIDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


def id_claims(text: str) -> Mapping[str, str]:
    """`microsoft:oid,okta:sub`: of each provider the claim that holds the externalId."""
    found: dict[str, str] = {}
    for entry in text.split(","):
        provider, colon, claim = (part.strip() for part in entry.partition(":"))
        if not colon or not PROVIDER.match(provider) or not claim or claim.startswith("//"):
            raise ValueError(
                f"{entry.strip()!r} is not a provider and a claim | Write microsoft:oid, several with commas"
            )
        if provider in found:
            raise ValueError(f"{provider!r} stands there twice | Name one claim for each provider")
        found[provider] = claim
    return found


SCIM: tuple[Setting, ...] = (
    Setting(
        "scim_id_claims",
        ("GATEWRIGHT_SCIM_ID_CLAIM",),
        "The claim that holds the SCIM `externalId`, for each sign-in provider by its id: `microsoft:oid`, several "
        "with commas. Whoever signs in for the first time with that claim becomes the person whom SCIM provisioned. "
        "Name only a claim that the provider assigns and nobody can choose.",
        id_claims,
        {},
        default_doc="none: SCIM and sign-ins make separate people",
    ),
    Setting(
        "scim_adopt_users",
        ("GATEWRIGHT_SCIM_ADOPT_USERS",),
        "SCIM sees people whom it did not provision, and may take them over by their userName. Turn it on while a "
        "directory is connected to an installation that people use already, when nobody can choose their own name.",
        values.boolean,
        False,
    ),
)
