"""The member `cache` of a request."""

import msgspec
import pytest

from gatewright.domain.errors import BadInput
from gatewright.gateway.cache.controls import NO_CONTROLS, Controls, read_controls


def read(text: str) -> Controls:
    return read_controls(msgspec.Raw(text.encode()))


def test_litellms_names_are_understood() -> None:
    found = read(
        '{"ttl": 60, "s-maxage": 1.5, "no-cache": true, "no-store": true, "namespace": "a", "use-cache": true}'
    )
    assert (found.life, found.oldest) == (60_000, 1500)
    assert (found.no_cache, found.no_store, found.namespace, found.use_cache) == (True, True, "a", True)


def test_nothing_said_is_nothing() -> None:
    for found in (read_controls(None), read("null"), read("{}")):
        assert found == NO_CONTROLS
        assert (found.life, found.oldest) == (None, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("true", "Expected"),
        ("[]", "Expected"),
        ('{"ttl": -1}', "`ttl` is not a number of seconds"),
        ('{"ttl": 1e99}', "`ttl` is not a number of seconds"),
        ('{"s-maxage": -0.1}', "`s-maxage` is not"),
        ('{"ttl": "60"}', "`cache.ttl`"),
        ('{"no-cache": 1}', "`cache.no-cache`"),
        ('{"namespace": 1}', "`cache.namespace`"),
        ('{"no_cache": true}', "unknown field `no_cache`"),
        ('{"similarity": 1}', "unknown field `similarity`"),
        (f'{{"namespace": "{"x" * 201}"}}', "more than 200"),
        ('{"ttl": 1, "x": ' + "[" * 50_000, "cache"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(text)
    assert caught.value.param == "cache"
    assert words in caught.value.message
    assert "use-cache" in (caught.value.hint or "")
