"""From claims to a person: paths, roles, names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.identity import Role
from gatewright.settings.sign_in import ClaimNames
from gatewright.sso.claims import at, person, role_claim, steps

SEED = ClaimNames(role="litellm_role")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("role", "top"),
        ("a.b", 1),
        ("a.c.d", [1, 2]),
        ("a", {"b": 1, "c": {"d": [1, 2]}}),
        ("a.x", None),
        ("a.b.c", None),
        ("https://example.com/role", "namespaced"),
        ("https://example\\.com/role", "namespaced"),
        ("n.x\\.y", "dotted"),
        ("", None),
        (".", None),
    ],
)
def test_a_path_leads_to_a_claim(path: str, found: Any) -> None:
    claims = {
        "role": "top",
        "a": {"b": 1, "c": {"d": [1, 2]}},
        "https://example.com/role": "namespaced",
        "n": {"x.y": "dotted"},
    }
    assert at(claims, path) == found


@given(st.lists(st.text(st.characters(exclude_characters="\\"), min_size=1, max_size=8), min_size=1, max_size=4), JSON)
def test_every_name_can_be_written_as_a_path(names: list[str], value: Any) -> None:
    path = ".".join(name.replace(".", "\\.") for name in names)
    assert steps(path) == names
    claims: Any = value
    for name in reversed(names):
        claims = {name: claims}
    if path not in claims:
        assert at(claims, path) == value


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.text(max_size=10))
def test_no_claims_and_no_path_break_it(claims: dict[str, Any], path: str) -> None:
    at(claims, path)
    role_claim(claims, path)
    person(claims, ClaimNames(path, path, path, role=path), source="s", subject="x")


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("proxy_admin", Role.PROXY_ADMIN),
        ("Proxy_Admin ", Role.PROXY_ADMIN),
        ("internal_user_view_only", Role.INTERNAL_USER_VIEWER),
        (["internal_user", "PROXY_ADMIN_VIEWER"], Role.PROXY_ADMIN_VIEWER),
        (["everybody", "internal_user"], Role.INTERNAL_USER),
    ],
)
def test_a_role_is_recognised(value: Any, role: Role) -> None:
    claim = role_claim({"litellm_role": value}, "litellm_role")
    assert (claim.present, claim.role, claim.warning) == (True, role, None)


@pytest.mark.parametrize("claims", [{}, {"r": None}, {"r": ""}, {"r": []}, {"r": [None, ""]}])
def test_an_empty_claim_is_an_absent_one(claims: dict[str, Any]) -> None:
    assert role_claim(claims, "r").present is False


@pytest.mark.parametrize(
    "value", ["superuser", ["a", "b"], 7, True, {"proxy_admin": True}, [["proxy_admin"]], "x" * 999]
)
def test_an_unknown_role_is_a_warning_that_names_it(value: Any) -> None:
    claim = role_claim({"r": value}, "r")
    assert (claim.present, claim.role) == (True, None)
    assert "The claim r holds" in (claim.warning or "")
    assert "internal_user_viewer" in (claim.warning or "")
    assert len(claim.value or "") <= 201


def test_an_email_is_opaque_text_in_lower_case() -> None:
    def email(value: Any, attribute: str = "email", **more: Any) -> tuple[str | None, bool]:
        made = person({attribute: value, **more}, ClaimNames("sub", attribute), source="s", subject="x")
        return made.email, made.email_verified

    assert email("Ada@Home.LOCAL", email_verified=True) == ("ada@home.local", True)
    assert email("ada", attribute="preferred_username", email_verified=True) == ("ada", False)
    assert email("ada@x", email_verified="true") == ("ada@x", False)
    for nothing in (None, "", " ", 3.5, ["a@b"], "a\x00b", "x" * 255, True):
        assert email(nothing)[0] is None


def test_the_person_has_the_names_that_the_seed_expects() -> None:
    made = person(
        {"preferred_username": "ada", "name": "Ada L", "sub": "1", "litellm_role": "proxy_admin"},
        SEED,
        source="https://idp.example",
        subject="1",
    )
    assert (made.user_id, made.username, made.display_name, made.email) == ("ada", "ada", "Ada L", None)
    assert made.role.role is Role.PROXY_ADMIN


def test_a_number_can_be_a_user_id() -> None:
    made = person({"uid": 1042}, ClaimNames("uid"), source="s", subject="x")
    assert (made.user_id, made.username) == ("1042", "1042")
