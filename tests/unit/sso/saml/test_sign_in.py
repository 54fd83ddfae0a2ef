"""Whole sign-ins by SAML through the routes, in browsers that send cookies as SameSite=Lax makes them."""

import asyncio
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML
from tests.unit.sso.saml.conftest import SIGNER
from tests.unit.sso.saml.idp import AUDIENCE, CALLBACK, EMAIL, ENTITY, asked, assertion, packed, response, unwrapped
from tests.unit.sso.stage import Stage, hidden

pytestmark = pytest.mark.anyio

HOP = "/sso/saml/callback"


async def begun(browser: httpx2.AsyncClient, query: str = "") -> tuple[Any, str]:
    """The request that the browser is sent away with, and its RelayState."""
    first = await browser.get(f"/sso/saml/login{query}")
    assert first.status_code == 303, first.text
    answer = await browser.get(first.headers["location"])
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith("https://idp.example/sso?tenant=7&SAMLRequest=")
    return asked(answer.headers["location"])


def said(stage: Stage, request: str, **changes: Any) -> str:
    """The identity provider's answer to the request of that id, as a form field."""
    now = stage.db.clock()
    changes = {"id": f"_a{request}", **changes}
    return packed(response(now, unwrapped(SIGNER.sign(assertion(now, request=request, **changes))), request=request))


async def posted(stage: Stage, field: str, state: str | None) -> httpx2.Response:
    """The POST from the provider's page: it comes from another site, so the browser sends no cookie along."""
    form = {"SAMLResponse": field, **({} if state is None else {"RelayState": state})}
    return await stage.browser(origin="https://idp.example").post(HOP, data=form)


async def signed_in(stage: Stage, browser: httpx2.AsyncClient, query: str = "", **changes: Any) -> httpx2.Response:
    request, state = await begun(browser, query)
    answer = await posted(stage, said(stage, request.get("ID"), **changes), state)
    assert answer.status_code == 303, answer.text
    assert "set-cookie" not in answer.headers
    return await browser.get(answer.headers["location"])


def code(answer: httpx2.Response) -> str:
    """The cause that the page names."""
    assert answer.status_code >= 400, answer.headers
    assert "set-cookie" not in answer.headers or "gatewright_session" not in answer.headers["set-cookie"]
    [found] = set(re.findall(r"\b(?:saml|state)_[a-z_]+\b", answer.text))
    return str(found)


async def test_a_person_signs_in_and_is_found_again(stage: Stage) -> None:
    ada = stage.browser()
    chooser = await ada.get("/sso/key/generate?return_to=/ui/keys")
    assert "provider=saml" in chooser.text
    request, _ = await begun(stage.browser())
    assert request.get("AssertionConsumerServiceURL") == CALLBACK
    assert request.get("ForceAuthn") is None
    attributes = {"role": ["proxy_admin"], "displayName": ["Ada"]}
    done = await signed_in(stage, ada, "?return_to=/ui/keys", attributes=attributes)
    assert (done.status_code, done.headers["location"]) == (303, "/ui/keys")
    assert ada.cookies["gatewright_session"]
    user = await stage.user("ada@example.com")
    assert (user.email, user.display_name, user.role) == ("ada@example.com", "Ada", "proxy_admin")
    assert await stage.identities(user) == [(f"saml:{ENTITY}", "ada@example.com")]
    # Again, without the role: the same person, of whom the provider says no role any more.
    await signed_in(stage, stage.browser())
    assert [one.user_id for one in await stage.everybody()] == ["ada@example.com"]
    assert (await stage.user("ada@example.com")).role == "internal_user_viewer"
    assert ("login.sso", "ok") in await stage.audit()


async def test_our_metadata_are_those_of_the_standard(stage: Stage) -> None:
    answer = await stage.browser().get("/sso/saml/metadata")
    assert answer.headers["content-type"].startswith("application/samlmetadata+xml")
    judged = OneLogin_Saml2_XML.validate_xml(answer.text, "saml-schema-metadata-2.0.xsd")
    assert not isinstance(judged, str), judged
    assert judged.get("entityID") == AUDIENCE
    assert [one.get("Location") for one in judged.iter("{*}AssertionConsumerService")] == [CALLBACK]
    assert [one.text for one in judged.iter("{*}NameIDFormat")] == [EMAIL]


async def test_nobody_is_signed_in_to_somebody_elses_account(stage: Stage) -> None:
    """Login CSRF: a response and a handle work in the browser that began alone."""
    mallory, victim = stage.browser(), stage.browser()
    request, state = await begun(mallory)
    await begun(victim)
    answer = await posted(stage, said(stage, request.get("ID")), state)
    way = answer.headers["location"]
    assert code(await victim.get(way)) == "state_other_browser"
    # A handle that leaked is used up, and one that nobody made opens nothing.
    assert code(await mallory.get(way)) == "state_unknown"
    assert code(await stage.browser().get("/sso/saml/complete?handle=x")) == "state_unknown"
    assert code(await stage.browser().get("/sso/saml/complete")) == "state_unknown"
    # Mallory's response with the state of the victim's sign-in, and without any.
    other, theirs = await begun(victim)
    assert code(await posted(stage, said(stage, request.get("ID")), theirs)) == "saml_in_response_to"
    assert code(await posted(stage, said(stage, other.get("ID")), None)) == "state_unknown"
    # The state of a sign-in by SAML is none of OpenID Connect, nor the other way.
    _, third = await begun(victim)
    assert (await victim.get(f"/sso/callback?state={third}&code=x")).status_code == 400
    away = await victim.get("/sso/key/generate?provider=generic")
    [oidc] = parse_qs(urlsplit(away.headers["location"]).query)["state"]
    assert code(await posted(stage, said(stage, "_made-up"), oidc)) == "state_unknown"
    assert await stage.everybody() == []


async def test_a_response_works_once(stage: Stage, clock: Any) -> None:
    ada = stage.browser()
    request, state = await begun(ada)
    field = said(stage, request.get("ID"))
    answers = await asyncio.gather(*(posted(stage, field, state) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [303, 400, 400, 400]
    [way] = [one.headers["location"] for one in answers if one.status_code == 303]
    assert (await ada.get(way)).status_code == 303
    assert code(await ada.get(way)) == "state_unknown"
    # The assertion of another sign-in, though its request is a new one.
    second, again = await begun(ada)
    twice = said(stage, second.get("ID"), id=f"_a{request.get('ID')}")
    assert code(await posted(stage, twice, again)) == "saml_replayed"
    # Too late, at both steps.
    third, late = await begun(ada)
    clock.now += 601_000
    assert code(await posted(stage, said(stage, third.get("ID")), late)) == "state_expired"
    fourth, slow = await begun(ada)
    way = (await posted(stage, said(stage, fourth.get("ID")), slow)).headers["location"]
    clock.now += 121_000
    assert code(await ada.get(way)) == "state_expired"


async def test_unsolicited_responses_are_refused_unless_they_are_allowed(stage: Stage) -> None:
    assert code(await posted(stage, said(stage, ""), None)) == "saml_unsolicited"
    request, state = await begun(stage.browser())
    assert code(await posted(stage, said(stage, "", id="_other"), state)) == "saml_unsolicited"
    assert request.get("ID")
    assert ("login.sso", "saml_unsolicited") in await stage.audit()
    assert await stage.everybody() == []


class TestAllowed:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "SAML_ALLOW_UNSOLICITED": "true", "ALLOWED_EMAIL_DOMAINS": "example.com"}

    async def test_an_unsolicited_response_works_once(self, stage: Stage) -> None:
        ada = stage.browser()
        field = said(stage, "")
        answer = await ada.post(HOP, data={"SAMLResponse": field, "RelayState": "https://evil.example"})
        done = await ada.get(answer.headers["location"])
        assert (done.status_code, done.headers["location"]) == (303, "/ui/")
        assert [one.user_id for one in await stage.everybody()] == ["ada@example.com"]
        assert code(await ada.post(HOP, data={"SAMLResponse": field})) == "saml_replayed"
        # One that answers a request needs that request all the same.
        assert code(await ada.post(HOP, data={"SAMLResponse": said(stage, "_made-up")})) == "state_unknown"

    async def test_the_rules_of_every_sign_in_hold(self, stage: Stage) -> None:
        refused = await signed_in(stage, stage.browser(), name_id="eve@other.example")
        assert refused.status_code == 403
        assert await stage.everybody() == []


async def test_the_command_line_signs_in(stage: Stage) -> None:
    terminal, browser = stage.terminal(), stage.browser()
    started = (await terminal.post("/sso/cli/start")).json()
    prompt = await signed_in(stage, browser, f"?source=litellm-cli&key={started['login_id']}")
    assert prompt.status_code == 200
    form = {**hidden(prompt.text), "user_code": started["user_code"]}
    done = await browser.post(
        f"/sso/cli/complete/{started['login_id']}", data=form, headers={"origin": "http://localhost:4000"}
    )
    assert done.status_code == 200
    secret = {"x-litellm-cli-poll-secret": started["poll_secret"]}
    polled = (await terminal.get(f"/sso/cli/poll/{started['login_id']}", headers=secret)).json()
    assert (polled["status"], polled["user_id"]) == ("ready", "ada@example.com")
    assert (await browser.get("/sso/saml/login?source=litellm-cli&key=made-up")).status_code == 303
    assert (await terminal.get("/sso/key/generate?provider=saml&source=litellm-cli&key=made-up")).status_code == 400


async def test_odd_posts_are_refused(stage: Stage) -> None:
    browser = stage.browser()
    for data, status in (({"x": "y"}, 403), ({"SAMLResponse": "%%%"}, 403), ({"SAMLResponse": "x" * 500_000}, 413)):
        assert (await browser.post(HOP, data=data)).status_code == status
    assert (await browser.post(HOP, json={"SAMLResponse": "x"})).status_code == 400
    assert (await browser.get(HOP)).status_code == 405
