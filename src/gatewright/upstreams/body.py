"""A JSON body: what the gateway must know of a request, and the little that it changes in it.

Only the top level of a body is decoded: messages, tools and everything unknown stay the caller's bytes, so that a
64-bit integer or a `1.0` reaches the provider as it was written.

The members it looks at are those of OpenAI's and Anthropic's APIs. Source: OpenAI API reference, "Create chat
completion" (`model`, `messages`, `stream`, `stream_options`), "Create a model response"; Anthropic API reference.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.upstreams.choosing import CHOOSERS

_Members = dict[str, msgspec.Raw]

_decode_members = msgspec.json.Decoder(_Members).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_count = msgspec.json.Decoder(int).decode
_decode_flag = msgspec.json.Decoder(bool | None).decode
_encode = msgspec.json.Encoder().encode

_NOTHING: Mapping[str, object] = MappingProxyType({})
_ONLY_USAGE = msgspec.Raw(b'{"include_usage":true}')
_TRUE = msgspec.Raw(b"true")
COPY_BELOW = 16 * 1024
"""Bytes. Comparing a smaller body with a copy is quicker; a larger copy costs more in page faults than it saves."""

PLAIN = frozenset(
    {
        *("model", "messages", "input", "prompt", "stream", "stream_options", "temperature", "top_p", "n", "user"),
        *("max_tokens", "max_completion_tokens", "tool_choice", "response_format", "seed", "stop"),
    }
)
"""Members that nobody has to look for: most requests have no others, and one look at the names tells."""
_KNOWN = PLAIN | {"tools", "metadata"}
# What decides here: two spellings of one of these could mean one thing to us and another to a provider.
JUDGED = frozenset(
    {
        *("model", "messages", "input", "prompt", "query", "stream", "stream_options"),
        *("max_tokens", "max_completion_tokens", "max_output_tokens", "n"),
    }
)
_SPELLED = JUDGED | CHOOSERS
_KEY = re.compile(rb'\s*[{,]\s*"(?:[^"\\]|\\.)*"\s*:\s*')
_END = re.compile(rb"\s*\}\s*\Z")


class Prepared(msgspec.Struct, frozen=True):
    """A request that was looked into. `members` are its top level, by name, as raw JSON.

    `plain`: all their names are among PLAIN, so that none says anything of routing, nor chooses another model.
    """

    body: bytes
    members: _Members
    model: str
    stream: bool
    include_usage: bool
    plain: bool = False

    # Read when they are asked for: only limits do.

    @property
    def max_output(self) -> int | None:
        """The most tokens that an answer may have, None when absent or not a whole number (the provider judges it).

        Of all the names that it has the newest that is given counts.
        """
        for name in ("max_completion_tokens", "max_output_tokens", "max_tokens"):
            if (raw := self.members.get(name)) is not None:
                return _count(raw)
        return None

    @property
    def n(self) -> int:
        """The number of answers asked for, 1 when absent."""
        return _count(self.members.get("n")) or 1


def prepare(body: bytes, *, content: str = "messages", named: str | None = None) -> Prepared:
    """Look into a request. `content` names the member that must be there: `messages`, `input` (embeddings), `prompt`;
    empty for none.

    `named` is the model's name where the address says it, which counts more than the body's.

    Raises BadInput: code `invalid_json` when the body is not JSON, else `param` names the member that is wrong.
    """
    members = _members(body)
    plain = members.keys() <= PLAIN
    if not plain and not members.keys() <= _KNOWN:
        _refuse_lookalikes(members, _SPELLED)
    if named is not None:
        members["model"] = _raw_text(named)
        body = _encode(members)
    get = members.get
    model = _model(get("model"))
    if content and content not in members:
        raise BadInput(f"`{content}` is missing.", param=content, hint=f"Send `{content}` in the JSON body.")
    stream = _stream(get("stream"))
    return Prepared(
        body=body,
        members=members,
        model=model,
        stream=stream,
        include_usage=stream and _asks_for_usage(get("stream_options")),
        plain=plain,
    )


def rewrite(
    prepared: Prepared,
    upstream_model: str,
    *,
    add_usage: bool,
    defaults: Mapping[str, object] = _NOTHING,
    extra: Mapping[str, object] = _NOTHING,
    without: frozenset[str] = frozenset(),
) -> bytes:
    """The body for the provider: its model name, and with `add_usage` a stream that reports its usage.

    `add_usage` only changes a stream whose caller did not ask; the caller's other stream options stay. `defaults` are
    added where the caller says nothing, `extra` always; `without` is left out. All other values keep their bytes. When
    nothing changes the caller's own bytes are returned, unless a member was given twice: then the provider gets the one
    that we judged.
    """
    members = prepared.members
    renamed = upstream_model != prepared.model
    asking = add_usage and prepared.stream and not prepared.include_usage and "stream_options" not in without
    if defaults or extra or without:
        members = {**_raw_members(defaults), **members, **_raw_members(extra)}
        for name in without:
            members.pop(name, None)
        renamed = renamed and "model" not in without
        prepared = msgspec.structs.replace(prepared, body=b"")
    if renamed or asking:
        members = members.copy()
        if renamed:
            members["model"] = _raw_text(upstream_model)
        if asking:
            members["stream_options"] = _with_usage(members.get("stream_options"))
        return _encode(members)
    if not prepared.body:
        return _encode(members)
    body = prepared.body
    if len(body) > COPY_BELOW:
        return body if _each_once(body, members) else _encode(members)
    again = _encode(members)
    if again == body or _spaced(body, members, len(again)) or _each_once(body, members):
        return body
    return again


def _members(body: bytes) -> _Members:
    try:
        return _decode_members(body)
    except msgspec.ValidationError:
        raise BadInput("The body must be a JSON object.", hint='Send {"model": ..., ...}.') from None
    except (ValueError, RecursionError) as error:
        cause = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadInput(
            f"The body is not valid JSON: {cause}.",
            code="invalid_json",
            hint="Send a JSON object in UTF-8 with the header Content-Type: application/json.",
        ) from None


def _refuse_lookalikes(members: _Members, judged: frozenset[str]) -> None:
    """Raises BadInput for `Model` and its like.

    Providers written in Go read names without regard to case: such a one would ask for another model than we judged,
    or leave out the usage.
    """
    for name in members:
        if name not in judged and name.casefold() in judged:
            raise BadInput(f"`{name}` must be written `{name.casefold()}`.", param=name.casefold())


def _model(raw: msgspec.Raw | None) -> str:
    if raw is None:
        raise BadInput("`model` is missing.", param="model", hint="GET /v1/models lists the models.")
    model = _text(raw)
    if not model:
        raise BadInput("`model` must be a text that is not empty.", param="model")
    return model


def _stream(raw: msgspec.Raw | None) -> bool:
    if raw is None:
        return False
    try:
        return _decode_flag(raw) is True
    except ValueError:
        raise BadInput("`stream` must be true or false.", param="stream") from None


def _asks_for_usage(raw: msgspec.Raw | None) -> bool:
    if raw is None or bytes(raw) == b"null":
        return False
    try:
        options = _decode_members(raw)
    except ValueError:
        raise BadInput("`stream_options` must be an object.", param="stream_options") from None
    _refuse_lookalikes(options, frozenset({"include_usage"}))
    value = options.get("include_usage")
    return value is not None and bytes(value) == b"true"


def _with_usage(raw: msgspec.Raw | None) -> msgspec.Raw:
    if raw is None or bytes(raw) == b"null":
        return _ONLY_USAGE
    options = _decode_members(raw)
    options["include_usage"] = _TRUE
    return msgspec.Raw(_encode(options))


def _raw_members(members: Mapping[str, object]) -> _Members:
    return {name: msgspec.Raw(_encode(value)) for name, value in members.items()}


def _count(raw: msgspec.Raw | None) -> int | None:
    """A whole number above zero, else None: a negative one must not lower what a request is expected to cost."""
    if raw is None:
        return None
    try:
        value = _decode_count(raw)
    except ValueError:
        return None
    return value if value > 0 else None


def _text(raw: msgspec.Raw | None) -> str | None:
    if raw is None:
        return None
    try:
        return _decode_text(raw)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _raw_text(text: str) -> msgspec.Raw:
    return msgspec.Raw(_encode(text))


def _spaced(body: bytes, members: _Members, tight: int) -> bool:
    """Whether `body` is these members as `json.dumps` writes them: a space after each colon and comma.

    `tight` is their length without. Python's clients send this form, so it gets a path of its own: 1 us, not 6.
    """
    if len(body) != tight + 2 * len(members) - 1:
        return False
    return _spaced_form(tuple(members)) % tuple(members.values()) == body


@lru_cache(maxsize=256)
def _spaced_form(names: tuple[str, ...]) -> bytes:
    """The same clients send the same names again and again."""
    return b"{%b}" % b", ".join([b"%b: %%b" % _encode(name).replace(b"%", b"%%") for name in names])


def _each_once(body: bytes, members: _Members) -> bool:
    """Whether `body` is exactly these members, with white space between them: no member was given twice."""
    at = 0
    for raw in members.values():
        key = _KEY.match(body, at)
        if key is None or not body.startswith(memoryview(raw), key.end()):
            return False
        at = key.end() + len(memoryview(raw))
    return _END.match(body, at) is not None
