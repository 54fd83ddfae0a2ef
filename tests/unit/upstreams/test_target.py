import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.errors import BadInput
from gatewright.upstreams.target import Origin, header_block, parse_base, parse_target

POLICY = AddressPolicy()


@pytest.mark.parametrize(
    ("base", "origin", "prefix", "authority"),
    [
        ("https://api.openai.com/v1", Origin("https", "api.openai.com", 443), "/v1", "api.openai.com"),
        ("https://api.openai.com:443/v1/", Origin("https", "api.openai.com", 443), "/v1", "api.openai.com"),
        ("HTTP://Ollama:11434", Origin("http", "ollama", 11434), "", "ollama:11434"),
        ("http://127.0.0.1/", Origin("http", "127.0.0.1", 80), "", "127.0.0.1"),
        ("http://[::1]:8000/a/b", Origin("http", "::1", 8000), "/a/b", "[::1]:8000"),
        ("https://bücher.example/v1", Origin("https", "xn--bcher-kva.example", 443), "/v1", "xn--bcher-kva.example"),
    ],
)
def test_where_a_base_leads(base: str, origin: Origin, prefix: str, authority: str) -> None:
    assert parse_base(base) == (origin, prefix)
    assert origin.authority == authority


@pytest.mark.parametrize(
    "base",
    [
        "",
        "api.openai.com/v1",
        "ftp://api.openai.com",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://user:secret@api.openai.com/v1",
        "https://user@api.openai.com/v1",
        "https://api.openai.com/v1?key=secret",
        "https://api.openai.com/v1#secret",
        "https://api.openai.com/v1?",
        "https://api.openai.com:99999/v1",
        "https://api.openai.com:x/v1",
        "https://api.openai.com/v1\r\nx: 1",
        "https://api.openai.com\r\n/v1",
        "https://api.openai.com/v 1",
        "https://api.openai.com/vé",
        "https://[::1/v1",
        "https://[fe80::1%25eth0]/v1",
        "https://a_b%2f/v1",
        "https://" + "a" * 300,
        "https://ü" + "a" * 300,
    ],
)
def test_a_base_that_cannot_be_used(base: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_base(base)
    assert caught.value.param == "api_base"
    assert "secret" not in caught.value.message


def test_a_target_holds_the_request_head() -> None:
    target = parse_target(
        "https://api.openai.com/v1",
        "/chat/completions?api-version=2",
        headers=[("authorization", "Bearer sk-1")],
        policy=POLICY,
    )
    assert target.head == (
        b"POST /v1/chat/completions?api-version=2 HTTP/1.1\r\nhost: api.openai.com\r\n"
        b"accept-encoding: identity\r\nauthorization: Bearer sk-1\r\n"
    )
    assert "sk-1" not in repr(target)
    assert "sk-1" not in str(target)


def test_what_must_not_share_connections_has_another_key() -> None:
    def key(base: str, policy: AddressPolicy = POLICY, tls: ssl.SSLContext | None = None) -> str:
        return parse_target(base, "/x", policy=policy, tls=tls).pool_key

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    keys = [
        key("https://a/v1"),
        key("https://b/v1"),
        key("http://a/v1"),
        key("https://a:444/v1"),
        key("https://a/v1", AddressPolicy(operator=True)),
        key("https://a/v1", AddressPolicy(networks=("10.0.0.0/8",))),
        key("https://a/v1", tls=context),
    ]
    assert len(set(keys)) == len(keys)
    assert key("https://a/v1") == key("https://A:443/v2")


@pytest.mark.parametrize("path", ["", "chat", "//x\r\n", "/a b", "/a\r\nx: 1", "/a\n", "/é", "/a#b", "/a\x00"])
def test_a_path_that_would_change_the_request(path: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_target("https://a/v1", path, policy=POLICY)
    assert caught.value.param == "path"


@pytest.mark.parametrize("method", ["", "get", "POST ", "POST\r\n", "PÖST", "A1"])
def test_a_method_that_would_change_the_request(method: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_target("https://a/v1", "/x", policy=POLICY, method=method)
    assert caught.value.param == "method"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\nevil: 1"),
        ("x", "a\n"),
        ("x", "\r"),
        ("x", "a\x00b"),
        ("x", "snow \u2603"),
        ("x\r\nevil", "1"),
        ("x y", "1"),
        ("x:", "1"),
        ("", "1"),
        ("é", "1"),
        ("Content-Length", "5"),
        ("transfer-encoding", "chunked"),
        ("Host", "evil"),
        ("connection", "close"),
        ("Accept-Encoding", "gzip"),
    ],
)
def test_a_header_that_would_change_the_request(name: str, value: str) -> None:
    with pytest.raises(BadInput):
        header_block([(name, value)])


def test_headers_keep_their_text() -> None:
    assert header_block([("X-A", " b c "), ("x-d", ""), ("x-e", "é")]) == b"X-A: b c\r\nx-d: \r\nx-e: \xe9\r\n"


@given(st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_headers_are_one_line_each(headers: list[tuple[str, str]]) -> None:
    try:
        block = header_block(headers)
    except BadInput:
        return
    assert block.count(b"\r\n") == block.count(b"\n") == block.count(b"\r") == len(headers)


@given(st.text() | st.text().map(lambda text: f"https://{text}") | st.text().map(lambda text: f"https://a/{text}"))
def test_no_base_breaks_the_head(base: str) -> None:
    try:
        target = parse_target(base, "/x", policy=POLICY)
    except BadInput:
        return
    assert target.head.count(b"\r\n") == target.head.count(b"\n") == target.head.count(b"\r") == 3
    assert target.head.split(b"\r\n")[0].count(b" ") == 2
