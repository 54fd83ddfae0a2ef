"""Redirect patterns: Python's own engine as the judge of what matches, urlsplit as the judge of the origin."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatewright.oidc import redirect_patterns as patterns
from gatewright.oidc import redirect_uris

APP = r"https://app\.example\.com/"


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (APP + r"cb", "https://app.example.com/cb", "https://app.example.com/cb2"),
        (r"^https://app\.example\.com/cb$", "https://app.example.com/cb", "https://appxexample.com/cb"),
        (APP + r".*", "https://app.example.com/a/b?c=d", "https://app.example.com.evil.example/"),
        (r"https://[a-z0-9-]+\.example\.com/cb", "https://pr-7.example.com/cb", "https://a.b.example.com/cb"),
        (r"https://pr-\d{1,4}\.preview\.example\.com/cb", "https://pr-77.preview.example.com/cb", "https://pr-77777.preview.example.com/cb"),
        (r"https://(a|bb)\.example\.com/(cb|done)/?", "https://bb.example.com/done/", "https://c.example.com/cb"),
        (r"https://a\.example\.com/x|https://b\.example\.com/y", "https://b.example.com/y", "https://b.example.com/x"),
        (r"http://localhost:\d+/cb", "http://localhost:51234/cb", "http://localhost:51234@evil.example/cb"),
        (r"http://127\.0\.0\.1:[0-9]{2,5}/cb", "http://127.0.0.1:80/cb", "http://127.0.0.1:8/cb"),
        (r"https://app\.example\.com", "https://app.example.com", "https://app.example.com/"),
        (APP + r"[^/]+/cb", "https://app.example.com/x.y/cb", "https://app.example.com/x/y/cb"),
        (APP + r"a??b", "https://app.example.com/ab", "https://app.example.com/aab"),
    ],
)  # fmt: skip
def test_patterns_match_whole_addresses(pattern: str, good: str, bad: str) -> None:
    assert patterns.problem(pattern) is None
    assert patterns.matches(good, pattern)
    assert not patterns.matches(bad, pattern)
    for text in (good, bad):
        assert not patterns.matches(text + "\n", pattern)
        assert not patterns.matches("x" + text, pattern)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "empty"),
        ("a" * 501, "longer"),
        (r"https://app.example.com/cb", "not escaped"),
        (r"https://.*\.example\.com/cb", "not escaped"),
        (r"https://.+/cb", "not escaped"),
        (r"https://[a-z.]+\.example\.com/cb", "written out"),
        (r"https://[^/]+\.example\.com/cb", "written out"),
        (r"https://(a|b/c)\.example\.com/cb", "written out"),
        (r"https://[a-z]*example\.com/cb", "last two names"),
        (r"https://[a-z]+\.com/cb", "last two names"),
        (r"https://([a-z]+\.)*example\.com/cb", "last two names"),
        (r"https://app\.example\.com?/cb", "last two names"),
        (r"https://app\.example\.com.*", "not escaped"),
        (r"https://app\.example\.com(/.*)?", "written out"),
        (r"https://user@app\.example\.com/cb", "written out"),
        (r"https?://app\.example\.com/cb", "does not begin"),
        (r".*", "does not begin"),
        (r"[a-z]+://app\.example\.com/cb", "does not begin"),
        (r"javascript:alert\(1\)", "does not begin"),
        (r"com\.example\.app:/cb", "does not begin"),
        (APP + "cb|.*", "does not begin"),
        (APP + "cb|", "empty"),
        (r"https:///cb", "no host"),
        (r"http://localhost:[a-z]+/cb", "digits"),
        (r"http://localhost:/cb", "digits"),
        (r"http://localhost:.*", "digits"),
        (APP + r"(a", "too early"),
        (APP + r"a)", "closed"),
        (APP + r"()", "empty"),
        (APP + r"(?=a)", "(?"),
        (APP + r"(?P<x>a)", "(?"),
        (APP + r"\1", "not known"),
        (APP + r"\x41", "not known"),
        (APP + r"\s", "not known"),
        (APP + r"a**", "another"),
        (APP + r"a{2}{3}", "another"),
        (APP + r"a*+", "another"),
        (APP + r"a{65}", "larger"),
        (APP + r"a{3,2}", "backwards"),
        (APP + r"a{x}", "braces"),
        (APP + r"a{2", "braces"),
        (APP + r"((a{60}){60}){60}", "too large"),
        (APP + "(" * 9 + "a" + ")" * 9, "nested"),
        (APP + r"[z-a]", "backwards"),
        (APP + r"[\d-z]", "backwards"),
        (APP + r"[", "too early"),
        (APP + r"[]", "empty"),
        (APP + "\\", "too early"),
        (APP + "a^b", "means nothing"),
        (APP + "a$b", "means nothing"),
        (APP + "ä", "means nothing"),
        (APP + "a b", "means nothing"),
    ],
)
def test_what_is_not_safe_or_not_known_is_refused_in_words(pattern: str, words: str) -> None:
    assert words in (patterns.problem(pattern) or "taken")
    assert not patterns.matches("https://app.example.com/cb", pattern)


def test_no_address_makes_a_match_slow() -> None:
    """Each of these takes Python's engine longer than the age of the universe."""
    for evil in (r"(a+)+", r"(a|a)*", r"(a|aa)+", r"(a?){30}a{30}", r"a*a*a*a*a*a*a*a*b"):
        assert not patterns.matches(APP.replace("\\", "") + "a" * 2000 + "!", APP + evil)


def test_an_empty_class_member_is_a_character() -> None:
    assert patterns.matches("https://app.example.com/-", APP + r"[a-]")
    assert patterns.matches("https://app.example.com/]", APP + r"[\]]")


CHARS = st.sampled_from(["a", "b", r"\.", "[ab]", "[^a]", r"\d", ".", "-"])
COUNTS = st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "{0,2}", "{2,}"])
SMALL = st.recursive(
    CHARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, COUNTS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


@given(SMALL, st.text(alphabet="ab.-1/", max_size=8))
def test_what_matches_is_what_pythons_engine_says(path: str, text: str) -> None:
    pattern, uri = APP + path, "https://app.example.com/" + text
    assume(patterns.problem(pattern) is None)
    assert patterns.matches(uri, pattern) == bool(re.fullmatch(pattern, uri, re.ASCII))


HOSTS = st.sampled_from(
    ["[a-z0-9-]+", r"[a-z]+\.", "(a|b)", r"pr-\d+", "x?", r"(a\.)?", "[A-Za-z]*", r"\w+", ".", ".*", "[^.]+"]
)


@given(
    st.lists(HOSTS, max_size=3).map("".join),
    st.sampled_from([r"\.example\.com", r"example\.com", r"\.com", ".example.com", r"\.a\.example\.com", ""]),
    st.sampled_from(["/cb", "/.*", "", ".*", r":\d+/cb", "[/x]cb"]),
    st.text(alphabet="abx.-/@:?#\\%1 ", max_size=12),
    st.sampled_from(
        ["", ".example.com/cb", "example.com/cb", "@evil.example/cb", ".evil.example/", ":1/cb", "\\@x/cb"]
    ),
)
def test_no_pattern_lets_in_a_host_that_does_not_end_as_it_is_written(
    host: str, end: str, path: str, head: str, tail: str
) -> None:
    pattern = rf"https://{host}{end}{path}"
    uri = f"https://{head}{tail}"
    accepted = redirect_uris.matches(uri, [], public=False, patterns=[pattern])
    if not accepted:
        return
    found = urlsplit(uri)
    written = re.search(r"[a-z.]*$", end.replace("\\", ""))
    assert written is not None
    assert found.hostname is not None
    assert found.hostname.endswith(written[0])
    assert found.hostname == written[0].removeprefix(".") or found.hostname.endswith((".example.com", "." + written[0]))
    assert found.username is None
    assert patterns.matches_origin(redirect_uris.origin(uri) or "", pattern) or found.port == 443
