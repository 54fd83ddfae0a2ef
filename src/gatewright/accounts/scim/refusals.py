"""Every refusal of a change leaves its cause in the audit log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.accounts.audit import Audit
from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import Event, Origin


@asynccontextmanager
async def told(audit: Audit, action: str, target: str, actor: str, origin: Origin) -> AsyncIterator[None]:
    """Around a change, outside its transaction."""
    try:
        yield
    except GatewrightError as error:
        cause = getattr(error, "scim_type", None) or error.error_code
        await audit.write(Event(action, cause, actor, target, {"reason": error.message[:300]}, origin))
        raise
