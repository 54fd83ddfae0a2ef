"""Authentik's bootstrap variables: they count at the first start, and say so when they count no more."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.unit.web.authentik.conftest import PASSWORD, Desk, bearer
from tests.unit.web.conftest import BASE, MASTER, Worker

from gatewright.app.build import Program
from gatewright.app.first_start import Prepared, prepare
from gatewright.app.keyfiles import with_keys
from gatewright.domain.errors import SettingInvalid
from gatewright.settings.load import load
from gatewright.settings.schema import Settings

TOKEN = "a-token-of-the-first-start-7f3a91c2"
GIVEN = {
    "AUTHENTIK_BOOTSTRAP_PASSWORD": PASSWORD,
    "AUTHENTIK_BOOTSTRAP_TOKEN": TOKEN,
    "AUTHENTIK_BOOTSTRAP_EMAIL": "root@example.com",
}


class Installation:
    """One database that is started with one environment and then another."""

    def __init__(self, folder: Path, db_url: str | None) -> None:
        url = {} if db_url is None else {"DATABASE_URL": db_url}
        self._base = {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(folder), "PROXY_BASE_URL": BASE, **url}

    def settings(self, environment: dict[str, str]) -> Settings:
        return with_keys(load({}, {**self._base, **environment}))

    async def start(self, environment: dict[str, str]) -> Prepared:
        return await prepare(self.settings(environment))

    @asynccontextmanager
    async def running(self, environment: dict[str, str]) -> AsyncIterator[Desk]:
        program = Program(self.settings(environment))
        await program.edge._start()
        yield Desk(Worker(program, ""))
        await program.edge._stop()


@pytest.fixture
def installation(tmp_path: Path, db_url: str | None) -> Installation:
    return Installation(tmp_path, db_url)


async def test_the_first_start_makes_akadmin(installation: Installation) -> None:
    prepared = await installation.start(GIVEN)
    assert prepared.setup_link is None
    async with installation.running(GIVEN) as desk:
        me = (await desk.ok("GET", "/core/users/me/", headers=bearer(TOKEN)))["user"]
        assert (me["username"], me["email"], me["email_verified"], me["is_superuser"], me["role"]) == (
            *("akadmin", "root@example.com"),
            *(True, True, "proxy_admin"),
        )
        assert sorted(group["name"] for group in me["groups"]) == ["admins", "authentik Admins"]
        assert (await desk.call("POST", "/core/groups/", {"name": "x"}, headers=bearer(TOKEN))).status_code == 201
        assert await desk.sign_in("akadmin") == 303
        assert (await desk.call("DELETE", f"/core/users/{me['pk']}/")).status_code == 409
        # Its key was never there to be read.
        assert (await desk.call("GET", "/core/tokens/authentik-bootstrap-token/view_key/")).status_code == 404


async def test_a_later_start_changes_nothing_and_says_so(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    await installation.start(GIVEN)
    with caplog.at_level(logging.WARNING, "gatewright.app.first_start"):
        await installation.start(GIVEN)
        assert caplog.messages == []
        other = {name: f"another-{value}" for name, value in GIVEN.items()}
        await installation.start(other)
    named = [message.split()[0] for message in caplog.messages]
    assert named == [f"AUTHENTIK_BOOTSTRAP_{name}" for name in ("EMAIL", "PASSWORD", "TOKEN")]
    assert not any(value in message for message in caplog.messages for value in other.values())
    async with installation.running(other) as desk:
        for token, status in ((TOKEN, 200), (other["AUTHENTIK_BOOTSTRAP_TOKEN"], 401)):
            assert (await desk.call("GET", "/core/users/me/", headers=bearer(token))).status_code == status
        assert await desk.sign_in("akadmin") == 303
        assert len(await desk.listed("/core/users/")) == 1


async def test_people_who_are_there_already_stay_alone(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    ours = {"GATEWRIGHT_ADMIN_EMAIL": "ada@example.com", "GATEWRIGHT_ADMIN_PASSWORD": PASSWORD}
    await installation.start(ours)
    await installation.start({**ours, **GIVEN})
    assert [message.split()[0] for message in caplog.messages if "BOOTSTRAP" in message] == [
        "AUTHENTIK_BOOTSTRAP_EMAIL",
        "AUTHENTIK_BOOTSTRAP_PASSWORD",
        "AUTHENTIK_BOOTSTRAP_TOKEN",
    ]
    async with installation.running(GIVEN) as desk:
        assert [one["username"] for one in await desk.listed("/core/users/")] == ["ada@example.com"]


async def test_an_address_alone_makes_nobody(installation: Installation, caplog: pytest.LogCaptureFixture) -> None:
    prepared = await installation.start({"AUTHENTIK_BOOTSTRAP_EMAIL": "root@example.com"})
    assert prepared.setup_link is not None
    assert "AUTHENTIK_BOOTSTRAP_EMAIL has no effect" in caplog.text


@pytest.mark.parametrize(("name", "value"), [("PASSWORD", "short"), ("TOKEN", "short"), ("TOKEN", "a" * 40)])
def test_a_weak_value_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        load({}, {"GATEWRIGHT_DATA_DIR": str(tmp_path), f"AUTHENTIK_BOOTSTRAP_{name}": value})
    assert caught.value.name == f"AUTHENTIK_BOOTSTRAP_{name}"
    assert value == "short" or value not in str(caught.value)
