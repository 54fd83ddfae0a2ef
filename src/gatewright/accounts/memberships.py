"""Groups and their parents: in which groups somebody is, directly or through a child group."""

from collections.abc import Collection, Mapping

from gatewright.domain.people import Group
from gatewright.storage import groups
from gatewright.storage.database import Transaction


async def closure(tx: Transaction, user_pk: int) -> frozenset[int]:
    """The ids of the groups that the person is in, directly or through a child group."""
    return frozenset(one.group.id for one in await groups.memberships(tx, user_pk))


def with_parents(direct: Collection[int], everything: Mapping[int, Group]) -> list[Group]:
    """The groups and all their ancestors, by name. A circle of parents ends where it began."""
    found: dict[int, Group] = {}
    waiting = [everything[group_id] for group_id in direct if group_id in everything]
    while waiting:
        group = waiting.pop()
        if group.id not in found:
            found[group.id] = group
            waiting += [everything[parent] for parent in group.parent_ids if parent in everything]
    return sorted(found.values(), key=lambda group: group.name)
