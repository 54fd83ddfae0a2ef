"""The gateway behind nginx as deploy/ has it: https by a private authority, a path, streaming, and what goes wrong."""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser
from tests.behind import HOST, Authority, example, nginx, nginx_path
from tests.browsers import FLAGS, Tab, chromium_path, launched, sign_in
from tests.conftest import missing
from tests.servers import (
    MASTER_KEY,
    USAGE_CHUNK,
    Gatewright,
    Upstream,
    chunk,
    eventually,
    free_port,
    gatewright,
    write_chunk,
)

EMAIL, PASSWORD = "ada@example.local", "correct horse battery"
BASE, ROOT = f"https://{HOST}", "/tools/llm"
FAULTS = """
server {{
    listen 127.0.0.1:{plain};
    location / {{
        proxy_pass http://127.0.0.1:{upstream};
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
    }}
}}
server {{
    listen 127.0.0.1:{renaming} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{
        proxy_pass http://127.0.0.1:{upstream};
        proxy_set_header X-Forwarded-Host $http_host;
    }}
}}
"""


@dataclass
class Site:
    """Two gateways behind one nginx: `root` has the host to itself, `below` is found under a path."""

    authority: Authority
    ports: dict[str, int]
    root: Gatewright
    below: Gatewright

    @property
    def base_below(self) -> str:
        return f"{BASE}:{self.ports['below']}{ROOT}"

    def client(self, port: str, **options: Any) -> httpx2.Client:
        """A client of https on 127.0.0.1 that asks for the public name, and trusts the private authority alone."""
        tls = ssl.create_default_context(cafile=str(self.authority.ca))
        transport = Named(verify=tls, **options)
        return httpx2.Client(base_url=f"https://127.0.0.1:{self.ports[port]}", transport=transport, timeout=30)


class Named(httpx2.HTTPTransport):
    """Connects to an address and speaks to a name, as a resolver would have it."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["host"] = HOST
        request.extensions = {**request.extensions, "sni_hostname": HOST}
        return super().handle_request(request)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, provider: Upstream) -> Iterator[Site]:
    if nginx_path() is None:
        missing("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    authority = Authority(folder, HOST)
    ports = {name: free_port() for name in ("http", "https", "http-below", "below", "plain", "renaming")}
    config = folder / "config.yaml"
    config.write_text(
        f"model_list:\n- model_name: chat\n  litellm_params: {{model: openai/gpt-x, api_base: {provider.base}, "
        "api_key: sk-provider}\n"
    )
    behind: dict[str, Any] = {
        "GATEWRIGHT_TRUSTED_PROXIES": "127.0.0.1",
        "GATEWRIGHT_ADMIN_EMAIL": EMAIL,
        "GATEWRIGHT_ADMIN_PASSWORD": PASSWORD,
    }
    path: dict[str, Any] = {"PROXY_BASE_URL": f"{BASE}:{ports['below']}", "SERVER_ROOT_PATH": ROOT}
    with (
        gatewright(folder / "root", workers=1, config=config, PROXY_BASE_URL=BASE, **behind) as root,
        gatewright(folder / "below", workers=1, config=config, **path, **behind) as below,
    ):
        first = example(authority, upstream=root.port, http=ports["http"], https=ports["https"])
        second = example(
            authority, upstream=below.port, http=ports["http-below"], https=ports["below"], path=f"{ROOT}/"
        )
        faults = FAULTS.format(
            upstream=root.port,
            certificate=authority.certificate,
            key=authority.key,
            plain=ports["plain"],
            renaming=ports["renaming"],
        )
        with nginx(folder, first, second, faults):
            found = Site(authority, ports, root, below)
            eventually(lambda: answers(found), "nginx answers")
            yield found


def answers(site: Site) -> bool:
    with site.client("https") as http:
        try:
            return http.get("/health/readiness").status_code == 200
        except httpx2.TransportError:
            return False


@pytest.fixture(scope="module")
def chromium(site: Site) -> Iterator[Browser]:
    """A browser in which the public name leads to nginx: port 80 to the one that does not send on to https."""
    if chromium_path() is None:
        missing("Chromium")
    with launched(*flags(site)) as found:
        yield found


def flags(site: Site) -> tuple[str, str]:
    ports = {80: site.ports["plain"], 443: site.ports["https"]}
    rules = [*(f"MAP {HOST}:{port} 127.0.0.1:{ours}" for port, ours in ports.items()), f"MAP {HOST} 127.0.0.1"]
    # Clients that check certificates are below.
    return f"--host-resolver-rules={','.join(rules)}", "--ignore-certificate-errors"


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    found = Tab(chromium, "light", BASE)
    yield found
    found.close()


@pytest.mark.parametrize("path", ["", ROOT], ids=["the host", "a path"])
def test_a_sign_in_and_the_dashboard(site: Site, tab: Tab, path: str) -> None:
    base = site.base_below if path else BASE
    page = tab.page
    page.goto(f"{base}/ui/keys")
    sign_in(page, EMAIL, PASSWORD)
    page.get_by_role("heading", name="Keys", exact=True).wait_for()
    assert page.url == f"{base}/ui/keys"
    page.get_by_role("link", name="Models").first.click()
    page.get_by_text("chat", exact=True).first.wait_for()
    assert page.url == f"{base}/ui/models"
    page.reload()
    page.get_by_text("chat", exact=True).first.wait_for()
    tab.check()
    cookies = {one["name"]: one for one in tab.context.cookies()}
    session = cookies[f"__Host-gatewright_session{path.replace('/', '~')}"]
    assert (session["secure"], session["httpOnly"], session["path"]) == (True, True, "/")


def test_plain_http_is_sent_on(site: Site) -> None:
    answer = httpx2.get(f"http://127.0.0.1:{site.ports['http']}/ui/?a=b", headers={"host": HOST})
    assert (answer.status_code, answer.headers["location"]) == (301, f"{BASE}/ui/?a=b")


def test_answers_stream_through_it(site: Site, provider: Upstream) -> None:
    read = threading.Event()

    def answer(handler: Any, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        write_chunk(handler, chunk("first"))
        # The rest is not even there before the client has read this.
        assert read.wait(20)
        for event in (chunk(None, "stop"), USAGE_CHUNK, b"data: [DONE]\n\n", b""):
            write_chunk(handler, event)

    provider.forget()
    provider.answer = answer
    body = {"model": "chat", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    for port, root in (("https", ""), ("below", ROOT)):
        read.clear()
        headers = {"authorization": f"Bearer {MASTER_KEY}"}
        with (
            site.client(port) as http,
            http.stream("POST", f"{root}/v1/chat/completions", json=body, headers=headers) as got,
        ):
            assert got.status_code == 200
            lines = got.iter_lines()
            assert "first" in next(lines)
            read.set()
            assert "data: [DONE]" in list(lines)


def test_the_callers_address_counts_and_nobody_makes_one_up(site: Site) -> None:
    wrong = {"username": "nobody", "password": "x"}
    with site.client("https", local_address="127.0.0.9") as http:
        page = http.get("/sso/key/generate", headers={"x-forwarded-for": "6.6.6.6"})
        assert page.status_code == 303
        login = http.get(page.headers["location"].removeprefix(BASE))
        form = http.get(login.headers["location"]).text
        fields = dict(re.findall(r'<input type="hidden" name="(csrf|next)" value="([^"]*)"', form))
        spoofed = {"x-forwarded-for": "6.6.6.6", "origin": BASE}
        refused = http.post(
            "/if/flow/default-authentication-flow/",
            data={**fields, "name": wrong["username"], "password": wrong["password"]},
            headers=spoofed,
        )
        assert refused.status_code in (400, 401), refused.text
    with site.root.admin() as admin:
        events = admin.get("/api/v3/events/events/").json()["results"]
    addresses = {one["client_ip"] for one in events}
    assert "127.0.0.9" in addresses
    assert "6.6.6.6" not in addresses


def test_a_large_body_is_refused_in_the_words_of_the_api(site: Site) -> None:
    with site.client("https") as http:
        big = b'{"model":"chat","messages":[{"role":"user","content":"' + b"x" * 32_500_000 + b'"}]}'
        headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
        answer = http.post("/v1/chat/completions", content=big, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_plain_http_to_an_https_gateway_is_explained(tab: Tab) -> None:
    answer = tab.page.goto(f"http://{HOST}/ui/")
    assert answer is not None
    assert answer.status == 421
    text = tab.page.inner_text("main")
    assert "by plain http" in text
    assert f"Open {BASE}" in text


def test_a_proxy_that_changes_the_host_is_explained(site: Site) -> None:
    with site.client("renaming") as http:
        answer = http.get("/ui/")
    assert answer.status_code == 421
    assert f"asks for `127.0.0.1:{site.root.port}` where the browser asked for {HOST}" in answer.text
    assert "proxy_set_header Host $http_host" in answer.text


def test_blocked_cookies_are_explained(site: Site, chromium: Browser, tmp_path: Path) -> None:
    """Blocked in the settings of the browser, for every site."""
    (tmp_path / "Default").mkdir()
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(settings))
    kind = chromium.browser_type
    context = kind.launch_persistent_context(tmp_path, executable_path=chromium_path(), args=[*FLAGS, *flags(site)])
    page = context.new_page()
    page.goto(f"{BASE}/ui/")
    sign_in(page, EMAIL, PASSWORD)
    page.get_by_text("Cookies must be allowed").wait_for()
    assert context.cookies() == []
    context.close()
