from typing import Any

import pytest


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Each asynchronous test runs on both event loops: they differ in how they close and how they buffer."""
    return "asyncio", {"use_uvloop": request.param}
