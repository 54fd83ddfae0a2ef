"""Deployments for tests of routing: nothing behind them is called."""

from typing import Any

from gatewright.domain.money import Price
from gatewright.gateway.deployment import CONFIG, Deployment
from gatewright.gateway.group import Group, Member
from gatewright.gateway.health import Health
from gatewright.gateway.terms import terms_of


def member(name: str, *, price: Price | None = None, alone: bool = False, **terms: Any) -> Member:
    """A member with that id. `terms` are its `litellm_params` about routing."""
    known = terms_of(terms, {})
    deployment = Deployment(
        id=name,
        name="chat",
        provider="openai",
        upstream_model="gpt-x",
        api_base=None,
        source=CONFIG,
        price=price,
        ways={},
        timeouts=None,
        terms=known,
    )
    return Member(deployment=deployment, health=Health(), alone=alone, rpm=known.rpm, tpm=known.tpm)


def group(*members: Member) -> Group:
    return Group("chat", members)


def ids(members: Any) -> list[str]:
    return [one.deployment.id for one in members]
