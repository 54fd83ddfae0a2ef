"""A code is issued once and redeemed once, by its own client, whatever happens at the same moment."""

import asyncio

import pytest
from sqlalchemy import select, text

from gatewright.grants.codes import Codes, NewCode
from gatewright.grants.tokens import Issued, NewTokens, Tokens
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import access_tokens as token_rows
from gatewright.storage import session_ends
from gatewright.storage.authorization_codes import Code
from gatewright.storage.database import Database
from gatewright.storage.tables import access_tokens, authorization_codes

from .conftest import ManualClock, living

pytestmark = pytest.mark.anyio
Rows = dict[str, int]


def new_code(rows: Rows) -> NewCode:
    return NewCode(
        provider_id=rows["provider"],
        user_pk=rows["user"],
        session_id=rows["session"],
        redirect_uri="http://localhost:4000/cb",
        scope="openid email",
        nonce="n",
        code_challenge=None,
        auth_time=1_800_000_000_000,
    )


def accept(_: Code) -> None:
    return None


def make(db: Database) -> Codes:
    return Codes(db, Tokens(db))


def new_tokens(code: Code) -> NewTokens:
    return NewTokens(code.code_hash, code.provider_id, code.user_pk, code.session_id, code.scope, 600_000)


async def redeem(codes: Codes, code: str, provider: int) -> Issued | str:
    try:
        found, _ = await codes.look(code, provider, accept)
        return await codes.redeem(found, new_tokens(found))
    except InvalidGrant as error:
        return error.cause


async def test_a_code_gives_back_what_it_was_bound_to(db: Database, rows: Rows, clock: ManualClock) -> None:
    codes = make(db)
    code = await codes.issue(new_code(rows), 60_000)
    found, _ = await codes.look(code, rows["provider"], accept)
    assert (found.nonce, found.scope, found.user_pk) == ("n", "openid email", rows["user"])
    result = await codes.redeem(found, new_tokens(found))
    assert result.refresh_token is None
    assert result.expires_at == clock() + 600_000
    token = await living(db, result.jti)
    assert token is not None
    assert token.session_id == rows["session"]


async def test_neither_codes_nor_token_ids_are_stored(db: Database, rows: Rows) -> None:
    codes = make(db)
    code = await codes.issue(new_code(rows), 60_000)
    result = await redeem(codes, code, rows["provider"])
    assert isinstance(result, Issued)
    async with db.read() as tx:
        rows_now = [(await tx.execute(select(table))).all() for table in (authorization_codes, access_tokens)]
    stored = str(rows_now)
    assert code not in stored
    assert result.jti not in stored
    assert len(code) == 43


async def test_a_replay_revokes_the_tokens(db: Database, rows: Rows) -> None:
    codes = make(db)
    code = await codes.issue(new_code(rows), 60_000)
    first = await redeem(codes, code, rows["provider"])
    assert isinstance(first, Issued)
    assert await redeem(codes, code, rows["provider"]) == "code_replayed"
    assert await living(db, first.jti) is None


async def test_another_client_neither_gets_nor_burns_the_code(db: Database, rows: Rows) -> None:
    codes = make(db)
    code = await codes.issue(new_code(rows), 60_000)
    assert await redeem(codes, code, rows["other"]) == "code_of_another_client"
    first = await redeem(codes, code, rows["provider"])
    assert isinstance(first, Issued)
    assert await redeem(codes, code, rows["other"]) == "code_of_another_client"
    assert await living(db, first.jti) is not None


async def test_a_code_dies_after_its_life(db: Database, rows: Rows, clock: ManualClock) -> None:
    codes = make(db)
    code = await codes.issue(new_code(rows), 60_000)
    clock.now += 60_000
    assert await redeem(codes, code, rows["provider"]) == "code_expired"


async def test_a_wrong_proof_uses_the_code_up(db: Database, rows: Rows) -> None:
    codes = make(db)
    code = await codes.issue(new_code(rows), 60_000)
    with pytest.raises(InvalidGrant) as caught:
        await codes.look(code, rows["provider"], lambda _: "pkce_mismatch")
    assert caught.value.cause == "pkce_mismatch"
    assert await redeem(codes, code, rows["provider"]) == "code_replayed"


@pytest.mark.parametrize("code", ["", "x", "x" * 10_000, "\x00", "é"])
async def test_an_unknown_code_is_refused(db: Database, rows: Rows, code: str) -> None:
    assert await redeem(make(db), code, rows["provider"]) == "code_unknown"


async def test_of_many_redemptions_at_once_exactly_one_wins(db: Database, rows: Rows) -> None:
    codes = make(db)
    for _ in range(5):
        code = await codes.issue(new_code(rows), 60_000)
        results = await asyncio.gather(*(redeem(codes, code, rows["provider"]) for _ in range(8)))
        winners = [result for result in results if isinstance(result, Issued)]
        assert len(winners) == 1
        assert results.count("code_replayed") == 7
        assert await living(db, winners[0].jti) is None
    async with db.read() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM access_tokens"))).scalar() == 5


async def test_a_token_ends_with_its_session_and_its_time(db: Database, rows: Rows, clock: ManualClock) -> None:
    codes = make(db)

    async def fresh() -> str:
        result = await redeem(codes, await codes.issue(new_code(rows), 60_000), rows["provider"])
        assert isinstance(result, Issued)
        return str(result.jti)

    old = await fresh()
    clock.now += 600_000
    assert await living(db, old) is None
    revoked, orphaned = await fresh(), await fresh()
    async with db.write() as tx:
        assert await token_rows.revoke_session(tx, rows["session"], clock()) == 3
    assert await living(db, revoked) is None
    later = await fresh()
    async with db.write() as tx:
        await session_ends.end(tx, rows["session"], clock())
    assert await living(db, later) is None
    assert await living(db, orphaned) is None
