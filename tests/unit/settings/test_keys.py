"""keys.toml says of every key of LiteLLM's what the code does with it: no more, no less."""

import re
from collections import Counter

import pytest

from gatewright.settings import keys
from gatewright.settings.costs import COSTS, UNIT_COSTS, is_cost
from gatewright.settings.params import ENTRY, INFO, KNOWN
from gatewright.settings.router import ALLOWED_FAILS, RETRIES
from gatewright.settings.sections import SECTIONS, known_keys

PLACES = {
    "file": SECTIONS,
    "model_list": ENTRY,
    "litellm_params": KNOWN,
    "model_info": INFO,
    "credential_list": {"credential_name", "credential_values"},
    "retry_policy": RETRIES,
    "allowed_fails_policy": ALLOWED_FAILS,
    "cache_params": known_keys("litellm_settings.cache_params"),
    "default_internal_user_params": known_keys("litellm_settings.default_internal_user_params"),
    "default_team_params": known_keys("litellm_settings.default_team_params"),
    "litellm_jwtauth": known_keys("general_settings.litellm_jwtauth"),
    **{name: known_keys(name) for name in ("general_settings", "litellm_settings", "router_settings")},
}

TIERED = (
    *("input_cost_per_token", "output_cost_per_token"),
    *("cache_read_input_token_cost", "cache_creation_input_token_cost"),
)


@pytest.mark.parametrize("place", PLACES)
def test_what_works_is_in_the_code_and_what_is_in_the_code_works(place: str) -> None:
    rows = keys.table()[place]
    working = {name for name, key in rows.items() if key.status in (keys.WORKS, keys.DIFFERS)}
    costs = {name for name in working if is_cost(name.replace("_above_*", "_above_200k_tokens"))}
    assert working - costs == {name for name in PLACES[place] if not is_cost(name)}
    assert not costs or costs - {f"{name}_above_*" for name in TIERED} == COSTS.keys() | UNIT_COSTS.keys()


def test_every_place_is_tested_here() -> None:
    assert keys.rows().keys() - {"provider"} == PLACES.keys()


@pytest.mark.parametrize("place", keys.rows())
def test_the_file_is_well_written(place: str) -> None:
    names = [name for joined in keys.rows()[place] for name in joined.split(", ")]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert all(re.fullmatch(r"[\w*-]+", name) for name in names)
    statuses = {key.status for key in keys.table()[place].values()}
    assert statuses <= {keys.WORKS, keys.DIFFERS, keys.ABSENT, keys.REFUSED}
    assert all(key.how.endswith(".") or not key.how for key in keys.table()[place].values())


def test_a_name_counts_before_a_pattern() -> None:
    works = keys.find("litellm_params", "input_cost_per_token")
    absent = keys.find("litellm_params", "input_cost_per_xy")
    assert works is not None
    assert works.status == keys.DIFFERS
    assert absent is not None
    assert absent.status == keys.ABSENT
    assert keys.find("litellm_params", "nothing_of_that_kind") is None


@pytest.mark.parametrize("place", ["litellm_params", "model_info"])
def test_a_pattern_may_begin_with_anything(place: str) -> None:
    found = [
        keys.find(place, f"input_cost_per_token{end}") for end in ("_above_200k_tokens", "_above_200k_tokens_flex")
    ]
    assert [one and one.status for one in found] == [keys.WORKS, keys.ABSENT]
