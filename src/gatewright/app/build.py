"""The composition root: every part by name, put together by hand. The only file that knows all rooms."""

import asyncio
import hashlib
import logging
import signal
from importlib import import_module

from starlette.applications import Starlette
from starlette.types import ASGIApp

from gatewright.accounts.api_tokens import ApiTokens
from gatewright.accounts.audit import Audit
from gatewright.accounts.identities import Identities
from gatewright.accounts.keys import KeyRing, Keys
from gatewright.accounts.limits import Limits
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.setup import Setup
from gatewright.accounts.sign_ins import SignIns
from gatewright.accounts.team_members import TeamMembers
from gatewright.accounts.teams import Teams
from gatewright.accounts.ui_flags import UiFlags
from gatewright.accounts.users import Users
from gatewright.app import clock
from gatewright.app.bearer import bearer_tokens, issuers_of
from gatewright.app.first_start import new_blueprints, new_passwords, open_database
from gatewright.app.follow import Follower
from gatewright.app.litellm_sign_in import litellm_sign_in
from gatewright.app.saml import with_saml
from gatewright.app.scim import scim_link, scim_table
from gatewright.app.tidy import tidy
from gatewright.domain.errors import Unavailable
from gatewright.gateway.cache.cache import Cache
from gatewright.gateway.cache.memory import MemoryStore
from gatewright.gateway.cache.valkey import ValkeyStore
from gatewright.gateway.chat import Chat, Gates
from gatewright.gateway.credentials.registry import Credentials
from gatewright.gateway.deployments import Deployments
from gatewright.gateway.limits.limiter import Limiter
from gatewright.gateway.limits.memory import MemoryCounters
from gatewright.gateway.limits.valkey import ValkeyCounters
from gatewright.idp.blueprints.folder import Folder
from gatewright.idp.blueprints.instances import BlueprintInstances
from gatewright.idp.directory.directory import Directory
from gatewright.idp.directory.forgotten import REQUEST as RECOVERY_REQUEST
from gatewright.idp.logout_notices import LogoutNotices
from gatewright.idp.mail.delivery import MailDelivery
from gatewright.idp.preview import Preview
from gatewright.idp.provider import Provider
from gatewright.idp.registration.tokens import RegistrationTokens
from gatewright.outbound.client import Outbound
from gatewright.outbound.valkey import Valkey
from gatewright.settings.schema import Settings
from gatewright.spend.ledger import Ledger
from gatewright.spend.prices import Prices
from gatewright.spend.reports import Reports
from gatewright.sso.break_glass import BreakGlass
from gatewright.sso.cli_login import CliLogins
from gatewright.sso.connections import Connections
from gatewright.sso.doctor.certificate import trust_of
from gatewright.sso.doctor.doctor import Doctor
from gatewright.sso.logout_received import LogoutReceived
from gatewright.sso.parties import RelyingParties
from gatewright.sso.provisioning import Provisioning
from gatewright.sso.sign_in import SignIn
from gatewright.sso.sign_out import SignOut
from gatewright.sso.sources import EMBEDDED_CLIENT, fixed_sources
from gatewright.sso.stored_providers import StoredProviders
from gatewright.upstreams.client import Client
from gatewright.web import idp as web_idp
from gatewright.web.address import caller_address
from gatewright.web.api.doctor import DoctorRoutes
from gatewright.web.api.email import EmailRoutes
from gatewright.web.api.factors import PeopleFactors
from gatewright.web.api.idp_preview import IdpPreview
from gatewright.web.api.idp_providers import IdpProviders
from gatewright.web.api.keys import VirtualKeys
from gatewright.web.api.me import Me
from gatewright.web.api.models import Models
from gatewright.web.api.overview import Today
from gatewright.web.api.registration_tokens import RegistrationTokenRoutes
from gatewright.web.api.role_rules import Roles
from gatewright.web.api.security import MySecurity
from gatewright.web.api.sessions import SessionRoutes
from gatewright.web.api.sign_in_providers import SignInProviderRoutes
from gatewright.web.api.signing_keys import SigningKeyRoutes
from gatewright.web.api.ui_config import UiConfig
from gatewright.web.api.users import People
from gatewright.web.authentication import Authentication
from gatewright.web.authentik.blueprints import BlueprintRoutes
from gatewright.web.authentik.previews import Previews
from gatewright.web.authentik.routes import routes as authentik_routes
from gatewright.web.authentik.schema import Schema
from gatewright.web.cookies import Cookies
from gatewright.web.edge import Edge
from gatewright.web.guard import Guard
from gatewright.web.health import Health, Standing
from gatewright.web.litellm.keys import KeyRoutes
from gatewright.web.litellm.models import ModelRoutes
from gatewright.web.litellm.sso_settings import SsoSettingsRoutes
from gatewright.web.litellm.teams import TeamRoutes
from gatewright.web.litellm.users import UserRoutes
from gatewright.web.model_api.routes import ModelApi
from gatewright.web.render import Pages
from gatewright.web.root_path import EdgeBelow, below
from gatewright.web.routes import application
from gatewright.web.routing import Route
from gatewright.web.setup import SetupPage
from gatewright.web.sso.routes import SsoParts
from gatewright.web.sso.routes import routes as sso_routes
from gatewright.web.ui import Dashboard

logger = logging.getLogger(__name__)


def build(settings: Settings) -> ASGIApp:
    """One worker's program."""
    return Program(settings).edge


def namespace(settings: Settings) -> str:
    """What keeps installations apart that share a Valkey: the same for all replicas of one, and telling nothing."""
    return hashlib.sha256(b"gatewright valkey " + (settings.salt_key or "").encode()).hexdigest()[:16]


class Program:
    """The parts of one worker, and their start and stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = False
        self.jobs: list[asyncio.Task[None]] = []
        self.db = db = open_database(settings)
        self.audit, self.passwords = Audit(db), new_passwords(settings)
        self.limits = Limits(db, self.passwords.guesses)
        self.users, self.keys = Users(db), Keys(db)
        self.ring = KeyRing(db, settings.master_key or "")
        self.ui_flags = UiFlags(db, no_custom_keys=settings.dashboard.no_custom_keys)
        self.sessions = Sessions(
            db, "gateway", settings.session_life, idle=settings.session_idle, short_ids=settings.short_session_ids
        )
        self.provider = Provider(
            db,
            settings.base_url,
            Sessions(db, "idp", settings.session_life, idle=settings.session_idle),
            self.passwords,
            self.audit,
            device_code_in_link=settings.device_code_in_link,
            own_client=None if settings.providers else EMBEDDED_CLIENT,
        )
        self.outbound = Outbound()
        self.logout_notices = LogoutNotices(
            db, self.provider.clients, self.provider.keys, self.outbound, settings.person_policy, self.audit
        )
        self.ring.bearer = bearer_tokens(settings, db, self.outbound, self.audit, self.provider.api_access)
        self.mail = self._mail()
        self.client = Client()
        self.ledger = Ledger(db, settings.data_dir / "journal", self.ring)
        self.reports = Reports(db)
        credentials = Credentials(self.outbound, db.clock)
        self.deployments = Deployments(db, settings, Prices().lookup, credentials=credentials)
        self.valkey = None if settings.redis_url is None else Valkey(settings.redis_url)
        self.limiter = self._limiter()
        self.cache_store = self._cache_store()
        sources = fixed_sources(settings, self._embedded_secret)
        self.connections = Connections(self.outbound, db.clock)
        self.parties = RelyingParties(db, sources, self.connections.connect, settings.base_url, issuers_of(settings))
        self.sign_in_providers = StoredProviders(
            db,
            sources,
            self.parties,
            settings.person_policy,
            by_email=bool(settings.sign_in_rules.email_domains),
        )
        self.follower = Follower(
            db,
            [self.ring.apply, self.deployments.apply, self.provider.keys.apply, self.sign_in_providers.apply],
            self._changed,
        )
        self.cookies = Cookies(https=settings.is_https, root_path=settings.root_path)
        self.pages = Pages(settings, self.cookies)
        self.router = self._router()
        self.outbound.mount(settings.base_url, below(settings.root_path, self.router))
        self.edge = self._edge()

    def _edge(self) -> Edge:
        root_path = self.settings.root_path
        if root_path:
            return EdgeBelow(root_path, self._model_api(), self.router, self._start, self._stop)
        return Edge(self._model_api(), self.router, self._start, self._stop)

    def _mail(self) -> MailDelivery | None:
        if self.settings.email is None:
            return None
        # Its libraries cost memory that a gateway without a mail server should not pay.
        mailer = import_module("gatewright.outbound.mail").Mailer(self.settings.email, self.db.clock)
        requests = {RECOVERY_REQUEST: self.provider.forgotten.answer}
        return MailDelivery(self.db, self.provider.outbox, mailer, requests, self.audit)

    def _limiter(self) -> Limiter:
        settings = self.settings
        shared = None if self.valkey is None else ValkeyCounters(self.valkey, namespace(settings))
        memory = MemoryCounters(clock.ticks, share=settings.workers)
        return Limiter(memory, self.db.clock, shared=shared, overall=settings.max_parallel_requests)

    def _cache_store(self) -> MemoryStore | ValkeyStore | None:
        caching = self.settings.caching
        if not caching.enabled:
            return None
        if caching.kind == "redis" and self.valkey is not None:
            return ValkeyStore(self.valkey, f"{caching.namespace}{namespace(self.settings)}", caching.max_entry_bytes)
        return MemoryStore(self.db.clock, caching.max_entries)

    def _model_api(self) -> ModelApi:
        clock = self.db.clock
        cache = None if self.cache_store is None else Cache(self.cache_store, self.settings.caching, clock)
        chat = Chat(self.ring, self.deployments, self.client, self.ledger, clock, gates=Gates(self.limiter, cache))
        return ModelApi(
            chat,
            self.ring,
            self.deployments,
            max_request_bytes=self.settings.max_request_bytes,
            address=caller_address(self.settings.trusted_proxies),
        )

    def _router(self) -> Starlette:
        db = self.db
        guard = Guard(
            self.settings,
            Authentication(self.ring, self.sessions, ApiTokens(db), self.provider.api_access),
            self.cookies,
            self.pages,
        )
        setup = Setup(self.db, self.passwords, break_glass=bool(self.settings.providers))
        # With an outside provider a local password is for the break-glass account's own page.
        after = "/fallback/login" if self.settings.providers else "/ui/"
        directory = self._directory()
        table = [
            *Health(self.db, self._standing).routes(),
            *Dashboard(
                self.sessions, directory.applications, self.pages, is_off=self.settings.dashboard.is_off
            ).routes(),
            *SetupPage(self.settings, setup, self.pages).routes(),
            *web_idp.routes(self.provider, self.pages, self.cookies),
            *self._sign_in(),
            *self._management(),
            *self._previews(),
            *self._blueprints(),
            *authentik_routes(directory, db, self.pages, after),
            *IdpProviders(directory.providers).routes(),
            *scim_table(self.settings, db, self.audit),
        ]
        return application([*table, *Schema(table).routes()], guard)

    def _sign_in(self) -> list[Route]:
        """Every way in: at a provider, by an invitation, for the emergency administrator."""
        sso = with_saml(self.settings, self.db, self.outbound, self.limits, self._sso())
        more = litellm_sign_in(self.settings, self.db, self.limits, sso, self.provider, self.ui_flags, self.reports)
        return [*sso_routes(sso), *more]

    def _sso(self) -> SsoParts:
        settings, db = self.settings, self.db
        parties = self.parties
        cli_logins = CliLogins(db, self.keys, self.users, self.limits, settings.cli_session_life)
        provisioning = Provisioning(db, settings.sign_in_rules, scim_link(settings))
        return SsoParts(
            parties=parties,
            sign_in=SignIn(db, parties, provisioning, self.sessions, cli_logins, self.users.uuid_of, self.limits),
            sign_out=SignOut(
                self.sessions,
                parties,
                self.audit,
                base_url=settings.base_url,
                logout_url=settings.logout_url,
            ),
            logout_received=LogoutReceived(db, parties, self.sessions, self.limits),
            cli_logins=cli_logins,
            break_glass=BreakGlass(db, self.sessions, self.passwords, self.limits, self.provider.factors),
            cookies=self.cookies,
            pages=self.pages,
            auto_redirect=settings.auto_redirect,
            session_life=settings.session_life,
            has_local_login=settings.password_login.password is not None,
            dashboard_is_off=settings.dashboard.is_off,
        )

    def _management(self) -> list[Route]:
        clock = self.db.clock
        roles, teams, members = Roles(self.users), Teams(self.db), TeamMembers(self.db)
        return [
            *Me(self.users, self.keys, self.sessions).routes(),
            *SessionRoutes(SignIns(self.db), self.users).routes(),
            *MySecurity(self.provider.own_account).routes(),
            *Today(self.reports, self.deployments, self.settings, clock).routes(),
            *VirtualKeys(self.keys, self.users, self.deployments, self.reports, clock).routes(),
            *Models(self.deployments).routes(),
            *People(self.users, roles, Identities(self.db)).routes(),
            *PeopleFactors(self.users, self.provider.factors).routes(),
            *UiConfig(self.settings).routes(),
            *SigningKeyRoutes(self.provider.keys).routes(),
            *EmailRoutes(self.db, self.users, self.provider.email_verification, self.limits, self.mail).routes(),
            *SignInProviderRoutes(self.sign_in_providers, self.settings.base_url).routes(),
            *SsoSettingsRoutes(self.sign_in_providers).routes(),
            *self._doctor(),
            *RegistrationTokenRoutes(RegistrationTokens(self.db), clock).routes(),
            *KeyRoutes(self.keys, self.users, self.deployments, self.reports, clock, flags=self.ui_flags).routes(),
            *UserRoutes(self.users, roles, self.keys, members, self.reports, clock).routes(),
            *TeamRoutes(teams, members, self.reports, clock).routes(),
            *ModelRoutes(self.deployments).routes(),
        ]

    def _doctor(self) -> list[Route]:
        settings = self.settings
        doctor = Doctor(self.parties, settings.sign_in_rules, trust_of, self.db.clock, logout_url=settings.logout_url)
        return DoctorRoutes(doctor).routes()

    def _previews(self) -> list[Route]:
        preview = Preview(self.db, self.provider.clients, self.provider.claims, self.audit)
        return [*IdpPreview(preview).routes(), *Previews(preview).routes()]

    def _directory(self) -> Directory:
        settings = self.settings
        own_client = None if settings.providers else EMBEDDED_CLIENT
        claimed = [settings.proxy_admin_id] if settings.proxy_admin_id else []
        return Directory(
            self.db,
            settings.base_url,
            self.passwords,
            self.audit,
            own_client=own_client,
            claimed=claimed,
            outbox=self.provider.outbox,
        )

    def _blueprints(self) -> list[Route]:
        settings = self.settings
        folder = None if settings.blueprints_dir is None else Folder(settings.blueprints_dir)
        blueprints = new_blueprints(settings, self.db, self.passwords)
        environment, released = settings.blueprint_environment, settings.blueprint_variables
        return BlueprintRoutes(BlueprintInstances(self.db, blueprints, folder, environment, released)).routes()

    async def _embedded_secret(self) -> str:
        """Our own client's secret at the embedded provider, read at each login."""
        secret = await self.provider.clients.secret(EMBEDDED_CLIENT)
        if secret is None:
            raise Unavailable("The embedded provider has no client for the dashboard.", code="embedded_client_missing")
        return secret

    def _standing(self) -> Standing:
        shared = None if self.valkey is None else self.valkey.problem
        return Standing(stopping=self.stopping, spend_problem=self.ledger.health.problem, valkey_problem=shared)

    async def _changed(self) -> None:
        """After changes were handed on: read again what they made stale."""
        await self.deployments.refresh()
        await self.sign_in_providers.refresh()

    async def _start(self) -> None:
        # The sequence is noted first, so that no change falls between it and what is read into memory.
        await self.follower.start()
        await self.deployments.refresh()
        await self.sign_in_providers.refresh()
        await self.ledger.start()
        background = (self.follower.run(), tidy(self.db), self.provider.keys.run())
        self.jobs = [asyncio.create_task(job) for job in background]
        self.jobs.append(asyncio.create_task(self.logout_notices.run()))
        if self.mail is not None:
            self.jobs.append(asyncio.create_task(self.mail.run()))
        if self.valkey is not None:
            self.jobs += [asyncio.create_task(self.valkey.watch()), asyncio.create_task(self.limiter.run())]
        for job in self.jobs:
            job.add_done_callback(self._job_ended)

    def _job_ended(self, job: asyncio.Task[None]) -> None:
        """Ends the worker when a job failed: one that no longer hears of revocations must not go on serving."""
        error = None if job.cancelled() else job.exception()
        if error is not None:
            logger.critical("a background job failed, this worker stops", exc_info=error)
            signal.raise_signal(signal.SIGTERM)

    async def _stop(self) -> None:
        self.stopping = True
        for job in self.jobs:
            job.cancel()
        await asyncio.gather(*self.jobs, return_exceptions=True)
        if self.mail is not None:
            self.mail.close()
        await self.ledger.stop()
        await self.limiter.stop()
        if isinstance(self.cache_store, ValkeyStore):
            await self.cache_store.stop()
        if self.valkey is not None:
            await self.valkey.close()
        await self.client.aclose()
        await self.connections.close()
        await self.outbound.close()
        await self.provider.close()
        await self.db.close()
