"""The whole product below a path, whether the proxy in front takes the path off or leaves it on."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.conftest import Form
from tests.unit.web.conftest import MASTER

from gatewright.app.build import Program
from gatewright.app.first_start import LINK_FILE
from gatewright.app.keyfiles import with_keys
from gatewright.settings.load import load
from gatewright.settings.public import OURS
from gatewright.web import ui
from gatewright.web.root_path import inside, outside, rooted

ORIGIN, ROOT = "https://llm.example.com", "/tools/llm"
BASE = ORIGIN + ROOT
EMAIL, PASSWORD = "ada@example.local", "correct horse battery"
ADDRESS = re.compile(r' (?:href|src|action)="(?!https?:|data:|#)([^"]*)"')
INDEX = (
    '<meta name="gatewright-root" content="" />\n<script src="/ui/theme.js"></script>\n'
    '<link rel="icon" href="/ui/favicon.svg" />\n'
)


class Proxy(httpx2.ASGITransport):
    """What stands in front: it passes requests below the path, and takes the path off or leaves it on."""

    def __init__(self, app: Any, *, strips: bool) -> None:
        super().__init__(app, client=("127.0.0.1", 40000))
        self._strips = strips

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        assert path.startswith(f"{ROOT}/"), path
        asked = request.url
        if self._strips:
            request.url = asked.copy_with(raw_path=path.removeprefix(ROOT).encode())
        answer = await super().handle_async_request(request)
        request.url = asked
        return answer


@pytest.fixture
async def program(started_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Program]:
    folder = tmp_path / "data"
    shutil.copytree(started_folder, folder)
    built = tmp_path / "ui"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(INDEX)
    (built / "theme.js").write_text("1")
    monkeypatch.setattr(ui, "FOLDER", built)
    environ = {
        "LITELLM_MASTER_KEY": MASTER,
        "GATEWRIGHT_DATA_DIR": str(folder),
        "PROXY_BASE_URL": ORIGIN,
        "SERVER_ROOT_PATH": ROOT,
    }
    program = Program(with_keys(load({}, environ)))
    await program.edge._start()
    yield program
    await program.edge._stop()


async def opened(http: httpx2.AsyncClient, answer: httpx2.Response) -> httpx2.Response:
    """The page at the end of the redirects, which must never leave the path."""
    for _ in range(12):
        if not answer.is_redirect:
            break
        location = answer.headers["location"].removeprefix(ORIGIN)
        assert location.startswith(f"{ROOT}/"), location
        answer = await http.get(location)
    assert answer.status_code == 200, answer.text
    for address in ADDRESS.findall(answer.text):
        assert address.startswith(f"{ROOT}/"), address
    return answer


async def submit(http: httpx2.AsyncClient, page: httpx2.Response, **fields: str) -> httpx2.Response:
    form = Form(page.text)
    answer = await http.post(form.action, data={**form.fields, **fields}, headers={"origin": ORIGIN})
    return await opened(http, answer)


@pytest.fixture(params=[True, False], ids=["the proxy strips", "the proxy passes"])
async def http(program: Program, request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    transport = Proxy(program.edge, strips=request.param)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers={"accept": "text/html"}) as client:
        yield client


@pytest.mark.anyio
async def test_a_sign_in_stays_below_the_path(program: Program, http: httpx2.AsyncClient) -> None:
    query = (program.settings.data_dir / LINK_FILE).read_text().strip().partition("?")[2]
    link = f"{BASE}/setup?{query}"
    page = await submit(http, await opened(http, await http.get(link)), email=EMAIL, password=PASSWORD)
    page = await submit(http, page, name=EMAIL, password=PASSWORD)
    assert '<meta name="gatewright-root" content="/tools/llm" />' in page.text
    assert (await http.get(ADDRESS.findall(page.text)[0])).text == "1"
    assert {name for name in http.cookies if "session" in name} == {
        "__Host-gatewright_session~tools~llm",
        "__Host-gatewright_idp_session~tools~llm",
    }
    marked = {"x-gatewright-request": "1", "origin": ORIGIN}
    me = await http.get(f"{ROOT}/api/v1/me")
    assert me.json()["email"] == EMAIL
    refused = await http.post(f"{ROOT}/session/logout", headers={**marked, "origin": "https://elsewhere.example"})
    assert refused.json()["code"] == "cross_site_request"
    out = await http.post(f"{ROOT}/session/logout", headers=marked)
    target = out.json()["redirect_to"]
    assert target.startswith(f"{BASE}/application/o/litellm/end-session/")
    after = await opened(http, await http.get(target, headers={"sec-fetch-site": "same-origin"}))
    assert str(after.url) == f"{BASE}/signed-out"


@pytest.mark.anyio
async def test_every_edge_answers_below_the_path(http: httpx2.AsyncClient) -> None:
    admin = {"authorization": f"Bearer {MASTER}", "accept": "application/json"}
    asked = {"model": "none", "messages": [{"role": "user", "content": "Hello"}]}
    refused = await http.post(f"{ROOT}/v1/chat/completions", json=asked, headers=admin)
    assert refused.json()["error"]["code"] == "model_not_found"
    assert (await http.get(f"{ROOT}/v1/models", headers=admin)).json()["object"] == "list"
    assert (await http.get(f"{ROOT}/models/none", headers=admin)).json()["error"]["code"] == "model_not_found"
    assert (await http.get(f"{ROOT}/model/info", headers=admin)).json()["data"][0]["model_name"] == "echo"
    assert (await http.get(f"{ROOT}/api/v3/core/users/", headers=admin)).status_code == 200
    assert (await http.get(f"{ROOT}/health/readiness")).status_code == 200
    found = (await http.get(f"{ROOT}/application/o/litellm/.well-known/openid-configuration")).json()
    assert found["issuer"] == f"{BASE}/application/o/litellm/"
    assert found["token_endpoint"] == f"{BASE}/application/o/token/"
    assert (await http.get(f"{ROOT}/")).headers["location"] == f"{ROOT}/ui/"


@pytest.mark.anyio
async def test_probes_and_metadata_answer_at_the_root_of_the_host(program: Program) -> None:
    transport = httpx2.ASGITransport(app=program.edge)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        assert (await http.get("/health/liveliness")).status_code == 200
        # RFC 8414 3.1: the well-known part stands before the issuer's path, the root path included.
        place = f"/.well-known/oauth-authorization-server{ROOT}/application/o/litellm"
        assert (await http.get(place)).json()["issuer"] == f"{BASE}/application/o/litellm/"
        assert (await http.get(f"{ROOT}x/v1/models")).status_code == 404


@pytest.mark.anyio
async def test_the_direct_door_knows_the_path_and_spends_nothing_without_one(program: Program) -> None:
    door = program.edge.direct
    assert door(f"{ROOT}/v1/messages".encode()) is door(b"/v1/messages") is not None
    assert door(f"{ROOT}{ROOT}/v1/messages".encode()) is None
    assert door(f"{ROOT}x/v1/messages".encode()) is None


@pytest.mark.anyio
async def test_no_address_of_ours_may_be_the_path(program: Program) -> None:
    rows: Any = program.router.routes
    api: Any = program.edge._find
    served = {row.path.split("/")[1] for row in rows} | {path.split("/")[1] for path in api.__self__._routes}
    # `/litellm/.well-known` is the same document there and at the root.
    assert served - OURS <= {"", ".well-known", "litellm"}


@pytest.mark.anyio
async def test_calls_to_the_rest_of_the_host_leave_the_process(program: Program) -> None:
    own = program.outbound._is_own
    assert own(f"{BASE}/application/o/token/")
    assert not own(f"{ORIGIN}/auth/token")
    assert not own(f"{BASE}x/token")


@given(path=st.from_regex(r"(/[a-z._\-]{0,8}){0,4}", fullmatch=True), root=st.sampled_from(["/llm", "/a/b", "/ui2"]))
def test_what_is_put_before_an_address_comes_off_again(path: str, root: str) -> None:
    below = inside(root, path)
    if path.startswith("/") and not path.startswith(("//", "/.well-known/")):
        assert inside(root, outside(root, below)) == inside(root, root + below) == below
    for foreign in ("//evil.example", "https://evil.example/llm", "com.example.app:/cb", ""):
        assert outside(root, foreign) == foreign


def test_only_addresses_in_our_own_tags_are_touched() -> None:
    page = '<a href="/ui/">x</a> href=&#34;/ui/&#34; <a href="//x"> <a href="https://x/"> <form action="/setup">'
    page += '<meta http-equiv="refresh" content="3;url=/out"><meta http-equiv="refresh" content="0; url=https://x/">'
    expected = page.replace('"/ui', '"/llm/ui').replace('"/setup', '"/llm/setup').replace("=/out", "=/llm/out")
    assert rooted("/llm", page) == expected
    assert rooted("", page) == page
