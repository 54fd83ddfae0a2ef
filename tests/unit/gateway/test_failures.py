"""What a provider's failure becomes for the client."""

import pytest

from gatewright.gateway.failures import NobodyFree, retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "99", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, 86_400),
        ({"retry-after": "9" * 30}, 86_400),
        ({"retry-after": "9" * 300}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "\xff"}, None),
    ],
    ids=str,
)
def test_how_long_a_provider_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s([(name.encode(), value.encode("latin-1")) for name, value in headers.items()]) == seconds


def test_nobody_being_free_says_why() -> None:
    resting = NobodyFree(3, [])
    assert (resting.status, resting.retry_after, resting.error_code) == (429, 3, "no_deployments_available")
    assert "rest after failures" in resting.message
    assert "rpm and tpm" in NobodyFree(3, ["rpm", "tpm"]).message
