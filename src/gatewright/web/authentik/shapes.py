"""How objects look outside, in Authentik's member names. No shape has a secret in it (contract 8.2)."""

from gatewright.domain.clock import iso, iso_or_none
from gatewright.domain.people import Group, User
from gatewright.idp.directory.applications import ApplicationView
from gatewright.idp.directory.groups import GroupView
from gatewright.idp.directory.people import Person
from gatewright.idp.directory.providers import ProviderView
from gatewright.idp.objects import durations, flows
from gatewright.idp.objects.addresses import expand
from gatewright.web.authentik import answers


def partial_user(user: User, uid: str) -> answers.PartialUser:
    """A user inside another object."""
    return {
        "pk": user.id,
        "username": user.username,
        "name": user.display_name or "",
        "is_active": user.is_active,
        "last_login": iso_or_none(user.last_login_at),
        "email": user.email or "",
        "attributes": user.attributes,
        "uid": uid,
    }


def person(one: Person) -> answers.User:
    """A user by itself, with our own role and its reason beside Authentik's members."""
    user = one.user
    return {
        **partial_user(user, one.uid),
        "date_joined": iso(user.created_at),
        "is_superuser": one.is_superuser,
        "groups": [group.uuid for group in one.groups],
        "groups_obj": [partial_group(group) for group in one.groups],
        "roles": [],
        "roles_obj": [],
        "avatar": "",
        "path": user.path,
        "type": user.kind,
        "uuid": user.uuid,
        "password_change_date": iso(user.password_changed_at or user.created_at),
        "last_updated": iso(user.updated_at),
        "email_verified": user.email_verified,
        "user_id": user.user_id,
        "role": user.role,
        "role_label": user.role.label,
        "role_reason": user.role_reason,
        "role_locked": user.role_locked,
        "is_break_glass": user.is_break_glass,
    }


def partial_group(group: Group) -> answers.PartialGroup:
    """A group inside another object."""
    return {
        "pk": group.uuid,
        "num_pk": group.id,
        "name": group.name,
        "is_superuser": group.is_superuser,
        "parent": None,
        "parent_name": None,
        "attributes": group.attributes,
    }


def related_group(group: Group) -> answers.RelatedGroup:
    """A parent or child of a group."""
    return {**partial_group(group), "group_uuid": group.uuid}


def group_answer(view: GroupView) -> answers.Group:
    """A group by itself; `parent` of old clients is the first of `parents`."""
    first = view.parents[0] if view.parents else None
    return {
        **partial_group(view.group),
        "parent": None if first is None else first.uuid,
        "parent_name": None if first is None else first.name,
        "parents": [group.uuid for group in view.parents],
        "parents_obj": [related_group(group) for group in view.parents],
        "children": [group.uuid for group in view.children],
        "children_obj": [related_group(group) for group in view.children],
        "users": [one.user.id for one in view.members],
        "users_obj": [partial_user(one.user, one.uid) for one in view.members],
        "roles": [],
        "roles_obj": [],
        "inherited_roles_obj": [],
        "requires_mfa": view.group.requires_mfa,
    }


def base_provider(view: ProviderView) -> answers.Provider:
    """What every kind of provider has, as it stands inside an application."""
    row = view.provider
    return {
        "pk": row.id,
        "name": row.name,
        "authentication_flow": None,
        "authorization_flow": flows.FLOWS[row.authorization_flow].pk,
        "invalidation_flow": flows.FLOWS[row.invalidation_flow].pk,
        "property_mappings": list(view.mappings),
        "component": "ak-provider-oauth2-form",
        "assigned_application_slug": row.slug or "",
        "assigned_application_name": row.application_name or "",
        "assigned_backchannel_application_slug": "",
        "assigned_backchannel_application_name": "",
        "verbose_name": "OAuth2/OpenID Provider",
        "verbose_name_plural": "OAuth2/OpenID Providers",
        "meta_model_name": "authentik_providers_oauth2.oauth2provider",
    }


def provider_answer(view: ProviderView, base_url: str) -> answers.OAuth2Provider:
    """A provider by itself. `client_secret` is empty but in the answer to the request that made it."""
    row = view.provider
    uris = [
        {"redirect_uri_type": "authorization", **uri, "url": expand(uri["url"], base_url)} for uri in row.redirect_uris
    ]
    return {
        **base_provider(view),
        "client_type": row.client_type,
        "grant_types": row.grant_types,
        "client_id": row.client_id,
        "client_secret": view.secret or "",
        "has_client_secret": row.has_secret,
        "access_code_validity": durations.render(row.access_code_validity),
        "access_token_validity": durations.render(row.access_token_validity),
        "refresh_token_validity": durations.render(row.refresh_token_validity),
        "refresh_token_absolute_validity": durations.render(row.refresh_token_absolute_validity),
        "refresh_token_threshold": durations.render(row.refresh_token_threshold),
        "consent_validity": None if row.consent_validity is None else durations.render(row.consent_validity),
        "include_claims_in_id_token": row.include_claims_in_id_token,
        "signing_key": flows.certificate_pk(row.signing_algorithm),
        "encryption_key": None,
        "redirect_uris": uris,
        "logout_uri": row.logout_uri,
        "logout_method": row.logout_method,
        "sub_mode": row.sub_mode,
        "issuer_mode": row.issuer_mode,
        "jwt_federation_sources": [],
        "jwt_federation_providers": [],
        "require_pkce": row.require_pkce,
        "jwks": row.jwks,
        "warnings": list(view.warnings),
    }


def application_answer(view: ApplicationView, base_url: str, *, public: bool = False) -> answers.Application:
    """An application by itself. `public`: as people see it who may only use it, without its provider."""
    one = view.application
    provider = None if view.provider is None or public else view.provider
    return {
        "pk": one.uuid,
        "pbm_uuid": one.uuid,
        "name": one.name,
        "slug": one.slug,
        "provider": None if provider is None else provider.provider.id,
        "provider_obj": None if provider is None else base_provider(provider),
        "backchannel_providers": [],
        "backchannel_providers_obj": [],
        "launch_url": view.launch_url,
        "open_in_new_tab": one.open_in_new_tab,
        "meta_launch_url": expand(one.launch_url, base_url),
        "meta_icon": one.icon or None,
        "meta_icon_url": one.icon or None,
        "meta_icon_themed_urls": None,
        "meta_description": one.description,
        "meta_publisher": one.publisher,
        "policy_engine_mode": one.binding_mode,
        "group": one.section,
        "meta_hide": one.is_hidden,
    }


def flow_answer(flow: flows.Flow) -> answers.Flow:
    """A flow: a name and a title, without stages."""
    return {
        "pk": flow.pk,
        "policybindingmodel_ptr_id": flow.pk,
        "name": flow.name,
        "slug": flow.slug,
        "title": flow.title,
        "designation": flow.designation,
        "background": "",
        "background_url": "",
        "background_themed_urls": None,
        "stages": [],
        "policies": [],
        "cache_count": 0,
        "policy_engine_mode": "any",
        "compatibility_mode": False,
        "export_url": "",
        "layout": "stacked",
        "denied_action": "message_continue",
        "authentication": "none",
    }
