"""Multipart forms: what is read of them, changed in them and refused. The SDK's own HTTP client makes them."""

import tracemalloc
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.errors import BadInput
from gatewright.upstreams.form import Form, read_form

SOUND = bytes(range(256)) + b"\r\n--not-the-boundary\r\n"


def encoded(data: dict[str, Any], files: Any = None) -> tuple[bytes, bytes]:
    """A form as the SDK's client writes it, and its content type."""
    request = httpx2.Request("POST", "http://x/", data=data, files=files or {"file": ("a.mp3", SOUND, "audio/mpeg")})
    request.read()
    return request.content, request.headers["content-type"].encode()


def decoded(body: bytes, content_type: bytes) -> dict[str, bytes]:
    """What the standard library's parser reads."""
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type + b"\r\n\r\n" + body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)  # type: ignore[misc]
        for part in message.iter_parts()
    }


def test_only_the_models_name_changes() -> None:
    body, kind = encoded({"model": "public", "language": "de", "prompt": "größer"})
    form = read_form(body, kind, "file")
    assert (form.model, form.stream) == ("public", False)
    again = form.rewritten("whisper-1")
    assert again == body.replace(b"\r\n\r\npublic\r\n", b"\r\n\r\nwhisper-1\r\n")
    found = decoded(again, kind)
    assert found["model"] == b"whisper-1"
    assert SOUND in again


def test_nothing_changes_when_the_name_is_the_same() -> None:
    body, kind = encoded({"model": "m", "stream": "true"})
    form = read_form(body, kind, "file")
    assert form.stream is True
    assert form.rewritten("m") == body


def test_several_images_are_found_under_either_name() -> None:
    for name in ("image", "image[]"):
        body, kind = encoded(
            {"model": "m"}, [(name, ("a.png", b"1", "image/png")), (name, ("b.png", b"2", "image/png"))]
        )
        assert read_form(body, kind, "image").model == "m"


def test_the_address_may_name_the_model() -> None:
    body, kind = encoded({"language": "de"})
    form = read_form(body, kind, "file", named="whisper")
    assert form.model == "whisper"
    assert decoded(form.rewritten("real"), kind)["model"] == b"real"


def part(name: str, value: str, more: str = "") -> bytes:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


FILE = part("file", "x", '; filename="a"')
KIND = b"multipart/form-data; boundary=B"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (part("model", "a") + part("model", "b") + FILE, "model"),
        (part("Model", "a") + part("model", "b") + FILE, "model"),
        (part("model", "a", '; filename="m"') + FILE, "model"),
        (part("model", "a" * 2000) + FILE, "model"),
        (part("model", "") + FILE, "model"),
        (FILE, "model"),
        (part("model", "a"), "file"),
        (part("model", "a") + part("stream", "maybe") + FILE, "stream"),
        (part("model", "a", '; name="b"') + FILE, None),
        (part("model", "a\r\n").replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1) + FILE, None),
        (b"--B\r\n\r\nx\r\n" + FILE, None),
        (b"junk" + FILE, None),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, param: str | None) -> None:
    with pytest.raises(BadInput) as caught:
        read_form(body + b"--B--\r\n", KIND, "file")
    assert caught.value.param == param


@pytest.mark.parametrize("kind", [b"", b"application/json", b"multipart/form-data", b"multipart/mixed; boundary=B"])
def test_what_is_no_form_is_refused(kind: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        read_form(part("model", "a") + FILE + b"--B--", kind, "file")
    assert caught.value.error_code == "invalid_form"


def test_a_form_that_does_not_end_is_refused() -> None:
    with pytest.raises(BadInput):
        read_form(part("model", "a") + FILE, KIND, "file")


@given(st.binary(max_size=400), st.sampled_from([KIND, b"multipart/form-data; boundary=\xff", b"\x00"]))
def test_no_body_does_worse_than_being_refused(body: bytes, kind: bytes) -> None:
    try:
        assert isinstance(read_form(body, kind, "file"), Form)
    except BadInput:
        return


@given(st.text("-B\r\nx", max_size=60))
def test_a_files_bytes_never_change(content: str) -> None:
    body, kind = encoded({"model": "public"}, {"file": ("a", content.encode(), "x/y")})
    assert decoded(read_form(body, kind, "file").rewritten("public"), kind).keys() == {"model", "file"}
    assert read_form(body, kind, "file").rewritten("public") == body


def smuggled(boundary: str, inner: str) -> tuple[bytes, bytes]:
    """A form of one file that holds another form, for a provider that reads the boundary as `inner`."""
    hidden = f'--{inner}\r\nContent-Disposition: form-data; name="model"\r\n\r\ndear\r\n--{inner}--\r\n'
    kind = boundary.replace("\\", "\\\\").replace('"', '\\"')
    parts = (('name="model"', "cheap"), ('name="file"; filename="a"', f"x\r\n{hidden}"))
    body = "".join(f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\n\r\n{text}\r\n" for name, text in parts)
    return f"{body}--{boundary}--\r\n".encode(), f'multipart/form-data; boundary="{kind}"'.encode()


@pytest.mark.parametrize(("boundary", "inner"), [('x"y', "x"), ("x\\y", "xy"), ("x;y", "x"), ("x%41", "xA")])
def test_a_boundary_that_may_be_read_in_two_ways_is_refused(boundary: str, inner: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_form(*smuggled(boundary, inner), "file")
    assert caught.value.error_code == "invalid_form"


def test_every_character_of_a_boundary_is_written_as_it_came() -> None:
    boundary = "'()+_,-./:=? 09azAZ"
    body, kind = smuggled(boundary, "other")
    assert read_form(body, kind, "file").rewritten("cheap") == body


@pytest.mark.parametrize(
    "disposition",
    [
        "form-data; name=\"x\"; name*=utf-8''model",
        'form-data; name="x"; name ="model"',
        'form-data; name="mo\\del"',
        'form-data; name="x";\r\n name="model"',
        'form-data; name="x"\r\n\t; name="model"',
        'form-data; x="; name=model"; name="x"; filename="a" "b"',
        'attachment; name="x"; name="model"',
        'form-data; filename="a.mp3"',
    ],
)
def test_a_part_whose_name_may_be_read_in_two_ways_is_refused(disposition: str) -> None:
    sneaky = f"--B\r\nContent-Disposition: {disposition}\r\n\r\ndear\r\n".encode()
    body = sneaky + part("model", "cheap") + part("file", "1") + b"--B--\r\n"
    with pytest.raises(BadInput) as caught:
        read_form(body, b"multipart/form-data; boundary=B", "file")
    assert caught.value.error_code == "invalid_form"


@pytest.mark.parametrize(
    "filename", ['filename="a\\"b; name=x.mp3"', "filename*=utf-8''%e2%82%ac.mp3", "filename=\"a\"; filename*=utf-8''b"]
)
def test_a_files_name_may_hold_anything(filename: str) -> None:
    file = f"--B\r\ncontent-disposition: Form-Data;name=file ; {filename}\r\n\r\n1\r\n".encode()
    body = part("model", "cheap") + file + b"--B--\r\n"
    form = read_form(body, b"multipart/form-data; boundary=B", "file")
    assert form.rewritten("cheap") == body


def test_a_form_of_boundaries_alone_is_not_taken_apart() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="more than 200 parts"):
            read_form(b"--a" + b"\r\n--a" * 400_000, b"multipart/form-data; boundary=a", "file")
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
