"""`enable_jwt_auth` and `litellm_jwtauth`: what each key does, LiteLLM's own examples, and what stops the start."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.unit.settings.test_load import settings

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.identity import Role
from gatewright.settings.jwt_auth import JWT_AUTH, JwtAuth
from gatewright.settings.jwt_rules import Fields, Grant, RoleMap, TrustedIssuer

ISSUER = "https://id.example.com/realms/main"
VARIABLES = {"JWT_ISSUER": ISSUER, "JWT_AUDIENCE": "gateway"}


def read(folder: Path, lines: str = "", more: str = "", **variables: str) -> JwtAuth:
    """The settings of `litellm_jwtauth: {lines}`; they must give no warning."""
    config = f"general_settings: {{enable_jwt_auth: true, litellm_jwtauth: {{{lines}}}{more}}}"
    found = settings(folder, config, **(variables or VARIABLES))
    assert found.warnings == ()
    assert found.jwt_auth is not None
    return found.jwt_auth


EFFECTS: list[tuple[str, str, Any]] = [
    ("admin_jwt_scope: boss", "admin_scope", "boss"),
    ("admin_allowed_routes: [openai_routes, /x]", "admin_routes", ("openai_routes", "/x")),
    ("team_allowed_routes: [info_routes]", "team_routes", ("info_routes",)),
    ("public_allowed_routes: [/v1/models]", "public_routes", ("/v1/models",)),
    ("team_id_default: everybody", "team_default", "everybody"),
    ("user_allowed_email_domain: Example.com", "email_domain", "example.com"),
    ("user_roles_jwt_field: realm.roles", "user_roles_field", "realm.roles"),
    ("user_allowed_roles: [a, b]", "user_allowed_roles", frozenset({"a", "b"})),
    ("user_id_upsert: true", "user_upsert", True),
    ("roles_jwt_field: roles", "roles_field", "roles"),
    ("role_mappings: [{role: r, internal_role: team}]", "role_mappings", (("r", "team"),)),
    ("object_id_jwt_field: client_id", "object_id_field", "client_id"),
    (
        "scope_mappings: [{scope: s, models: [m], routes: [/v1/models]}]",
        "scopes",
        {"s": Grant(frozenset({"m"}), ("/v1/models",))},
    ),
    ("enforce_scope_based_access: true", "enforce_scopes", True),
    ("enforce_rbac: true", "enforce_rbac", True),
    ("enforce_team_based_model_access: true", "enforce_teams", True),
    (
        "jwt_litellm_role_map: [{jwt_role: 'ai-*', litellm_role: internal_user}]",
        "role_map",
        (RoleMap("ai-*", Role.INTERNAL_USER),),
    ),
    ("sync_user_role_and_teams: true", "sync", True),
    ("public_key_ttl: 60", "keys_ttl_s", 60.0),
    ("public_key_stale_ttl: 0", "stale_ttl_s", 0.0),
]
CLAIMS = {
    "user_id_jwt_field": "user_id",
    "user_email_jwt_field": "email",
    "team_id_jwt_field": "team_id",
    "team_ids_jwt_field": "team_ids",
    "team_alias_jwt_field": "team_alias",
}


@pytest.mark.parametrize(("line", "field", "value"), EFFECTS, ids=[row[0] for row in EFFECTS])
def test_a_key_sets_its_field(tmp_path: Path, line: str, field: str, value: Any) -> None:
    assert getattr(read(tmp_path), field) != value
    assert getattr(read(tmp_path, line), field) == value


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_named_for_every_issuer(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f"{name}: a.b").issuers[0].fields == Fields(**{CLAIMS[name]: "a.b"})


def test_role_permissions_stand_beside(tmp_path: Path) -> None:
    more = ", role_permissions: [{role: team, models: [m], routes: [/v1/chat/completions]}]"
    assert read(tmp_path, "", more).permissions == {"team": Grant(frozenset({"m"}), ("/v1/chat/completions",))}


def test_every_key_is_tested_here() -> None:
    tested = {row[0].split(":")[0] for row in EFFECTS} | CLAIMS.keys() | {"issuers", "enable_jwt_auth"}
    named = {name.rpartition(".")[2] for setting in JWT_AUTH for name in setting.files}
    assert named == tested | {"role_permissions"}


def issuers(folder: Path, lines: str = "", **variables: str) -> dict[str, tuple[str | None, set[str]]]:
    return {one.issuer: (one.keys_url, set(one.audiences)) for one in read(folder, lines, **variables).issuers}


def test_an_issuer_alone_is_found_by_discovery(tmp_path: Path) -> None:
    assert issuers(tmp_path) == {ISSUER: (None, {"gateway"})}


def test_every_set_of_keys_belongs_to_one_issuer(tmp_path: Path) -> None:
    names = {"JWT_ISSUER": "https://a.example, https://b.example", "JWT_AUDIENCE": "one,two"}
    urls = {"JWT_PUBLIC_KEY_URL": "https://a.example/.well-known/openid-configuration,https://keys.example/b"}
    assert issuers(tmp_path, **names, **urls) == {
        "https://a.example": (None, {"one", "two"}),
        "https://b.example": ("https://keys.example/b", {"one", "two"}),
    }
    discovery = {"JWT_PUBLIC_KEY_URL": f"{ISSUER}/.well-known/openid-configuration", "JWT_AUDIENCE": "gateway"}
    assert issuers(tmp_path, **discovery) == {ISSUER: (None, {"gateway"})}
    with pytest.raises(SettingInvalid, match="names 1 issuers, JWT_PUBLIC_KEY_URL 2"):
        read(tmp_path, **names | {"JWT_ISSUER": "https://a.example"}, **urls)
    with pytest.raises(SettingInvalid, match="does not say whose keys"):
        read(tmp_path, JWT_PUBLIC_KEY_URL="https://keys.example/b", JWT_AUDIENCE="x")


def test_issuers_of_the_file_have_claims_of_their_own(tmp_path: Path) -> None:
    lines = """user_id_jwt_field: sub, team_ids_jwt_field: groups, issuers: [
      {issuer: "https://a.example", audience: gateway, team_ids_jwt_field: teams},
      {issuer: "https://b.example", jwks_url: "https://b.example/keys", disable_audience_validation: true}]"""
    config = f"general_settings: {{enable_jwt_auth: true, litellm_jwtauth: {{{lines}}}}}"
    found = settings(tmp_path, config)
    assert found.jwt_auth is not None
    assert found.jwt_auth.issuers == (
        TrustedIssuer("https://a.example", None, frozenset({"gateway"}), Fields(user_id="sub", team_ids="teams")),
        TrustedIssuer(
            "https://b.example", "https://b.example/keys", frozenset(), Fields(user_id="sub", team_ids="groups")
        ),
    )
    assert len(found.warnings) == 1
    assert "tokens of https://b.example count whomever they were made for" in found.warnings[0]


def test_an_audience_is_required_unless_told_otherwise_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=r"JWT_AUDIENCE.*any other program") as refused:
        read(tmp_path, JWT_ISSUER=ISSUER)
    assert "GATEWRIGHT_JWT_ANY_AUDIENCE=true" in (refused.value.hint or "")
    config = "general_settings: {enable_jwt_auth: true}"
    found = settings(tmp_path, config, JWT_ISSUER=ISSUER, GATEWRIGHT_JWT_ANY_AUDIENCE="true")
    assert found.jwt_auth is not None
    assert found.jwt_auth.issuers[0].audiences == frozenset()
    assert "count whomever they were made for" in found.warnings[0]


BAD: list[tuple[str, str]] = [
    ("issuers: [{audience: x}]", r"litellm_jwtauth\.issuers\[0\].*issuer is missing"),
    ("issuers: [{issuer: embedded, audience: a}]", "'embedded' is not an http or https address"),
    ("issuers: [{issuer: 'https://x'}]", r"issuers\[0\].*its audience is missing"),
    ("issuers: [{issuer: 'https://x', audience: a, disable_audience_validation: true}]", "says not to look at it"),
    ("issuers: [{issuer: 'https://x', audience: a, org_id_jwt_field: o}]", "'org_id_jwt_field' has no meaning"),
    (f"issuers: [{{issuer: '{ISSUER}', audience: a}}]", "stands there twice"),
    ("role_mappings: [{role: r, internal_role: king}]", r"role_mappings\[0\]\.internal_role.*'king'"),
    ("jwt_litellm_role_map: [{jwt_role: r, litellm_role: king}]", r"\[0\]\.litellm_role.*'king' is not a role"),
    ("scope_mappings: [{models: [m]}]", r"scope_mappings\[0\].*scope is missing"),
    ("scope_mappings: [{scope: s, model: [m]}]", "'model' has no meaning here"),
    ("custom_validate: module.check", "would ignore the restriction"),
    ("virtual_key_claim_field: sub", "would ignore the restriction"),
    ("oidc_userinfo_enabled: true", "would ignore the restriction"),
]


@pytest.mark.parametrize(("line", "text"), BAD, ids=[row[0] for row in BAD])
def test_what_cannot_work_stops_the_start(tmp_path: Path, line: str, text: str) -> None:
    with pytest.raises(SettingInvalid, match=re.compile(text, re.DOTALL)):
        read(tmp_path, line)


def test_what_is_missing_or_without_effect_is_said_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="nothing says whose tokens count"):
        settings(tmp_path, "general_settings: {enable_jwt_auth: true}")
    off = settings(tmp_path, "general_settings: {litellm_jwtauth: {user_id_upsert: true}}")
    assert off.jwt_auth is None
    assert "litellm_jwtauth (user_id_upsert) has no effect" in off.warnings[0]
    assert settings(tmp_path, "general_settings: {litellm_jwtauth: {team_ids_jwt_field: groups}}").warnings == ()
    lines = "org_id_jwt_field: org, end_user_id_jwt_field: sub, user_id_jwt_feld: sub"
    config = f"general_settings: {{enable_jwt_auth: true, litellm_jwtauth: {{{lines}}}}}"
    said = "\n".join(settings(tmp_path, config, **VARIABLES).warnings)
    assert "org_id_jwt_field is LiteLLM's and not supported; it has no effect: there are no organizations here" in said
    assert "end_user_id_jwt_field is LiteLLM's" in said
    assert "user_id_jwt_feld is not known; it has no effect. Did you mean user_id_jwt_field?" in said
    unsafe = settings(tmp_path, config, JWT_ISSUER="http://id.internal", JWT_AUDIENCE="x").warnings
    assert any("the keys of http://id.internal come over http" in one for one in unsafe)


DOCUMENTED = [
    'admin_jwt_scope: "litellm-proxy-admin"',
    "admin_jwt_scope: litellm_proxy_endpoints_access, admin_allowed_routes: [/v1/embeddings]",
    "user_id_jwt_field: sub, team_ids_jwt_field: groups, user_id_upsert: true, enforce_team_based_model_access: true",
    "user_email_jwt_field: email, user_allowed_email_domain: my-co.com, user_id_upsert: true",
    """object_id_jwt_field: client_id, roles_jwt_field: resource_access.app.roles, enforce_rbac: true,
    role_mappings: [{role: litellm.api.consumer, internal_role: team}]""",
    """team_id_jwt_field: client_id, enforce_scope_based_access: true, scope_mappings: [
    {scope: litellm.api.consumer, models: [m]}, {scope: litellm.api.gpt_3_5_turbo, models: [n]}]""",
    """user_id_jwt_field: sub, team_ids_jwt_field: groups, roles_jwt_field: roles, user_id_upsert: true,
    jwt_litellm_role_map: [{jwt_role: ADMIN, litellm_role: proxy_admin}], sync_user_role_and_teams: true""",
]


@pytest.mark.parametrize("lines", DOCUMENTED)
def test_documented_examples_load_without_a_warning(tmp_path: Path, lines: str) -> None:
    permissions = ", role_permissions: [{role: team, models: [m], routes: [/v1/chat/completions]}]"
    assert read(tmp_path, lines, permissions).issuers[0].issuer == ISSUER
