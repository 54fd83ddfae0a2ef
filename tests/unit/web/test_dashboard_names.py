"""The dashboard's own list of providers and parameters names what the gateway knows."""

import re
from pathlib import Path

import pytest

from gatewright.settings import structures
from gatewright.settings.costs import COSTS
from gatewright.settings.params import KNOWN, PARAMS
from gatewright.settings.providers import PROVIDERS

SOURCE = (Path(__file__).parents[3] / "ui" / "src" / "providers.ts").read_text()


def part(name: str) -> str:
    found = re.search(rf"^(?:export )?const {name}\b.*?^[}}\]]\)?;$", SOURCE, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[0]


def texts(name: str) -> set[str]:
    return set(re.findall(r'^  "(\w+)",$', part(name), re.MULTILINE))


def keys(name: str) -> set[str]:
    return set(re.findall(r"^  (\w+): ", part(name), re.MULTILINE))


def test_its_providers_are_ours() -> None:
    assert keys("NEEDS") <= PROVIDERS.keys()
    assert {name for name, one in PROVIDERS.items() if one.api_base is None} <= keys("NEEDS")


@pytest.mark.parametrize("names", [texts("PARAMETERS"), keys("EXAMPLES")], ids=["PARAMETERS", "EXAMPLES"])
def test_its_parameters_are_ours(names: set[str]) -> None:
    assert names
    assert names <= KNOWN - COSTS.keys()


def test_secrets_are_covered() -> None:
    secret = {name for name, one in PARAMS.items() if one.secret and name != "extra_headers"}
    # A key's id is half of a pair and no secret by itself: people compare it with the one that AWS shows.
    assert texts("SECRETS") == secret - {"aws_access_key_id"}


def test_names_stay_text() -> None:
    named = {name for name, one in PARAMS.items() if one.parse is structures.name}
    assert texts("TEXTS") | texts("SECRETS") == named | {"vertex_credentials"}
