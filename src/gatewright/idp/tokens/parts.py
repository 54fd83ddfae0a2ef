"""The parts around tokens, put together: every grant, and the endpoints that read, describe and end tokens."""

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits
from gatewright.grants.codes import Codes
from gatewright.grants.devices import Devices
from gatewright.grants.pushed import PushedRequests
from gatewright.grants.refresh import Refreshes
from gatewright.grants.tokens import Tokens
from gatewright.idp.access import AccessRules
from gatewright.idp.claims import Claims
from gatewright.idp.client_authentication import ClientAuthentication
from gatewright.idp.clients import Clients
from gatewright.idp.people import People
from gatewright.idp.resources import Resources
from gatewright.idp.service_accounts import ServiceAccounts
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.tokens.client_credentials import ClientCredentialsGrant
from gatewright.idp.tokens.code import CodeGrant
from gatewright.idp.tokens.device import DeviceGrant
from gatewright.idp.tokens.endpoint import TokenEndpoint
from gatewright.idp.tokens.introspection import Introspection
from gatewright.idp.tokens.issue import Issuer
from gatewright.idp.tokens.presented import ApiAccess, PresentedTokens
from gatewright.idp.tokens.refresh import RefreshGrant
from gatewright.idp.tokens.request import CLIENT_CREDENTIALS, CODE, DEVICE, REFRESH, Grant
from gatewright.idp.tokens.revocation import Revocation
from gatewright.idp.tokens.standing import Standing
from gatewright.idp.tokens.userinfo import UserInfo
from gatewright.storage.database import Database


class Grants:
    """What waits to be redeemed: codes, device codes, refresh tokens and pushed requests, and what comes of it."""

    def __init__(self, db: Database) -> None:
        self.tokens = Tokens(db)
        self.codes = Codes(db, self.tokens)
        self.devices = Devices(db, self.tokens)
        self.refreshes = Refreshes(db, self.tokens)
        self.pushed = PushedRequests(db)


class Directory:
    """Who and what tokens are about."""

    def __init__(self, db: Database, clients: Clients, claims: Claims, keys: SigningKeys, audit: Audit) -> None:
        self.people = People(db)
        self.access = AccessRules(db)
        self.clients = clients
        self.claims = claims
        self.keys = keys
        self.audit = audit


class TokenParts:
    """The use cases of the endpoints."""

    def __init__(
        self,
        db: Database,
        grants: Grants,
        known: Directory,
        resources: Resources,
        authentication: ClientAuthentication,
    ) -> None:
        standing = Standing(db, known.access, resources, grants.tokens)
        accounts = ServiceAccounts(db, Limits(db))
        table: dict[str, Grant] = {
            CODE: CodeGrant(grants.codes, db.clock),
            REFRESH: RefreshGrant(grants.refreshes),
            CLIENT_CREDENTIALS: ClientCredentialsGrant(db, grants.tokens, accounts, resources),
            DEVICE: DeviceGrant(db, grants.devices),
        }
        issuer = Issuer(db, standing, known.people, known.claims, known.keys, known.audit)
        presented = PresentedTokens(db, known.clients, grants.tokens, grants.refreshes, known.keys, standing)
        self.endpoint = TokenEndpoint(db, authentication, table, issuer, known.audit)
        self.api_access = ApiAccess(db, presented, resources)
        self.userinfo = UserInfo(db, presented, known.people, known.claims, known.audit)
        self.introspection = Introspection(authentication, presented, known.people, known.audit)
        self.revocation = Revocation(db, authentication, grants.tokens, grants.refreshes, presented, known.audit)
