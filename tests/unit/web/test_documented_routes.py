"""docs/api.md names every route of the management API, and none that is not there."""

import re
from pathlib import Path

from starlette.routing import Route

from gatewright.app.build import Program
from gatewright.settings.load import load

DOCUMENT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
BASE = "/api/v1/"


async def test_the_document_and_the_route_table_name_the_same_routes(tmp_path: Path) -> None:
    program = Program(load({}, {"GATEWRIGHT_DATA_DIR": str(tmp_path), "LITELLM_MASTER_KEY": "sk-to-list-the-routes"}))
    served = {
        f"{method} {re.sub(':path', '', row.path)}"
        for row in program.router.routes
        if isinstance(row, Route) and row.path.startswith(BASE)
        for method in (row.methods or set()) - {"HEAD"}
    }
    documented = set(re.findall(rf"^\| `([A-Z]+ {BASE}[^`]*)` \|", DOCUMENT, re.MULTILINE))
    assert served
    assert served == documented
