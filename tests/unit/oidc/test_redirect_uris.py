import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.oidc import redirect_uris as rules

GOOD = "https://llm.example.com/sso/callback"


@pytest.mark.parametrize(
    "uri",
    [
        GOOD,
        "http://localhost:4000/sso/callback",
        "http://127.0.0.1:4000/cb?x=1",
        "http://[::1]:4000/cb",
        "com.example.app:/oauth",
        "https://x.example/a..b/.well-known/c",
    ],
)
def test_good_addresses_may_be_registered(uri: str) -> None:
    assert rules.problem(uri) is None
    assert rules.matches(uri, [uri], public=False)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://llm.example.com@evil.example/cb",
        "https://user:pw@llm.example.com/cb",
        GOOD + "#x",
        GOOD + "#",
        "https:\\\\llm.example.com/cb",
        "https://llm.example.com\\@evil.example/cb",
        "https://llm.example.com/\tcb",
        "https://llm.example.com/\ncb",
        " https://llm.example.com/cb",
        "https://llm.example.com/a/../cb",
        "https://llm.example.com/a/./cb",
        "https://llm.example.com/a/%2e%2e/cb",
        "https://llm.example.com/a/%252e%252e/cb",
        "https://llm.example.com/a/..;/cb",
        "https://llm.example.com/a/%2e%2e%3bx/cb",
        "https://llm.example.com/..%5ccb",
        "https://llm%2eexample.com/cb",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "foo:bar",
        "//llm.example.com/cb",
        "/sso/callback",
        "https:///cb",
        "https://:443/cb",
        "https://llm.example.com:99999999/cb",
        "https://llm.example.com:port/cb",
        "https://[::1/cb",
        "https://exämple.com/cb",
        "https://*.example.com/cb|",
        "https://" + "a" * 2048,
    ],
)
def test_dangerous_addresses_never_match_even_when_registered(uri: str) -> None:
    assert rules.problem(uri) is not None
    assert not rules.matches(uri, [uri], public=True)


@pytest.mark.parametrize(
    "uri",
    [
        GOOD + "/",
        GOOD + "?x=1",
        "https://llm.example.com/SSO/callback",
        "https://LLM.example.com/sso/callback",
        "https://llm.example.com:443/sso/callback",
        "https://llm.example.com.evil.example/sso/callback",
        "http://llm.example.com/sso/callback",
        "https://llm.example.com/sso/callback%20",
        "https://llm.example.com/%73so/callback",
    ],
)
def test_anything_but_the_same_string_is_another_address(uri: str) -> None:
    assert not rules.matches(uri, [GOOD], public=True)


def test_a_public_clients_loopback_port_is_free() -> None:
    registered = ["http://127.0.0.1/callback", "http://localhost:8000/cb", "http://[::1]/cb"]
    for uri in ("http://127.0.0.1:51234/callback", "http://localhost:9/cb", "http://[::1]:4242/cb"):
        assert rules.matches(uri, registered, public=True)
        assert not rules.matches(uri, registered, public=False)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1.evil.example:51234/callback",
        "http://localhost:51234/callback",
        "http://127.0.0.1:51234/callback/x",
        "http://127.0.0.1:51234/callback?x",
        "https://127.0.0.1:51234/callback",
        "http://127.0.0.1:51234@evil.example/callback",
        "http://127.0.0.2:51234/callback",
    ],
)
def test_the_free_port_frees_nothing_else(uri: str) -> None:
    assert not rules.matches(uri, ["http://127.0.0.1/callback"], public=True)


def test_the_free_port_is_for_loopback_only() -> None:
    assert not rules.matches("http://llm.example:81/cb", ["http://llm.example:80/cb"], public=True)


@given(st.text(max_size=60), st.sampled_from(["", GOOD, "https://llm.example.com", "http://127.0.0.1/callback"]))
def test_a_match_is_the_same_string_or_the_same_loopback_address(tail: str, head: str) -> None:
    registered = [GOOD, "http://127.0.0.1/callback"]
    uri = head + tail
    assert rules.matches(uri, registered, public=False) == (uri in registered)
    if rules.matches(uri, registered, public=True) and uri not in registered:
        assert rules.is_loopback(uri)
        assert rules.origin(uri) is not None


@given(st.text(alphabet="https:/@.;%2e\\#?[]0189localhost", max_size=40))
def test_judging_an_address_never_raises(uri: str) -> None:
    rules.problem(uri)
    rules.origin(uri)
    assert rules.matches(uri, [uri], public=True) == (rules.problem(uri) is None)


def test_origins_are_spelled_as_browsers_do() -> None:
    assert rules.origin("https://LLM.example.com:443/x") == "https://llm.example.com"
    assert rules.origin("http://[::1]:4000/x") == "http://[::1]:4000"
    assert rules.origin("com.example.app:/x") is None
