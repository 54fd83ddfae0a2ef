"""How a browser came, as the proxy in front tells it: a page that says what is wrong, never redirects in circles."""

from collections.abc import Mapping

import pytest
from starlette.requests import Request

from gatewright.settings.load import load
from gatewright.web.front import Front, Misdirected

KEY = "sk-a-key-for-tests-4711"
PROXY, BASE = "10.0.0.1", "https://llm.example.com"
BEHIND = {"PROXY_BASE_URL": BASE, "GATEWRIGHT_TRUSTED_PROXIES": "10.0.0.0/8"}
ALONE = {"PROXY_BASE_URL": "http://localhost:4000"}


def asked(environ: Mapping[str, str], peer: str, headers: Mapping[str, str], method: str = "GET") -> str | None:
    """Where the browser is sent, in words what is wrong, or None."""
    front = Front(load({}, {"LITELLM_MASTER_KEY": KEY, **environ}))
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": "/ui/",
        "query_string": b"a=b",
        "client": (peer, 4711),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    try:
        answer = front.elsewhere(Request(scope))
    except Misdirected as error:
        return f"{error.message} {error.hint}"
    return None if answer is None else answer.headers["location"]


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "llm.example.com"},
        {"host": "LLM.example.com:443"},
        {"host": "llm.example.com", "x-forwarded-proto": "https", "x-forwarded-host": "llm.example.com"},
        {"host": "llm.example.com", "x-forwarded-proto": "https, http", "x-forwarded-host": "llm.example.com:443, x"},
    ],
)
def test_the_right_way_passes(headers: dict[str, str]) -> None:
    assert asked(BEHIND, PROXY, headers) is None


@pytest.mark.parametrize(
    ("headers", "seen", "mend"),
    [
        ({"host": "gatewright:4000"}, "was asked for `gatewright:4000`", "let it pass the browser's"),
        ({"host": "127.0.0.1:4000"}, "was asked for `127.0.0.1:4000`", "set PROXY_BASE_URL"),
        (
            {"host": "gatewright:4000", "x-forwarded-host": "llm.example.com"},
            "asks for `gatewright:4000` where the browser asked for llm.example.com",
            "proxy_set_header Host $http_host",
        ),
        ({"host": "llm.example.com", "x-forwarded-proto": "http"}, "by plain http", f"Open {BASE}"),
        (
            {"host": "llm.example.com", "x-forwarded-proto": "https", "x-forwarded-host": "ai.example.com"},
            "for another name",
            "set PROXY_BASE_URL",
        ),
    ],
)
def test_a_proxy_that_changes_something_is_explained(headers: dict[str, str], seen: str, mend: str) -> None:
    told = asked(BEHIND, PROXY, headers)
    assert told is not None
    assert seen in told
    assert mend in told


def test_https_in_front_of_an_http_base_is_explained() -> None:
    behind = {**BEHIND, "PROXY_BASE_URL": "http://llm.example.com"}
    told = asked(behind, PROXY, {"host": "llm.example.com", "x-forwarded-proto": "https"})
    assert told is not None
    assert "Set PROXY_BASE_URL to the https address" in told


def test_nobody_else_is_listened_to() -> None:
    lies = {"host": "llm.example.com", "x-forwarded-proto": "http", "x-forwarded-host": "evil.example"}
    assert asked(BEHIND, "203.0.113.9", lies) is None
    told = asked(BEHIND, "203.0.113.9", {"host": "evil.example", "x-forwarded-host": "llm.example.com"})
    assert told is not None
    # A name that somebody made up is not repeated on our page.
    assert "evil" not in told
    assert "was asked for another name" in told


@pytest.mark.parametrize("host", ["127.0.0.1:4000", "[::1]:4000"])
def test_another_loopback_name_of_the_same_server_moves(host: str) -> None:
    assert asked(ALONE, "127.0.0.1", {"host": host}) == "http://localhost:4000/ui/?a=b"
    told = asked(ALONE, "127.0.0.1", {"host": host}, "POST")
    assert told is not None
    assert told.startswith("This server answers for")


@pytest.mark.parametrize(
    ("base", "host"),
    [(BASE, "localhost:4000"), ("http://localhost:8080", "127.0.0.1:4000"), ("http://localhost", "127.0.0.1:4000")],
)
def test_what_a_proxy_may_have_changed_is_never_redirected(base: str, host: str) -> None:
    """It would change it again: browsers gave up after twenty redirects."""
    told = asked({"PROXY_BASE_URL": base}, "127.0.0.1", {"host": host})
    assert told is not None
    assert told.startswith("This server answers for")
