"""The races of lessons 21 and 22 against a server with two worker processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.conformance.conftest import CALLBACK, SECRET, Browser, Party, answer_of, register
from tests.conftest import new_database
from tests.servers import Gatewright, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"
AT_ONCE = 12


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    folder = tmp_path_factory.mktemp("two")
    with (
        new_database(request, request.param) as url,
        gatewright(
            folder, DATABASE_URL=url, GATEWRIGHT_ADMIN_EMAIL=NAME, GATEWRIGHT_ADMIN_PASSWORD=PASSWORD
        ) as running,
    ):
        with running.admin() as http:
            register(http, "rp")
        yield running


@pytest.fixture(scope="module")
def rp(server: Gatewright) -> Iterator[Party]:
    made = Party(server, "rp")
    yield made
    made.close()


def at_once(server: Gatewright, form: dict[str, str]) -> list[tuple[int, dict[str, Any]]]:
    """The same token request on so many connections, which the workers share among them."""

    def ask(_: int) -> tuple[int, dict[str, Any]]:
        with server.client() as http:
            answer = http.post("/application/o/token/", data=form, auth=("rp", SECRET))
            return answer.status_code, answer.json()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, range(AT_ONCE)))


def test_22_exactly_one_of_many_wins_on_two_processes(server: Gatewright, rp: Party) -> None:
    browser = Browser(server)
    page = browser.sign_in(browser.open(rp.request(scope="openid offline_access")))
    code = answer_of(browser.submit(page, decision="allow") if page.status_code == 200 else page)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    answers = at_once(server, form)
    assert sorted(status for status, _ in answers) == [200] + [400] * (AT_ONCE - 1)
    again = answer_of(browser.open(rp.request(scope="openid offline_access")))["code"]
    refresh = rp.exchange(again).json()["refresh_token"]
    answers = at_once(server, {"grant_type": "refresh_token", "refresh_token": refresh})
    assert sorted(status for status, _ in answers) == [200] + [400] * (AT_ONCE - 1)
    [won] = [body for status, body in answers if status == 200]
    for token in (won["access_token"], won["refresh_token"]):
        with server.client() as http:
            told = http.post("/application/o/introspect/", data={"token": token}, auth=("rp", SECRET))
        assert told.json() == {"active": False}
    browser.close()
