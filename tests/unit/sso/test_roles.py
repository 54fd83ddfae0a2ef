"""The tables that say which role a sign-in leaves somebody with: every cell, and what holds whatever the claims are."""

from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import User
from gatewright.settings.sign_in import ClaimNames, RolePolicy, RoleRules, SignInProvider
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.sso.claims import Person, person
from gatewright.sso.roles import RoleDecision, decide_role

ADMIN, VIEWER, MEMBER, READER = Role
LETTERS = dict(zip("AVMR", Role, strict=True))
EVERY: RolePolicy = "every_login"
RAISE: RolePolicy = "raise_only"
FIRST: RolePolicy = "first_login"
USER = User(
    id=1,
    uuid="u",
    username="ada",
    user_id="ada",
    email=None,
    email_verified=False,
    display_name=None,
    role=MEMBER,
    role_reason=RoleReason(rule="claim", claim="r", value="internal_user"),
    role_locked=False,
    is_active=True,
    is_break_glass=False,
    attributes={},
    metadata={},
    created_at=0,
    updated_at=0,
    last_login_at=None,
)
MAPPINGS = {ADMIN: ("admins",), VIEWER: ("auditors",), MEMBER: ("staff", "ops"), READER: ("guests",)}
SOURCES = {
    "none": RoleRules(),
    "claim": RoleRules(is_configured=True),
    "groups": RoleRules(mappings=MAPPINGS, group_claim="g"),
    "both": RoleRules(is_configured=True, mappings=MAPPINGS, group_claim="g"),
    "own default": RoleRules(is_configured=True, mappings=MAPPINGS, group_claim="g", default_role=VIEWER),
}
# What the claims say, by role source: a letter for a role and the rule, `-` where they name none; without a source
# they say nothing. `own default` has mappings with a default (VIEWER), which leaves nothing to the role claim.
SAID: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {"claim": "- default", "groups": "- default", "both": "- default", "own default": "- default"}),
    (
        {"r": "proxy_admin"},
        {"claim": "A claim", "groups": "- default", "both": "A claim", "own default": "- default"},
    ),
    (
        {"r": ["Internal_User ", "proxy_admin_viewer"]},
        {"claim": "V claim", "groups": "- default", "both": "V claim", "own default": "- default"},
    ),
    (
        {"r": "internal_user_view_only", "g": []},
        {"claim": "R claim", "groups": "- default", "both": "R claim", "own default": "- default"},
    ),
    (
        {"r": "org_admin"},
        {"claim": "- unknown_value", "groups": "- default", "both": "- unknown_value", "own default": "- default"},
    ),
    (
        {"g": ["guests", "staff"]},
        {"claim": "- default", "groups": "M group", "both": "M group", "own default": "M group"},
    ),
    (
        {"g": "staff, admins", "r": "internal_user"},
        {"claim": "M claim", "groups": "A group", "both": "A group", "own default": "A group"},
    ),
    (
        {"g": "guests", "r": "proxy_admin"},
        {"claim": "A claim", "groups": "R group", "both": "R group", "own default": "R group"},
    ),
    (
        {"g": ["others", "Admins"], "r": "proxy_admin_viewer"},
        {"claim": "V claim", "groups": "- no_group", "both": "V claim", "own default": "- no_group"},
    ),
    (
        {"g": {"admins": True}, "r": 7},
        {"claim": "- unknown_value", "groups": "- default", "both": "- unknown_value", "own default": "- default"},
    ),
]
# Who had which role (rows; `*` is a newcomer), and what they have when the claims say so (columns); D is the default.
TABLES: dict[RolePolicy, str] = {
    EVERY: """
          A V M R -
        * A V M R D
        A A V M R D
        V A V M R D
        M A V M R D
        R A V M R D
    """,
    RAISE: """
          A V M R -
        * A V M R D
        A A A A A A
        V A V V V V
        M A V M M M
        R A V M R R
    """,
    FIRST: """
          A V M R -
        * A V M R D
        A A A A A A
        V V V V V V
        M M M M M M
        R R R R R R
    """,
}
STATES = ["plain", "locked", "break_glass", "proxy_admin_id"]


def provider(source: str, policy: RolePolicy) -> SignInProvider:
    rules = msgspec.structs.replace(SOURCES[source], policy=policy)
    return SignInProvider("generic", "generic", "us", claims=ClaimNames(role="r"), roles=rules)


def somebody(claims: dict[str, Any]) -> Person:
    return person(claims, ClaimNames(role="r"), source="https://idp.example", subject="s-1")


def stored_as(letter: str, state: str) -> User | None:
    if letter == "*":
        return None
    return msgspec.structs.replace(
        USER,
        role=LETTERS[letter],
        role_reason=RoleReason(rule="manual" if state == "locked" else "claim", value="what was before"),
        role_locked=state == "locked",
        is_break_glass=state == "break_glass",
    )


def cell(policy: RolePolicy, row: str, column: str) -> str:
    """The letter at that place of the policy's table."""
    head, *rows = [line.split() for line in TABLES[policy].strip().splitlines()]
    return next(cells[1:] for cells in rows if cells[0] == row)[head.index(column)]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("policy", TABLES)
def test_every_cell(policy: RolePolicy, source: str) -> None:
    rules = SignInRules(newcomer_role=MEMBER)
    default = VIEWER if source == "own default" else MEMBER
    for (claims, said), row, state in product(SAID, "*AVMR", STATES):
        chosen = SignInRules(proxy_admin_id="s-1", newcomer_role=MEMBER) if state == "proxy_admin_id" else rules
        stored = stored_as(row, state)
        found = decide_role(somebody(claims), stored, provider(source, policy), chosen)
        column, rule = said.get(source, "- none").split()
        if state == "proxy_admin_id":
            expected: Role | None = ADMIN
        elif row == "*" and source == "none":
            expected = default
        elif row != "*" and (source == "none" or state in ("locked", "break_glass")):
            expected = LETTERS[row]
        else:
            letter = cell(policy, row, column)
            expected = default if letter == "D" else LETTERS[letter]
        where = (claims, row, state)
        assert found.role is expected, where
        assert_told(found, stored, where)
        if state == "plain" and source != "none" and (row == "*" or policy == EVERY):
            assert found.reason.rule == rule, where


def assert_told(found: RoleDecision, stored: User | None, where: object) -> None:
    """One step decides, with the role; who keeps a role keeps the reason for it, or a newer one of the claims."""
    assert [step.role for step in found.steps if step.decides] == [found.role], where
    assert all(step.text.endswith((".", ")")) and len(step.text) < 900 for step in found.steps), where
    if stored is not None and (stored.role_locked or stored.is_break_glass) and found.reason.rule != "proxy_admin_id":
        assert found.reason == stored.role_reason, where


def test_without_a_source_a_claim_is_told_and_does_not_count() -> None:
    stored = stored_as("M", "plain")
    found = decide_role(somebody({"r": "proxy_admin"}), stored, provider("none", EVERY), SignInRules())
    assert (found.role, found.reason.rule) == (MEMBER, "stored")
    assert "GENERIC_USER_ROLE_ATTRIBUTE" in (found.reason.warning or "")
    first = msgspec.structs.replace(USER, role=ADMIN, role_reason=RoleReason(rule="first_admin"))
    assert decide_role(somebody({}), first, provider("none", EVERY), SignInRules()).reason.rule == "first_admin"


def test_an_unknown_value_is_told_with_claim_and_value_and_what_litellm_means_by_it() -> None:
    reason = decide_role(somebody({"r": "Org_Admin"}), None, provider("claim", EVERY), SignInRules()).reason
    assert (reason.claim, reason.value) == ("r", "Org_Admin")
    assert "org_admin is a role of LiteLLM's, but there are no organizations here" in (reason.warning or "")


def test_a_lock_says_what_the_provider_would_have_given() -> None:
    found = decide_role(
        somebody({"r": "proxy_admin"}), stored_as("R", "locked"), provider("claim", EVERY), SignInRules()
    )
    assert [step.text for step in found.steps] == [
        "The role was set by hand to internal_user_viewer and is locked: no sign-in changes it.",
        "Without the lock it would be proxy_admin (rule claim).",
    ]


def test_the_steps_tell_which_rule_looked_at_what() -> None:
    claims = {"g": ["others", "Admins"], "r": "boss"}
    found = decide_role(somebody(claims), stored_as("A", "plain"), provider("both", RAISE), SignInRules())
    assert [(step.rule, step.decides) for step in found.steps] == [
        ("group", False),
        ("claim", False),
        ("default", False),
        ("raise_only", True),
    ]
    assert found.steps[0].text == "Group mappings: the claim g holds others, Admins; none of these gives a role."
    assert found.steps[1].text.startswith("Role claim: The claim r holds boss, which is no role.")
    silent = decide_role(somebody({}), None, provider("both", EVERY), SignInRules()).steps
    for step in silent[:2]:
        assert "absent or empty. See whether the scope that releases it was granted; asked for was openid" in step.text


def test_proxy_admin_id_is_a_linked_user_id_and_never_a_wish() -> None:
    rules = SignInRules(proxy_admin_id="ada")
    wishful = person({"preferred_username": "ada"}, ClaimNames(role="r"), source="i", subject="s-1")
    assert decide_role(wishful, None, provider("claim", EVERY), rules).role is READER
    assert decide_role(wishful, USER, provider("claim", EVERY), rules).role is ADMIN


# Invariants, whatever the claims.
GROUPS = st.lists(st.sampled_from([*"xyz", *(group for groups in MAPPINGS.values() for group in groups)]), max_size=6)
ROLES = st.lists(st.sampled_from([*(role.value for role in Role), "boss", "team"]), max_size=4)
CLAIMS = st.fixed_dictionaries({}, optional={"r": ROLES | st.text(max_size=5), "g": GROUPS | GROUPS.map(",".join)})
SOURCE = st.sampled_from(sorted(set(SOURCES) - {"none"}))


@given(CLAIMS, SOURCE, st.sampled_from("AVMR"))
def test_raise_only_never_lowers_and_first_login_never_changes(claims: dict[str, Any], source: str, row: str) -> None:
    stored = stored_as(row, "plain")
    raised = decide_role(somebody(claims), stored, provider(source, RAISE), SignInRules()).role
    assert raised.rank <= LETTERS[row].rank
    assert decide_role(somebody(claims), stored, provider(source, FIRST), SignInRules()).role is LETTERS[row]


@given(CLAIMS, SOURCE, st.sampled_from("AVMR"), st.sampled_from("AVMR"))
def test_at_every_login_nothing_of_the_past_counts(claims: dict[str, Any], source: str, one: str, other: str) -> None:
    found = [
        decide_role(somebody(claims), stored_as(row, "plain"), provider(source, EVERY), SignInRules())
        for row in (one, other, "*")
    ]
    assert len({(one.role, one.reason) for one in found}) == 1


@given(ROLES, GROUPS, st.randoms(use_true_random=False))
def test_the_highest_wins_whatever_the_order(roles: list[str], groups: list[str], random: Any) -> None:
    def role(named: list[str], held: list[str], mappings: dict[Role, tuple[str, ...]]) -> Role:
        rules = RoleRules(is_configured=True, mappings=mappings, group_claim="g")
        one = SignInProvider("generic", "generic", "us", claims=ClaimNames(role="r"), roles=rules)
        return decide_role(somebody({"r": named, "g": held}), None, one, SignInRules()).role

    shuffled = [random.sample(entries, len(entries)) for entries in (roles, groups)]
    turned = dict(random.sample(list(MAPPINGS.items()), len(MAPPINGS)))
    assert role(roles, groups, MAPPINGS) is role(shuffled[0], shuffled[1], turned)
    # More of either never gives less, as long as the groups that gave the role stay the source.
    assert role(roles, [*groups, "staff"], MAPPINGS).rank <= MEMBER.rank
