"""The audit log as administrators search it."""

from urllib.parse import quote

from tests.unit.web.authentik.conftest import Desk

from gatewright.domain.clock import iso
from gatewright.domain.identity import Role
from gatewright.storage.retention import AUDIT_KEPT

EVENTS = "/events/events/"


async def test_events_are_found_by_authentiks_names_and_ours(desk: Desk) -> None:
    made = await desk.user("ada")
    assert await desk.sign_in("ada", "wrong password") == 400
    for query, count in (
        ("action=login_failed", 1),
        ("action=login", 0),
        ("action=idp.login", 1),
        ("action=login_failed&action=model_created&client_ip=203.0.113.77", 1),
        ("action=suspicious_request", 0),
        ("action__startswith=idp.l", 1),
        ("action__startswith=model.&actor=default_user_id", 1),
        ("action__startswith=nothing", 0),
        ("outcome=refused", 1),
        ("outcome=refused&action__startswith=model.", 0),
        ("cause=user_unknown", 1),
        ("target=ada", 1),
        (f"target=authentik_core.user:{made['pk']}", 1),
        ("actor=default_user_id&action=model_created", 1),
        ("client_ip=203.0.113.77", 1),
        ("search=USER_unknown", 1),
        (f"context_model_app=authentik_core&context_model_name=user&context_model_pk={made['pk']}", 1),
        ("context_model_app=authentik_core&context_model_name=token", 0),
    ):
        assert len(await desk.listed(f"{EVENTS}?{query}")) == count, query
    failed = (await desk.listed(f"{EVENTS}?action=login_failed"))[0]
    assert failed["context"]["outcome"] == "user_unknown"
    assert failed["context"]["request_id"].startswith("req-")
    created = (await desk.listed(f"{EVENTS}?action=model_created"))[0]
    assert created["context"]["model"] == {
        "app": "authentik_core",
        "model_name": "user",
        "pk": str(made["pk"]),
        "name": "ada",
    }
    assert (await desk.ok("GET", f"{EVENTS}{created['pk']}/"))["pk"] == created["pk"]


async def test_events_are_found_by_request_and_by_time(desk: Desk) -> None:
    await desk.user("ada")
    newest = (await desk.listed(EVENTS))[0]
    assert await desk.listed(f"{EVENTS}?request_id={newest['context']['request_id']}") == [newest]
    at = quote(newest["created"])
    older = (await desk.ok("GET", f"{EVENTS}?created__lt={at}"))["pagination"]["count"]
    for query, count in (
        (f"created__gte={at}", 1),
        (f"created__gt={at}", 0),
        (f"created__lte={at}", older + 1),
    ):
        assert (await desk.ok("GET", f"{EVENTS}?{query}"))["pagination"]["count"] == count, query
    assert newest["expires"] == iso(desk.db.clock() // 1000 * 1000 + AUDIT_KEPT)[:11] + newest["expires"][11:]


async def test_an_event_names_the_person_behind_its_actor(desk: Desk) -> None:
    ada = await desk.person("ada", Role.INTERNAL_USER)
    await desk.ok("POST", "/core/tokens/", {"identifier": "own"}, headers=await desk.browser(ada))
    found = (await desk.listed(f"{EVENTS}?username=ada&action=model_created"))[0]
    assert found["user"] == {"username": "ada", "email": "ada@example.com", "pk": ada.id}


async def test_wrong_questions_about_events_are_refused(desk: Desk) -> None:
    for query, field in (
        ("action=login&action__startswith=idp.", "action__startswith"),
        ("context_model_pk=1", "context_model_app"),
        ("created__gte=yesterday", "created__gte"),
        ("context_authorized_app=x", "context_authorized_app"),
    ):
        refused = await desk.call("GET", f"{EVENTS}?{query}")
        assert (refused.status_code, list(refused.json())) == (400, [field])
