"""Two providers at once, one of them hostile: no answer of one passes for the other's (RFC 9207; RFC 9700 4.4)."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx2
import msgspec
import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import ManualClock, Stage, generic, knowing_the_issuer

from gatewright.domain.addresses import AddressPolicy
from gatewright.sso.sources import CALLBACK, Source, secret_of

pytestmark = pytest.mark.anyio
MACHINE = AddressPolicy(networks=("127.0.0.1/32",))
"""A person typed the address, and the operator allows one machine."""


class Two(NamedTuple):
    """`honest` is the variables' provider, `hostile` one that was added and returns to a path of its own."""

    stage: Stage
    honest: FakeProvider
    hostile: FakeProvider

    async def begun(self, browser: httpx2.AsyncClient, source: str) -> str:
        answer = await browser.get(f"/sso/key/generate?go=1&provider={source}")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


def added(provider: FakeProvider, **more: Any) -> Source:
    known = msgspec.structs.replace(knowing_the_issuer(provider).provider, id="added", **more)
    return Source(known, secret_of(known), MACHINE, f"{CALLBACK}/added")


@pytest.fixture
async def two(make_stage: MakeStage, provider: FakeProvider, clock: ManualClock) -> AsyncIterator[Two]:
    hostile = FakeProvider(clock)
    async with await hostile.start():
        stage = make_stage(generic(provider.origin))
        first = knowing_the_issuer(provider)
        stage.parties.set([first, added(hostile)])
        yield Two(stage, provider, hostile)


async def refused(two: Two, answer: httpx2.Response, code: str) -> None:
    assert answer.status_code >= 400
    assert (await two.stage.audit())[0] == ("login.sso", code)
    assert await two.stage.everybody() == []


async def test_each_provider_works_on_its_own_path(two: Two) -> None:
    for source, provider, path in (("generic", two.honest, CALLBACK), ("added", two.hostile, f"{CALLBACK}/added")):
        browser = two.stage.browser()
        url = await two.begun(browser, source)
        provider.user = {"sub": f"of-{source}", "preferred_username": source}
        assert (await browser.get(f"{path}?{provider.authorize(url)}")).status_code == 303
    assert len(await two.stage.everybody()) == 2


@pytest.mark.parametrize("issuer", [None, "theirs"])
@pytest.mark.parametrize(("begun_at", "path"), [("added", CALLBACK), ("generic", f"{CALLBACK}/added")])
async def test_an_answer_on_the_others_path_is_refused_before_the_code_goes_anywhere(
    two: Two, begun_at: str, path: str, issuer: str | None
) -> None:
    browser = two.stage.browser()
    url = await two.begun(browser, begun_at)
    back = two.honest.authorize(url, iss=None if issuer is None else two.honest.issuer)
    await refused(two, await browser.get(f"{path}?{back}"), "state_other_source")
    assert two.honest.seen("/token") == two.hostile.seen("/token") == []


async def test_a_code_of_the_honest_one_never_reaches_the_hostile_one(two: Two) -> None:
    """The hostile one sends the browser on to the honest one, which names itself on the way back."""
    browser = two.stage.browser()
    url = await two.begun(browser, "added")
    back = two.honest.authorize(url, iss=two.honest.issuer)
    await refused(two, await browser.get(f"{CALLBACK}/added?{back}"), "response_issuer")
    assert two.hostile.seen("/token") == []


async def test_a_source_that_was_taken_out_meanwhile_finishes_nothing(two: Two) -> None:
    browser = two.stage.browser()
    url = await two.begun(browser, "added")
    two.stage.parties.set([knowing_the_issuer(two.honest)])
    await refused(two, await browser.get(f"{CALLBACK}/added?{two.hostile.authorize(url)}"), "state_other_source")


@pytest.mark.parametrize("name", ["token_endpoint", "userinfo_endpoint", "jwks_uri"])
@pytest.mark.parametrize("address", ["http://127.0.0.2:9/x", "http://10.0.0.1/x", "http://169.254.169.254/x"])
async def test_the_document_of_an_added_provider_leads_nowhere_inside(two: Two, name: str, address: str) -> None:
    two.hostile.metadata_changes = {name: address}
    browser = two.stage.browser()
    url = await two.begun(browser, "added")
    answer = await browser.get(f"{CALLBACK}/added?{two.hostile.authorize(url)}")
    await refused(two, answer, "provider_address")
    assert (answer.status_code, "s3cret" in answer.text) == (502, False)


async def test_a_member_of_the_hostile_one_is_nobody_of_the_honest_one(two: Two) -> None:
    people = []
    for source, provider, path in (("generic", two.honest, CALLBACK), ("added", two.hostile, f"{CALLBACK}/added")):
        provider.user = {"sub": "u-1", "preferred_username": f"ada-{source}", "email": "ada@example.local"}
        browser = two.stage.browser()
        await browser.get(f"{path}?{provider.authorize(await two.begun(browser, source))}")
        people.append(await two.stage.identities(await two.stage.user(f"ada-{source}")))
    assert people == [[(two.honest.issuer, "u-1")], [(two.hostile.issuer, "u-1")]]
