"""docs/security.md and the attacks beside this file name the same lessons and the same tests."""

import re
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = (HERE.parents[1] / "docs" / "security.md").read_text()
ROW = re.compile(r"^\| (\d+|general) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
LESSONS = [*map(str, range(1, 36)), "general"]


def test_every_lesson_has_its_row_and_every_attack_its_place() -> None:
    rows = ROW.findall(DOCUMENT)
    assert [number for number, *_ in rows] == LESSONS
    named = {number: re.findall(r"`(test_\w+)`", tests) for number, _, _, tests in rows}
    written: dict[str, list[str]] = {number: [] for number in LESSONS}
    for path in sorted(HERE.glob("test_*.py")):
        for name, number in re.findall(r"^(?:async )?def (test_(\d\d|general)_\w+)", path.read_text(), re.MULTILINE):
            written[number.lstrip("0")].append(name)
    assert {number: sorted(names) for number, names in named.items()} == {n: sorted(t) for n, t in written.items()}
    assert all(named.values())
