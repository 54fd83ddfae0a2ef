"""Which resources a client may name (RFC 8707): this gateway, and the applications that are registered here."""

from gatewright.domain.people import User
from gatewright.idp.access import AccessRules
from gatewright.idp.clients import Client, Clients


class Resources:
    """A resource is our base URL, an application's launch URL, or the origin of its redirect URIs.

    A trailing slash makes no difference; nothing else is matched, least of all a prefix. A client that registered
    itself owns none: it could name another application's address.
    """

    def __init__(self, clients: Clients, access: AccessRules, base_url: str) -> None:
        self._clients = clients
        self._access = access
        self._own = base_url

    def is_own(self, resource: object) -> bool:
        """Whether it is this gateway."""
        return isinstance(resource, str) and _same(resource, self._own)

    async def known(self, resource: str) -> bool:
        """Whether a client may ask for it."""
        return self.is_own(resource) or bool(await self._owners(resource))

    async def may_use(self, user: User, resource: str) -> bool:
        """Whether the person may use the gateway or an application that the resource is."""
        if self.is_own(resource):
            return True
        refusals = [await self._access.refusal(user, owner) for owner in await self._owners(resource)]
        return any(refusal is None for refusal in refusals)

    async def _owners(self, resource: str) -> list[Client]:
        return [
            client
            for client in await self._clients.everything()
            if not client.is_registered
            and any(_same(resource, address) for address in (*client.origins, client.launch_url) if address)
        ]


def _same(one: str, other: str) -> bool:
    return one.removesuffix("/") == other.removesuffix("/")
