"""Bodies in and answers out, as SCIM writes them (RFC 7644 3.1, 3.12)."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import BadInput
from gatewright.domain.scim.errors import ScimRefused
from gatewright.web.call import Call

MEDIA_TYPE = "application/scim+json"
HEADERS = {"cache-control": "no-store"}
ROOT = "/scim/v2"


async def body_of(call: Call) -> Any:
    """The JSON body. Raises ScimRefused (`invalidSyntax`), TooLarge."""
    kind = call.request.headers.get("content-type", MEDIA_TYPE).partition(";")[0].strip().lower()
    if kind not in (MEDIA_TYPE, "application/json", ""):
        raise ScimRefused("invalidSyntax", f"Send the body as {MEDIA_TYPE}.")
    raw = await call.body()
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, BadInput) as error:
        raise ScimRefused("invalidSyntax", "The body is not JSON that can be read.") from error


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers=HEADERS | (headers or {}), media_type=MEDIA_TYPE)


def nothing() -> Response:
    return Response(status_code=204, headers=HEADERS)
