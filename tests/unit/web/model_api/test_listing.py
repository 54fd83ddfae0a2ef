"""Pages of Anthropic's list of models."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.errors import BadInput
from gatewright.gateway.deployment import ECHO, Deployment
from gatewright.web.model_api.listing import anthropic_list

MODELS: dict[str, Deployment] = {f"model {number}": ECHO for number in range(30)}
NAMES = list(MODELS)


@pytest.fixture(autouse=True)
def door() -> None:
    """Nothing here goes through one."""


def ids(page: dict[str, Any]) -> list[str]:
    return [one["id"] for one in page["data"]]


def test_pages() -> None:
    first = anthropic_list(MODELS, b"unknown=1")
    assert (ids(first), first["has_more"]) == (NAMES[:20], True)
    rest = anthropic_list(MODELS, f"after_id={first['last_id'].replace(' ', '%20')}&limit=20".encode())
    assert (ids(rest), rest["has_more"]) == (NAMES[20:], False)
    back = anthropic_list(MODELS, b"before_id=model+20&limit=5")
    assert (ids(back), back["has_more"]) == (NAMES[15:20], True)
    assert anthropic_list({}, b"") == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@given(st.integers(1, 40))
def test_pages_hold_every_model_once(limit: int) -> None:
    found: list[str] = []
    page = anthropic_list(MODELS, f"limit={limit}".encode())
    found += ids(page)
    while page["has_more"]:
        page = anthropic_list(MODELS, f"limit={limit}&after_id={page['last_id'].replace(' ', '+')}".encode())
        found += ids(page)
    assert found == NAMES


@pytest.mark.parametrize(
    ("query", "param"),
    [
        (b"limit=0", "limit"),
        (b"limit=1001", "limit"),
        (b"limit=x", "limit"),
        (b"limit=%D9%A3", "limit"),
        (b"limit=" + b"9" * 5000, "limit"),
        (b"after_id=nobody", "after_id"),
        (b"before_id=%ff", "before_id"),
    ],
)
def test_what_is_wrong_is_named(query: bytes, param: str) -> None:
    with pytest.raises(BadInput) as caught:
        anthropic_list(MODELS, query)
    assert caught.value.param == param


@given(st.binary(max_size=60))
def test_any_query_is_answered_or_refused(query: bytes) -> None:
    try:
        found = anthropic_list(MODELS, query)
    except BadInput:
        return
    assert found["data"]
