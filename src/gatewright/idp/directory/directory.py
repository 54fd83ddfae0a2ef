"""The directory's parts, put together for the composition root and the web edge."""

from collections.abc import Collection

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.idp.directory.administrators import Administrators
from gatewright.idp.directory.applications import DirectoryApplications
from gatewright.idp.directory.bindings import DirectoryBindings, DirectoryEntitlements
from gatewright.idp.directory.grants import DirectoryGrants
from gatewright.idp.directory.groups import DirectoryGroups
from gatewright.idp.directory.invitation_letters import InvitationLetters
from gatewright.idp.directory.invitations import DirectoryInvitations
from gatewright.idp.directory.mappings import DirectoryMappings
from gatewright.idp.directory.people import DirectoryPeople
from gatewright.idp.directory.providers import DirectoryProviders
from gatewright.idp.directory.recovery import Recovery
from gatewright.idp.directory.service_accounts import ServiceAccounts
from gatewright.idp.directory.tokens import DirectoryTokens
from gatewright.idp.directory.transactional import Transactional
from gatewright.idp.mail.outbox import Outbox
from gatewright.storage.database import Database


class Directory:
    """Everything that `/api/v3` manages. `own_client` is the client id of our dashboard at the embedded provider.

    It is None where an outside provider signs people in: then no membership makes an administrator. `claimed` are names
    that no newcomer may choose.
    """

    def __init__(
        self,
        db: Database,
        base_url: str,
        passwords: Passwords,
        audit: Audit,
        *,
        own_client: str | None,
        claimed: Collection[str] = (),
        outbox: Outbox | None = None,
    ) -> None:
        # Without one nothing is sent.
        outbox = outbox or Outbox(db, base_url)
        administrators = Administrators(membership_decides=own_client is not None)
        self.people = DirectoryPeople(db, passwords, administrators, outbox)
        self.groups = DirectoryGroups(db, administrators)
        self.mappings = DirectoryMappings(db)
        self.providers = DirectoryProviders(db, base_url, own_client)
        self.applications = DirectoryApplications(db, self.providers)
        self.bindings = DirectoryBindings(db)
        self.entitlements = DirectoryEntitlements(db)
        self.transactional = Transactional(db, self.applications, self.providers, self.bindings)
        self.tokens = DirectoryTokens(db)
        self.services = ServiceAccounts(db, self.tokens)
        self.grants = DirectoryGrants(db)
        self.invitations = DirectoryInvitations(db, passwords, audit, claimed)
        self.invitation_letters = InvitationLetters(db, outbox)
        self.recovery = Recovery(db, base_url, passwords, audit, outbox)
