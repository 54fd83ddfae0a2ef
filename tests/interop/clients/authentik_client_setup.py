"""The seed's set-up by Authentik's own API client. Run in its environment; works with every release of it.

argv: the gateway's base URL, an API token, the client's secret, the redirect URI, a password. Writes one line of JSON
with what the client read back.
"""

import json
import sys
from typing import Any

import authentik_client as ak  # type: ignore[import-not-found, unused-ignore]

SCOPES = "goauthentik.io/providers/oauth2/scope-"
ROLE = """if ak_is_group_member(request.user, name="staff"):
    return {"litellm_role": "proxy_admin"}
return {"litellm_role": "internal_user"}
"""


BLUEPRINT = """version: 1
metadata: {name: teams}
entries:
  - {model: authentik_core.group, identifiers: {name: !Context name}}
"""


class Admin:
    """The APIs that automation uses."""

    def __init__(self, base_url: str, token: str) -> None:
        client = ak.ApiClient(ak.Configuration(host=f"{base_url}/api/v3", access_token=token))
        self.core, self.providers, self.flows = ak.CoreApi(client), ak.ProvidersApi(client), ak.FlowsApi(client)
        self.mappings, self.crypto = ak.PropertymappingsApi(client), ak.CryptoApi(client)
        self.policies, self.stages = ak.PoliciesApi(client), ak.StagesApi(client)
        self.oauth2, self.events = ak.Oauth2Api(client), ak.EventsApi(client)
        self.admin, self.root = ak.AdminApi(client), ak.RootApi(client)
        self.managed = ak.ManagedApi(client)

    def flow(self, slug: str) -> Any:
        return self.flows.flows_instances_list(slug=slug).results[0].pk

    def scope(self, name: str) -> Any:
        found = self.mappings.propertymappings_provider_scope_list(managed=[f"{SCOPES}{name}"])
        return found.results[0].pk


def set_up(admin: Admin, secret: str, redirect_uri: str, password: str) -> dict[str, Any]:
    """Group, mapping, provider, application and user, as the guide has them."""
    group = admin.core.core_groups_create(ak.GroupRequest(name="staff", attributes={"team": "one"}))
    role = ak.ScopeMappingRequest(name="Staff Role", scope_name="litellm_role", expression=ROLE)
    role = admin.mappings.propertymappings_provider_scope_create(role)
    key = admin.crypto.crypto_certificatekeypairs_list(name="authentik Self-signed Certificate").results[0]
    provider = ak.OAuth2ProviderRequest(
        name="Team Provider",
        authorization_flow=admin.flow("default-provider-authorization-implicit-consent"),
        invalidation_flow=admin.flow("default-invalidation-flow"),
        client_type="confidential",
        client_id="team",
        client_secret=secret,
        redirect_uris=[ak.RedirectURIRequest(matching_mode="strict", url=redirect_uri)],
        sub_mode="user_username",
        signing_key=key.pk,
        access_token_validity="minutes=10",
        property_mappings=[*(admin.scope(name) for name in ("openid", "profile", "email")), role.pk],
    )
    provider = admin.providers.providers_oauth2_create(provider)
    launch_url = redirect_uri.rsplit("/", 2)[0]
    app = ak.ApplicationRequest(name="Team", slug="team", provider=provider.pk, meta_launch_url=launch_url)
    app = admin.core.core_applications_create(app)
    user = admin.core.core_users_create(ak.UserRequest(username="grace", name="Grace", email="grace@example.com"))
    admin.core.core_users_set_password_create(user.pk, ak.UserPasswordSetRequest(password=password))
    admin.core.core_groups_add_user_create(group.pk, ak.UserAccountRequest(pk=user.pk))
    binding = ak.PolicyBindingRequest(target=app.pk, group=group.pk, order=0)
    # The older release's own model cannot read any binding: it insists on a policy.
    answered = admin.policies.policies_bindings_create_without_preload_content(binding)
    if answered.status != 201:
        raise RuntimeError(answered.data)
    return {
        "group": str(group.pk),
        "provider": provider.pk,
        "application": str(app.pk),
        "user": user.pk,
        "mapping": str(role.pk),
        "secret": provider.client_secret,
    }


def read_back(admin: Admin, made: dict[str, Any]) -> dict[str, Any]:
    """What each list and object says afterwards, through the client's own models."""
    provider = admin.providers.providers_oauth2_retrieve(made["provider"])
    urls = admin.providers.providers_oauth2_setup_urls_retrieve(made["provider"])
    # Nothing is changed by a patch that says what is so already.
    same = ak.PatchedOAuth2ProviderRequest(name=provider.name)
    provider = admin.providers.providers_oauth2_partial_update(made["provider"], same)
    changed = ak.PatchedApplicationRequest(meta_description="Models for the team")
    app = admin.core.core_applications_partial_update("team", changed)
    lists = {
        "users": admin.core.core_users_list(search="grace"),
        "groups": admin.core.core_groups_list(members_by_username=["grace"]),
        "applications": admin.core.core_applications_list(slug="team"),
        "providers": admin.providers.providers_oauth2_list(client_id="team"),
        "mappings": admin.mappings.propertymappings_provider_scope_list(name="Staff Role"),
        "flows": admin.flows.flows_instances_list(search="provider-authorization"),
        "brands": admin.core.core_brands_list(),
        "tokens": admin.core.core_tokens_list(),
        "sessions": admin.core.core_authenticated_sessions_list(),
        "consents": admin.core.core_user_consent_list(),
        "access_tokens": admin.oauth2.oauth2_access_tokens_list(),
        "refresh_tokens": admin.oauth2.oauth2_refresh_tokens_list(),
    }
    return {
        "counts": {name: len(found.results) for name, found in lists.items()},
        "secret": provider.client_secret,
        "issuer": urls.issuer,
        "description": app.meta_description,
        "mappings": len(provider.property_mappings),
        "access": admin.core.core_applications_check_access_retrieve("team", for_user=made["user"]).passing,
        "used_by": [one.name for one in admin.providers.providers_oauth2_used_by_list(made["provider"])],
        "me": admin.core.core_users_me_retrieve().user.username,
        "version": admin.admin.admin_version_retrieve().version_current,
        "capabilities": list(admin.root.root_config_retrieve().capabilities),
        "brand": admin.core.core_brands_current_retrieve().branding_title,
    }


def people(admin: Admin, made: dict[str, Any]) -> dict[str, Any]:
    """A service account, a token, a recovery link, an invitation, and what is refused."""
    account = admin.core.core_users_service_account_create(ak.UserServiceAccountRequest(name="robot"))
    admin.core.core_tokens_create(ak.TokenRequest(identifier="robot-api", intent="api", user=account.user_pk))
    key = admin.core.core_tokens_view_key_retrieve("robot-api").key
    invitation = ak.InvitationRequest(name="welcome", fixed_data={"email": "new@example.com"})
    invitation = admin.stages.stages_invitation_invitations_create(invitation)
    refusal = ""
    try:
        admin.core.core_groups_create(ak.GroupRequest(name="staff"))
    except ak.ApiException as error:
        refusal = f"{error.status} {json.loads(error.body)}"
    return {
        "account": account.username,
        "token": len(key),
        "invitation": invitation.flow_obj.slug,
        "refusal": refusal,
        "active": admin.core.core_users_partial_update(made["user"], ak.PatchedUserRequest(is_active=True)).is_active,
    }


def blueprints(admin: Admin) -> dict[str, Any]:
    """A blueprint from its making to its end, one that cannot be applied, and what only the newer release knows."""
    api, refusal = admin.managed, []
    request = ak.BlueprintInstanceRequest(name="teams", content=BLUEPRINT, context={"name": "by-blueprint"})
    made = api.managed_blueprints_create(request)
    pk = str(made.pk)
    patch = ak.PatchedBlueprintInstanceRequest(context={"name": "by-patch"})
    patched = api.managed_blueprints_partial_update(pk, patch)
    applied = api.managed_blueprints_apply_create(pk)
    found = [one.name for one in api.managed_blueprints_list(search="team").results]
    try:
        api.managed_blueprints_create(
            ak.BlueprintInstanceRequest(name="bad", content=BLUEPRINT.replace("group", "brand"))
        )
    except ak.ApiException as error:
        refusal = json.loads(error.body)["content"]
    imported = None
    if hasattr(api, "managed_blueprints_import_create"):
        file = ("teams.yaml", BLUEPRINT.encode())
        result = api.managed_blueprints_import_create(file=file, context=json.dumps({"name": "by-import"}))
        failed = api.managed_blueprints_import_create(file=("bad.yaml", b"version: 2"))
        imported = [result.success, failed.success, len(failed.logs)]
    available = [one.path for one in api.managed_blueprints_available_list()]
    api.managed_blueprints_destroy(pk)
    groups = [one.name for one in admin.core.core_groups_list(search="by-").results]
    return {
        "status": [made.status, patched.status, applied.status, applied.last_applied_hash == made.last_applied_hash],
        "content": made.content == BLUEPRINT,
        "models": made.managed_models,
        "found": found,
        "refusal": refusal,
        "imported": imported,
        "available": available,
        "groups": sorted(groups),
    }


def main(base_url: str, token: str, secret: str, redirect_uri: str, password: str) -> None:
    admin = Admin(base_url, token)
    made = set_up(admin, secret, redirect_uri, password)
    read, others = read_back(admin, made), people(admin, made)
    print(json.dumps({"made": made, "read": read, "people": others, "blueprints": blueprints(admin)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
