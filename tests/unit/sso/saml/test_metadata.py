"""The provider's metadata by address: read when they are needed, again when a key is unknown, kept while it is down."""

from collections.abc import Mapping

import pytest
from tests.unit.sso.saml.idp import ENTITY, Signer, metadata, stamp
from tests.unit.sso.stage import ManualClock

from gatewright.domain.addresses import AddressPolicy
from gatewright.oidc.errors import LoginRefused
from gatewright.outbound.client import Answer, Outbound
from gatewright.outbound.errors import OutboundFailed
from gatewright.settings.saml import Saml
from gatewright.sso.saml.provider import Metadata

pytestmark = pytest.mark.anyio

URL = "https://idp.example/metadata"
OLD, NEW = Signer(), Signer()


class Far(Outbound):
    """What is outside: the metadata, or nothing. `calls` are the addresses that were asked, with their policy."""

    def __init__(self) -> None:
        super().__init__()
        self.body: str | None = None
        self.status = 200
        self.calls: list[tuple[str, AddressPolicy]] = []

    async def get(self, url: str, policy: AddressPolicy, headers: Mapping[str, str] | None = None) -> Answer:
        assert headers is not None
        self.calls.append((url, policy))
        if self.body is None:
            raise OutboundFailed("idp.example could not be reached.")
        return Answer(url, self.status, {}, self.body.encode())


async def test_metadata_are_read_again_and_outlive_an_outage() -> None:
    clock, far, policy = ManualClock(), Far(), AddressPolicy(operator=True)
    known = Metadata(Saml(metadata_url=URL), far, policy, clock)

    async def code(*, again: bool = False) -> str:
        with pytest.raises(LoginRefused) as refused:
            await known.provider(again=again)
        return refused.value.error_code

    assert await code() == "saml_metadata_unreachable"
    # A failure is not tried again at once, whoever asks.
    far.body = metadata(OLD)
    assert await code(again=True) == "saml_metadata_unreachable"
    clock.now += 30_000
    assert (await known.provider()).entity_id == ENTITY
    assert far.calls == [(URL, policy)] * 2
    far.body = metadata(OLD, NEW)
    assert len((await known.provider()).certificates) == 1
    assert len((await known.provider(again=True)).certificates) == 1
    clock.now += 30_000
    assert len((await known.provider(again=True)).certificates) == 2
    # A key that is taken out stops counting within the hour.
    far.body = metadata(NEW)
    clock.now += 3_600_000
    assert len((await known.provider()).certificates) == 1
    far.status = 503
    clock.now += 3_600_000
    assert (await known.provider()).entity_id == ENTITY
    far.status, far.body = 200, metadata(NEW, more=f'validUntil="{stamp(clock.now, 7200)}"')
    clock.now += 30_000
    await known.provider()
    far.body = None
    clock.now += 7_200_000
    assert await code() == "saml_metadata_expired"
    await far.close()
