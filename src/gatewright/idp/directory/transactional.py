"""An application, its provider and its bindings in one request: what Authentik's wizard sends (contract 3.8)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gatewright.domain.errors import FieldsInvalid
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.applications import DirectoryApplications
from gatewright.idp.directory.bindings import DirectoryBindings
from gatewright.idp.directory.providers import MODEL, DirectoryProviders, ProviderView
from gatewright.idp.objects.fields import Fields
from gatewright.storage.database import Database

NAMES = ("app", "provider_model", "provider", "policy_bindings")
MOST_BINDINGS = 100


class Transactional:
    """All or nothing."""

    def __init__(
        self,
        db: Database,
        applications: DirectoryApplications,
        providers: DirectoryProviders,
        bindings: DirectoryBindings,
    ) -> None:
        self._db = db
        self._applications = applications
        self._providers = providers
        self._bindings = bindings

    async def apply(self, attrs: Mapping[str, Any], by: By) -> ProviderView:
        """The provider that was made, with its secret. Raises FieldsInvalid."""
        fields = Fields(attrs, NAMES, "transaction")
        app, provider = fields.mapping("app"), fields.mapping("provider")
        model = fields.text("provider_model", None)
        if model and model.lower() != MODEL:
            fields.problem("provider_model", f'"{model[:60]}" is not supported, only {MODEL}.')
        bindings = fields.items("policy_bindings", dict)
        if len(bindings) > MOST_BINDINGS:
            fields.problem("policy_bindings", f"At most {MOST_BINDINGS} bindings.")
        fields.done()
        async with self._db.write() as tx:
            with _inside("provider"):
                made = await self._providers.insert(tx, provider, by)
            with _inside("app"):
                application = await self._applications.insert(tx, {**app, "provider": made.provider.id}, by)
            with _inside("policy_bindings"):
                for binding in bindings:
                    await self._bindings.insert(tx, {"order": 0, **binding, "target": application.uuid}, by)
        return made


@contextmanager
def _inside(part: str) -> Iterator[None]:
    """Names the part of the request that a wrong field is in."""
    try:
        yield
    except FieldsInvalid as error:
        found = {f"{part}.{name}" if name else part: texts for name, texts in error.problems.items()}
        raise FieldsInvalid(found) from error
