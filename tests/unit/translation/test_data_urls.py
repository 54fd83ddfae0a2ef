import pytest

from gatewright.domain.errors import BadInput
from gatewright.translation.data_urls import data_url, kind_of, media_at
from gatewright.translation.model import Media


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:image/png;base64,AAAA", Media(kind="image", media_type="image/png", data="AAAA")),
        ("data:IMAGE/PNG;base64,AAAA", Media(kind="image", media_type="image/png", data="AAAA")),
        ("data:text/plain;charset=utf-8;base64,AAAA", Media(kind="file", media_type="text/plain", data="AAAA")),
        ("data:application/pdf;base64,AAAA", Media(kind="file", media_type="application/pdf", data="AAAA")),
        ("data:audio/wav;base64,AAAA", Media(kind="audio", media_type="audio/wav", data="AAAA")),
        ("data:video/mp4;base64,AAAA", Media(kind="video", media_type="video/mp4", data="AAAA")),
        ("data:;base64,AAAA", Media(kind="image", data="AAAA")),
        ("https://a.example/x", Media(kind="image", url="https://a.example/x")),
        ("gs://bucket/x", Media(kind="image", url="gs://bucket/x")),
    ],
)
def test_what_stands_at_a_url(url: str, expected: Media) -> None:
    assert media_at(url, param="url") == expected


def test_what_the_caller_says_besides_counts() -> None:
    assert media_at("https://a.example/x", param="url", media_type="video/mp4").kind == "video"
    assert media_at("data:image/png;base64,AAAA", param="url", kind="file").kind == "file"
    found = media_at("data:application/octet-stream;base64,AAAA", param="url", media_type="image/webp")
    assert (found.kind, found.media_type) == ("image", "image/webp")
    assert kind_of(None) == "image"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "file:///etc/passwd",
        "javascript:x",
        "data:",
        "data:image/png,AAAA",
        "data:image/png;base64,",
        "data:base64,A",
    ],
)
def test_what_is_no_address_is_refused_by_its_name(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        media_at(url, param="messages[0].content[1].image_url")
    assert caught.value.param == "messages[0].content[1].image_url"


def test_data_as_a_url() -> None:
    assert data_url(Media(kind="image", media_type="image/png", data="AAAA")) == "data:image/png;base64,AAAA"
    assert data_url(Media(kind="file", data="AAAA"), "application/pdf") == "data:application/pdf;base64,AAAA"
