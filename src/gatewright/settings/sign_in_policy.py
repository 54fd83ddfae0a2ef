"""The variables and keys that say which role, which teams, and who may sign in (contract litellm 1.2, 1.4, 1.5)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.identity import DEFAULT_ROLE, Role
from gatewright.domain.limits import Limits
from gatewright.settings import sign_in_rules as rules
from gatewright.settings import structures, values
from gatewright.settings.findings import Finding
from gatewright.settings.generic import ID
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.setting import Setting
from gatewright.settings.sign_in import SignInProvider
from gatewright.settings.sign_in_rules import DashboardAccess, SignInRules

USER_PARAMS = "litellm_settings.default_internal_user_params"
TEAM_PARAMS = "litellm_settings.default_team_params"

SIGN_IN_POLICY: tuple[Setting, ...] = (
    Setting(
        "role_mappings",
        ("GENERIC_ROLE_MAPPINGS_ROLES",),
        "Which groups give which role: `{'proxy_admin': ['group-a'], 'internal_user': ['group-b']}`, as a Python "
        "literal or JSON. The highest role counts, before the role claim. docs/roles.md has the whole order.",
        rules.role_mappings,
        {},
        default_doc="none",
    ),
    Setting(
        "group_claim",
        ("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM",),
        r"The claim with a person's groups: a list, text with commas, or one name; dots for nested claims, `\.` for a "
        "dot in a name.",
        default_doc="the profile's, else `groups`",
    ),
    Setting(
        "default_role",
        ("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE",),
        "The role where no group gives one. With group mappings it counts before the role claim.",
        rules.role,
        default_doc="of the role claim, else `default_internal_user_params.user_role`",
    ),
    Setting(
        "role_policy",
        ("GENERIC_ROLE_POLICY",),
        "When the provider's word counts: at `every_login`, by absence too; `raise_only`, never to lower a role; or at "
        "the `first_login` alone.",
        rules.policy,
        "every_login",
    ),
    Setting(
        "allowed_groups",
        ("GENERIC_ALLOWED_GROUPS",),
        "Groups of which somebody must have one to sign in, with commas between them or as a JSON list.",
        rules.groups,
        (),
        default_doc="everybody",
    ),
    Setting(
        "allowed_roles",
        ("GENERIC_ALLOWED_ROLES",),
        "Roles of which somebody must have one to sign in, with commas between them. The role decided counts.",
        rules.roles,
        (),
        default_doc="every role",
    ),
    Setting(
        "team_claim",
        ("GENERIC_TEAM_CLAIM",),
        "The claim with the `team_id`s of a person's teams. At every sign-in memberships follow it, added and removed; "
        "those that people made here stay.",
        default_doc="none: teams are kept here",
        files=("general_settings.litellm_jwtauth.team_ids_jwt_field",),
    ),
    Setting(
        "create_teams",
        ("GENERIC_TEAM_CREATE",),
        "Whether a team that the claim names and nobody made is made. Otherwise it is reported.",
        values.boolean,
        False,
    ),
    Setting(
        "email_domains",
        ("ALLOWED_EMAIL_DOMAINS",),
        "The e-mail domains whose people may sign in, with commas between them, at every provider. Unlike in LiteLLM "
        "nobody passes without an address, nor with one that the provider calls unverified.",
        rules.domains,
        (),
        default_doc="every domain",
    ),
    Setting(
        "dashboard",
        (),
        "Who may open the dashboard: `all`, `admin_only`, or `{type: restricted_sso_group, restricted_sso_group: name, "
        "sso_group_jwt_field: claim}`. The command line stays open to others.",
        rules.dashboard,
        DashboardAccess(),
        default_doc="`all`",
        files=("general_settings.ui_access_mode",),
        structured=True,
    ),
    Setting(
        "newcomer_role",
        (),
        "The role where no provider gives one.",
        rules.role,
        DEFAULT_ROLE,
        files=(f"{USER_PARAMS}.user_role",),
    ),
    Setting(
        "newcomer_teams",
        (),
        "Teams that somebody is put in when they sign in for the first time: `team_id`s, or `{team_id, user_role}`.",
        rules.default_teams,
        (),
        default_doc="none",
        files=(f"{USER_PARAMS}.teams",),
        structured=True,
    ),
    Setting(
        "team_models",
        (),
        "The models of a team that `GENERIC_TEAM_CREATE` makes.",
        structures.names,
        (),
        default_doc="every model",
        files=(f"{TEAM_PARAMS}.models",),
        structured=True,
    ),
    Setting(
        "team_rpm",
        (),
        "The requests a minute of such a team.",
        values.count,
        default_doc="no limit",
        files=(f"{TEAM_PARAMS}.rpm_limit",),
    ),
    Setting(
        "team_tpm",
        (),
        "The tokens a minute of such a team.",
        values.count,
        default_doc="no limit",
        files=(f"{TEAM_PARAMS}.tpm_limit",),
    ),
)
RESTRICTIONS = {"allowed_groups": "GENERIC_ALLOWED_GROUPS", "allowed_roles": "GENERIC_ALLOWED_ROLES"}


def read_policy(
    reader: Reader, providers: tuple[SignInProvider, ...], proxy_admin_id: str | None
) -> tuple[tuple[SignInProvider, ...], SignInRules]:
    """The providers with the rules that the GENERIC_* variables give theirs, and the rules of all.

    Raises SettingInvalid for a restriction that no provider would keep.
    """
    found = reader.table(SIGN_IN_POLICY)
    if not any(provider.id == ID for provider in providers):
        for field, name in RESTRICTIONS.items():
            if found[field]:
                raise SettingInvalid(
                    name,
                    source=ENVIRONMENT,
                    problem="it restricts who signs in at the provider of GENERIC_CLIENT_ID, which is not set",
                    fix="Restrict it at the provider that you use, and unset it here",
                )
    reader.findings += _doubts(found)
    given = SignInRules(
        proxy_admin_id=proxy_admin_id or None,
        newcomer_role=found["newcomer_role"],
        newcomer_teams=found["newcomer_teams"],
        email_domains=found["email_domains"],
        dashboard=found["dashboard"],
        create_teams=found["create_teams"],
        team_models=found["team_models"],
        team_limits=Limits(rpm=found["team_rpm"], tpm=found["team_tpm"]),
    )
    return tuple(_ruled(one, found) if one.id == ID else one for one in providers), given


def _ruled(provider: SignInProvider, found: Mapping[str, Any]) -> SignInProvider:
    """The provider with what the variables say; where they say nothing, its profile's word stands."""
    replace, claims = msgspec.structs.replace, provider.claims
    return replace(
        provider,
        claims=replace(claims, groups=found["group_claim"] or claims.groups, teams=found["team_claim"] or claims.teams),
        roles=replace(
            provider.roles,
            mappings=found["role_mappings"] or provider.roles.mappings,
            group_claim=found["group_claim"] or provider.roles.group_claim,
            default_role=found["default_role"] or provider.roles.default_role,
            policy=found["role_policy"],
        ),
        access=replace(
            provider.access,
            groups=found["allowed_groups"] or provider.access.groups,
            roles=found["allowed_roles"] or provider.access.roles,
        ),
    )


def _doubts(found: Mapping[str, Any]) -> list[Finding]:
    names = {"default_role": "GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", "newcomer_role": f"{USER_PARAMS}.user_role"}
    return [
        Finding("doubt", name, f"{name} makes everybody whom the provider lets in an administrator")
        for field, name in names.items()
        if found[field] is Role.PROXY_ADMIN
    ]
