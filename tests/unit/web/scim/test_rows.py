"""SCIM's rows are known before what serves them is imported."""

import subprocess
import sys

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.app.build import Program
from gatewright.app.scim import scim_link, scim_table
from gatewright.app.scim_parts import whole_table
from gatewright.settings.schema import Settings
from gatewright.storage.database import Database


async def test_the_addresses_are_those_of_the_edge(settings: Settings, db: Database) -> None:
    tables = [make(settings, db, Audit(db)) for make in (scim_table, whole_table)]
    rows = []
    for table in tables:
        shapes = [(row.path, row.methods, row.access.name, row.dialect.name, row.slash) for row in table]
        rows.append(sorted((path, method, *more) for path, methods, *more in shapes for method in methods))
    assert rows[0] == rows[1]
    # No resource is looked for at the address of a search.
    paths = [row.path for row in tables[0]]
    assert paths.index("/scim/v2/Users/.search") < paths.index("/scim/v2/Users/{scim_id}")


def test_without_a_call_nothing_of_it_is_imported() -> None:
    code = "import gatewright.app.build, sys; print(*[name for name in sys.modules if 'scim' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {
        "gatewright.app.scim",
        "gatewright.settings.scim",
        "gatewright.storage.tables.scim",
    }


def test_a_claim_that_is_configured_is_asked_for(settings: Settings) -> None:
    assert scim_link(settings) is None
    program = Program(msgspec.structs.replace(settings, scim_id_claims={"generic": "oid"}))
    link = program._sso().sign_in._provisioning._scim
    assert link is not None
    assert link._claims == {"generic": "oid"}
