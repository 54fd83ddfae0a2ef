"""Codes of authenticator apps, against the vectors of the specification, and recovery codes."""

from urllib.parse import parse_qs, urlsplit

import pytest

from gatewright.idp.factors import recovery, totp

SECRET = b"12345678901234567890"
# RFC 6238, appendix B, SHA-1, the last six of the eight digits.
VECTORS = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_specification(seconds: int, code: str) -> None:
    assert totp.code_at(SECRET, seconds // 30) == code
    assert totp.matching_step(SECRET, code, seconds * 1000, None) == seconds // 30


def test_a_clock_may_be_one_period_off_and_no_more() -> None:
    code = totp.code_at(SECRET, 100)
    for step, good in ((98, False), (99, True), (100, True), (101, True), (102, False)):
        assert (totp.matching_step(SECRET, code, step * 30_000, None) == 100) is good


def test_no_code_is_taken_twice_nor_one_before_it() -> None:
    assert totp.matching_step(SECRET, totp.code_at(SECRET, 100), 100 * 30_000, 100) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, 99), 100 * 30_000, 100) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, 101), 100 * 30_000, 100) == 101


@pytest.mark.parametrize("code", ["", "28708", "2870820", "28708a", "٢٨٧٠٨٢", "\ud800"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.matching_step(SECRET, code.encode("utf-8", "replace").decode(), 59_000, None) is None


def test_the_qr_code_says_what_apps_read() -> None:
    parts = urlsplit(totp.address(SECRET, "llm.example.com:4000", "ada lovelace@x"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/llm.example.com%3A4000:ada%20lovelace%40x"
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert query == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "llm.example.com:4000",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }


def test_recovery_codes_are_ten_and_found_however_they_are_typed() -> None:
    codes = recovery.new_codes()
    assert len(set(codes)) == 10
    stored = recovery.stored(codes[0], 7)
    assert stored == recovery.stored(f" {codes[0].upper().replace('-', ' ')} ", 7)
    assert stored != recovery.stored(codes[0], 8)
    assert stored != recovery.stored(codes[1], 7)
    assert all(recovery.looks_like_one(code) for code in codes)
    assert not recovery.looks_like_one("123 456")
