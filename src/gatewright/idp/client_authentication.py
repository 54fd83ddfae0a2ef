"""Which client calls (RFC 6749 2.3): by HTTP Basic, by the form body, by both with the same id, or by an assertion."""

import base64
from urllib.parse import unquote_plus

from gatewright.accounts.limits import Limits, network_of
from gatewright.domain.people import Origin
from gatewright.idp.client_assertions import TYPE, ClientAssertions
from gatewright.idp.clients import Client, Clients
from gatewright.oidc.errors import InvalidClient, InvalidRequest
from gatewright.oidc.parameters import Parameters

LONGEST_HEADER = 4096
# By network, in five minutes: guessing is hopeless, an office with one broken client goes on.
FAILURES = 100
MOST_NETWORKS = 1000


class ClientAuthentication:
    """For every endpoint that clients call: token, introspection, revocation, pushed requests, device authorization."""

    def __init__(self, clients: Clients, assertions: ClientAssertions, limits: Limits) -> None:
        self._clients = clients
        self._assertions = assertions
        self._limits = limits
        # Networks that failed at this worker: only theirs are looked up in the store, good clients pay nothing.
        self._failed: set[str] = set()

    async def client(self, authorization: str | None, form: Parameters, origin: Origin) -> Client:
        """The client that the header or the form proves. Raises InvalidClient, InvalidRequest, TooManyRequests.

        fastapi-sso, the seed's client, sends Basic and repeats the client id in the body (contract 1.10).
        """
        bucket = f"client:{network_of(origin.address or '')}"
        if bucket in self._failed:
            await self._limits.refuse_above(bucket, FAILURES)
        try:
            return await self._client(authorization, form)
        except InvalidClient:
            await self._count(bucket)
            raise

    async def named(self, authorization: str | None, form: Parameters, origin: Origin) -> Client:
        """The client of a request that an account's own password proves (contract 1.4, client credentials, way b).

        Whatever the client offers of itself must be right all the same. Raises as `client`.
        """
        offered = authorization or form.value("client_secret") or form.value("client_assertion")
        client_id = form.value("client_id")
        if offered or client_id is None:
            return await self.client(authorization, form, origin)
        found = await self._clients.by_client_id(client_id)
        if found is None:
            raise InvalidClient(cause="client_unknown")
        return found

    async def confidential(self, authorization: str | None, form: Parameters, origin: Origin) -> Client:
        """As `client`, for what a mere name does not open. Raises InvalidClient for a public client too."""
        client = await self.client(authorization, form, origin)
        if client.is_public and not form.value("client_assertion"):
            raise InvalidClient(cause="client_public")
        return client

    async def _count(self, bucket: str) -> None:
        if len(self._failed) >= MOST_NETWORKS:
            self._failed.clear()
        self._failed.add(bucket)
        await self._limits.count(bucket, FAILURES)

    async def _client(self, authorization: str | None, form: Parameters) -> Client:
        body_id, body_secret = form.value("client_id"), form.value("client_secret")
        if form.value("client_assertion") or form.value("client_assertion_type"):
            return await self._by_assertion(authorization, form)
        if authorization is None:
            if body_id is None:
                raise InvalidClient("The client did not identify itself.", cause="client_missing")
            return await self._proven([body_id], [] if body_secret is None else [[body_secret]], basic=False)
        ids, secrets = _basic(authorization)
        if body_id is not None and body_id not in ids:
            raise InvalidRequest("The header and the body name different clients.", cause="client_mismatch")
        # Two secrets must both be right: the second is no second chance.
        offered = [secrets] + ([] if body_secret is None else [[body_secret]])
        return await self._proven([body_id] if body_id else ids, offered, basic=True)

    async def _by_assertion(self, authorization: str | None, form: Parameters) -> Client:
        assertion = form.value("client_assertion")
        if form.value("client_assertion_type") != TYPE or assertion is None:
            raise InvalidClient(f"The client_assertion_type must be {TYPE}.", cause="client_assertion_type")
        if authorization is not None or form.value("client_secret") is not None:
            # RFC 6749 2.3: one method a request.
            raise InvalidRequest("The client authenticates in more than one way.", cause="client_twice")
        return await self._assertions.client(assertion, form.value("client_id"))

    async def _proven(self, ids: list[str], offered: list[list[str]], *, basic: bool) -> Client:
        """The first of the spellings of the id for which every offered secret is right, in one of its spellings."""
        for client_id in ids:
            attempts = offered or [[]]
            found = [await self._clients.authenticate(client_id, tuple(spellings)) for spellings in attempts]
            if found and all(found) and found[0] is not None:
                return found[0]
        raise InvalidClient(cause="client_secret_wrong" if offered else "client_secret_missing", basic=basic)


def claimed_id(authorization: str | None, form: Parameters) -> str | None:
    """Which client the caller says that it is, for the audit log of a refusal."""
    named = form.get("client_id", "")
    if not named and authorization:
        try:
            named = _basic(authorization)[0][0]
        except InvalidClient:
            return None
    return named[:100] or None


def _basic(header: str) -> tuple[list[str], list[str]]:
    """The spellings of id and secret: as sent and percent-decoded. Clients differ in whether they encode."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > LONGEST_HEADER:
        raise InvalidClient("The client must authenticate with HTTP Basic.", cause="client_scheme", basic=True)
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode("utf-8")
    except ValueError as error:  # no base64, or not of ASCII or UTF-8
        raise InvalidClient("The Authorization header is malformed.", cause="client_header", basic=True) from error
    client_id, separator, secret = text.partition(":")
    if not separator:
        raise InvalidClient("The Authorization header is malformed.", cause="client_header", basic=True)
    return _spellings(client_id), _spellings(secret)


def _spellings(text: str) -> list[str]:
    return list(dict.fromkeys((text, unquote_plus(text))))
