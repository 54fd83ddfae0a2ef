"""How a blueprint finds, shows, makes, changes and removes objects of one model.

Every write goes through the directory's use case, so that a file can do no more than an administrator.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from gatewright.accounts.passwords import Passwords
from gatewright.idp.blueprints.file import BlueprintInvalid
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.directory import Directory
from gatewright.idp.directory.tokens import Limit
from gatewright.idp.objects.fields import LARGEST_INTEGER, storable
from gatewright.storage.database import Database
from gatewright.storage.listing import EVERYTHING, Filter, Wish

Values = Mapping[str, Any]
Names = Mapping[str, tuple[type, ...]]
NONE = type(None)
LONGEST_VALUE = 2000
ONE = 1


class Acting(msgspec.Struct, frozen=True):
    """What every writer works with: one transaction's database and directory, who acts, and what they may."""

    db: Database
    directory: Directory
    passwords: Passwords
    by: By
    limit: Limit
    warnings: list[str]


class Writer(ABC):
    """One model. A key is what Authentik calls the primary key."""

    names: ClassVar[Names]
    """What may identify an object, and the types of its values."""
    assigned: ClassVar[frozenset[str]] = frozenset({"pk", "uuid", "group_uuid"})
    """Those of the names that a new object is given and cannot choose."""

    def __init__(self, acting: Acting) -> None:
        self._db, self._directory, self._by = acting.db, acting.directory, acting.by
        self._acting = acting

    async def find(self, pairs: Values) -> Any:
        """The key of the object with these values, None when there is none. Raises BlueprintInvalid for a bad name."""
        self._check(pairs)
        found = await self._matching(pairs, Wish(size=ONE))
        return found[0] if found else None

    async def every(self) -> Sequence[Any]:
        """The keys of all objects."""
        return await self._matching({}, EVERYTHING)

    @abstractmethod
    async def _matching(self, pairs: Values, wish: Wish) -> Sequence[Any]:
        """The keys of the objects with these values, the oldest first."""

    @abstractmethod
    async def shown(self, key: Any) -> dict[str, Any]:
        """The object in Authentik's names, without secrets. References are keys."""

    @abstractmethod
    async def create(self, attrs: Values) -> Any:
        """The key of a new object. Raises GatewrightError."""

    @abstractmethod
    async def change(self, key: Any, attrs: Values) -> None:
        """Sets these attributes. Raises GatewrightError."""

    @abstractmethod
    async def remove(self, key: Any) -> None:
        """Raises GatewrightError."""

    def _check(self, pairs: Values) -> None:
        """Values that no column holds are told here: a database would end the whole request."""
        for name, value in pairs.items():
            if name not in self.names:
                known = ", ".join(self.names)
                raise BlueprintInvalid(f"nothing is identified by {name[:60]} here, only by {known}.")
            good = type(value) in self.names[name]
            if isinstance(value, str):
                good = good and len(value) <= LONGEST_VALUE and storable(value)
            elif isinstance(value, int):
                good = good and 0 <= value <= LARGEST_INTEGER
            if not good:
                kinds = " or ".join(kind.__name__ for kind in self.names[name] if kind is not NONE)
                raise BlueprintInvalid(f"{name} is identified by a plain value of the type {kinds}.")


def filtered(wish: Wish, pairs: Values, names: Mapping[str, str] | None = None) -> Wish:
    """The wish for objects with these values; `names` are columns that are called otherwise."""
    renamed = names or {}
    filters = tuple(Filter(renamed.get(name, name), "is", value) for name, value in pairs.items())
    return msgspec.structs.replace(wish, filters=filters)
