"""The provider of the tests beside, on each database, with a client that may use every grant."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.conftest import postgres_database
from tests.passwords import quick_passwords
from tests.postgres import Postgres
from tests.unit.idp.conftest import BASE, ManualClock, Stand, open_database, stand_on

from gatewright.accounts.audit import Audit
from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import DAY
from gatewright.domain.people import User
from gatewright.idp.provider import Provider

from .acts import Acts

POSTGRES_TEMPLATE = "template_idp"


@pytest.fixture(scope="session")
async def postgres_template(postgres: Postgres, migrated_template: str) -> dict[str, User]:
    """A PostgreSQL database after the first start, with the two people, which tests get copies of."""
    url = postgres.create(POSTGRES_TEMPLATE, migrated_template)
    db = open_database(Path(), url)
    passwords = quick_passwords()
    provider = Provider(db, BASE, Sessions(db, "idp", DAY), passwords, Audit(db))
    await provider.start()
    made = Stand(db, ManualClock(), provider, None)  # type: ignore[arg-type]  # nothing is asked over HTTP yet
    await made.add_person(passwords, "alice", admin=True)
    await made.add_person(passwords, "bob", admin=False)
    await provider.close()
    await db.close()
    return made.people


@pytest.fixture(params=["sqlite", "postgresql"])
def started(
    request: pytest.FixtureRequest, template: tuple[Path, dict[str, User]], tmp_path: Path
) -> Iterator[tuple[str | None, dict[str, User]]]:
    """A database after its first start, as DATABASE_URL, and its people."""
    if request.param == "sqlite":
        (tmp_path / "gatewright.db").write_bytes(template[0].read_bytes())
        yield None, template[1]
        return
    people = request.getfixturevalue("postgres_template")
    with postgres_database(request.getfixturevalue("postgres"), POSTGRES_TEMPLATE) as url:
        yield url, people


@pytest.fixture
async def stand(started: tuple[str | None, dict[str, User]], tmp_path: Path) -> AsyncIterator[Stand]:
    async with stand_on(open_database(tmp_path, started[0]), tmp_path, started[1]) as made:
        yield made


@pytest.fixture
async def acts(stand: Stand) -> Acts:
    """The stand with the client `app`."""
    acts = Acts(stand)
    await acts.register("app")
    return acts
