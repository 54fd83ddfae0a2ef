"""The packaged blueprints, applied once in the life of a database."""

import uuid
from collections.abc import Mapping
from importlib import resources

from gatewright.idp.blueprints.apply import Blueprints, take_locks
from gatewright.idp.blueprints.file import read
from gatewright.idp.blueprints.tags import Sources
from gatewright.idp.objects.addresses import BASE_URL
from gatewright.idp.people import INSTALLATION
from gatewright.storage import facts
from gatewright.storage.database import Database

APPLIED = "blueprint:default"
PACKAGED = ("managed.yaml", "default.yaml")


async def apply_at_first_start(
    db: Database, blueprints: Blueprints, environment: Mapping[str, str] | None = None
) -> bool:
    """Applies the packaged blueprints; True when this call did it. Two workers that start together do it once.

    `environment` serves `!Env LITELLM_OIDC_SECRET`; without it the client secret is generated.
    """
    sources = Sources({"base_url": BASE_URL}, environment or {})
    async with db.write() as tx:
        await take_locks(tx)
        if await facts.read(tx, APPLIED) is not None:
            return False
        if await facts.read(tx, INSTALLATION) is None:
            await facts.write(tx, INSTALLATION, str(uuid.uuid4()))
        folder = resources.files("gatewright.idp").joinpath("blueprints")
        for name in PACKAGED:
            await blueprints.apply_in(tx, read(folder.joinpath(name).read_text("utf-8")), sources)
        await facts.write(tx, APPLIED, db.clock())
    return True
