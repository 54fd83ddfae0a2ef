"""Device authorization: a device without a browser asks, a person answers in theirs (RFC 8628)."""

from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, network_of
from gatewright.accounts.sessions import Session
from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.errors import BadInput, Forbidden, TooManyRequests
from gatewright.domain.people import Event, Origin
from gatewright.grants.devices import Devices, canonical, shown
from gatewright.idp.client_authentication import ClientAuthentication, claimed_id
from gatewright.idp.clients import Client
from gatewright.idp.resources import Resources
from gatewright.idp.tokens.parts import Directory
from gatewright.idp.tokens.request import DEVICE, TokenRequest
from gatewright.oidc import scopes
from gatewright.oidc.errors import InvalidTarget, OAuthError, UnauthorizedClient
from gatewright.oidc.parameters import Parameters
from gatewright.storage.device_codes import DeviceCode

PAGE = "/device"
# By network, a minute. A confidential client's devices may share one.
STARTS = 60
STARTS_WINDOW: Millis = MINUTE
# Codes that one person, and one network, may type in five minutes: 34 bits are not guessed with them.
CODES_BY_PERSON = 20
CODES_BY_ADDRESS = 60


class TooManyDevices(TooManyRequests):
    """RFC 8628 has no error for it; Authentik's is `slow_down` too (contract 1.4)."""

    error = "slow_down"


class WrongCode(BadInput):
    code = "device_code_wrong"
    summary = "No device waits with this code. Check it; if ten minutes have passed, start again on the device."


class Verification(msgspec.Struct, frozen=True):
    """Where people answer. With `code_in_link` the device may show an address with the code in it (RFC 8628 3.3.1).

    That spares the typing, and with it what keeps people from answering for somebody else's device (5.4).
    """

    uri: str
    code_in_link: bool


class Prompt(msgspec.Struct, frozen=True):
    """What the person decides about. `scopes` are pairs of name and description; `age_s` is seconds."""

    user_code: str
    client: Client
    scopes: tuple[tuple[str, str], ...]
    address: str | None
    user_agent: str | None
    age_s: int


class DeviceAuthorization:
    """The endpoint for devices, and the answers of people."""

    def __init__(
        self,
        authentication: ClientAuthentication,
        known: Directory,
        resources: Resources,
        devices: Devices,
        limits: Limits,
        verification: Verification,
    ) -> None:
        self._authentication = authentication
        self._known = known
        self._resources = resources
        self._devices = devices
        self._limits = limits
        self.verification = verification
        self._audit: Audit = known.audit

    async def start(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        """The answer's members (RFC 8628 3.2). Raises OAuthError, TooManyDevices."""
        try:
            form.refuse_repeated()
            return await self._start(authorization, form, origin)
        except (OAuthError, TooManyDevices) as error:
            cause = error.cause if isinstance(error, OAuthError) else "too_many_devices"
            await self._audit.write(Event("idp.device", cause, target=claimed_id(authorization, form), origin=origin))
            raise

    async def look(self, user_code: str, session: Session, origin: Origin) -> Prompt:
        """What the code is for. Raises WrongCode, TooManyRequests, Forbidden for who may not use the application."""
        row, client = await self._waiting(user_code, session, origin)
        descriptions = {one.scope_name: one.description for one in client.mappings}
        return Prompt(
            user_code=shown(canonical(user_code)),
            client=client,
            scopes=tuple((name, descriptions.get(name, "")) for name in scopes.parse(row.scope)),
            address=row.address,
            user_agent=row.user_agent,
            age_s=self._devices.age_s(row),
        )

    async def approve(self, user_code: str, session: Session, origin: Origin) -> Client:
        """The person says yes, and we looked again whether they may. Raises what `look` raises."""
        _, client = await self._waiting(user_code, session, origin)
        if await self._devices.approve(user_code, session.user.id, session.row.id) is None:
            raise WrongCode()
        await self._audit.write(Event("idp.device", "ok", session.user.user_id, client.client_id, origin=origin))
        return client

    async def deny(self, user_code: str, session: Session, origin: Origin) -> Client:
        """The person says no. Raises WrongCode, TooManyRequests."""
        row, client = await self._find(user_code, session, origin)
        if await self._devices.deny(user_code) is None:
            raise WrongCode()
        await self._report("device_denied", session, client, row, origin)
        return client

    async def _start(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        client = await self._authentication.client(authorization, form, origin)
        if DEVICE not in client.grant_types:
            raise UnauthorizedClient(cause="grant_type_not_enabled")
        try:
            await self._limits.count(f"device-start:{network_of(origin.address or '')}", STARTS, STARTS_WINDOW)
        except TooManyRequests as error:
            raise TooManyDevices(error.message, retry_after=error.retry_after) from error
        request = TokenRequest(client, form, client.scopes, origin)
        scope = scopes.render(request.scope(None, asked=True))
        resource = form.value("resource")
        if resource is not None and not await self._resources.known(resource):
            raise InvalidTarget(cause="resource_unknown")
        started = await self._devices.start(client.id, scope, None if resource is None else (resource,), origin)
        answer: dict[str, Any] = {
            "device_code": started.device_code,
            "user_code": started.user_code,
            "verification_uri": self.verification.uri,
            "expires_in": started.expires_in,
            "interval": started.interval,
        }
        if self.verification.code_in_link:
            answer["verification_uri_complete"] = f"{self.verification.uri}?code={started.user_code}"
        return answer

    async def _waiting(self, user_code: str, session: Session, origin: Origin) -> tuple[DeviceCode, Client]:
        """The device and its client, which the person may use. A refusal is the device's answer too."""
        row, client = await self._find(user_code, session, origin)
        cause = await self._known.access.refusal(session.user, client)
        if cause is not None:
            await self._devices.deny(user_code)
            await self._report(cause, session, client, row, origin)
            raise Forbidden(f"You may not use {client.application_name}.", hint="Ask your administrator for access.")
        return row, client

    async def _find(self, user_code: str, session: Session, origin: Origin) -> tuple[DeviceCode, Client]:
        """Counted before it is looked up, so that parallel guesses cannot slip past."""
        await self._limits.count(f"device-code:address:{network_of(origin.address or '')}", CODES_BY_ADDRESS)
        await self._limits.count(f"device-code:user:{session.user.id}", CODES_BY_PERSON)
        row = await self._devices.waiting(user_code)
        client = None if row is None else await self._known.clients.by_id(row.provider_id)
        if row is None or client is None:
            event = Event("idp.device", "user_code_wrong", session.user.user_id, origin=origin)
            await self._audit.write(event)
            raise WrongCode()
        return row, client

    async def _report(self, cause: str, session: Session, client: Client, row: DeviceCode, origin: Origin) -> None:
        details = {"device_address": row.address}
        event = Event("idp.device", cause, session.user.user_id, client.client_id, details, origin)
        await self._audit.write(event)
