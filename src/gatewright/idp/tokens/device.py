"""The grant of a device code (RFC 8628 3.4)."""

from functools import partial

from gatewright.domain.clock import Clock
from gatewright.grants.devices import WORDS, Devices
from gatewright.grants.tokens import NewRefresh
from gatewright.idp.tokens.request import Grounds, TokenRequest, begins_refresh
from gatewright.oidc import scopes
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import sessions
from gatewright.storage.database import Database
from gatewright.storage.sessions import SessionRow


class DeviceGrant:
    """A device that somebody approved. Its tokens are not the browser's: they outlive a sign-out there."""

    def __init__(self, db: Database, devices: Devices) -> None:
        self._db = db
        self._clock: Clock = db.clock
        self._devices = devices

    async def examine(self, request: TokenRequest) -> Grounds:
        client = request.client
        row = await self._devices.look(request.required("device_code"), client.id)
        session = await self._session(row.session_id)
        if row.user_pk is None or session is None:
            raise InvalidGrant(WORDS, cause="session_over")
        scope = request.scope(scopes.parse(row.scope), asked=False)
        refresh = NewRefresh(
            scope=row.scope,
            sid=None,
            amr=tuple(session.amr),
            auth_time=session.created_at,
            resource=row.resource,
            idle_life=client.refresh_idle_life,
            expires_at=self._clock() + client.refresh_absolute_life,
            origin=request.origin,
        )
        return Grounds(
            family=row.device_code_hash,
            user_pk=row.user_pk,
            scope=scope,
            redeem=partial(self._devices.redeem, row),
            amr=tuple(session.amr),
            auth_time=session.created_at,
            resource=request.resource(row.resource),
            refresh=refresh if begins_refresh(request, scope) else None,
        )

    async def _session(self, session_id: int | None) -> SessionRow | None:
        """The session of the approval, unless somebody ended it meanwhile."""
        if session_id is None:
            return None
        async with self._db.read() as tx:
            return await sessions.not_ended(tx, session_id)
