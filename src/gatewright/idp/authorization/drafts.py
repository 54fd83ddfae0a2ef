"""What has to be looked up before the checks of an authorization request can run."""

from gatewright.idp.authorization.checks import Draft
from gatewright.idp.clients import Clients
from gatewright.idp.resources import Resources
from gatewright.oidc.parameters import Parameters


class Drafts:
    """Makes drafts, for the authorization endpoint and for requests that are pushed."""

    def __init__(self, clients: Clients, resources: Resources) -> None:
        self._clients = clients
        self._resources = resources

    async def of(self, params: Parameters) -> Draft:
        """The draft of a request, nothing of it checked yet."""
        client_id, resource = params.value("client_id"), params.value("resource")
        client = await self._clients.by_client_id(client_id) if client_id else None
        if client is None:
            return Draft(params, None)
        known = resource is not None and await self._resources.known(resource)
        return Draft(params, client, resource_known=known)
