"""A multipart form: what the gateway must know of it, and the little that it changes in it (RFC 7578).

Only `model` and `stream` are read. Files and every other part keep their bytes.
"""

import re
from email.message import Message

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError, Tap
from gatewright.translation.registry import passing
from gatewright.upstreams.call import Opening, Way
from gatewright.upstreams.choosing import check_names
from gatewright.upstreams.passing import EVENTS, read_error
from gatewright.upstreams.target import header_block
from gatewright.upstreams.units import with_units

MOST_PARTS = 200
LONGEST_FIELD = 1024
"""Bytes of `model` and of `stream`."""

# What RFC 2046 5.1.1 allows and no more: of a quote or a backslash another reader may make another boundary.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_PARAM = rb"""[ \t]*;[ \t]*([A-Za-z*]+)=("(?:[^"\\]|\\.)*"|[^\s;"\\=]+)"""
_DISPOSITION = re.compile(rb"(?i:form-data)((?:" + _PARAM + rb")*)[ \t]*")
_PARAMS = re.compile(_PARAM)
MODEL_HEAD = b'Content-Disposition: form-data; name="model"\r\n\r\n'
JUDGED = (b"model", b"stream")
DISPOSITION_PARAMS = frozenset({b"name", b"filename", b"filename*"})


class _Part(msgspec.Struct, frozen=True):
    """`head` is the part's header lines with the blank line behind them."""

    name: bytes
    head: bytes
    content: bytes
    is_file: bool


class Form(msgspec.Struct, frozen=True):
    """A form that was looked into; it can be asked what a JSON body can."""

    boundary: bytes
    parts: tuple[_Part, ...]
    model: str
    stream: bool
    include_usage: bool = False
    max_output: int | None = None

    def rewritten(self, model: str) -> bytes:
        """The form for the provider: everything as it came but for the model's name."""
        out = []
        for part in self.parts:
            content = model.encode() if part.name == b"model" else part.content
            out.append(b"--%b\r\n%b%b\r\n" % (self.boundary, part.head, content))
        if not any(part.name == b"model" for part in self.parts):
            out.append(b"--%b\r\n%b%b\r\n" % (self.boundary, MODEL_HEAD, model.encode()))
        out.append(b"--%b--\r\n" % self.boundary)
        return b"".join(out)


def read_form(body: bytes, content_type: bytes, content: str, *, named: str | None = None) -> Form:
    """Look into a form. `content` names the part that must be there; `named` is the model where the address says it.

    Raises BadInput: `param` names the part that is missing, given twice or wrong.
    """
    boundary = _boundary(content_type)
    parts = tuple(_parts(body, boundary))
    fields = {name: _field(parts, name) for name in JUDGED}
    model = named or fields[b"model"]
    if not model:
        raise BadInput("`model` is missing.", param="model", hint="GET /v1/models lists the models.")
    if not any(part.name in (content.encode(), content.encode() + b"[]") for part in parts):
        raise BadInput(f"`{content}` is missing.", param=content, hint=f"Send `{content}` as a part of the form.")
    stream = (fields[b"stream"] or "false").lower()
    if stream not in ("true", "false", "1", "0"):
        raise BadInput("`stream` must be true or false.", param="stream")
    return Form(boundary=boundary, parts=parts, model=model, stream=stream in ("true", "1"))


class FormCall:
    """A form that passes through with the model's name replaced."""

    __slots__ = ("_asked", "_endpoint", "_passing", "body", "dropped", "headers", "target", "translated")

    def __init__(self, way: Way, asked: Form, opening: Opening) -> None:
        check_names({part.name.decode("latin-1").removesuffix("[]") for part in asked.parts}, way.choosers)
        self._asked = asked
        self._endpoint = opening.endpoint
        self._passing = passing(opening.endpoint.usual_dialect())
        self.target = way.address(stream=asked.stream)
        self.translated = False
        self.dropped: tuple[str, ...] = ()
        kind = f'multipart/form-data; boundary="{asked.boundary.decode("latin-1")}"'
        self.headers = header_block([("content-type", kind)]) + way.header_lines(opening.forwarded)
        self.body = asked.rewritten(way.model)

    def streams(self, status: int, content_type: bytes) -> bool:
        """Events, when they were asked for."""
        return status == 200 and self._asked.stream and content_type.startswith(EVENTS)

    def tap(self) -> Tap:
        """Looks for the usage at its end."""
        return self._passing.tap(False)

    def whole(self, body: bytes) -> tuple[bytes, Usage | None]:
        """The body as it is."""
        return body, with_units(self._endpoint, body, self._passing.usage(body))

    def error(self, body: bytes) -> ProviderError:
        """The provider's own words."""
        return read_error(body)


def _boundary(content_type: bytes) -> bytes:
    header = Message()
    header["content-type"] = content_type.decode("latin-1")
    found = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not found or _BOUNDARY.fullmatch(found) is None:
        raise BadInput(
            "The body must be a multipart form.", code="invalid_form", hint="Send Content-Type: multipart/form-data."
        )
    return found.encode("ascii")


def _parts(body: bytes, boundary: bytes) -> list[_Part]:
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_PARTS + 2)
    if len(pieces) > MOST_PARTS + 2:
        raise _malformed(f"it has more than {MOST_PARTS} parts")
    if len(pieces) < 3 or pieces[0].strip() or not pieces[-1].startswith(b"--") or pieces[-1][2:].strip():
        raise _malformed("it does not end with its boundary")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> _Part:
    if not piece.startswith(b"\r\n"):
        raise _malformed("a boundary is followed by something else than a line end")
    head, blank, content = piece[2:].partition(b"\r\n\r\n")
    if not blank or b"\n" in head.replace(b"\r\n", b""):
        raise _malformed("a part has no head")
    lines = head.split(b"\r\n")
    if any(line[:1] in (b" ", b"\t") for line in lines) or b"\r" in head.replace(b"\r\n", b""):
        raise _malformed("a line of a part's head is folded")
    name, is_file = _disposition(lines)
    if name.lower() in JUDGED and name not in JUDGED:
        # A provider that reads names without regard to case would ask for another model than we judged.
        raise BadInput(f"`{name.decode()}` must be written `{name.decode().lower()}`.", param=name.decode().lower())
    encoded = any(line.lower().startswith(b"content-transfer-encoding:") for line in lines)
    if name in JUDGED and encoded:
        raise _malformed("an encoded field cannot be read")
    return _Part(name, head + b"\r\n\r\n", content, is_file)


def _disposition(lines: list[bytes]) -> tuple[bytes, bool]:
    """A part's name, and whether it is a file. Every reader must find the same name, so little else is taken."""
    found = [line.partition(b":")[2].strip() for line in lines if line.lower().startswith(b"content-disposition")]
    plain = _DISPOSITION.fullmatch(found[0]) if len(found) == 1 else None
    params = [] if plain is None else [(name.lower(), value) for name, value in _PARAMS.findall(plain[1])]
    named = dict(params)
    name = named.get(b"name", b"").strip(b'"')
    if not name or b"\\" in name or len(named) < len(params) or not named.keys() <= DISPOSITION_PARAMS:
        raise _malformed("a part has no name, or more than one")
    return name, len(params) > 1


def _field(parts: tuple[_Part, ...], name: bytes) -> str | None:
    found = [part for part in parts if part.name == name]
    if not found:
        return None
    (part, *more) = found
    if more or part.is_file or len(part.content) > LONGEST_FIELD:
        raise BadInput(f"`{name.decode()}` must be given once, as a short text.", param=name.decode())
    try:
        return part.content.decode()
    except UnicodeDecodeError:
        raise BadInput(f"`{name.decode()}` must be text in UTF-8.", param=name.decode()) from None


def _malformed(cause: str) -> BadInput:
    return BadInput(f"The multipart form cannot be read: {cause}.", code="invalid_form")
