"""One whole worker, on SQLite and on PostgreSQL, and its administrator's desk."""

import pytest
from tests.unit.web.authentik.conftest import Desk
from tests.unit.web.conftest import Worker


@pytest.fixture
def desk(worker: Worker) -> Desk:
    return Desk(worker)
