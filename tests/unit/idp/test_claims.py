"""What mappings give, what one that fails means for the sign-in, and what the log says of it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from tests.unit.idp.conftest import started

from gatewright.accounts.audit import Audit
from gatewright.domain.errors import Unavailable
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.idp.claims import Claims, MappingFailed, MappingStopped
from gatewright.idp.clients import Client, Clients
from gatewright.idp.expressions.engine import Expressions, Outcome
from gatewright.idp.expressions.noting import MOST
from gatewright.idp.expressions.reading import Failure
from gatewright.oidc.errors import OAuthError
from gatewright.storage import audit_log, bindings, groups, scope_mappings, users
from gatewright.storage.database import Database
from gatewright.storage.tables import authenticators, recovery_codes

SCOPES = ("openid", "litellm_role")
ORIGIN = Origin("192.0.2.7", "a-client/1", "req-42")


class Bench:
    """The seed's client with one mapping of the test's own beside the packaged ones."""

    def __init__(self, db: Database, claims: Claims, client: Client, user: User) -> None:
        self.db, self.claims, self.client, self.user = db, claims, client, user
        self.clients = Clients(db, "http://localhost:4000")

    async def mapping(self, expression: str, scope: str = "own", *, required: bool = False) -> None:
        async with self.db.write() as tx:
            made = await scope_mappings.add(
                tx,
                uuid=str(uuid4()),
                name=f"Mapping of {scope}",
                scope_name=scope,
                description="",
                expression=expression,
                required=required,
            )
            before = [one.id for one in await scope_mappings.of_provider(tx, self.client.id)]
            await scope_mappings.attach(tx, self.client.id, [*before, made])

    async def of(self, *scopes: str) -> dict[str, Any]:
        """As a request reads client and person: afresh."""
        client = await self.clients.by_slug("litellm")
        assert client is not None
        async with self.db.read() as tx:
            user = await users.by_id(tx, self.user.id)
            assert user is not None
            grounds = await self.claims.grounds(tx, client, user, scopes)
        return await self.claims.of(client, user, grounds, ORIGIN, 1_795_000_000_000)

    async def events(self, action: str) -> list[dict[str, Any]]:
        async with self.db.read() as tx:
            return [event for event in await audit_log.newest(tx, 200) if event["action"] == action]


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    await started(db)
    async with db.write() as tx:
        new = users.NewUser(
            "u-1", "alice", "alice", "alice@example.com", Role.INTERNAL_USER, RoleReason(rule="default")
        )
        user = await users.add(tx, new, db.clock())
        await users.add(tx, msgspec.structs.replace(new, uuid="u-2", username="bob", user_id="bob"), db.clock())
    client = await Clients(db, "http://localhost:4000").by_slug("litellm")
    assert client is not None
    expressions = Expressions()
    yield Bench(db, Claims(db, expressions, Audit(db)), client, user)
    await expressions.close()


@pytest.mark.parametrize(
    ("expression", "line", "cause"),
    [
        ('x = 1\nreturn {"a": user.nope}', 2, "nope"),
        ('return "proxy_admin"', None, "not a dict"),
        ("return [1]", None, "not a dict"),
        ("return {", 1, "SyntaxError"),
        ("import os\nreturn {}", 1, "no files"),
        ('return {"own": 1, "sub": "somebody else"}', None, "the claim sub is the protocol's own"),
    ],
)
async def test_a_failure_refuses_the_login_where_required_and_is_an_event_in_any_case(
    bench: Bench, expression: str, line: int | None, cause: str
) -> None:
    await bench.mapping(expression)
    claims = await bench.of("openid", "own", "litellm_role")
    assert "sub" not in claims
    assert claims["litellm_role"] == "internal_user"
    await bench.mapping(expression, "strict", required=True)
    with pytest.raises(MappingFailed) as refused:
        await bench.of("openid", "strict")
    assert isinstance(refused.value, OAuthError)
    assert (refused.value.error, refused.value.cause) == ("server_error", "mapping_failed")
    assert "Mapping of strict" in refused.value.message
    assert "req-42" in refused.value.message
    assert "nope" not in refused.value.message
    events = await bench.events("idp.mapping")
    assert [event["target"] for event in events] == ["Mapping of strict", "Mapping of own"]
    for event in events:
        assert event["outcome"] == "mapping_failed"
        assert (event["reference"], event["details"]["client"], event["actor"]) == ("req-42", "litellm", "alice")
        assert event["details"]["line"] == line
        assert cause in event["details"]["cause"]


async def test_a_stop_refuses_where_required_and_asks_to_try_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stopped(_: Expressions, wanted: list[object]) -> list[Outcome]:
        return [Outcome(None, Failure("all workers were busy", stopped=True))] * len(wanted)

    monkeypatch.setattr(Expressions, "evaluate_all", stopped)
    await bench.mapping("return {'a': user.pk}")
    assert await bench.of("own") == {}
    with pytest.raises(MappingStopped) as refused:
        await bench.of("openid", "litellm_role")
    assert isinstance(refused.value, Unavailable)
    assert "LiteLLM Role" in refused.value.message
    assert len(await bench.events("idp.mapping")) == 3


async def test_none_and_an_ungranted_scope_are_no_failure(bench: Bench) -> None:
    await bench.mapping("return None", required=True)
    await bench.mapping("return 1", "other", required=True)
    assert await bench.of("own") == {}
    assert await bench.events("idp.mapping") == []


async def test_the_packaged_role_is_required(bench: Bench) -> None:
    async with bench.db.write() as tx:
        role = await scope_mappings.find(tx, scope_name="litellm_role")
        assert role is not None
        assert role.required
        await scope_mappings.change(tx, role.id, expression="return user.nope")
    with pytest.raises(MappingFailed):
        await bench.of(*SCOPES)


async def test_lists_of_two_mappings_hold_each_value_once(bench: Bench) -> None:
    await bench.mapping('return {"groups": ["a", "b"], "deep": {"x": [1], "y": 1}}', "a")
    await bench.mapping('return {"groups": ["b", "c"], "deep": {"x": [1, 2], "y": 2}, "none": None}', "b")
    assert await bench.of("a", "b") == {"groups": ["a", "b", "c"], "deep": {"x": [1, 2], "y": 2}}


async def test_events_of_an_expression_are_in_the_log_and_bounded(bench: Bench) -> None:
    await bench.mapping("for n in range(5):\n    ak_create_event('used', number=n, who=user.username)\nreturn {}")
    for _ in range(MOST // 5 + 3):
        await bench.of("own")
    events = await bench.events("idp.expression")
    assert len(events) == MOST + 1
    assert "flood" in events[0]["details"]
    first = events[-1]
    assert (first["target"], first["actor"], first["outcome"]) == ("Mapping of own", "alice", "ok")
    assert first["details"] == {"action": "used", "fields": {"number": 0, "who": "alice"}}


async def test_an_expression_sees_the_person_as_they_are(bench: Bench) -> None:
    async with bench.db.write() as tx:
        top = await groups.ensure(tx, "staff", "g-top", is_superuser=True, attributes={"tier": 1})
        below = await groups.ensure(tx, "writers", "g-low", parent_ids=[top.id])
        await groups.join(tx, below.id, bench.user.id)
        editor = await bindings.add_entitlement(
            tx, uuid="e-1", application_id=bench.client.application_id, name="editor", attributes={"seats": [3]}
        )
        await bindings.add_entitlement(
            tx, uuid="e-2", application_id=bench.client.application_id, name="unbound", attributes={}
        )
        await bindings.add(tx, uuid="b-1", entitlement_id=editor, group_id=top.id)
        key = {"user_pk": bench.user.id, "transports": [], "created_at": 1}
        await tx.execute(authenticators.insert().values(uuid="a-1", kind="totp", name="phone", confirmed_at=2, **key))
        await tx.execute(authenticators.insert().values(uuid="a-2", kind="webauthn", name="not confirmed", **key))
        await tx.execute(recovery_codes.insert().values(code_hash="c-1", user_pk=bench.user.id, created_at=1))
        await users.change(tx, bench.user.id, 1, kind="external", path="users/contractors", password_changed_at=0)
    await bench.mapping(
        """return {
    "entitlements": [e.name for e in user.app_entitlements(provider.application)],
    "seats": user.app_entitlements_attributes(provider.application)["seats"],
    "factors": [kind for kind in ("totp", "webauthn", "static") if ak_user_has_authenticator(user, kind)],
    "kind": [user.type, user.path, user.is_superuser, user.password_change_date, user.last_login],
    "groups": [[g.name, g.parent.name if g.parent else None] for g in user.all_groups()],
    "member": ak_is_group_member(user, name="staff"),
    "asked": [str(ak_client_ip), http_request.META["HTTP_USER_AGENT"], token.auth_time.year, request.obj.scope_name],
}"""
    )
    assert await bench.of("own") == {
        "entitlements": ["editor"],
        "seats": [3],
        "factors": ["totp", "static"],
        "kind": ["external", "users/contractors", True, "1970-01-01T00:00:00+00:00", None],
        "groups": [["staff", None], ["writers", "staff"]],
        "member": True,
        "asked": ["192.0.2.7", "a-client/1", 2026, "own"],
    }


@pytest.mark.parametrize(
    "expression",
    [
        "return {'e': [e.name for e in user.app_entitlements(provider.application)], 'a': user.authenticators}",
        "return {'e': [e.name for e in getattr(user, 'app_' + 'entitlements')(provider.application)],"
        " 'a': getattr(user, 'authen' + 'ticators')}",
        "return {'e': [e.name for e in user.app_\uff45ntitlements(provider.application)],"
        " 'a': user.\uff41uthenticators}",
    ],
    ids=["plain", "indirect", "full-width"],
)
async def test_what_is_mentioned_in_whatever_way_is_gathered(bench: Bench, expression: str) -> None:
    async with bench.db.write() as tx:
        made = await bindings.add_entitlement(
            tx, uuid="e-1", application_id=bench.client.application_id, name="editor", attributes={}
        )
        await bindings.add(tx, uuid="b-1", entitlement_id=made, user_pk=bench.user.id)
        await tx.execute(
            authenticators.insert().values(
                uuid="a-1",
                kind="totp",
                name="phone",
                user_pk=bench.user.id,
                transports=[],
                created_at=1,
                confirmed_at=2,
            )
        )
    await bench.mapping(expression)
    assert await bench.of("own") == {"e": ["editor"], "a": ["totp"]}
