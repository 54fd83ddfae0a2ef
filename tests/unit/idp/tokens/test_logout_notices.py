"""A client hears of a sign-out from server to server; a receiver checks what comes (Back-Channel Logout 1.0, 2.6)."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select

from gatewright.accounts.audit import Audit
from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import DAY, HOUR
from gatewright.idp.deliveries import CLAIMED_FOR, DELAYS
from gatewright.idp.logout_notices import EVENT, LogoutNotices
from gatewright.outbound.client import Outbound
from gatewright.storage import logout_notices, tables

from .acts import BASE, Acts

pytestmark = pytest.mark.anyio
HERE = AddressPolicy(loopback=True)
ISSUER = f"{BASE}/application/o/app/"


class Receiver:
    """A client's logout endpoint on loopback. `status` is what it answers."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/backchannel?tenant=1"
        self.status = 200
        self.requests: list[tuple[str, str, dict[str, list[str]]]] = []


@contextmanager
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            made.requests.append((self.path, self.headers["content-type"], parse_qs(body)))
            self.send_response(made.status)
            if 300 <= made.status < 400:
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def client() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    opened = Outbound()
    yield opened
    await opened.close()


def job(acts: Acts, outbound: Outbound, policy: AddressPolicy = HERE) -> LogoutNotices:
    provider = acts.stand.provider
    return LogoutNotices(acts.db, provider.clients, provider.keys, outbound, policy, Audit(acts.db))


async def signed_out(acts: Acts, url: str) -> str:
    """Signs alice in to the client and out; the session's sid."""
    await acts.change("app", logout_uri=url, sub_mode="user_uuid")
    session_id = await acts.session()
    tokens = await acts.tokens(session_id=session_id)
    await acts.sessions.end(session_id)
    return str((await acts.claims(tokens["id_token"]))["sid"])


async def left(acts: Acts) -> list[Any]:
    async with acts.db.read() as tx:
        return list(await tx.execute(select(tables.logout_notices)))


def opened(token: str, jwks: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, the signature checked without our own code or its library."""
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    [key] = [one for one in jwks["keys"] if one["kid"] == json.loads(header)["kid"]]
    numbers = [int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big") for name in ("e", "n")]
    signed = token.rpartition(".")[0].encode()
    RSAPublicNumbers(*numbers).public_key().verify(signature, signed, PKCS1v15(), SHA256())
    return json.loads(header), json.loads(claims)


async def test_the_client_gets_a_logout_token_that_it_can_check(
    acts: Acts, outbound: Outbound, client: Receiver
) -> None:
    sid = await signed_out(acts, client.url)
    sender = job(acts, outbound)
    assert await sender.deliver() == 1
    [(path, kind, form)] = client.requests
    assert (path, kind) == ("/backchannel?tenant=1", "application/x-www-form-urlencoded")
    assert list(form) == ["logout_token"]
    async with acts.stand.browser() as http:
        published = (await http.get("/application/o/app/jwks/")).json()
    header, claims = opened(form["logout_token"][0], published)
    now = acts.db.clock() // 1000
    assert (header["typ"], header["alg"]) == ("logout+jwt", "RS256")
    assert set(claims) == {"iss", "aud", "iat", "exp", "jti", "events", "sub", "sid"}
    assert (claims["iss"], claims["aud"], claims["sid"]) == (ISSUER, "app", sid)
    assert claims["sub"] == acts.stand.people["alice"].uuid
    assert claims["events"] == {EVENT: {}}
    assert claims["iat"] == now < claims["exp"] <= now + 120
    assert await sender.deliver() == 0
    assert await acts.causes("idp.logout_notice") == ["ok"]


@pytest.mark.parametrize("status", [500, 400, 302, 201])
async def test_what_fails_is_tried_again_and_given_up_after_hours(
    acts: Acts, outbound: Outbound, client: Receiver, status: int
) -> None:
    await signed_out(acts, client.url)
    client.status, sender = status, job(acts, outbound)
    assert await sender.deliver() == 1
    assert await sender.deliver() == 0
    [row] = await left(acts)
    assert row.problem.endswith(f"answered {status}.")
    assert "tenant" not in row.problem
    for delay in DELAYS:
        acts.stand.clock.now += delay
        assert await sender.deliver() == 1
    assert 3 * HOUR < sum(DELAYS) < DAY
    assert await left(acts) == []
    assert await acts.causes("idp.logout_notice") == ["given_up", "logout_notice_refused"]
    jtis = {request[2]["logout_token"][0] for request in client.requests}
    assert len(jtis) == len(DELAYS) + 1


async def test_a_client_that_comes_back_gets_it(acts: Acts, outbound: Outbound, client: Receiver) -> None:
    await signed_out(acts, client.url)
    client.status, sender = 503, job(acts, outbound)
    await sender.deliver()
    client.status = 204
    acts.stand.clock.now += DELAYS[0]
    assert await sender.deliver() == 1
    [row] = await left(acts)
    assert (row.delivered_at, row.attempts, row.problem) == (acts.db.clock(), 2, None)


@pytest.mark.parametrize(
    ("url", "policy"),
    [
        ("http://169.254.169.254/latest/meta-data", AddressPolicy(networks=("0.0.0.0/0",), loopback=True)),
        ("http://10.0.0.8/logout", AddressPolicy(loopback=True)),
        ("http://[::ffff:127.0.0.1]/logout", AddressPolicy()),
        ("http://127.0.0.1:1/logout", AddressPolicy()),
    ],
)
async def test_addresses_that_a_person_may_not_reach_are_not_reached(
    acts: Acts, outbound: Outbound, url: str, policy: AddressPolicy
) -> None:
    await signed_out(acts, url)
    assert await job(acts, outbound, policy).deliver() == 1
    [event] = await acts.stand.events("idp.logout_notice")
    assert (event["outcome"], event["target"]) == ("address_refused", "app")
    assert "may not be reached" in event["details"]["cause"]


async def test_two_workers_send_a_notice_once(acts: Acts, outbound: Outbound, client: Receiver) -> None:
    for _ in range(3):
        await signed_out(acts, client.url)
    workers = [job(acts, outbound), job(acts, outbound)]
    assert sum(await asyncio.gather(*(worker.deliver() for worker in workers))) == 3
    assert len(client.requests) == 3


async def test_a_worker_that_died_gives_its_notices_back(acts: Acts, outbound: Outbound, client: Receiver) -> None:
    await signed_out(acts, client.url)
    now = acts.db.clock()
    async with acts.db.write() as tx:
        assert len(await logout_notices.QUEUE.claim(tx, now, now + CLAIMED_FOR, 10)) == 1
    sender = job(acts, outbound)
    assert await sender.deliver() == 0
    acts.stand.clock.now += CLAIMED_FOR
    assert await sender.deliver() == 1
    assert len(client.requests) == 1


async def test_a_client_without_an_address_any_more_is_let_be(acts: Acts, outbound: Outbound, client: Receiver) -> None:
    await signed_out(acts, client.url)
    await acts.change("app", logout_uri="")
    assert await job(acts, outbound).deliver() == 1
    assert (await left(acts), client.requests) == ([], [])
    assert await acts.causes("idp.logout_notice") == ["no_logout_address"]


async def test_a_session_that_expires_is_told_by_the_sweep(acts: Acts, outbound: Outbound, client: Receiver) -> None:
    await acts.change("app", logout_uri=client.url)
    await acts.tokens()
    sender = job(acts, outbound)
    assert await sender.sweep() == 0
    acts.stand.clock.now += DAY + 1
    assert (await sender.sweep(), await sender.deliver()) == (1, 1)
    assert len(client.requests) == 1
