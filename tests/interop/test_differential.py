"""The same requests and answers through Gatewright and through two other libraries: every difference is listed.

A difference that the tables do not list fails, and so does a listed one that is no more: the other library has changed
then, or we have.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from tests.interop.differential import answers, requests
from tests.interop.differential.differences import LITELLM, OURS_REFUSES, THEIRS_REFUSES, Difference
from tests.interop.differential.normal import differences, normal
from tests.interop.differential.ours import translated
from tests.interop.differential.rosetta_differences import ROSETTA
from tests.interop.environments import PINS, client_environment, python_client

pytestmark = pytest.mark.interop
RUN_S = 300
INDEX = re.compile(r"/\d+")

Json = dict[str, Any]
CASES: list[Json] = [*requests.cases(), *answers.cases()]


def theirs(library: str, script: str, cases: list[Json], home: Path) -> dict[str, Json]:
    """What a library makes of the cases, in a process and an environment of its own."""
    done = subprocess.run(
        [str(python_client(library) / "python"), str(PINS / script)],
        input=json.dumps(cases),
        env=client_environment(home, LITELLM_LOCAL_MODEL_COST_MAP="true"),
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Json] = json.loads(done.stdout)
    return found


def compared(case: Json, their: Json) -> Iterator[tuple[str, str]]:
    """The path of every difference of a case, with `N` for an index, and what stands there on both sides."""
    our = translated(case)
    if "error" in our or "error" in their:
        if "error" not in their:
            yield OURS_REFUSES, our["error"]
        elif "error" not in our:
            yield THEIRS_REFUSES, their["error"]
        return
    for path, ours, others in differences(normal(case, our["value"]), normal(case, their["value"])):
        yield INDEX.sub("/N", path), f"{json.dumps(ours)[:200]} | {json.dumps(others)[:200]}"


def check(cases: list[Json], outcomes: dict[str, Json], table: list[Difference]) -> None:
    met: set[tuple[str, str]] = set()
    unlisted: list[str] = []
    for case in cases:
        for path, shown in compared(case, outcomes[case["name"]]):
            entries = [one for one in table if path in one.paths and fnmatchcase(case["name"], one.cases)]
            met.update((one.cases, path) for one in entries)
            if not entries:
                unlisted.append(f"{case['name']}: {path}: {shown}")
    assert not unlisted, "\n".join(unlisted)
    gone = [(one.cases, path) for one in table for path in one.paths if (one.cases, path) not in met]
    assert not gone, f"listed, but no more: {gone}"


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_llm_rosetta(tmp_path: Path) -> None:
    """It knows nothing of Bedrock."""
    cases = [case for case in CASES if case["provider"] != "converse"]
    check(cases, theirs("llm-rosetta", "rosetta_translate.py", cases, tmp_path / "home"), ROSETTA)


def test_litellm(tmp_path: Path) -> None:
    check(CASES, theirs("litellm", "litellm_translate.py", CASES, tmp_path / "home"), LITELLM)
