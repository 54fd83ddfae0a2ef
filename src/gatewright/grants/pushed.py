"""Pushed authorization requests: kept a minute, taken once, by the client that pushed them (RFC 9126)."""

import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from gatewright.domain.clock import MINUTE, Millis
from gatewright.grants.tokens import digest
from gatewright.oidc import parameters
from gatewright.oidc.errors import InvalidRequest
from gatewright.oidc.parameters import Parameters
from gatewright.storage import pushed_requests
from gatewright.storage.database import Database

URN = "urn:ietf:params:oauth:request_uri:"
LIFE: Millis = MINUTE
LONGEST_URI = 128


class PushedRequests:
    """Requests between the client's push and the browser's arrival."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def push(self, provider_id: int, params: Mapping[str, str]) -> str:
        """Keeps the parameters and returns the request URI that stands for them. Raises InvalidRequest for too many."""
        encoded = urlencode(params)
        if len(encoded) > parameters.MAX_CHARS:
            raise InvalidRequest("The request is too long.", cause="too_long")
        request_uri, now = URN + secrets.token_urlsafe(32), self._db.clock()
        async with self._db.write() as tx:
            await pushed_requests.add(
                tx,
                request_uri_hash=digest(request_uri),
                provider_id=provider_id,
                parameters=encoded,
                created_at=now,
                expires_at=now + LIFE,
            )
        return request_uri

    async def take(self, provider_id: int, request_uri: str) -> Parameters | None:
        """Uses the request up and returns its parameters; None when it is unknown, another client's, used or late."""
        async with self._db.write() as tx:
            found = await pushed_requests.take(tx, digest(request_uri[:LONGEST_URI]), provider_id, self._db.clock())
        return None if found is None else parameters.parse(found)
