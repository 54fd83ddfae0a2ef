"""The deployments of this worker, in memory: from the config file, from the database, and the built-in model."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

import msgspec

from gatewright.domain.errors import BadInput, Conflict, Forbidden, GatewrightError, NotFound, Unavailable, UnknownModel
from gatewright.domain.keys import Principal
from gatewright.domain.money import Price, with_units_of
from gatewright.domain.people import Event, Origin
from gatewright.gateway.catalogue import Catalogue
from gatewright.gateway.credentials.registry import Credentials
from gatewright.gateway.deployment import (
    CONFIG,
    ECHO,
    Deployment,
    Site,
    from_entry,
    from_row,
    tried,
    ways_at,
)
from gatewright.gateway.group import Group
from gatewright.gateway.new_deployment import NewDeployment, as_new, checked, shown_name, stored_info
from gatewright.outbound.errors import AddressRefused, OutboundFailed
from gatewright.outbound.pinning import pin, system_resolve
from gatewright.settings.providers import PROVIDERS, base_of, provider_and_model
from gatewright.settings.schema import Settings
from gatewright.storage import audit_log, changes
from gatewright.storage import deployments as stored
from gatewright.storage.changes import Change
from gatewright.storage.database import Database, Transaction

ADDRESSES = ("aws_bedrock_runtime_endpoint", "aws_sts_endpoint", "azure_authority_host")
"""Members of `litellm_params` beside `api_base` that are addresses."""

PriceOf = Callable[[str, str], Price | None]
"""Takes provider and upstream model, answers the catalogue's price."""

logger = logging.getLogger(__name__)


class KeyModelAccessDenied(Forbidden):
    """Says the same of a model that is not there, so that the answer tells nothing about other people's models."""

    code = "key_model_access_denied"
    summary = "The requested model is not available for this API key, or its name is wrong."


class ModelStoreOff(Forbidden):
    code = "model_store_off"
    summary = "Models cannot be changed at run time: STORE_MODEL_IN_DB is false. Change the config file instead."


class Deployments:
    """Answers from memory. `apply` notes that the database knows better, `refresh` reads it again."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        price_of: PriceOf = lambda _provider, _model: None,
        resolve: Callable[[str, int], Awaitable[list[str]]] = system_resolve,
        credentials: Credentials | None = None,
    ) -> None:
        self._db = db
        self._settings = settings
        self._price_of = price_of
        self._resolve = resolve
        self._credentials = credentials
        self.router = settings.router
        policy, timeout_s = settings.operator_policy, settings.request_timeout_s
        site = Site(policy, timeout_s, settings.router, credentials, settings.untested_providers)
        self._configured = [self._priced(from_entry(entry, site)) for entry in settings.models]
        self._site = site._replace(policy=settings.person_policy)
        self._broken: dict[str, str] = {}
        self._stale = True
        self._one_at_a_time = asyncio.Lock()
        self._catalogue = self._made(self._configured)

    def plan(self, model: str, caller: Principal) -> Group:
        """What stands behind that public name, an alias, or a name that a pattern matches.

        Raises KeyModelAccessDenied, UnknownModel, and Unavailable when it is there but cannot be called.
        """
        meant = self._catalogue.meant(model)
        if not self._allows(caller, model, meant):
            raise KeyModelAccessDenied(
                f"The requested model {shown_name(model)} is not available for this API key, or its name is wrong.",
                param="model",
                hint="GET /v1/models lists the models of this key.",
            )
        group = self._catalogue.find(meant)
        if group is None:
            raise self._missing(model)
        return group

    def reach(self, model: str, caller: Principal) -> Group | None:
        """The same for a model to fall back to; None, and a line in the log, when it cannot be had."""
        try:
            return self.plan(model, caller)
        except GatewrightError as error:
            logger.warning("no fallback to %s: %s", shown_name(model), error.message)
            return None

    def visible(self, caller: Principal) -> list[Deployment]:
        """Every deployment whose model the caller may use, in the order in which they were configured or added."""
        found = self._catalogue.deployments
        return [one for name in found if caller.may_use(name) for one in found[name]]

    def names(self, caller: Principal) -> list[str]:
        """The public names that the caller may use, each once: patterns and aliases too, but for hidden ones."""
        return [name for name in self._catalogue.listed() if self._allows(caller, name, self._catalogue.meant(name))]

    def shown(self, name: str, caller: Principal) -> Deployment | None:
        """A deployment that stands for that name, also for one that only a pattern matches; None when the caller may
        not use it or nothing stands behind it.
        """
        allowed = self._allows(caller, name, self._catalogue.meant(name))
        return self._catalogue.shown(name) if allowed else None

    def find(self, deployment_id: str) -> Deployment:
        """Raises NotFound."""
        for group in self._catalogue.deployments.values():
            for one in group:
                if one.id == deployment_id:
                    return one
        raise NotFound("There is no such model.", param="id", code="model_not_found")

    def apply(self, change: Change) -> None:
        """Notes a change of any worker; `refresh` acts on it."""
        if change.kind == "deployment":
            self._stale = True

    async def refresh(self) -> None:
        """Reads the database when something changed, at the start too. Raises Unavailable and keeps what is known."""
        if not self._stale or not self._settings.store_models:
            return
        async with self._one_at_a_time:
            self._stale = False
            try:
                async with self._db.read() as tx:
                    rows = await stored.everything(tx)
            except Unavailable:
                self._stale = True
                raise
            self._broken = {}
            added = [one for row in rows if (one := self._from_row(row)) is not None]
            self._catalogue = self._made([*self._configured, *added], self._catalogue)

    async def add(self, new: NewDeployment, *, actor: str, origin: Origin) -> Deployment:
        """Stores a deployment, for every worker within a second.

        Raises ModelStoreOff, and BadInput naming the field: an address that the policy for people's URLs refuses too.
        """
        self._check_store()
        target = await self._checked_target(new)
        deployment_id, now = new.id or str(uuid.uuid4()), self._db.clock()
        async with self._db.write() as tx:
            if new.id is not None and (self._known(new.id) or await stored.by_uuid(tx, new.id) is not None):
                raise Conflict("There is a model with this id already.", param="id", code="model_exists")
            await stored.add(
                tx,
                self._db.sealer,
                api_key=new.api_key or None,
                uuid=deployment_id,
                model_name=new.name,
                sealed_params=new.params,
                params=target,
                model_info=stored_info(new),
                created_at=now,
                created_by=actor,
            )
            details = {"model": new.name, "upstream_model": target["model"], "api_base": target["api_base"]}
            event = Event("model.create", "ok", actor=actor, target=deployment_id, details=details, origin=origin)
            await audit_log.add(tx, event, now)
            await changes.announce(tx, "deployment", deployment_id, now)
        await self._read_again()
        return self.find(deployment_id)

    async def change(
        self, deployment_id: str, changed: Callable[[NewDeployment], NewDeployment], *, actor: str, origin: Origin
    ) -> Deployment:
        """Replaces one that was added at run time by what `changed` makes of it, for every worker within a second.

        Raises what `add` and `changed` raise, NotFound, and Conflict for one that stands in the config file or that
        somebody else has changed meanwhile.
        """
        self._check_store()
        await self.refresh()
        async with self._db.read() as tx:
            row = await self._row(tx, deployment_id)
        new = changed(as_new(row, self._db.sealer))
        target = await self._checked_target(new)
        now = self._db.clock()
        async with self._db.write() as tx:
            written = await stored.replace(
                tx,
                self._db.sealer,
                row,
                api_key=new.api_key or None,
                sealed_params=new.params,
                model_name=new.name,
                params=target,
                model_info=stored_info(new),
            )
            if not written:
                raise Conflict("Somebody else has changed this model meanwhile. Try again.", code="model_changed")
            details = {"model": new.name, "upstream_model": target["model"], "api_base": target["api_base"]}
            event = Event("model.update", "ok", actor=actor, target=deployment_id, details=details, origin=origin)
            await audit_log.add(tx, event, now)
            await changes.announce(tx, "deployment", deployment_id, now)
        await self._read_again()
        return self.find(deployment_id)

    async def remove(self, deployment_id: str, *, actor: str, origin: Origin) -> None:
        """Deletes a deployment that was added at run time. Raises ModelStoreOff, NotFound, Conflict for another."""
        self._check_store()
        await self.refresh()
        now = self._db.clock()
        async with self._db.write() as tx:
            row = await self._row(tx, deployment_id)
            await stored.delete(tx, deployment_id)
            details = {"model": row.model_name}
            event = Event("model.delete", "ok", actor=actor, target=deployment_id, details=details, origin=origin)
            await audit_log.add(tx, event, now)
            await changes.announce(tx, "deployment", deployment_id, now)
        await self._read_again()

    async def _row(self, tx: Transaction, deployment_id: str) -> stored.DeploymentRow:
        """Raises NotFound, and Conflict for one that is not stored."""
        row = await stored.by_uuid(tx, deployment_id)
        if row is None:
            one = self.find(deployment_id)
            raise Conflict(
                "This model stands in the config file: change it there."
                if one.source == CONFIG
                else "The demonstration model is built in; it goes when there is a real one.",
                code="model_not_stored",
            )
        return row

    async def _checked_target(self, new: NewDeployment) -> dict[str, str]:
        """The model and its address as they are stored. Raises BadInput for what could not be called."""
        provider, upstream_model = checked(new)
        api_base = base_of(provider, new.api_base) or ""
        if not api_base and not PROVIDERS[provider].regional:
            raise BadInput("The address is missing.", param="api_base", hint="Give the URL up to and with /v1.")
        await self._check_callable(new, provider, upstream_model, api_base)
        return {"model": f"{provider}/{upstream_model}", "api_base": api_base.rstrip("/")}

    @staticmethod
    def _allows(caller: Principal, name: str, meant: str) -> bool:
        """Whoever may use what an alias stands for may use the alias, as in LiteLLM."""
        return caller.may_use(name) or (meant != name and caller.may_use(meant))

    async def _read_again(self) -> None:
        self._stale = True
        await self.refresh()

    async def _check_callable(self, new: NewDeployment, provider: str, model: str, api_base: str) -> None:
        """Raises BadInput for what could not be called."""
        self._site.check_tested(provider)
        policy = self._settings.person_policy
        ways_at(provider, tried(model), api_base, new.api_key, policy, new.params, self._credentials)
        for param, url in {"api_base": api_base, **{name: new.params.get(name) for name in ADDRESSES}}.items():
            if url:
                await self._check_address(url, param)

    async def _check_address(self, url: str, param: str) -> None:
        try:
            await pin(url, self._settings.person_policy, self._resolve)
        except (AddressRefused, OutboundFailed) as error:
            raise BadInput(error.message, param=param, hint=error.hint, code=error.error_code) from error

    def _known(self, deployment_id: str) -> bool:
        return any(one.id == deployment_id for group in self._catalogue.deployments.values() for one in group)

    def _check_store(self) -> None:
        if not self._settings.store_models:
            raise ModelStoreOff()

    def _from_row(self, row: stored.DeploymentRow) -> Deployment | None:
        """The deployment; None when the row is of no use now, which is remembered under its public name."""
        try:
            key, params = row.opened_key(self._db.sealer), row.opened_params(self._db.sealer)
            one = from_row(msgspec.structs.replace(row, params=params), key, self._site)
        except (GatewrightError, msgspec.ValidationError) as error:
            cause = error.message if isinstance(error, GatewrightError) else "its price cannot be read."
            logger.error("the stored model %r (%s) cannot be used: %s", row.model_name, row.uuid, cause)
            self._broken[row.model_name] = cause
            return None
        return self._priced(one)

    def _priced(self, one: Deployment) -> Deployment:
        names = [(one.provider, one.upstream_model)]
        base = one.info.get("base_model")
        if isinstance(base, str) and base:
            provider, model = provider_and_model(base)
            names = [*([(one.provider, base)] if model == base else []), (provider, model), *names]
        prices = (self._price_of(*name) for name in dict.fromkeys(names))
        known = next((price for price in prices if price is not None), None)
        price = known if one.price is None else with_units_of(one.price, known)
        return msgspec.structs.replace(one, price=price)

    def _made(self, deployments: list[Deployment], before: Catalogue | None = None) -> Catalogue:
        found = deployments or ([] if self._broken else [ECHO])
        return Catalogue(found, self.router, workers=self._settings.workers, priced=self._priced, before=before)

    def _missing(self, model: str) -> GatewrightError:
        if model in self._broken:
            return Unavailable(
                f"The model {shown_name(model)} cannot be used: {self._broken[model]}", code="model_broken"
            )
        hint = None
        if self._catalogue.deployments.get(ECHO.name) == (ECHO,):
            hint = (
                "Only the demonstration model `echo` is there until somebody adds one on the dashboard's Models page."
            )
        return UnknownModel(
            f"The model {shown_name(model)} does not exist. GET /v1/models lists those that do.",
            param="model",
            hint=hint,
        )
