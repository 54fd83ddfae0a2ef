"""What is over is forgotten; what can still be used or replayed stays."""

from sqlalchemy import func, insert, select

from gatewright.domain.clock import DAY, HOUR
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Event
from gatewright.storage import audit_log, changes, oauth_providers, sessions, tables, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.retention import forget_expired
from gatewright.storage.tables import (
    api_tokens,
    attempts,
    consents,
    device_codes,
    invitations,
    one_time_links,
    pushed_requests,
    refresh_tokens,
    used_assertions,
    user_invitations,
)

NOW = 1000 * DAY


async def test_only_what_is_over_goes(db: Database) -> None:
    async with db.write() as tx:
        for name, expires_at in (("old", NOW - 2 * DAY), ("just over", NOW - HOUR), ("alive", NOW + HOUR)):
            values = {"token_hash": name, "purpose": "setup", "created_at": 0, "expires_at": expires_at}
            await tx.execute(insert(one_time_links).values(values))
        new = users.NewUser("u-9", "bob", "bob", None, Role.INTERNAL_USER, RoleReason(rule="default"))
        bob = (await users.add(tx, new, 0)).id
        for name, expires_at in (("long over", NOW - 31 * DAY), ("shown as over", NOW - 29 * DAY)):
            stamps = {"created_at": 0, "created_by": "x", "updated_at": 0, "updated_by": "x", "expires_at": expires_at}
            await tx.execute(insert(user_invitations).values(token_hash=name, user_pk=bob, **stamps))
        for bucket, resets_at in (("over", NOW - 1), ("running", NOW + 1)):
            await tx.execute(insert(attempts).values(bucket=bucket, count=1, resets_at=resets_at))
        for at in (NOW - 500 * DAY, NOW - 300 * DAY):
            await audit_log.add(tx, Event("logout", "ok"), at)
        for at in (NOW - 3 * HOUR, NOW - 2 * HOUR):
            await changes.announce(tx, "key", "a", at)
    async with db.write() as tx:
        await forget_expired(tx, NOW)
        links = set((await tx.execute(select(one_time_links.c.token_hash))).scalars())
        invited = set((await tx.execute(select(user_invitations.c.token_hash))).scalars())
        buckets = set((await tx.execute(select(attempts.c.bucket))).scalars())
        left = await changes.since(tx, 0)
        newest = await changes.newest(tx)
        events = await audit_log.newest(tx, 10)
    assert [event["at"] for event in events] == [NOW - 300 * DAY]
    assert links == {"just over", "alive"}
    assert invited == {"shown as over"}
    assert buckets == {"running"}
    assert [change.id for change in left] == [newest]


async def test_what_was_issued_goes_after_its_end(db: Database) -> None:
    async with db.write() as tx:
        new = users.NewUser("u-1", "ada", "ada", None, Role.INTERNAL_USER, RoleReason(rule="default"))
        ids = {"user_pk": (await users.add(tx, new, 0)).id, "provider_id": await add_provider(tx)}
        sessions_of: dict[str, int | None] = {"none": None}
        for name, ended_at in (("ended", NOW - 40 * DAY), ("ran out", None)):
            columns = {"kind": "idp", "amr": [], "created_at": 0, "last_used_at": 0, "user_pk": ids["user_pk"]}
            keys = {"token_hash": name, "sid": name, "expires_at": NOW - 40 * DAY, "ended_at": ended_at}
            sessions_of[name] = (await sessions.add(tx, **columns, **keys)).id
        rows = [
            ("idle", "none", NOW - 2 * DAY),
            ("just idle", "none", NOW - HOUR),
            ("of an ended session", "ended", NOW + DAY),
            ("of a session that ran out", "ran out", NOW + DAY),
        ]
        for name, session, idle in rows:
            token = {"token_hash": name, "family": name, "scope": "", "amr": [], "auth_time": 0, "created_at": 0}
            lives = {"session_id": sessions_of[session], "idle_expires_at": idle, "expires_at": NOW + 9 * DAY}
            await tx.execute(insert(refresh_tokens).values(**token, **lives, **ids))
        for at in (NOW - 2 * DAY, NOW - HOUR, NOW + HOUR):
            device = {"user_code_hash": str(at), "scope": "", "interval_s": 5, "created_at": 0, "expires_at": at}
            provider = {"provider_id": ids["provider_id"]}
            await tx.execute(insert(device_codes).values(device_code_hash=str(at), **device, **provider))
            pushed = {"parameters": "", "created_at": 0, "expires_at": at}
            await tx.execute(insert(pushed_requests).values(request_uri_hash=str(at), **pushed, **provider))
            await tx.execute(insert(used_assertions).values(jti_hash=str(at), expires_at=at))
    async with db.write() as tx:
        await forget_expired(tx, NOW)
        left = set((await tx.execute(select(refresh_tokens.c.token_hash))).scalars())
        counts = [
            (await tx.execute(select(func.count()).select_from(table))).scalar()
            for table in (device_codes, pushed_requests, used_assertions)
        ]
    assert left == {"just idle", "of a session that ran out"}
    assert counts == [2, 2, 1]


async def test_consents_tokens_and_invitations_go_when_nobody_needs_to_see_that_they_are_over(db: Database) -> None:
    async with db.write() as tx:
        new = users.NewUser("u-1", "ada", "ada", None, Role.INTERNAL_USER, RoleReason(rule="default"))
        user_pk = (await users.add(tx, new, 0)).id
        over, shown, alive = NOW - 31 * DAY, NOW - DAY, NOW + DAY
        for at in (over, alive, None):
            provider_id = await add_provider(tx, f"p{at}")
            consent = {"uuid": f"{at}", "scopes": [], "created_at": 0, "updated_at": 0, "expires_at": at}
            await tx.execute(insert(consents).values(**consent, user_pk=user_pk, provider_id=provider_id))
        for at in (over, shown, alive, None):
            token = {"uuid": f"{at}", "identifier": f"{at}", "intent": "api", "token_hash": f"{at}", "created_at": 0}
            await tx.execute(insert(api_tokens).values(**token, user_pk=user_pk, expires_at=at))
        for name, expires, used, single in (
            ("over", over, None, True),
            ("shown", shown, None, True),
            ("used", alive, over, True),
            ("just used", alive, shown, True),
            ("for many", alive, over, False),
        ):
            row = {"uuid": name, "name": name, "token_hash": name, "fixed_data": {}, "groups": [], "created_at": 0}
            await tx.execute(insert(invitations).values(**row, expires_at=expires, used_at=used, single_use=single))
    async with db.write() as tx:
        await forget_expired(tx, NOW)
        left = [
            set((await tx.execute(select(column))).scalars())
            for column in (consents.c.expires_at, api_tokens.c.expires_at, invitations.c.name)
        ]
    assert left == [{alive, None}, {shown, alive, None}, {"shown", "just used", "for many"}]


async def add_provider(tx: Transaction, name: str = "p") -> int:
    return await oauth_providers.add(
        tx,
        name=name,
        client_id=name,
        client_type="public",
        redirect_uris=[],
        grant_types=[],
        authorization_flow="",
        invalidation_flow="",
        sub_mode="user_id",
        issuer_mode="per_provider",
        access_code_validity=1,
        access_token_validity=1,
        refresh_token_validity=1,
    )


async def test_ids_of_changes_go_on_after_forgetting(db: Database) -> None:
    async with db.write() as tx:
        await changes.announce(tx, "key", "a", 0)
        before = await changes.newest(tx)
    async with db.write() as tx:
        await forget_expired(tx, NOW)
        await changes.announce(tx, "key", "b", NOW)
        count = (await tx.execute(select(func.count()).select_from(tables.changes))).scalar()
        assert await changes.newest(tx) > before
    assert count == 2
