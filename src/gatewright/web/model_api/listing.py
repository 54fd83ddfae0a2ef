"""The list of models, in the shape that the client reads.

OpenAI's by default; Anthropic's for who sends the header `anthropic-version`, which no client of OpenAI's does: its
library wants it, and so does Claude Code where it asks a gateway for models. Source: OpenAI API reference, "List
models"; Anthropic API reference, "List models".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from gatewright.domain.errors import BadInput
from gatewright.gateway.deployment import Deployment

LONGEST_PAGE = 1000
USUAL_PAGE = 20


def openai_model(name: str, one: Deployment) -> dict[str, Any]:
    """`one` stands for the models of that name."""
    return {"id": name, "object": "model", "created": one.created_at // 1000, "owned_by": one.provider}


def openai_list(models: Mapping[str, Deployment]) -> dict[str, Any]:
    """All of them: OpenAI's list has no pages."""
    return {"object": "list", "data": [openai_model(name, one) for name, one in models.items()]}


def anthropic_model(name: str, one: Deployment) -> dict[str, Any]:
    """`one` stands for the models of that name."""
    created = datetime.fromtimestamp(one.created_at / 1000, UTC).isoformat(timespec="seconds")
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": created.replace("+00:00", "Z"),
        "lifecycle": "active",
    }


def anthropic_list(models: Mapping[str, Deployment], query: bytes) -> dict[str, Any]:
    """A page: of `limit` models, after `after_id` or before `before_id`. Raises BadInput naming the parameter."""
    asked = parse_qs(query.decode("latin-1"))
    names = list(models)
    after, before = asked.get("after_id"), asked.get("before_id")
    limit = _limit(asked.get("limit"))
    if after is not None:
        rest = names[_position(names, after[-1], "after_id") + 1 :]
    elif before is not None:
        rest = names[: _position(names, before[-1], "before_id")]
    else:
        rest = names
    page = rest[-limit:] if before is not None and after is None else rest[:limit]
    return {
        "data": [anthropic_model(name, models[name]) for name in page],
        "has_more": len(rest) > len(page),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def _limit(given: list[str] | None) -> int:
    if given is None:
        return USUAL_PAGE
    text = given[-1]
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= LONGEST_PAGE:
        raise BadInput(f"limit must be a number from 1 to {LONGEST_PAGE}.", param="limit")
    return int(text)


def _position(names: list[str], name: str, param: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise BadInput("There is no such model.", param=param) from None
