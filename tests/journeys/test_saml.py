"""A sign-in by SAML in a real browser, whose rules for cookies decide whether the provider's POST can work."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect
from tests.browsers import Tab
from tests.servers import Gatewright, gatewright
from tests.unit.sso.saml.idp import Signer, asked, assertion, metadata, packed, response, unwrapped

# Another site than localhost.
PROVIDER = "http://127.0.0.1:9/sso"
SIGNER = Signer()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Gatewright]:
    with gatewright(tmp_path, SAML_IDP_METADATA_XML=metadata(SIGNER, location=PROVIDER)) as server:
        yield server


def answered(server: Gatewright, url: str) -> str:
    """The provider's page: a form that sends itself."""
    request, state = asked(url)
    now, callback = int(time.time() * 1000), request.get("AssertionConsumerServiceURL")
    about = {"request": request.get("ID"), "recipient": callback, "audience": f"{server.url}/sso/saml/metadata"}
    inside = unwrapped(SIGNER.sign(assertion(now, **about, attributes={"role": ["proxy_admin"]})))
    field = packed(response(now, inside, request=request.get("ID"), destination=callback))
    return (
        f'<form method="post" action="{callback}"><input name="SAMLResponse" value="{field}">'
        f'<input name="RelayState" value="{state}"></form><script>document.forms[0].submit()</script>'
    )


def test_a_person_signs_in_from_another_site(browser: Browser, server: Gatewright) -> None:
    tab = Tab(browser, "light", server.url)
    page = tab.page

    def provider(route: Route) -> None:
        route.fulfill(content_type="text/html", body=answered(server, route.request.url))

    page.route(f"{PROVIDER}**", provider)
    page.goto(f"{server.url}/sso/key/generate?return_to=/ui/keys")
    page.get_by_role("link", name="SAML").click()
    expect(page).to_have_url(f"{server.url}/ui/keys")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("fetch('/api/v1/me').then(a => a.json()).then(a => a.user_id)") == "ada@example.com"
    assert tab.complaints == []
    tab.close()
