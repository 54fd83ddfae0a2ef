"""Reading config.yaml itself: includes, lines, references, and files that are broken or hostile."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.added import Added, read_added
from gatewright.settings.file import read_config
from gatewright.settings.findings import Wrong
from gatewright.settings.load import Examination, examine, load
from gatewright.settings.params import INFO, OF_THE_ENTRY, PARAMS


def write(folder: Path, **files: str) -> Path:
    """Files by their names without `.yaml`; answers the path of the first."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / f"{next(iter(files))}.yaml"


def look(path: Path, **env: str) -> Examination:
    return examine({"--config": str(path)}, env)


def model(name: str, more: str = "") -> str:
    return f"  - model_name: {name}\n    litellm_params: {{model: openai/{name}, api_key: sk-x{more}}}\n"


def test_lists_are_put_behind_one_another_and_sections_replaced(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="include: [team/a.yaml, b.yaml]\nmodel_list:\n" + model("one") + "litellm_settings: {num_retries: 5}\n",
        team__a="include: [c.yaml]\nmodel_list:\n" + model("two"),
        team__c="model_list:\n" + model("four", ", rpm: nought"),
        b="litellm_settings: {request_timeout: 9}\nmodel_list:\n" + model("three"),
    )
    found = look(path)
    # LiteLLM's order: the files that a file includes come after those that were waiting already.
    assert [one.name for one in found.models] == ["one", "two", "three"]
    assert [str(error.message) for error in found.errors] == [
        "model_list[3].litellm_params.rpm (c.yaml line 3): 'nought' is not a whole number."
    ]
    assert [str(one) for one in found.findings] == [
        "b.yaml line 1: litellm_settings of b.yaml takes the place of the one in main.yaml line 5"
    ]
    assert load({"--config": str(write(tmp_path, other="include: [b.yaml]"))}, {}).request_timeout_s == 9


def test_a_file_that_two_include_is_read_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="include: [a.yaml, b.yaml]",
        a="include: [c.yaml]",
        b="include: [c.yaml]",
        c="model_list:\n" + model("m"),
    )
    assert len(look(path).models) == 1


INCLUDES = [
    ({"main": "include: [main.yaml]"}, "include (main.yaml): main.yaml includes itself in the end"),
    ({"main": "include: [a.yaml]", "a": "include: [main.yaml]"}, "include (a.yaml): main.yaml includes itself in"),
    ({"main": "include: [none.yaml]"}, "include in main.yaml (none.yaml): the file cannot be read (No such file"),
    ({"main": "include: a.yaml"}, "include (main.yaml): it is not a list of file names"),
    ({"main": "include: [a.yaml]", "a": "- 1"}, "include in main.yaml (a.yaml): it is not a mapping"),
    ({"main": "include: [a.yaml]", "a": "x: [\n"}, "include in main.yaml (a.yaml): it is not YAML at line 2"),
]


@pytest.mark.parametrize(("files", "text"), INCLUDES, ids=[row[1][:40] for row in INCLUDES])
def test_a_wrong_include_is_named(tmp_path: Path, files: Mapping[str, str], text: str) -> None:
    with pytest.raises(SettingInvalid) as error:
        load({"--config": str(write(tmp_path, **files))}, {})
    assert error.value.message.startswith(text)


def test_a_key_that_stands_twice_is_doubted(tmp_path: Path) -> None:
    found = look(write(tmp_path, main="litellm_settings:\n  num_retries: 1\n  num_retries: 4\n"))
    assert [str(one) for one in found.findings] == [
        "main.yaml line 3: litellm_settings.num_retries stands there twice; the last one counts"
    ]
    assert found.settings is not None
    assert found.settings.router.num_retries == 4


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 10)}]\n" for before, one in zip("abcdefghi", "bcdefghij", strict=True)
)
HOSTILE = [
    "a: &a [*a]",
    "a: &a {b: *a}",
    "[" * 3000,
    "a: " + "{a: " * 100 + "1" + "}" * 100,
    BOMB,
    "a: !!python/object/apply:os.system [id]",
    "a: !!timestamp 2026-99-99",
    "a: \x00",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:12] for text in HOSTILE])
def test_a_hostile_file_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingInvalid, match="it is not YAML"):
        load({"--config": str(write(tmp_path, main=text))}, {})


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"model_list: \xff\xfe")
    with pytest.raises(SettingInvalid, match="it is not UTF-8 text"):
        load({"--config": str(path)}, {})


def test_references_are_resolved_wherever_they_stand_alone(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="""
model_list:
  - model_name: m
    litellm_params:
      model: os.environ/WHICH
      api_key: os.environ/KEY
      rpm: os.environ/RPM
      tags: [os.environ/TAG, "not os.environ/TAG"]
      extra_headers: {X-A: os.environ/TAG}
litellm_settings: {num_retries: os.environ/RPM, default_fallbacks: [os.environ/TAG]}
environment_variables: {KEY: os.environ/REAL_KEY, ON: true}
""",
    )
    found = look(path, WHICH="groq/x", REAL_KEY="sk-real", RPM="7", TAG="m")
    assert found.settings is not None
    [entry] = found.models
    assert (entry.provider, entry.upstream_model, entry.api_key) == ("groq", "x", "sk-real")
    assert entry.params == {"rpm": 7, "tags": ("m", "not os.environ/TAG"), "extra_headers": {"X-A": "m"}}
    assert (found.settings.router.num_retries, found.settings.router.default_fallbacks) == (7, ("m",))


def test_a_reference_to_nothing_is_an_error_unless_the_file_says_to_leave_such_entries_out(tmp_path: Path) -> None:
    text = "model_list:\n" + model("a") + model("b", ", rpm: os.environ/NOT_SET")
    found = look(write(tmp_path, main=text))
    assert [error.message for error in found.errors] == [
        "model_list[1].litellm_params.rpm (main.yaml line 5): it refers to NOT_SET, which is not set."
    ]
    found = look(write(tmp_path, main=text + "router_settings: {ignore_invalid_deployments: true}\n"))
    assert [one.name for one in found.models] == ["a"]
    assert [str(one) for one in found.findings] == [
        "main.yaml line 5: model_list[1] is left out: model_list[1].litellm_params.rpm: "
        "it refers to NOT_SET, which is not set"
    ]


def test_every_error_is_found_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="""general_settings: {max_request_size_mb: lots, allowed_ips: [10.0.0.1]}
litellm_settings: []
model_list:
  - {model_name: a, litellm_params: {model: nowhere/x}}
  - {litellm_params: {model: openai/x}}
router_settings: {routing_strategy: lest-busy, fallbacks: [{a: 7}]}
""",
    )
    found = look(path, GATEWRIGHT_PORT="many")
    assert found.settings is None
    assert [(error.name, error.source) for error in found.errors] == [
        ("GATEWRIGHT_PORT", "environment"),
        ("general_settings.max_request_size_mb", "main.yaml line 1"),
        ("general_settings.allowed_ips", "main.yaml line 1"),
        ("litellm_settings", "main.yaml line 2"),
        ("model_list[0].litellm_params.model", "main.yaml line 4"),
        ("model_list[1].model_name", "main.yaml line 5"),
        ("router_settings.routing_strategy", "main.yaml line 6"),
        ("router_settings.fallbacks[0].a", "main.yaml line 6"),
    ]


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("os.environ/X"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *PARAMS,
        *OF_THE_ENTRY,
        *INFO,
        *("model_list", "litellm_params", "model_info", "model_name", "model", "api_base", "api_key", "rpm", "weight"),
        *("general_settings", "litellm_settings", "router_settings", "cache_params", "fallbacks", "retry_policy"),
        *("model_group_alias", "credential_list", "environment_variables", "type", "cache", "input_cost_per_token"),
    ]
)
TREES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)


ENTRIES = st.fixed_dictionaries(
    {
        "model_name": st.just("m") | VALUES,
        "litellm_params": st.fixed_dictionaries({"model": st.just("openai/m") | VALUES}, optional={}).flatmap(
            lambda model: st.dictionaries(NAMES, VALUES, max_size=5).map(lambda more: {**more, **model})
        ),
        "model_info": st.dictionaries(NAMES, VALUES, max_size=4),
    }
)


@settings(deadline=None)
@given(
    st.dictionaries(NAMES, TREES, max_size=6),
    st.lists(ENTRIES, max_size=2),
    st.dictionaries(st.sampled_from(["X"]), st.text(max_size=5)),
)
def test_whatever_stands_in_a_file_is_read_or_refused_by_name(
    content: dict[str, Any], entries: list[Any], env: dict[str, str]
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "main.yaml"
        path.write_text(yaml.safe_dump({**content, "model_list": entries}), encoding="utf-8")
        found = look(path, **env)
    assert (found.settings is None) is bool(found.errors)
    assert all(error.name and error.problem and error.fix for error in found.errors)


@settings(deadline=None)
@given(ENTRIES)
def test_whatever_somebody_adds_is_read_or_refused_by_name(entry: dict[str, Any]) -> None:
    found: Added | Wrong
    try:
        found = read_added(entry["litellm_params"], entry["model_info"])
    except Wrong as error:
        found = error
    assert isinstance(found, Added) or found.at.startswith((".litellm_params", ".model_info"))


def test_the_places_of_keys_are_known(tmp_path: Path) -> None:
    found = read_config(write(tmp_path, main="a:\n  - b: 1\n  - c: [x,\n     y]\n"))
    assert {name: place.line for name, place in found.places.items()} == {
        "a": 1,
        "a[0]": 2,
        "a[0].b": 2,
        "a[1]": 3,
        "a[1].c": 3,
        "a[1].c[0]": 3,
        "a[1].c[1]": 4,
    }
    assert found.source("a[1].c[1].deeper") == "main.yaml line 4"
    assert found.source("nowhere") == "main.yaml"
