from collections.abc import Iterator

import pytest
from tests.servers import Upstream
from tests.unit.translation.gemini.judge import Google


@pytest.fixture(scope="package")
def upstream() -> Iterator[Upstream]:
    found = Upstream()
    yield found
    found.close()


@pytest.fixture
def google(upstream: Upstream) -> Google:
    upstream.forget()
    return Google(upstream)
