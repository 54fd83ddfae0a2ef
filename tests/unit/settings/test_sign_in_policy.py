"""The variables and keys that decide roles, teams and access: what each does, and how a wrong one is named."""

from pathlib import Path
from typing import Any

import pytest

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.identity import Role
from gatewright.domain.limits import Limits
from gatewright.settings.load import load
from gatewright.settings.schema import Settings
from gatewright.settings.sign_in import SignInProvider
from gatewright.settings.sign_in_policy import SIGN_IN_POLICY
from gatewright.settings.sign_in_rules import DashboardAccess, DefaultTeam, SignInRules

SEED = {
    "GENERIC_CLIENT_ID": "litellm",
    "GENERIC_CLIENT_SECRET": "your-client-secret",
    "GENERIC_AUTHORIZATION_ENDPOINT": "https://auth.yourdomain.com/application/o/authorize/",
    "GENERIC_TOKEN_ENDPOINT": "https://auth.yourdomain.com/application/o/token/",
    "GENERIC_USERINFO_ENDPOINT": "https://auth.yourdomain.com/application/o/userinfo/",
}
ADMIN, VIEWER, MEMBER, READER = Role


def given(tmp_path: Path, config: str = "", **env: str) -> Settings:
    flags = {}
    if config:
        (tmp_path / "config.yaml").write_text(config)
        flags["--config"] = str(tmp_path / "config.yaml")
    return load(flags, {**SEED, **env})


def of_provider(found: SignInProvider) -> dict[str, Any]:
    return {
        "mappings": found.roles.mappings,
        "group_claim": (found.roles.group_claim, found.claims.groups),
        "default_role": found.roles.default_role,
        "policy": found.roles.policy,
        "groups": found.access.groups,
        "roles": found.access.roles,
        "teams": found.claims.teams,
    }


EFFECTS: list[tuple[str, str, str, Any]] = [
    (
        "GENERIC_ROLE_MAPPINGS_ROLES",
        "{'proxy_admin': ['a', \"b'c\"], 'Internal_User_View_Only': 'd', 'internal_user_viewer': ['e', 'd']}",
        "mappings",
        {ADMIN: ("a", "b'c"), READER: ("d", "e")},
    ),
    ("GENERIC_ROLE_MAPPINGS_ROLES", '{"internal_user": ["ä"]}', "mappings", {MEMBER: ("ä",)}),
    ("GENERIC_ROLE_MAPPINGS_GROUP_CLAIM", "realm.groups", "group_claim", ("realm.groups", "realm.groups")),
    ("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", "internal_user", "default_role", MEMBER),
    ("GENERIC_ROLE_POLICY", "Raise_Only", "policy", "raise_only"),
    ("GENERIC_ROLE_POLICY", "first_login", "policy", "first_login"),
    ("GENERIC_ALLOWED_GROUPS", " staff, ops,staff,", "groups", ("staff", "ops")),
    ("GENERIC_ALLOWED_GROUPS", '["cn=a,dc=b", "c"]', "groups", ("cn=a,dc=b", "c")),
    ("GENERIC_ALLOWED_ROLES", "proxy_admin, internal_user_view_only", "roles", (ADMIN, READER)),
    ("GENERIC_TEAM_CLAIM", "team_ids", "teams", "team_ids"),
]
RULES: list[tuple[str, str, Any]] = [
    ("GENERIC_TEAM_CREATE=true", "create_teams", True),
    ("ALLOWED_EMAIL_DOMAINS= Corp.example ,b.org", "email_domains", ("corp.example", "b.org")),
    ("PROXY_ADMIN_ID=boss", "proxy_admin_id", "boss"),
    ("general_settings: {ui_access_mode: admin_only}", "dashboard", DashboardAccess("admin_only")),
    (
        "general_settings: {ui_access_mode: {type: restricted_sso_group, restricted_sso_group: ops, "
        "sso_group_jwt_field: my.groups}}",
        "dashboard",
        DashboardAccess("group", "ops", "my.groups"),
    ),
    ("litellm_settings: {default_internal_user_params: {user_role: internal_user}}", "newcomer_role", MEMBER),
    (
        "litellm_settings: {default_internal_user_params: {teams: [one, {team_id: two, user_role: admin}]}}",
        "newcomer_teams",
        (DefaultTeam("one"), DefaultTeam("two", "admin")),
    ),
    ("litellm_settings: {default_team_params: {models: [small, large]}}", "team_models", ("small", "large")),
    (
        "litellm_settings: {default_team_params: {rpm_limit: 3, tpm_limit: 500}}",
        "team_limits",
        Limits(rpm=3, tpm=500),
    ),
]


@pytest.mark.parametrize(("name", "text", "part", "value"), EFFECTS)
def test_a_variable_does_what_it_says(tmp_path: Path, name: str, text: str, part: str, value: Any) -> None:
    before, after = of_provider(given(tmp_path).providers[0]), of_provider(given(tmp_path, **{name: text}).providers[0])
    assert before[part] != value
    assert after == {**before, part: value}


@pytest.mark.parametrize(("text", "field", "value"), RULES)
def test_what_holds_for_every_provider(tmp_path: Path, text: str, field: str, value: Any) -> None:
    name, is_variable, rest = text.partition("=")
    found = given(tmp_path, **{name: rest}) if is_variable and name.isupper() else given(tmp_path, text)
    assert getattr(SignInRules(), field) != value
    assert getattr(found.sign_in_rules, field) == value
    assert found.warnings == ()


def test_every_variable_of_the_table_is_tested_here() -> None:
    tested = {row[0] for row in EFFECTS} | {row[0].partition("=")[0] for row in RULES}
    assert {name for setting in SIGN_IN_POLICY for name in setting.env} <= tested


def test_the_claim_of_litellms_jwt_settings_names_the_teams_of_a_sign_in_too(tmp_path: Path) -> None:
    config = "general_settings: {litellm_jwtauth: {team_ids_jwt_field: teams}}"
    assert given(tmp_path, config).providers[0].claims.teams == "teams"
    assert given(tmp_path, config, GENERIC_TEAM_CLAIM="mine").providers[0].claims.teams == "mine"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("GENERIC_ROLE_MAPPINGS_ROLES", "{'proxy_admin': ['a'", "neither a Python literal nor JSON"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "__import__('os').getcwd()", "neither a Python literal nor JSON"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "[" * 9000, "neither a Python literal nor JSON"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "-" * 60_000 + "1", "neither a Python literal nor JSON"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "'" * 70_000, "longer than"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "['proxy_admin']", "it is a list"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "{'proxy_admim': ['a']}", "Did you mean proxy_admin?"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "{'org_admin': ['a']}", "there are no organizations here"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "{'proxy_admin': [['a']]}", "it is a list"),
        ("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", "viewer", "is not a role"),
        ("GENERIC_ROLE_POLICY", "always", "every_login, raise_only, first_login"),
        ("GENERIC_ALLOWED_ROLES", "customer", "there are no customers here"),
        ("GENERIC_ALLOWED_GROUPS", '["a"', "no JSON list"),
        ("ALLOWED_EMAIL_DOMAINS", "ada@corp.example", "the part after the @ alone"),
        ("ALLOWED_EMAIL_DOMAINS", "*.corp.example", "not a domain"),
        ("ALLOWED_EMAIL_DOMAINS", " , ", "it names no domain"),
    ],
)
def test_a_wrong_value_stops_the_start_by_name(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(SettingInvalid, match=name) as caught:
        given(tmp_path, **{name: text})
    assert words in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("general_settings: {ui_access_mode: admins}", "general_settings.ui_access_mode"),
        ("general_settings: {ui_access_mode: {type: other}}", "restricted_sso_group"),
        ("general_settings: {ui_access_mode: {type: restricted_sso_group}}", "it is empty"),
        ("general_settings: {ui_access_mode: {type: all, groups: [a]}}", "groups is not known there"),
        ("litellm_settings: {default_internal_user_params: {user_role: boss}}", "'boss' is not a role"),
        (
            "litellm_settings: {default_internal_user_params: {teams: [{team_id: a, max_budget_in_team: 1}]}}",
            "no budget",
        ),
        ("litellm_settings: {default_internal_user_params: {teams: [{team_id: a, user_role: boss}]}}", "user or admin"),
        ("litellm_settings: {default_team_params: [1]}", "not a mapping"),
    ],
)
def test_a_wrong_key_of_the_file_stops_the_start_by_name(tmp_path: Path, config: str, words: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        given(tmp_path, config)
    assert words in f"{caught.value} {caught.value.hint}"


def test_budgets_are_reported_by_name_and_a_default_administrator_is_doubted(tmp_path: Path) -> None:
    config = (
        "litellm_settings: {default_internal_user_params: {user_role: proxy_admin, max_budget: 5, models: [a]}, "
        "default_team_params: {budget_duration: 1d}}"
    )
    told = "\n".join(given(tmp_path, config).warnings)
    for name in ("internal_user_params.max_budget", "internal_user_params.models", "team_params.budget_duration"):
        assert f"litellm_settings.default_{name} is LiteLLM's and not supported; it has no effect" in told
    assert "user_role makes everybody whom the provider lets in an administrator" in told


@pytest.mark.parametrize("name", ["GENERIC_ALLOWED_GROUPS", "GENERIC_ALLOWED_ROLES"])
def test_a_restriction_that_no_provider_would_keep_stops_the_start(name: str) -> None:
    with pytest.raises(SettingInvalid, match=f"{name}.*GENERIC_CLIENT_ID, which is not set"):
        load({}, {name: "proxy_admin"})
