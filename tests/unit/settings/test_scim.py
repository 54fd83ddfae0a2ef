"""GATEWRIGHT_SCIM_ID_CLAIM: one claim a provider, or a start that stops and says why."""

import pytest

from gatewright.settings.scim import id_claims


def test_claims_by_provider() -> None:
    given = "microsoft:oid, generic : sub ,auth0:https://example.com/id"
    assert id_claims(given) == {"microsoft": "oid", "generic": "sub", "auth0": "https://example.com/id"}


@pytest.mark.parametrize("text", ["oid", "", "microsoft:", ":oid", "a:b,", "a b:c", "https://x/oid", "a:b,a:c"])
def test_a_claim_of_no_provider(text: str) -> None:
    with pytest.raises(ValueError, match=r" \| "):
        id_claims(text)
