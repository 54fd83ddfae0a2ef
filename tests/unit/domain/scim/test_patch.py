"""PATCH: what RFC 7644 3.5.2 says, and the forms that Entra ID and Okta send."""

from typing import Any

import pytest

from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.members import MemberChange, split
from gatewright.domain.scim.patch import Operation, patched, read_operations
from gatewright.domain.scim.schema import ENTERPRISE, USERS

WORK = {"value": "ada@example.com", "type": "work", "primary": True}
HOME = {"value": "ada@home.example", "type": "home"}
ADA: dict[str, Any] = {
    "userName": "ada",
    "active": True,
    "name": {"givenName": "Ada", "familyName": "Byron"},
    "emails": [WORK, HOME],
    ENTERPRISE: {"department": "Engines"},
}


def after(*operations: dict[str, Any]) -> dict[str, Any]:
    """Ada after these operations."""
    return patched(ADA, read_operations({"Operations": list(operations)}), USERS)


def refused(*operations: Any) -> str:
    with pytest.raises(ScimRefused) as caught:
        after(*operations)
    return caught.value.scim_type


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        # Entra ID: operators with a capital letter, booleans as text, one operation an attribute.
        ({"op": "Replace", "path": "active", "value": "False"}, {"active": False}),
        (
            {"op": "Add", "path": "name.familyName", "value": "King"},
            {"name": {"givenName": "Ada", "familyName": "King"}},
        ),
        (
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"},
            {"emails": [{**WORK, "value": "new@example.com"}, HOME]},
        ),
        (
            {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1 555"},
            {"phoneNumbers": [{"type": "mobile", "value": "+1 555"}]},
        ),
        (
            {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "id-of-charles"},
            {ENTERPRISE: {"department": "Engines", "manager": {"value": "id-of-charles"}}},
        ),
        ({"op": "Remove", "path": f"{ENTERPRISE}:department"}, {ENTERPRISE: None}),
        (
            {"op": "Add", "value": {"name.givenName": "Augusta", f"{ENTERPRISE}:department": "Poetry"}},
            {"name": {"givenName": "Augusta", "familyName": "Byron"}, ENTERPRISE: {"department": "Poetry"}},
        ),
        # Okta: no path, and read-only attributes that come along.
        ({"op": "replace", "value": {"active": False}}, {"active": False}),
        (
            {"op": "replace", "value": {"id": "x", "displayName": "Countess", "schemas": []}},
            {"displayName": "Countess"},
        ),
        # RFC 7644
        (
            {"op": "add", "path": "emails", "value": [{"value": "x@y", "primary": True}]},
            {"emails": [{**WORK, "primary": False}, HOME, {"value": "x@y", "primary": True}]},
        ),
        ({"op": "add", "path": "emails", "value": [HOME]}, {}),
        ({"op": "replace", "path": "emails", "value": [HOME]}, {"emails": [HOME]}),
        ({"op": "remove", "path": "emails"}, {"emails": None}),
        ({"op": "remove", "path": "emails", "value": [{"value": HOME["value"]}]}, {"emails": [WORK]}),
        ({"op": "remove", "path": 'emails[type eq "home"]'}, {"emails": [WORK]}),
        ({"op": "remove", "path": 'emails[type eq "other"]'}, {}),
        (
            {"op": "remove", "path": 'emails[type eq "work"].type'},
            {"emails": [{k: WORK[k] for k in ("value", "primary")}, HOME]},
        ),
        (
            {"op": "replace", "path": "name", "value": {"givenName": "A."}},
            {"name": {"givenName": "A.", "familyName": "Byron"}},
        ),
        ({"op": "remove", "path": "name.familyName"}, {"name": {"givenName": "Ada"}}),
        ({"op": "replace", "path": "title", "value": None}, {}),
        (
            {"op": "add", "path": ENTERPRISE, "value": {"division": "D"}},
            {ENTERPRISE: {"department": "Engines", "division": "D"}},
        ),
        ({"op": "remove", "path": ENTERPRISE}, {ENTERPRISE: None}),
        ({"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "Dr"}, {"title": "Dr"}),
    ],
)
def test_what_an_operation_makes(operation: dict[str, Any], changed: dict[str, Any]) -> None:
    expected = {name: value for name, value in {**ADA, **changed}.items() if value is not None}
    before = {**ADA}
    assert after(operation) == expected
    assert before == ADA


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "title", "value": "x"}, "invalidSyntax"),
        ({"path": "title", "value": "x"}, "invalidSyntax"),
        ("remove", "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "add", "value": "x"}, "invalidValue"),
        ({"op": "add", "path": 7, "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "shoeSize", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "name.shoeSize", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": "urn:example:other:thing", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": 'name[givenName eq "Ada"]', "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type eq "other"].value', "value": "x"}, "noTarget"),
        ({"op": "add", "path": 'emails[type co "o"].value', "value": "x@y"}, None),
        ({"op": "add", "path": 'phoneNumbers[type co "o"].value', "value": "x"}, "noTarget"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "add", "path": "groups", "value": [{"value": "admins"}]}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "remove", "path": "active"}, "mutability"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "replace", "path": "title", "value": {"a": 1}}, "invalidValue"),
        ({"op": "replace", "path": "title", "value": "x\0"}, "invalidValue"),
        ({"op": "replace", "path": "title", "value": "x" * 1001}, "invalidValue"),
        ({"op": "replace", "path": "emails", "value": [WORK, {**HOME, "primary": True}]}, "invalidValue"),
        ({"op": "replace", "path": "emails", "value": [{"value": f"{n}@x"} for n in range(101)]}, "invalidValue"),
        # What makes nobody an administrator and sets no password.
        ({"op": "add", "path": "password", "value": "correct horse battery"}, "invalidPath"),
        ({"op": "add", "value": {"password": "correct horse battery"}}, "invalidValue"),
        ({"op": "add", "value": {"roles": [{"value": "proxy_admin"}]}}, "invalidValue"),
        ({"op": "add", "value": {"roles": []}}, None),
    ],
)
def test_what_is_refused(operation: Any, scim_type: str | None) -> None:
    if scim_type is None:
        after(operation)
    else:
        assert refused(operation) == scim_type


@pytest.mark.parametrize("body", [None, [], {}, {"Operations": []}, {"Operations": [{}] * 1001}])
def test_what_is_no_patch(body: Any) -> None:
    with pytest.raises(ScimRefused):
        read_operations(body)


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "a"}, {"value": "a"}]}, ("add", ("a",))),
        ({"op": "add", "value": {"members": [{"value": "a", "display": "Ada"}]}}, ("add", ("a",))),
        ({"op": "replace", "path": "members", "value": [{"value": "a", "type": "User"}]}, ("replace", ("a",))),
        ({"op": "remove", "path": 'members[value eq "a"]'}, ("remove", ("a",))),
        ({"op": "remove", "path": 'Members[value eq "a" or value eq "b"]'}, ("remove", ("a", "b"))),
        ({"op": "Remove", "path": "members", "value": [{"value": "a"}]}, ("remove", ("a",))),
        ({"op": "remove", "path": "members"}, ("remove", None)),
    ],
)
def test_who_comes_and_goes(operation: dict[str, Any], change: tuple[str, tuple[str, ...] | None]) -> None:
    assert split(read_operations({"operations": [operation]})) == ([], [MemberChange(*change)])


def test_members_beside_other_attributes() -> None:
    both = {"op": "replace", "value": {"displayName": "Engines", "members": []}}
    others, moves = split(read_operations({"Operations": [both]}))
    assert others == [Operation("replace", None, {"displayName": "Engines"})]
    assert moves == [MemberChange("replace", ())]


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "add", "path": "members", "value": [{"value": "a", "type": "Group"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"display": "Ada"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": "a\0"}]}, "invalidValue"),
        ({"op": "remove", "path": 'members[display eq "Ada"]'}, "invalidFilter"),
        ({"op": "remove", "path": 'members[not (value eq "a")]'}, "invalidFilter"),
        ({"op": "replace", "path": 'members[value eq "a"]', "value": {"value": "b"}}, "mutability"),
        ({"op": "replace", "path": 'members[value eq "a"].value', "value": "b"}, "mutability"),
        ({"op": "add", "path": "members", "value": [{"value": str(n)} for n in range(10_001)]}, "tooMany"),
    ],
)
def test_members_that_are_none(operation: dict[str, Any], scim_type: str) -> None:
    with pytest.raises(ScimRefused) as caught:
        split(read_operations({"Operations": [operation]}))
    assert caught.value.scim_type == scim_type


def test_no_operation_leaves_more_values_than_there_may_be() -> None:
    """A later one would not save it: each compares with all the values of those before, which takes minutes."""
    many = [{"value": f"ada-{n}@example.com"} for n in range(60)]
    more = [{"value": f"byron-{n}@example.com"} for n in range(60)]
    add, gone = {"op": "add", "path": "emails", "value": many}, {"op": "remove", "path": "emails"}
    assert after(add, gone, {"op": "add", "path": "emails", "value": more})["emails"] == more
    assert refused(add, {"op": "add", "path": "emails", "value": more}, gone) == "invalidValue"
