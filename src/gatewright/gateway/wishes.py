"""What one request says of its own routing: LiteLLM's body members and headers, none of which reaches a provider.

Source: contract litellm 4.2. Where both say something the header counts; tags of all places come together.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.gateway.exchange import WireHeaders
from gatewright.settings.router import Fallbacks
from gatewright.upstreams.body import Prepared
from gatewright.upstreams.dispatch import Body

T = TypeVar("T")

MOST_RETRIES = 20
LONGEST_WAIT_S = 86_400
MOST_NAMES = 50
"""Fallbacks, or tags, of one request."""

LONGEST_NAME = 200

RETRIES, TIMEOUT, STREAM_TIMEOUT, TAGS = "num_retries", "timeout", "stream_timeout", "tags"
SESSION = "litellm_session_id"
FALLBACKS, TOO_LONG, FILTERED = "fallbacks", "context_window_fallbacks", "content_policy_fallbacks"
MEMBERS = frozenset(
    {
        *(RETRIES, TIMEOUT, "request_timeout", STREAM_TIMEOUT, TAGS, FALLBACKS, TOO_LONG, FILTERED),
        *("disable_fallbacks", "cache", "litellm_metadata", SESSION, "litellm_trace_id"),
    }
)
"""Members of a body that are for the gateway alone."""

HEADERS = {
    b"x-litellm-num-retries": RETRIES,
    b"x-litellm-timeout": TIMEOUT,
    b"x-litellm-stream-timeout": STREAM_TIMEOUT,
    b"x-litellm-tags": TAGS,
    b"x-litellm-session-id": SESSION,
    b"x-claude-code-session-id": SESSION,
    b"session_id": SESSION,
}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """Times are seconds; None means that the request does not say.

    `fallbacks` are the models to ask whatever goes wrong; the tables are by model, as in the router's settings.
    `cache` is the member of that name as it came. `session_id` is what the client calls its session.
    """

    retries: int | None = None
    timeout_s: float | None = None
    stream_timeout_s: float | None = None
    tags: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    fallback_table: Fallbacks | None = None
    context_window_fallbacks: Fallbacks | None = None
    content_policy_fallbacks: Fallbacks | None = None
    no_fallbacks: bool = False
    cache: msgspec.Raw | None = None
    session_id: str | None = None

    @property
    def limits_time(self) -> bool:
        """Whether the request is to be given up before its time: a provider that is too slow then is not at fault."""
        return self.timeout_s is not None or self.stream_timeout_s is not None


NO_WISHES = Wishes()


class _Metadata(msgspec.Struct):
    tags: list[str] | None = None


def read_wishes(asked: Body, headers: WireHeaders) -> tuple[Body, Wishes]:
    """The request without what is for the gateway alone, and that. `headers` are those of HEADERS that it has.

    Raises BadInput naming the member.
    """
    if not isinstance(asked, Prepared):
        return asked, _wishes({}, (), headers) if headers else NO_WISHES
    if asked.plain and not headers:
        return asked, NO_WISHES
    members = asked.members
    if members.keys().isdisjoint(MEMBERS):
        if not headers and "metadata" not in members:
            return asked, NO_WISHES
        given: Mapping[str, msgspec.Raw] = {}
    else:
        given = {name: raw for name, raw in members.items() if name in MEMBERS and bytes(raw) != b"null"}
        members = {name: raw for name, raw in members.items() if name not in MEMBERS}
    tags, members = _metadata_tags(members)
    wishes = _wishes(given, tags, headers) if given or tags or headers else NO_WISHES
    if members is asked.members:
        return asked, wishes
    return msgspec.structs.replace(asked, members=members, body=b""), wishes


def _metadata_tags(members: dict[str, msgspec.Raw]) -> tuple[tuple[str, ...], dict[str, msgspec.Raw]]:
    """LiteLLM's `metadata.tags`, a list, and the members without it; OpenAI's metadata holds texts only and stays."""
    raw = members.get("metadata")
    if raw is None or b'"tags"' not in bytes(raw):
        return (), members
    try:
        tags = msgspec.json.decode(raw, type=_Metadata).tags
        rest = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return (), members
    if tags is None:
        return (), members
    rest.pop("tags")
    if rest:
        return tuple(tags), {**members, "metadata": msgspec.Raw(msgspec.json.encode(rest))}
    return tuple(tags), {name: value for name, value in members.items() if name != "metadata"}


def _wishes(given: Mapping[str, msgspec.Raw], tags: Sequence[str], headers: WireHeaders) -> Wishes:
    sent = {HEADERS[name]: value.decode("latin-1").strip() for name, value in headers if value.strip()}
    listed, table = _fallbacks(given)
    retries = _number(given, sent, RETRIES, int, MOST_RETRIES, least=0)
    return Wishes(
        retries=None if retries is None else int(retries),
        timeout_s=_number(given, sent, TIMEOUT, float, LONGEST_WAIT_S)
        or _number(given, {}, "request_timeout", float, LONGEST_WAIT_S),
        stream_timeout_s=_number(given, sent, STREAM_TIMEOUT, float, LONGEST_WAIT_S),
        tags=_tags(given, tags, sent),
        fallbacks=listed,
        fallback_table=table,
        context_window_fallbacks=_table(given, TOO_LONG),
        content_policy_fallbacks=_table(given, FILTERED),
        no_fallbacks=_read(given, "disable_fallbacks", bool, "true or false") is True,
        cache=given.get("cache"),
        session_id=_session(given, sent),
    )


def _read(given: Mapping[str, msgspec.Raw], name: str, kind: type[T], words: str) -> T | None:
    raw = given.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, RecursionError):
        raise BadInput(f"`{name}` must be {words}.", param=name) from None


def _number(
    given: Mapping[str, msgspec.Raw],
    sent: Mapping[str, str],
    name: str,
    kind: Callable[[str], float],
    most: int,
    *,
    least: float = 1e-3,
) -> float | None:
    """A number from `least` to `most`."""
    text = sent.get(name)
    if text is None:
        if name not in given:
            return None
        text = bytes(given[name]).decode().strip('"')
    try:
        value = kind(text)
    except ValueError:
        value = -1
    if not least <= value <= most:
        raise BadInput(f"`{name}` must be a number from {least:g} to {most}.", param=name)
    return value


def _tags(given: Mapping[str, msgspec.Raw], first: Sequence[str], sent: Mapping[str, str]) -> tuple[str, ...]:
    own = _read(given, TAGS, list[str], "a list of texts") or []
    metadata = _read(given, "litellm_metadata", _Metadata, "an object") or _Metadata()
    in_header = (part.strip() for part in sent.get(TAGS, "").split(","))
    found = dict.fromkeys(tag for tag in (*first, *own, *(metadata.tags or ()), *in_header) if tag)
    return _few(tuple(found), TAGS)


def _session(given: Mapping[str, msgspec.Raw], sent: Mapping[str, str]) -> str | None:
    """At most LONGEST_NAME characters of it. Raises BadInput for one that is no text."""
    text = sent.get(SESSION) or _read(given, SESSION, str, "a text") or ""
    # A database cannot hold every character that JSON can.
    return "".join(filter(str.isprintable, text[:LONGEST_NAME])) or None


def _few(names: tuple[str, ...], param: str) -> tuple[str, ...]:
    if len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in names):
        raise BadInput(f"`{param}` holds too much: {MOST_NAMES} of {LONGEST_NAME} characters at most.", param=param)
    return names


def _fallbacks(given: Mapping[str, msgspec.Raw]) -> tuple[tuple[str, ...], Fallbacks | None]:
    """Names, or objects with `model`, to ask whatever fails; or LiteLLM's list of tables, `[{"a": ["b"]}]`."""
    words = 'a list such as ["other-model"] or [{"model": ["other-model"]}]'
    entries = _read(given, FALLBACKS, list[str | dict[str, str | list[str]]], words)
    if entries is None:
        return (), None
    listed: list[str] = []
    table: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        if isinstance(entry, str):
            listed.append(entry)
            continue
        for name, value in entry.items():
            if isinstance(value, list):
                table[name] = tuple(value)
            elif name == "model":
                listed.append(value)
            else:
                raise BadInput(
                    f"`{FALLBACKS}` may not change `{name}` for another model.",
                    param=FALLBACKS,
                    hint='Name the models alone: ["other-model"].',
                )
    _few((*listed, *(other for others in table.values() for other in others)), FALLBACKS)
    return tuple(listed), table or None


def _table(given: Mapping[str, msgspec.Raw], name: str) -> Fallbacks | None:
    tables = _read(given, name, list[dict[str, list[str]]], 'a list such as [{"model": ["other-model"]}]')
    if tables is None:
        return None
    found = {model: tuple(others) for one in tables for model, others in one.items()}
    _few(tuple(other for others in found.values() for other in others), name)
    return found
