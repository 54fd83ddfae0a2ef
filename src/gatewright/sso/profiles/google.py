"""Google: whose Workspace an account belongs to is in `hd` of the ID token, and nowhere else.

Source: Google's "OpenID Connect", ID token claims: an absent `hd` means an account of no organization.
"""

from gatewright.oidc.errors import LoginRefused
from gatewright.settings.profiles.options import listed
from gatewright.settings.profiles.profile import ANYBODY
from gatewright.sso.id_tokens import IdToken
from gatewright.sso.profiles.flow import OpenIdFlow, Told, Userinfo


class Flow(OpenIdFlow):
    """`allowed_domains` are the Workspace domains that may sign in, `*` for every account; e-mail domains stand in."""

    async def told(self, access_token: str, checked: IdToken | None, userinfo: Userinfo) -> Told:
        """Raises LoginRefused with `domain_refused`."""
        instead = ANYBODY if self.provider.access.email_domains else ""
        allowed = listed(self.provider.options.get("allowed_domains", instead))
        domain = None if checked is None or checked.doubt is not None else checked.claims.get("hd")
        if ANYBODY not in allowed and (not isinstance(domain, str) or domain.lower() not in allowed):
            of = f"of {domain[:100]}" if isinstance(domain, str) else "of no Workspace"
            raise LoginRefused(
                "domain_refused",
                f"This is an account {of}, and only those of this organization may sign in.",
                hint="Sign in again and choose the account of your organization.",
            )
        return await super().told(access_token, checked, userinfo)
