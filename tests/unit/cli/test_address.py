"""Which texts name a server, and as which origin."""

import pytest

from gatewright.cli.address import is_exposed, is_loopback, server_origin
from gatewright.cli.errors import WrongUsage


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://localhost:4000", "http://localhost:4000"),
        ("http://localhost:4000/", "http://localhost:4000"),
        (" https://LLM.Example.com/ ", "https://llm.example.com"),
        ("https://llm.example.com:443", "https://llm.example.com"),
        ("http://llm.example.com:443", "http://llm.example.com:443"),
        ("HTTP://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:4000", "http://[::1]:4000"),
        ("llm.example.com", "https://llm.example.com"),
        ("llm.example.com:8443", "https://llm.example.com:8443"),
        ("localhost:4000", "http://localhost:4000"),
    ],
)
def test_a_server_is_its_origin(text: str, origin: str) -> None:
    assert server_origin(text, source="--url") == origin


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://llm.example.com/v1", "Use https://llm.example.com."),
        ("https://llm.example.com/?x=1", "Use https://llm.example.com."),
        ("https://user:secret@llm.example.com", "gatewright login"),
        ("ftp://llm.example.com", "It looks like"),
        ("file:///etc/passwd", "It looks like"),
        ("http://", "It looks like"),
        ("", "It looks like"),
        ("http://a:notaport", "It looks like"),
        ("http://trusted.example\\@evil.example", "gatewright login"),
        ("http://a b.example", "It looks like"),
        ("http://[::1", "It looks like"),
    ],
)
def test_anything_else_is_refused_with_a_hint(text: str, words: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        server_origin(text, source="--url")
    assert refused.value.message.startswith("--url: ")
    assert words in (refused.value.hint or "")
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("origin", "loopback"),
    [
        ("http://localhost:4000", True),
        ("http://gateway.localhost", True),
        ("http://127.0.0.1:4000", True),
        ("http://127.3.2.1", True),
        ("http://[::1]:4000", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_only_this_machine_is_loopback(origin: str, loopback: bool) -> None:
    assert is_loopback(origin) is loopback
    assert is_exposed(origin) is not loopback


def test_https_is_never_exposed() -> None:
    assert not is_exposed("https://llm.example.com")
