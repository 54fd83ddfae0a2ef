"""What a sign-in and a token request cost the database: statements, and the transactions that they are in.

The numbers are bounds, not wishes: each statement is a round trip, and on SQLite one to a thread. A change that needs
one more says so here. The seconds are in `bench/provider.py`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2
from sqlalchemy import event
from tests.unit.idp.conftest import BASE, PASSWORD, Stand

from .acts import Acts, basic

CALLBACK = f"{BASE}/sso/callback"
SEED = "openid email profile litellm_role"
SIGN_IN = "/if/flow/default-authentication-flow/"


class Cost:
    """How many transactions there were, and the statements in them."""

    def __init__(self) -> None:
        self.transactions = 0
        self.statements: list[str] = []

    def is_at_most(self, statements: int, transactions: int) -> None:
        found = "\n".join(text.partition("\n")[0][:100] for text in self.statements)
        assert len(self.statements) <= statements, found
        assert self.transactions <= transactions


@contextmanager
def cost(stand: Stand) -> Iterator[Cost]:
    found, engine = Cost(), stand.db.engine.sync_engine

    def executed(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith("BEGIN"):
            found.statements.append(statement)

    def begun(_: object) -> None:
        found.transactions += 1

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "begin", begun)
    yield found
    event.remove(engine, "before_cursor_execute", executed)
    event.remove(engine, "begin", begun)


async def authorize(browser: httpx2.AsyncClient) -> httpx2.Response:
    query = {"client_id": "litellm", "redirect_uri": CALLBACK, "response_type": "code", "scope": SEED, "state": "s"}
    return await browser.get("/application/o/authorize/", params=query)


async def sign_in(browser: httpx2.AsyncClient, page: httpx2.Response) -> httpx2.Response:
    fields = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text))
    form = {**fields, "next": fields["next"].replace("&amp;", "&"), "name": "alice", "password": PASSWORD}
    return await browser.post(SIGN_IN, data=form, headers={"origin": BASE})


def code_of(answer: httpx2.Response) -> str:
    assert answer.headers["location"].startswith(CALLBACK), answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


async def test_a_sign_in_with_a_password(stand: Stand) -> None:
    async with stand.browser() as browser:
        with cost(stand) as arrival:
            there = await authorize(browser)
        await browser.get(there.headers["location"])
        with cost(stand) as showing:
            page = await browser.get(there.headers["location"])
        with cost(stand) as signing:
            code_of(await sign_in(browser, page))
        with cost(stand) as again:
            code_of(await authorize(browser))
    # The client and its mappings.
    arrival.is_at_most(2, 1)
    showing.is_at_most(2, 1)
    # Those, the person, three counters up and down again (3), what factors there are and must be (2), session, person
    # and event (3), who may use the application, and the code with its event.
    signing.is_at_most(16, 8)
    # Session and person, client and mappings, who may use the application, and the code with its event.
    again.is_at_most(7, 4)


async def test_tokens_with_three_mappings(stand: Stand) -> None:
    secret = await stand.provider.clients.secret("litellm")
    assert secret is not None
    async with stand.browser() as browser:
        there = await authorize(browser)
        code = code_of(await sign_in(browser, await browser.get(there.headers["location"])))
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        # The first request reads what never changes: the signing keys, the installation's id.
        await stand.provider.keys.ring()
        with cost(stand) as redeeming:
            answer = await browser.post(
                "/application/o/token/", data=form, headers={"authorization": basic("litellm", secret)}
            )
        assert answer.status_code == 200, answer.text
        bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
        with cost(stand) as reading:
            claims = (await browser.get("/application/o/userinfo/", headers=bearer)).json()
    assert claims["litellm_role"] == "proxy_admin"
    # Client and mappings; code and session; person, session, who may use the application, groups, and once the
    # installation's id; the code is used up, and token, client of the session (3) and event are written.
    redeeming.is_at_most(15, 4)
    # Client and mappings; token, person, and who may use the application; groups.
    reading.is_at_most(6, 3)


async def test_a_refresh(acts: Acts) -> None:
    first = await acts.tokens(scope="openid email profile offline_access")
    with cost(acts.stand) as refreshing:
        answer = await acts.refresh(first["refresh_token"])
    assert answer.status_code == 200, answer.text
    # Client and mappings; token; person, session, who may use the application, groups; the family is locked, the old
    # token is rotated, and two tokens, client of the session (2) and event are written.
    refreshing.is_at_most(14, 4)
