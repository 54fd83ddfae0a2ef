"""Which client calls the token endpoint (RFC 6749 2.3.1): HTTP Basic, the form body, or both with the same id."""

import base64
from urllib.parse import unquote_plus

from gatewright.idp.clients import Client, Clients
from gatewright.oidc.errors import InvalidClient, InvalidRequest
from gatewright.oidc.parameters import Parameters

LONGEST_HEADER = 4096


async def authenticate(clients: Clients, authorization: str | None, form: Parameters) -> Client:
    """The client that the header or the form proves. Raises InvalidClient, InvalidRequest.

    fastapi-sso, the seed's client, sends Basic and repeats the client id in the body (contract 1.10).
    """
    body_id, body_secret = form.value("client_id"), form.value("client_secret")
    if form.value("client_assertion") or form.value("client_assertion_type"):
        raise InvalidClient("Client assertions are not supported.", cause="client_assertion")
    if authorization is None:
        if body_id is None:
            raise InvalidClient("The client did not identify itself.", cause="client_missing")
        return await _proven(clients, [body_id], [] if body_secret is None else [[body_secret]], basic=False)
    ids, secrets = _basic(authorization)
    if body_id is not None and body_id not in ids:
        raise InvalidRequest("The header and the body name different clients.", cause="client_mismatch")
    # Two secrets must both be right: the second is no second chance.
    offered = [secrets] + ([] if body_secret is None else [[body_secret]])
    return await _proven(clients, [body_id] if body_id else ids, offered, basic=True)


async def _proven(clients: Clients, ids: list[str], offered: list[list[str]], *, basic: bool) -> Client:
    """The first of the spellings of the id for which every offered secret is right, in one of its spellings."""
    for client_id in ids:
        attempts = offered or [[]]
        found = [await clients.authenticate(client_id, tuple(spellings)) for spellings in attempts]
        if found and all(found) and found[0] is not None:
            return found[0]
    raise InvalidClient(cause="client_secret_wrong" if offered else "client_secret_missing", basic=basic)


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
