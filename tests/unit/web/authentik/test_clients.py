"""Providers, applications, bindings and scope mappings through `/api/v3`."""

from typing import Any

from tests.unit.web.authentik.conftest import Desk
from tests.unit.web.conftest import BASE

from gatewright.storage import oauth_providers

SECRET = "a-secret-of-thirty-two-letters!!"
WEB = {"matching_mode": "strict", "url": "https://app.example/cb"}


async def provider(desk: Desk, name: str = "P", **more: Any) -> Any:
    return await desk.ok("POST", "/providers/oauth2/", {"name": name, "redirect_uris": [WEB], **more})


async def own(desk: Desk) -> Any:
    """The dashboard's own provider."""
    return (await desk.listed("/providers/oauth2/?client_id=litellm"))[0]


async def test_every_field_of_a_provider_is_kept(desk: Desk) -> None:
    flow = (await desk.listed("/flows/instances/?slug=default-provider-authorization-implicit-consent"))[0]
    key = (await desk.listed("/crypto/certificatekeypairs/?name=authentik%20Self-signed%20Certificate"))[0]
    mapping = (await desk.listed("/propertymappings/provider/scope/?managed__isnull=true"))[0]
    sent: dict[str, Any] = {
        "name": "Everything",
        "authorization_flow": flow["pk"],
        "invalidation_flow": "default-provider-invalidation-flow",
        "client_type": "confidential",
        "client_id": "everything",
        "client_secret": SECRET,
        "grant_types": ["authorization_code", "client_credentials"],
        "redirect_uris": [WEB, {**WEB, "url": "https://app.example/out", "redirect_uri_type": "logout"}],
        "access_code_validity": "seconds=30",
        "access_token_validity": "minutes=5",
        "refresh_token_validity": "days=7",
        "refresh_token_threshold": "hours=1",
        "include_claims_in_id_token": False,
        "signing_key": key["pk"],
        "sub_mode": "user_uuid",
        "issuer_mode": "per_provider",
        "property_mappings": [mapping["pk"]],
        "logout_uri": "https://app.example/logged-out",
        "logout_method": "frontchannel",
        "require_pkce": True,
    }
    made = await desk.ok("POST", "/providers/oauth2/", sent)
    assert made["client_secret"] == SECRET
    shown = await desk.ok("GET", f"/providers/oauth2/{made['pk']}/")
    assert (shown["client_secret"], shown["has_client_secret"]) == ("", True)
    expected = {**sent, "client_secret": "", "invalidation_flow": shown["invalidation_flow"]}
    expected["redirect_uris"] = [{"redirect_uri_type": "authorization", **uri} for uri in sent["redirect_uris"]]
    assert {name: shown[name] for name in expected} == expected
    # Sent back as it was read, it stays as it is: the secret too.
    again = await desk.ok("PUT", f"/providers/oauth2/{made['pk']}/", {name: shown[name] for name in sent})
    assert again == shown
    app = {"name": "E", "slug": "everything", "provider": made["pk"]}
    await desk.ok("POST", "/core/applications/", app)
    assert await desk.program.provider.clients.secret("everything") == SECRET


async def test_a_provider_without_words_has_safe_ones(desk: Desk) -> None:
    made = await provider(desk)
    assert len(made["client_secret"]) == 64
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    assert (made["access_code_validity"], made["access_token_validity"], made["issuer_mode"]) == (
        *("minutes=1", "minutes=10"),
        "per_provider",
    )
    public = await provider(desk, "Public", client_type="public")
    assert (public["client_secret"], public["has_client_secret"]) == ("", False)
    # A public client that becomes confidential gets a secret, shown this once.
    turned = await desk.ok("PATCH", f"/providers/oauth2/{public['pk']}/", {"client_type": "confidential"})
    assert len(turned["client_secret"]) == 64


async def test_grants_that_are_never_offered_are_left_out_aloud(desk: Desk) -> None:
    made = await provider(desk, grant_types=["authorization_code", "implicit", "hybrid", "password"])
    assert made["grant_types"] == ["authorization_code"]
    assert [text.split()[3] for text in made["warnings"]] == ["implicit", "hybrid", "password"]


NOT_A_PROVIDER: tuple[tuple[str, Any], ...] = (
    ("redirect_uris", [{"url": "https://a.example/.*", "matching_mode": "regex"}]),
    ("redirect_uris", [{"url": "javascript:alert(1)", "matching_mode": "strict"}]),
    ("redirect_uris", [{"url": "https://user@a.example/", "matching_mode": "strict"}]),
    ("redirect_uris", [{"url": "https://a.example/", "matching_mode": "strict", "note": "x"}]),
    ("redirect_uris", 7),
    ("client_secret", "short"),
    ("client_id", "snowman-\u2603"),
    ("client_id", "litellm"),
    ("name", "LiteLLM Provider"),
    ("grant_types", ["magic"]),
    ("sub_mode", "shoe_size"),
    ("access_token_validity", "forever"),
    ("access_token_validity", "seconds=inf"),
    ("access_token_validity", "days=36500"),
    ("authorization_flow", "default-authentication-flow"),
    ("signing_key", "00000000-0000-4000-8000-000000000000"),
    ("encryption_key", "00000000-0000-4000-8000-000000000000"),
    ("property_mappings", ["00000000-0000-4000-8000-000000000000"]),
    ("logout_uri", "javascript:alert(1)"),
    ("jwks", {"keys": [{"kty": "oct", "k": "AAAA"}]}),
    ("jwks", {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "d": "AQAB"}]}),
    ("jwt_federation_sources", ["x"]),
)


async def test_what_a_provider_cannot_be_is_refused_by_field(desk: Desk) -> None:
    made = await provider(desk, "Good")
    for field, value in NOT_A_PROVIDER:
        body = {"name": "P", "redirect_uris": [WEB], field: value}
        refused = await desk.call("POST", "/providers/oauth2/", body)
        assert (refused.status_code, list(refused.json())) == (400, [field]), refused.text
        patched = await desk.call("PATCH", f"/providers/oauth2/{made['pk']}/", {field: value})
        assert (patched.status_code, list(patched.json())) == (400, [field]), patched.text


async def test_old_clients_send_redirect_uris_as_text(desk: Desk) -> None:
    made = await provider(desk, redirect_uris="https://a.example/1\nhttps://a.example/2")
    assert [uri["url"] for uri in made["redirect_uris"]] == ["https://a.example/1", "https://a.example/2"]


async def test_addresses_of_our_own_follow_the_base_url(desk: Desk) -> None:
    shown = await own(desk)
    assert shown["redirect_uris"][0]["url"] == f"{BASE}/sso/callback"
    await desk.ok("PUT", f"/providers/oauth2/{shown['pk']}/", {**writable(shown), "access_token_validity": "minutes=9"})
    async with desk.db.read() as tx:
        stored = await oauth_providers.by_client_id(tx, "litellm")
    assert stored is not None
    assert stored.redirect_uris[0].url == "{base_url}/sso/callback"


async def test_the_issuer_of_all_providers_is_the_base_url(desk: Desk) -> None:
    for mode, issuer in (("per_provider", f"{BASE}/application/o/{{}}/"), ("global", f"{BASE}/")):
        made = await provider(desk, mode, issuer_mode=mode)
        await desk.ok("POST", "/core/applications/", {"name": mode, "slug": mode, "provider": made["pk"]})
        document = f"{BASE}/application/o/{mode}/.well-known/openid-configuration"
        assert (await desk.worker.client.get(document)).json()["issuer"] == issuer.format(mode)
        assert (await desk.ok("GET", f"/providers/oauth2/{made['pk']}/setup_urls/"))["issuer"] == issuer.format(mode)


async def test_the_dashboards_own_sign_in_cannot_be_cut_off(desk: Desk) -> None:
    shown = await own(desk)
    changes = (
        ("PATCH", f"/providers/oauth2/{shown['pk']}/", {"client_id": "other"}),
        ("PATCH", f"/providers/oauth2/{shown['pk']}/", {"client_type": "public"}),
        ("PATCH", f"/providers/oauth2/{shown['pk']}/", {"redirect_uris": [WEB]}),
        ("PATCH", f"/providers/oauth2/{shown['pk']}/", {"grant_types": ["refresh_token"]}),
        ("DELETE", f"/providers/oauth2/{shown['pk']}/", None),
        ("DELETE", "/core/applications/litellm/", None),
        ("PATCH", "/core/applications/litellm/", {"slug": "other"}),
        ("PATCH", "/core/applications/litellm/", {"provider": None}),
    )
    for method, path, body in changes:
        refused = await desk.call(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "own_client"), (method, path, body)
    await desk.ok("PATCH", "/core/applications/litellm/", {"meta_description": "Models", "group": "Work"})


def writable(shown: dict[str, Any]) -> dict[str, Any]:
    """What a client sends of what it read."""
    names = ("name", "authorization_flow", "invalidation_flow", "redirect_uris", "property_mappings", "signing_key")
    return {name: shown[name] for name in names}


async def test_an_application_and_who_may_use_it(desk: Desk) -> None:
    ada, bob = await desk.user("ada"), await desk.user("bob")
    staff = await desk.ok("POST", "/core/groups/", {"name": "staff", "users": [ada["pk"]]})
    made = await provider(desk)
    sent = {
        "name": "App",
        "slug": "app",
        "provider": made["pk"],
        "group": "Work",
        "policy_engine_mode": "any",
        "meta_description": "What it is",
        "meta_publisher": "Us",
        "meta_icon": "https://app.example/icon.png",
        "meta_launch_url": "https://app.example/%(username)s",
        "open_in_new_tab": True,
        "meta_hide": False,
    }
    app = await desk.ok("POST", "/core/applications/", sent)
    assert {name: app[name] for name in sent} == sent
    assert app["provider_obj"]["assigned_application_slug"] == "app"
    assert (await desk.ok("GET", f"/providers/oauth2/{made['pk']}/used_by/"))[0]["pk"] == "app"
    check = "/core/applications/app/check_access/?for_user="
    assert (await desk.ok("GET", f"{check}{bob['pk']}"))["passing"] is True
    binding = {"target": app["pk"], "group": staff["pk"], "order": 0}
    binding = await desk.ok("POST", "/policies/bindings/", binding)
    assert await desk.ok("GET", f"{check}{ada['pk']}") == {"passing": True, "messages": [], "log_messages": []}
    assert (await desk.ok("GET", f"{check}{bob['pk']}"))["messages"] == ["application_denied"]
    for user, slugs in ((ada, ["app", "litellm"]), (bob, ["litellm"])):
        library = await desk.listed(f"/core/applications/?for_user={user['pk']}&ordering=slug")
        assert [one["slug"] for one in library] == slugs
    assert (await desk.listed(f"/core/applications/?for_user={ada['pk']}"))[1]["launch_url"].endswith("/ada")
    assert [one["pk"] for one in await desk.listed(f"/policies/bindings/?target={app['pk']}")] == [binding["pk"]]
    await desk.ok("PATCH", f"/policies/bindings/{binding['pk']}/", {"negate": True})
    assert (await desk.ok("GET", f"{check}{ada['pk']}"))["passing"] is False
    await desk.ok("PATCH", f"/core/users/{bob['pk']}/", {"is_active": False})
    assert (await desk.ok("GET", f"{check}{bob['pk']}"))["messages"] == ["user_inactive"]


NOT_AN_APPLICATION: tuple[tuple[str, Any], ...] = (
    ("slug", "token"),
    ("slug", "a/b"),
    ("slug", "litellm"),
    ("provider", 999),
    ("provider", "1"),
    ("meta_launch_url", "javascript:alert(1)"),
    ("meta_launch_url", "https://a.example/%(password)s"),
    ("meta_icon", "javascript:alert(1)"),
    ("backchannel_providers", [1]),
    ("policy_engine_mode", "none"),
)


async def test_what_an_application_cannot_be_is_refused_by_field(desk: Desk) -> None:
    for field, value in NOT_AN_APPLICATION:
        refused = await desk.call("POST", "/core/applications/", {"name": "A", "slug": "a", field: value})
        assert (refused.status_code, list(refused.json())) == (400, [field]), refused.text


async def test_a_binding_names_one_target_and_one_holder(desk: Desk) -> None:
    app, group = (await desk.listed("/core/applications/"))[0]["pk"], (await desk.group("admins"))["pk"]
    user = (await desk.user("ada"))["pk"]
    nobody = "00000000-0000-4000-8000-000000000000"
    for body, field in (
        ({"target": app, "order": 0}, "non_field_errors"),
        ({"target": app, "order": 0, "group": group, "user": user}, "non_field_errors"),
        ({"target": nobody, "order": 0, "group": group}, "target"),
        ({"target": app, "order": 0, "group": nobody}, "group"),
        ({"target": app, "order": 0, "user": 999}, "user"),
        ({"target": app, "order": -1, "user": user}, "order"),
        ({"target": app, "order": 0, "group": group, "policy": nobody}, "policy"),
    ):
        refused = await desk.call("POST", "/policies/bindings/", body)
        assert (refused.status_code, list(refused.json())) == (400, [field]), body


async def test_an_entitlement_belongs_to_whom_it_is_bound(desk: Desk) -> None:
    app, user = (await desk.listed("/core/applications/"))[0], (await desk.user("ada"))["pk"]
    sent = {"name": "editor", "app": app["pk"], "attributes": {"level": 2}}
    made = await desk.ok("POST", "/core/application_entitlements/", sent)
    assert (await desk.call("POST", "/core/application_entitlements/", sent)).status_code == 400
    assert [one["name"] for one in await desk.listed(f"/core/application_entitlements/?app={app['pk']}")] == ["editor"]
    await desk.ok("POST", "/policies/bindings/", {"target": made["pbm_uuid"], "user": user, "order": 0})
    row = (await desk.listed(f"/policies/bindings/?target={made['pbm_uuid']}"))[0]
    assert (row["target"], row["user"]) == (made["pbm_uuid"], user)
    # The application itself is still everybody's.
    assert await desk.listed(f"/policies/bindings/?target={app['pk']}") == []


async def test_a_scope_mapping_is_checked_when_it_is_saved(desk: Desk) -> None:
    sent = {"name": "Role", "scope_name": "role", "expression": "return {'role': user.username}"}
    made = await desk.ok("POST", "/propertymappings/provider/scope/", sent)
    for body, field in (
        ({**sent, "name": "B", "expression": "return {"}, "expression"),
        ({**sent, "name": "B", "scope_name": "two words"}, "scope_name"),
        (sent, "name"),
    ):
        refused = await desk.call("POST", "/propertymappings/provider/scope/", body)
        assert (refused.status_code, list(refused.json())) == (400, [field])
    path = f"/propertymappings/provider/scope/{made['pk']}/"
    assert (await desk.ok("PATCH", path, {"description": "Your role"}))["description"] == "Your role"
    used = await provider(desk, property_mappings=[made["pk"]])
    assert [one["pk"] for one in await desk.ok("GET", f"{path}used_by/")] == [str(used["pk"])]
    assert (await desk.listed("/propertymappings/scope/?name=Role"))[0]["pk"] == made["pk"]
    managed = "goauthentik.io/providers/oauth2/scope-email"
    packaged = (await desk.listed(f"/propertymappings/provider/scope/?managed={managed}"))[0]
    assert (await desk.call("DELETE", f"/propertymappings/provider/scope/{packaged['pk']}/")).status_code == 400
    await desk.ok("DELETE", path)
    assert (await desk.ok("GET", f"/providers/oauth2/{used['pk']}/"))["property_mappings"] == []


async def test_the_wizards_request_is_all_or_nothing(desk: Desk) -> None:
    group = (await desk.group("admins"))["pk"]
    body = {
        "app": {"name": "W", "slug": "wizard"},
        "provider_model": "authentik_providers_oauth2.oauth2provider",
        "provider": {"name": "Wizard", "redirect_uris": [WEB], "client_id": "wizard"},
        "policy_bindings": [{"group": group, "order": 0}],
    }
    for part, name in (({"app": {"name": "W", "slug": "litellm"}}, "app.slug"), ({"provider": {}}, "provider.name")):
        refused = await desk.call("PUT", "/core/transactional/applications/", {**body, **part})
        assert (refused.status_code, list(refused.json())) == (400, [name])
    assert await desk.listed("/providers/oauth2/?client_id=wizard") == []
    done = await desk.ok("PUT", "/core/transactional/applications/", body)
    assert (done["applied"], len(done["provider_secret"])) == (True, 64)
    app = await desk.ok("GET", "/core/applications/wizard/")
    assert [one["group"] for one in await desk.listed(f"/policies/bindings/?target={app['pk']}")] == [group]
    urls = await desk.ok("GET", f"/providers/oauth2/{app['provider']}/setup_urls/")
    assert urls["issuer"] == f"{BASE}/application/o/wizard/"


async def test_a_reference_that_is_no_text_is_refused(desk: Desk) -> None:
    for field in ("signing_key", "authorization_flow", "authentication_flow", "invalidation_flow"):
        wrong: list[Any] = [{}, [], [{}], 7, True]
        for value in wrong:
            made = await desk.call("POST", "/providers/oauth2/", {"name": "x", field: value})
            assert (made.status_code, list(made.json())) == (400, [field]), (field, value)
