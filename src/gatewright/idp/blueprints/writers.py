"""Which models a blueprint may name, and what becomes of those that are not ours to make."""

from gatewright.idp.blueprints.writers_clients import (
    ApplicationWriter,
    BindingWriter,
    EntitlementWriter,
    MappingWriter,
    ProviderWriter,
)
from gatewright.idp.blueprints.writers_people import GroupWriter, InvitationWriter, TokenWriter, UserWriter
from gatewright.idp.blueprints.writing import Acting, Values, Writer
from gatewright.idp.objects import flows

GROUP, USER = "authentik_core.group", "authentik_core.user"
MAPPING, PROVIDER = "authentik_providers_oauth2.scopemapping", "authentik_providers_oauth2.oauth2provider"
APPLICATION, ENTITLEMENT = "authentik_core.application", "authentik_core.applicationentitlement"
BINDING, TOKEN = "authentik_policies.policybinding", "authentik_core.token"
INVITATION = "authentik_stages_invitation.invitation"
FLOW, CERTIFICATE = "authentik_flows.flow", "authentik_crypto.certificatekeypair"
ALIASES = {
    "authentik_core.propertymapping": MAPPING,
    "authentik_providers_oauth2.propertymapping": MAPPING,
    "authentik_core.provider": PROVIDER,
}
WRITERS: dict[str, type[Writer]] = {
    GROUP: GroupWriter,
    USER: UserWriter,
    MAPPING: MappingWriter,
    PROVIDER: ProviderWriter,
    APPLICATION: ApplicationWriter,
    ENTITLEMENT: EntitlementWriter,
    BINDING: BindingWriter,
    TOKEN: TokenWriter,
    INVITATION: InvitationWriter,
}
ABSENT = {
    "authentik_policies_expression.expressionpolicy": "Policies do not exist here. Bind a group or a user.",
    "authentik_policies_password.passwordpolicy": "GATEWRIGHT_PASSWORD_MIN_LENGTH and GATEWRIGHT_BREACHED_PASSWORDS "
    "say what a password must be.",
    "authentik_brands.brand": "There is one brand, and it is fixed.",
    CERTIFICATE: "Signing keys are made and rotated here. Name one with !Find.",
    FLOW: "Flows are fixed. Name one with !Find.",
    "authentik_rbac.role": "What somebody may do here is their role in the gateway, which a mapping gives them.",
}
"""Models of Authentik's that people's files have, and what stands in their place."""


def writers(acting: Acting) -> dict[str, Writer]:
    """Every model that a file may write, by its name in lower case."""
    return {model: writer(acting) for model, writer in WRITERS.items()}


def fixed(model: str, pairs: Values) -> dict[str, object] | None:
    """What `!Find` finds among the objects that are only names here: flows, and our key behind any certificate."""
    if model == FLOW:
        flow = flows.FLOWS.get(str(flows.slug_of(pairs.get("slug", pairs.get("pk", "")))))
        if flow is None:
            return None
        shown = {"slug": flow.slug, "designation": flow.designation, "name": flow.name, "title": flow.title}
        return {"pk": flow.pk, **shown}
    if model == CERTIFICATE:
        # Whatever certificate a file names, our own signing key takes its place.
        named = flows.algorithm_of(pairs.get("name", pairs.get("pk")))
        algorithm = str(named) if named in flows.ALGORITHMS else flows.ALGORITHMS[0]
        return {"pk": flows.certificate_pk(algorithm), "name": flows.certificate_name(algorithm)}
    return None
