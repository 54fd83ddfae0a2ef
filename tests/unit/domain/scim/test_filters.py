"""Filters and paths: every tree is read back from its text, no text breaks the reader, and its bounds hold."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.filters import (
    DEEPEST,
    LONGEST,
    MOST_TERMS,
    OPERATORS,
    AttributePath,
    Both,
    Compare,
    Either,
    Element,
    Filter,
    Negated,
    matches,
    parse_filter,
    parse_path,
)

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"
NAMES = st.sampled_from(["username", "name", "emails", "$ref", "meta", "x-y_1", "not", "and"])
PATHS = st.builds(AttributePath, NAMES, st.none() | NAMES, st.sampled_from([None, ENTERPRISE]))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = TEXTS | st.booleans() | st.none() | st.integers(-9, 10**12)
COMPARED = st.builds(Compare, PATHS, st.sampled_from(sorted(OPERATORS)), VALUES) | st.builds(
    Compare, PATHS, st.just("pr")
)


def grown(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Both, several),
        st.builds(Either, several),
        st.builds(Negated, inner),
        st.builds(Element, PATHS, inner),
    )


FILTERS: st.SearchStrategy[Filter] = st.recursive(COMPARED, grown, max_leaves=8)


def text_of(one: Filter) -> str:
    """As a client writes it, every group in parentheses."""
    if isinstance(one, Compare):
        return f"{one.path} pr" if one.operator == "pr" else f"{one.path} {one.operator} {json.dumps(one.value)}"
    if isinstance(one, Negated):
        return f"not ({text_of(one.part)})"
    if isinstance(one, Element):
        return f"{one.path}[{text_of(one.condition)}]"
    word = " and " if isinstance(one, Both) else " or "
    return word.join(text_of(part) if isinstance(part, Compare) else f"({text_of(part)})" for part in one.parts)


@given(FILTERS)
def test_a_filter_is_what_its_text_says(one: Filter) -> None:
    assert parse_filter(text_of(one)) == one


PIECES = st.sampled_from(['"', "(", ")", "[", "]", "a", " ", "eq", "not", "or", "\\"])


@given(st.text(max_size=60) | st.lists(PIECES).map("".join))
def test_no_text_breaks_the_reader(text: str) -> None:
    for read in (parse_filter, parse_path):
        with contextlib.suppress(ScimRefused):
            read(text)


def test_and_binds_closer_than_or_and_case_means_nothing() -> None:
    found = parse_filter('a EQ "1" OR b PR AND NOT (c Eq True)')
    one, two, three = AttributePath("a"), AttributePath("b"), AttributePath("c")
    right = Both((Compare(two, "pr"), Negated(Compare(three, "eq", True))))
    assert found == Either((Compare(one, "eq", "1"), right))


def test_what_entra_id_writes_after_a_bracket() -> None:
    found = parse_filter('emails[type eq "work"].value eq "a@b"')
    inner = (Compare(AttributePath("type"), "eq", "work"), Compare(AttributePath("value"), "eq", "a@b"))
    assert found == Element(AttributePath("emails"), Both(inner))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a eq",
        'a eq "x',
        "a eq x",
        "a eq NaN",
        "a eq {}",
        'a is "x"',
        'a eq "x" b eq "y"',
        'a eq "x" and',
        '(a eq "x"',
        'a[b eq "x"',
        'a eq "\\u0000"',
        'a eq "\\ud800"',
        "a\0 pr",
        '1a eq "x"',
        "urn: pr",
        'not a eq "x"',
    ],
)
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(ScimRefused) as caught:
        parse_filter(text)
    assert caught.value.scim_type == "invalidFilter"


def test_bombs_are_refused_before_they_are_read() -> None:
    deep = "(" * (DEEPEST + 1) + "a pr" + ")" * (DEEPEST + 1)
    wide = " or ".join(["a pr"] * (MOST_TERMS + 1))
    nots = "not (" * 600 + "a pr" + ")" * 600
    for text in (deep, wide, nots, "a" * (LONGEST + 1), "(" * LONGEST, "a[" * (LONGEST // 2), '"\\' * (LONGEST // 2)):
        with pytest.raises(ScimRefused):
            parse_filter(text)
    assert parse_filter("(" * DEEPEST + "a pr" + ")" * DEEPEST) == Compare(AttributePath("a"), "pr")


@pytest.mark.parametrize(
    ("text", "path", "chosen", "sub"),
    [
        ("members", AttributePath("members"), False, None),
        ("name.familyName", AttributePath("name", "familyname"), False, None),
        ('emails[type eq "work"].value', AttributePath("emails"), True, "value"),
        ('emails[type eq "work"]', AttributePath("emails"), True, None),
        (f"{ENTERPRISE}:manager.value", AttributePath("manager", "value", ENTERPRISE), False, None),
    ],
)
def test_paths(text: str, path: AttributePath, chosen: bool, sub: str | None) -> None:
    found = parse_path(text)
    assert (found.path, found.condition is not None, found.sub) == (path, chosen, sub)


@pytest.mark.parametrize("text", ["", "a b", "a.b.c", "a[]", 'a[b eq "x"]c', 'a[b eq "x"].c.d', ".a", "a eq 1"])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ScimRefused) as caught:
        parse_path(text)
    assert caught.value.scim_type == "invalidPath"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('type eq "WORK"', True),
        ('type ne "work"', False),
        ('value co "@EXAMPLE" and primary eq true', True),
        ('primary eq "True"', True),
        ('value sw "ada" or display pr', True),
        ('value ew "org"', False),
        ("not (display pr)", True),
        ('value gt "a" and value lt "b" and value ge "ada" and value le "b"', True),
        ("value gt 1", False),
    ],
)
def test_which_values_are_meant(text: str, holds: bool) -> None:
    value: dict[str, Any] = {"value": "ada@example.com", "type": "work", "primary": True}
    assert matches(parse_filter(text), value) is holds


@pytest.mark.parametrize("text", ["a.b pr", f"{ENTERPRISE}:a pr", "a[b pr]"])
def test_values_have_no_deeper_parts(text: str) -> None:
    with pytest.raises(ScimRefused):
        matches(parse_filter(text), {})
