"""Bodies in and answers out, as every route of the management API and of LiteLLM's routes handles them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import BadInput
from gatewright.storage.rows import cursor_id
from gatewright.web.call import Call, listing, page_of

T = TypeVar("T")

# Answers hold names, addresses and sometimes a fresh secret: no cache may keep them.
HEADERS = {"cache-control": "no-store"}
_NAMED_FIELD = re.compile(r"(?:unknown|required) field `(.+)`$")


async def read(call: Call, shape: type[T]) -> T:
    """The JSON body as that Struct. Raises BadInput naming the field, TooLarge for a body over the limit."""
    try:
        return await call.json(shape)
    except BadInput as error:
        named = _NAMED_FIELD.search(error.message)
        if error.error_code != "field_invalid" or error.param is not None or named is None:
            raise
        # For a field that is missing or unknown msgspec names it in the text alone.
        raise unfit(error.message, named[1], shape) from error
    except RecursionError as error:
        raise BadInput("The body is nested too deeply.", code="invalid_json") from error


def shaped(fields: Mapping[str, Any], shape: type[T]) -> T:
    """Fields that were read already as that Struct. Raises BadInput naming the field."""
    try:
        return msgspec.convert(fields, shape)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$.")
        named = _NAMED_FIELD.search(problem)
        if named and not path:
            raise unfit(problem, named[1], shape) from error
        raise BadInput(problem, param=path.rstrip("`") or None, code="field_invalid") from error


def unfit(problem: str, name: str, shape: Any) -> BadInput:
    """A field that is unknown or missing, in our words, with the fields that there are."""
    message = f"There is no field {name!r} here." if "unknown field" in problem else f"The field {name!r} is missing."
    names = ", ".join(field.encode_name for field in msgspec.structs.fields(shape))
    return BadInput(message, param=name, hint=f"The fields are: {names}.", code="field_invalid")


def clean(text: str, param: str) -> str:
    """The text when a database can look for it. Raises BadInput for a NUL, which PostgreSQL cannot hold."""
    if "\0" in text:
        raise BadInput(f"{param} holds a NUL character.", param=param)
    return text


def answer(body: Any, status: int = 200) -> Response:
    """A Struct, or a list or dict of them, as JSON."""
    return Response(msgspec.json.encode(body), status, headers=HEADERS, media_type="application/json")


def listed(call: Call, items: Sequence[Any]) -> Response:
    """One page of a list that is whole in memory; its cursor is the number of items before the page."""
    limit, cursor = page_of(call)
    start = cursor_id(cursor) or 0
    end = start + limit
    return answer(listing(list(items[start:end]), str(end) if end < len(items) else None))


def nothing() -> Response:
    """204: done, and there is nothing to say."""
    return Response(status_code=204, headers=HEADERS)


def bad_value(error: ValueError, param: str) -> BadInput:
    """What `settings.values` says about a text (`problem | fix`) as an error about that field."""
    problem, _, fix = str(error).partition(" | ")
    return BadInput(f"{problem}.", param=param, hint=f"{fix}." if fix else None, code="field_invalid")
