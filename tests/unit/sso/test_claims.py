"""From claims to a person: paths, roles, names."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.identity import Role
from gatewright.settings.sign_in import ClaimNames
from gatewright.sso.attribution import deeper
from gatewright.sso.claim_paths import at, steps
from gatewright.sso.claims import person, role_claim

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


def test_first_and_last_name_stand_in_for_a_display_name() -> None:
    def shown(**claims: Any) -> str | None:
        return person(
            claims, ClaimNames(first_name="given_name", last_name="fam.ily"), source="s", subject="x"
        ).display_name

    assert shown(given_name="Ada", fam={"ily": "Lovelace"}) == "Ada Lovelace"
    assert shown(given_name="Ada") == "Ada"
    assert shown(name="Countess", given_name="Ada") == "Countess"
    assert shown(given_name=["Ada"], name="\x00") is None


KEPT = ClaimNames(
    extra=("org.unit", "department", "https://x.example/cost", "nested"),
    kept=(
        ("org.unit", "unit"),
        ("department", "cost.department"),
        ("https://x.example/cost", "cost.centre"),
        ("nested.inner", "inner"),
        ("nested.dotted\\.name", "dotted"),
        ("secret_claim", "stolen"),
        ("id", "sso.id"),
        ("user_role", "sso.role"),
    ),
)


def test_what_the_map_names_is_kept_and_nothing_else() -> None:
    claims = {
        "org": {"unit": "R&D"},
        "department": 7,
        "https://x.example/cost": True,
        "nested": {"inner": 1.5, "dotted.name": "yes", "other": "no"},
        "secret_claim": "x",
        "preferred_username": "ada",
        "role": "internal_user",
    }
    assert person(claims, KEPT, source="s", subject="x").kept == {
        "unit": "R&D",
        "cost": {"department": 7, "centre": True},
        "inner": 1.5,
        "dotted": "yes",
        "sso": {"id": "ada", "role": "internal_user"},
    }


@pytest.mark.parametrize(
    "value",
    [
        *(None, [], ["a"], {"a": 1}, "x" * 1025, "eyJhbGciOiJub25lIn0.e30.", "a\x00b", "\ud800"),
        *(float("nan"), float("inf"), 2**64),
    ],
)
def test_what_is_no_plain_value_is_not_kept(value: Any) -> None:
    assert person({"department": value}, KEPT, source="s", subject="x").kept == {}


@given(st.dictionaries(st.sampled_from(["org", "department", "nested", "sub", "name"]), JSON))
def test_whatever_is_kept_can_be_stored(claims: dict[str, Any]) -> None:
    made = person(claims, KEPT, source="s", subject="x").kept
    text = json.dumps(made, allow_nan=False)
    assert text.encode().decode() == text
    assert "\\u0000" not in text
    assert deeper(made, made) == made
    assert deeper({"unit": "before", "own": 1}, made) == {"own": 1, "unit": "before", **made}


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_an_email_or_none_and_never_an_error(text: str, verified: bool) -> None:
    claims = {"email": text, "email_verified": verified}
    made = person(claims, ClaimNames(), source="s", subject="x")
    clean = text.strip()
    if 0 < len(clean) <= 254 and clean.isprintable():
        assert (made.email, made.email_verified) == (clean.lower(), verified)
    else:
        assert made.email is None


@given(st.lists(st.text(max_size=4), min_size=1, max_size=4), st.text(max_size=4))
def test_a_path_never_leads_out_of_the_claims(names: list[str], value: str) -> None:
    path = ".".join(names)
    assert at({}, path) is None
    assert at({"a": value}, f"a.{path}") is None
    assert "".join(steps(path)).replace(".", "") == path.replace(".", "").replace("\\", "") or "\\" in path
