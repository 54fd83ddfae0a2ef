"""No text makes the sign-in send a browser to another host."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.sso.return_to import START, safe_return_to

TRICKS = st.text(st.sampled_from("/\\\t\r\n @:.?#%25cfae;evil\x00 é"), max_size=20).map(lambda text: f"/{text}")


@given(TRICKS | st.text(max_size=50))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("/%5c/evil.example")
@example("/%09/evil.example")
@example("/%2f/evil.example")
@example("https://evil.example/")
@example("/ui/?next=//evil.example")
def test_the_browser_stays_here(text: str) -> None:
    found = safe_return_to(text)
    # As a browser resolves it: tabs and newlines vanish, a backslash is a slash.
    seen = "".join(char for char in found if char not in "\t\r\n").replace("\\", "/")
    target = urlsplit(urljoin("https://llm.example/sso/callback", seen))
    assert (target.scheme, target.netloc) == ("https", "llm.example")
    assert found.isascii()
    assert found.isprintable()


@pytest.mark.parametrize("text", ["/ui/", "/ui/keys?user=a%20b#top", "/authorize?client_id=x&state=y", "/"])
def test_our_own_paths_stand(text: str) -> None:
    assert safe_return_to(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "ui/",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "/\t/evil.example",
        "/%09/evil.example",
        "/%5c%5cevil",
        "/%2f/evil",
        "/application/o/litellm/end-session/",
        "/if/flow/default-invalidation-flow/",
        "/ui/../sso/key/generate",
        "/ui/%2e%2e/%61pplication/o/litellm/end-session/",
        "/.//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a b",
        "/ünder",
        "/x" * 2000,
        "/sso/key/generate",
        "/sso/callback?code=x",
        "/signed-out",
        "/session/logout",
        "/fallback/login",
        "/%73so/key/generate",
    ],
)
def test_everything_else_leads_to_the_start(text: str | None) -> None:
    assert safe_return_to(text) == START
