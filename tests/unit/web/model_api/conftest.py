import pytest
from tests.unit.web.model_api.harness import Gateway
from tests.unit.web.model_api.migrated import db, template

__all__ = ["db", "door", "template"]


@pytest.fixture(autouse=True, params=["asgi", "direct"])
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test goes through both doors."""
    monkeypatch.setattr(Gateway, "door", request.param)
