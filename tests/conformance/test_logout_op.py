"""RP-Initiated Logout 1.0, one test an intent of the plan, from outside."""

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx2
import pytest

from .conftest import SIGNED_OUT, Browser, Party, answer_of


def end(rp: Party, browser: Browser, members: Mapping[str, str]) -> httpx2.Response:
    query = f"?{urlencode(members)}" if members else ""
    return browser.http.get(f"{rp.document['end_session_endpoint']}{query}")


def silent(rp: Party, browser: Browser) -> dict[str, str]:
    return answer_of(browser.open(rp.request(prompt="none")))


def never_leaves(response: httpx2.Response, browser: Browser) -> None:
    """An error or a question, but no redirect to the client."""
    location = response.headers.get("location", "/")
    assert location.startswith(("/", browser.url)), location


def test_2_1_the_document_names_the_endpoint(rp: Party) -> None:
    assert rp.document["end_session_endpoint"] == f"{rp.issuer}end-session/"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_2_hint_address_and_state(rp: Party, browser: Browser, method: str) -> None:
    token = rp.tokens(browser)["id_token"]
    members = {"id_token_hint": token, "post_logout_redirect_uri": SIGNED_OUT, "state": "s &1"}
    if method == "GET":
        done = end(rp, browser, members)
    else:
        done = browser.http.post(rp.document["end_session_endpoint"], data=members)
    assert answer_of(done, SIGNED_OUT) == {"state": "s &1"}
    assert silent(rp, browser)["error"] == "login_required"


def test_2_no_state(rp: Party, browser: Browser) -> None:
    token = rp.tokens(browser)["id_token"]
    done = end(rp, browser, {"id_token_hint": token, "post_logout_redirect_uri": SIGNED_OUT})
    assert done.headers["location"] == SIGNED_OUT
    assert silent(rp, browser)["error"] == "login_required"


def test_2_no_parameters(rp: Party, browser: Browser) -> None:
    """A navigation from nowhere in particular is asked; the button ends the session."""
    rp.tokens(browser)
    page = end(rp, browser, {})
    never_leaves(page, browser)
    assert page.status_code == 200
    done = browser.submit(page)
    assert done.status_code == 200
    assert silent(rp, browser)["error"] == "login_required"


def test_2_only_a_hint(rp: Party, browser: Browser) -> None:
    token = rp.tokens(browser)["id_token"]
    never_leaves(end(rp, browser, {"id_token_hint": token}), browser)
    assert silent(rp, browser)["error"] == "login_required"


def test_2_only_state(rp: Party, browser: Browser) -> None:
    rp.tokens(browser)
    never_leaves(end(rp, browser, {"state": "s"}), browser)


@pytest.mark.parametrize(
    "uri",
    ["https://rp.example/elsewhere", f"{SIGNED_OUT}?x=1", f"{SIGNED_OUT}/", "https://evil.example/", "javascript:1"],
)
def test_3_an_address_that_is_not_registered(rp: Party, browser: Browser, uri: str) -> None:
    token = rp.tokens(browser)["id_token"]
    done = end(rp, browser, {"id_token_hint": token, "post_logout_redirect_uri": uri})
    never_leaves(done, browser)
    assert "evil.example" not in done.text


def test_4_a_hint_that_was_changed(rp: Party, browser: Browser) -> None:
    head, body, signature = rp.tokens(browser)["id_token"].split(".")
    swapped = "A" if signature[20] != "A" else "B"
    for bad in (f"{head}.{body}.{signature[:20]}{swapped}{signature[21:]}", "not.a.token", "x"):
        never_leaves(end(rp, browser, {"id_token_hint": bad, "post_logout_redirect_uri": SIGNED_OUT}), browser)
        assert "code" in silent(rp, browser)


def test_4_a_hint_of_another_client(rp: Party, other: Party, browser: Browser) -> None:
    rp.tokens(browser)
    theirs = other.exchange(answer_of(browser.open(other.request()))["code"]).json()["id_token"]
    never_leaves(end(rp, browser, {"id_token_hint": theirs, "post_logout_redirect_uri": SIGNED_OUT}), browser)
    assert "code" in silent(rp, browser)


def test_2_an_address_without_a_hint(rp: Party, browser: Browser) -> None:
    rp.tokens(browser)
    page = end(rp, browser, {"post_logout_redirect_uri": SIGNED_OUT})
    never_leaves(page, browser)
    assert "code" in silent(rp, browser)


def test_access_tokens_end_with_the_session(rp: Party, browser: Browser) -> None:
    body = rp.tokens(browser)
    end(rp, browser, {"id_token_hint": body["id_token"]})
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    assert rp.http.get(rp.document["userinfo_endpoint"], headers=bearer).status_code == 401
