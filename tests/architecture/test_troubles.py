"""docs/litellm-troubles.md names tests that exist, each row at least one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (?!trouble \|)([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_every_trouble_is_held_by_tests_that_exist() -> None:
    text = (ROOT / "docs" / "litellm-troubles.md").read_text()
    rows = ROW.findall(text)
    lines = [line for line in text.splitlines() if line.startswith("|") and "---" not in line]
    assert len(rows) == len(lines) - text.count("| trouble |") > 50
    assert len({trouble for trouble, _, _ in rows}) == len(rows)
    for trouble, _, held in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", held)
        assert named, trouble
        assert re.sub(r"`[^`]+`", "", held).strip(" ,") == "", trouble
        for path, name in named:
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path}::{name}"
