"""Back-Channel Logout 1.0, one test an intent of the plan: a client that listens, and believes nothing unverified."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.servers import Gatewright

from .conftest import NAME, SIGNED_OUT, Browser, Party, answer_of, register
from .listening import Listener, listening, verified

CLIENTS = ("listening", "beside")


@pytest.fixture(scope="module")
def listener(server: Gatewright) -> Iterator[Listener]:
    """One for all tests of a server, with both clients registered."""
    with listening() as made, server.admin() as http:
        for client_id in CLIENTS:
            register(http, client_id, logout_uri=made.address(client_id), logout_method="backchannel")
        yield made


@pytest.fixture
def clients(server: Gatewright, listener: Listener) -> Iterator[dict[str, Party]]:
    assert listener.is_quiet
    made = {client_id: Party(server, client_id) for client_id in CLIENTS}
    yield made
    for one in made.values():
        one.close()


def ended_by(party: Party, browser: Browser, body: dict[str, Any]) -> None:
    members = {"id_token_hint": body["id_token"], "post_logout_redirect_uri": SIGNED_OUT}
    done = browser.http.get(party.document["end_session_endpoint"], params=members)
    assert done.headers["location"] == SIGNED_OUT


def test_2_1_the_document_says_that_it_is_supported(clients: dict[str, Party]) -> None:
    document = clients["listening"].document
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_2_5_a_logout_is_posted_with_the_session_of_the_id_token(
    clients: dict[str, Party], listener: Listener, browser: Browser
) -> None:
    party = clients["listening"]
    body = party.tokens(browser)
    signed_in = party.claims(body)
    ended_by(party, browser, body)
    told = verified(party, listener.next())
    assert (told["sub"], told["sid"]) == (signed_in["sub"], signed_in["sid"])
    assert answer_of(browser.open(party.request(prompt="none")))["error"] == "login_required"
    assert listener.is_quiet


def test_2_7_every_client_of_the_session_hears_of_it_once(
    clients: dict[str, Party], listener: Listener, browser: Browser
) -> None:
    first, second = clients["listening"], clients["beside"]
    body = first.tokens(browser)
    theirs = second.exchange(answer_of(browser.open(second.request()))["code"]).json()
    ended_by(first, browser, body)
    arrived = {notice.client_id: notice for notice in (listener.next(), listener.next())}
    told = {name: verified(clients[name], arrived[name]) for name in CLIENTS}
    assert told["listening"]["sid"] == told["beside"]["sid"] == second.claims(theirs)["sid"]
    assert told["listening"]["jti"] != told["beside"]["jti"]
    bearer = {"authorization": f"Bearer {theirs['access_token']}"}
    assert second.http.get(second.document["userinfo_endpoint"], headers=bearer).status_code == 401
    assert listener.is_quiet


def test_2_7_another_session_and_a_client_that_was_never_there_hear_nothing(
    clients: dict[str, Party], listener: Listener, browser: Browser, server: Gatewright
) -> None:
    party, elsewhere = clients["listening"], Browser(server)
    here, there = party.tokens(browser), party.tokens(elsewhere)
    ended_by(party, browser, here)
    assert verified(party, listener.next())["sid"] == party.claims(here)["sid"]
    assert party.userinfo(there["access_token"])["sub"]
    assert "code" in answer_of(elsewhere.open(party.request(prompt="none")))
    # The second sign-out would come after anything that the first had sent too much.
    ended_by(party, elsewhere, there)
    assert verified(party, listener.next())["sid"] == party.claims(there)["sid"]
    assert listener.is_quiet
    elsewhere.close()


def test_2_4_a_logout_token_is_no_id_token_and_no_access_token(
    clients: dict[str, Party], listener: Listener, browser: Browser
) -> None:
    party = clients["listening"]
    body = party.tokens(browser)
    ended_by(party, browser, body)
    [(_, token)] = listener.next().form
    again = party.tokens(browser)
    hinted = browser.http.get(party.document["end_session_endpoint"], params={"id_token_hint": token})
    assert hinted.headers.get("location") is None
    assert "code" in answer_of(browser.open(party.request(prompt="none")))
    answer = party.http.get(party.document["userinfo_endpoint"], headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    ended_by(party, browser, again)
    assert verified(party, listener.next())["sid"] == party.claims(again)["sid"]


def test_2_7_what_an_administrator_ends_is_told_too(
    clients: dict[str, Party], listener: Listener, browser: Browser, server: Gatewright
) -> None:
    """The only way in which a client hears of it (contract 1.9)."""
    party = clients["listening"]
    signed_in = party.claims(party.tokens(browser))
    with server.admin() as http:
        path = "/api/v3/core/authenticated_sessions/"
        for one in http.get(path, params={"user__username": NAME}).json()["results"]:
            assert http.delete(f"{path}{one['uuid']}/").status_code == 204
    told = verified(party, listener.next())
    assert (told["sub"], told["sid"]) == (signed_in["sub"], signed_in["sid"])
    assert listener.is_quiet
