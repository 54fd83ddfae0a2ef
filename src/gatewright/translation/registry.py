"""Each dialect's halves by name, imported at the first need: a gateway to one provider pays for one dialect."""

from functools import cache
from importlib import import_module
from typing import cast

from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import ClientHalf, Passing, ProviderHalf

PACKAGE = __name__.rpartition(".")[0]


@cache
def passing(dialect: Dialect) -> Passing:
    """For bytes of a client's dialect that pass through."""
    return cast(Passing, import_module(f"{PACKAGE}.{dialect.value}").PASSING)


@cache
def client_half(dialect: Dialect) -> ClientHalf:
    """Reads requests and writes answers. The dialect is one that clients speak."""
    return cast(ClientHalf, import_module(f"{PACKAGE}.{dialect.value}.client").CLIENT)


@cache
def provider_half(dialect: Dialect) -> ProviderHalf:
    """Writes requests and reads answers."""
    return cast(ProviderHalf, import_module(f"{PACKAGE}.{dialect.value}.provider").PROVIDER)
