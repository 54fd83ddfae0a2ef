"""A client's secret is rotated: the old one counts as long as it was told to, and no longer."""

import pytest

from gatewright.domain.clock import DAY, HOUR
from gatewright.domain.errors import BadInput, NotFound
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.providers import DirectoryProviders, RotatedSecret

from .acts import BASE, SECRET, Acts

pytestmark = pytest.mark.anyio
BY = By("ada")


async def counts(acts: Acts, secret: str, client_id: str = "app") -> bool:
    """Whether an endpoint that needs the client's proof takes the secret."""
    return (await acts.post("introspect", {"token": "x"}, (client_id, secret))).status_code == 200


async def rotated(acts: Acts, overlap: int) -> RotatedSecret:
    row = await acts.stand.provider.clients.by_client_id("app")
    assert row is not None
    return await DirectoryProviders(acts.db, BASE, "litellm").rotate_secret(row.id, overlap, BY)


async def test_both_count_until_the_overlap_is_over(acts: Acts) -> None:
    made = await rotated(acts, HOUR)
    assert made.previous_until == acts.db.clock() + HOUR
    assert made.secret not in repr(made)
    assert await counts(acts, SECRET)
    assert await counts(acts, made.secret)
    assert not await counts(acts, "neither-of-the-two-secrets")
    acts.stand.clock.now += HOUR
    assert not await counts(acts, SECRET)
    assert await counts(acts, made.secret)
    [event] = await acts.stand.events("secret.rotate")
    assert (event["actor"], event["details"]) == ("ada", {"name": "app", "overlap_ms": HOUR})


async def test_without_an_overlap_the_old_secret_is_over_at_once(acts: Acts) -> None:
    made = await rotated(acts, 0)
    assert made.previous_until is None
    assert not await counts(acts, SECRET)
    assert await counts(acts, made.secret)


async def test_two_secrets_count_at_most(acts: Acts) -> None:
    first = await rotated(acts, DAY)
    second = await rotated(acts, HOUR)
    assert [await counts(acts, one) for one in (SECRET, first.secret, second.secret)] == [False, True, True]


async def test_a_secret_that_is_typed_counts_alone(acts: Acts) -> None:
    made = await rotated(acts, DAY)
    row = await acts.stand.provider.clients.by_client_id("app")
    assert row is not None
    typed = "a-secret-that-somebody-typed-01"
    await DirectoryProviders(acts.db, BASE, "litellm").change(row.id, {"client_secret": typed}, BY)
    assert [await counts(acts, one) for one in (SECRET, made.secret, typed)] == [False, False, True]


async def test_what_cannot_be_rotated(acts: Acts) -> None:
    await acts.register("open", client_type="public", client_secret=None)
    row = await acts.stand.provider.clients.by_client_id("open")
    assert row is not None
    providers = DirectoryProviders(acts.db, BASE, "litellm")
    with pytest.raises(BadInput, match="no secret"):
        await providers.rotate_secret(row.id, 0, BY)
    with pytest.raises(NotFound):
        await providers.rotate_secret(999_999, 0, BY)
    for overlap in (-1, 30 * DAY + 1):
        with pytest.raises(BadInput):
            await rotated(acts, overlap)
    assert await counts(acts, SECRET)
