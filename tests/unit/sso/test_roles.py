"""The one table that says which role a sign-in leaves somebody with."""

from typing import Any

import msgspec
import pytest

from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import User
from gatewright.sso.claims import RoleClaim, role_claim
from gatewright.sso.roles import decide_role

ADMIN, VIEWER, MEMBER, READER = Role
ABSENT, UNKNOWN, NAMES_ADMIN, NAMES_MEMBER = (
    role_claim(claims, "r") for claims in ({}, {"r": "boss"}, {"r": "proxy_admin"}, {"r": "internal_user"})
)
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


def user(role: Role, rule: str = "claim", **changes: Any) -> User:
    return msgspec.structs.replace(USER, role=role, role_reason=RoleReason(rule=rule), **changes)


DECIDES, DOES_NOT = True, False


@pytest.mark.parametrize(
    ("claim", "stored", "provider_decides", "always_admin", "role", "rule"),
    [
        # The provider decides: promotion, demotion, absence, for newcomers and for everybody.
        (NAMES_ADMIN, None, DECIDES, False, ADMIN, "claim"),
        (NAMES_MEMBER, None, DECIDES, False, MEMBER, "claim"),
        (ABSENT, None, DECIDES, False, READER, "default"),
        (UNKNOWN, None, DECIDES, False, READER, "unknown_value"),
        (NAMES_ADMIN, user(MEMBER), DECIDES, False, ADMIN, "claim"),
        (NAMES_MEMBER, user(ADMIN), DECIDES, False, MEMBER, "claim"),
        (ABSENT, user(ADMIN), DECIDES, False, READER, "default"),
        (UNKNOWN, user(ADMIN), DECIDES, False, READER, "unknown_value"),
        (ABSENT, user(ADMIN, "first_admin"), DECIDES, False, READER, "default"),
        # A role set by hand stands, up and down.
        (NAMES_ADMIN, user(READER, "manual", role_locked=True), DECIDES, False, READER, "manual"),
        (ABSENT, user(ADMIN, "manual", role_locked=True), DECIDES, False, ADMIN, "manual"),
        (NAMES_MEMBER, user(ADMIN, "manual"), DECIDES, False, MEMBER, "claim"),
        # Break-glass is exempt from everything.
        (ABSENT, user(ADMIN, "break_glass", is_break_glass=True), DECIDES, False, ADMIN, "break_glass"),
        (NAMES_MEMBER, user(ADMIN, "break_glass", is_break_glass=True), DECIDES, True, ADMIN, "break_glass"),
        # PROXY_ADMIN_ID, over claims and locks.
        (ABSENT, None, DECIDES, True, ADMIN, "proxy_admin_id"),
        (NAMES_MEMBER, user(READER, "manual", role_locked=True), DECIDES, True, ADMIN, "proxy_admin_id"),
        (ABSENT, user(READER), DOES_NOT, True, ADMIN, "proxy_admin_id"),
        # No role source: what is stored stands, and a claim that nobody asked for counts for nothing.
        (ABSENT, None, DOES_NOT, False, READER, "default"),
        (NAMES_ADMIN, None, DOES_NOT, False, READER, "default"),
        (NAMES_ADMIN, user(MEMBER), DOES_NOT, False, MEMBER, "stored"),
        (ABSENT, user(ADMIN), DOES_NOT, False, ADMIN, "stored"),
        (ABSENT, user(ADMIN, "first_admin"), DOES_NOT, False, ADMIN, "first_admin"),
        (ABSENT, user(ADMIN, "manual"), DOES_NOT, False, ADMIN, "manual"),
    ],
)
def test_the_table(
    claim: RoleClaim, stored: User | None, provider_decides: bool, always_admin: bool, role: Role, rule: str
) -> None:
    found = decide_role(claim, stored, provider_decides=provider_decides, always_admin=always_admin)
    assert (found.role, found.reason.rule) == (role, rule)


def test_an_unknown_value_is_told_with_claim_and_value() -> None:
    reason = decide_role(UNKNOWN, None, provider_decides=True).reason
    assert (reason.claim, reason.value) == ("r", "boss")
    assert "boss" in (reason.warning or "")


def test_a_claim_that_does_not_count_is_told() -> None:
    reason = decide_role(NAMES_ADMIN, user(MEMBER), provider_decides=False).reason
    assert "GENERIC_USER_ROLE_ATTRIBUTE" in (reason.warning or "")
