"""The adapter of each provider, by the name in its row of `settings.providers`, imported at the first need."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import cast

from gatewright.settings.providers import PROVIDERS
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way

PACKAGE = __name__.rpartition(".")[0]
Ways = Callable[[Account], dict[str, Way]]


def ways_of(account: Account) -> dict[str, Way]:
    """How each endpoint is served, by the endpoint's path; one that is missing is not.

    Raises BadInput naming the `litellm_params` member that is missing or wrong.
    """
    return _adapter(PROVIDERS[account.provider].speaks)(account)


@cache
def _adapter(speaks: str) -> Ways:
    return cast(Ways, import_module(f"{PACKAGE}.{speaks}").ways)
