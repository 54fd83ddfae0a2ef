"""Who is in which group: directly, or through a child group, however the groups hang together."""

import hypothesis
import hypothesis.strategies as st
import pytest
from sqlalchemy import delete

from gatewright.accounts.memberships import with_parents
from gatewright.domain.identity import Role, RoleReason
from gatewright.storage import groups, tables, users
from gatewright.storage.database import Database

pytestmark = pytest.mark.anyio
NAMES = "abcdef"
LINKS = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=10)


@hypothesis.settings(
    max_examples=15, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
@hypothesis.given(links=LINKS, mine=st.sets(st.integers(0, 5), max_size=3))
async def test_a_person_is_in_all_that_is_above_their_groups(
    db: Database, links: set[tuple[int, int]], mine: set[int]
) -> None:
    """Circles among them: no use case makes one, and none may turn the server in it."""
    async with db.write() as tx:
        for table in (tables.groups, tables.users):
            await tx.execute(delete(table))
        new = users.NewUser("u-1", "ada", "ada", None, Role.INTERNAL_USER, RoleReason(rule="default"))
        ada, bob = [
            await users.add(tx, new, 1),
            await users.add(tx, users.NewUser("u-2", "bob", "bob", None, new.role, new.role_reason), 1),
        ]
        made = [(await groups.ensure(tx, name, f"uuid-{name}", attributes={"n": name})).id for name in NAMES]
        for place, group_id in enumerate(made):
            await groups.set_parents(tx, group_id, [made[above] for below, above in links if below == place])
        for place in mine:
            await groups.join(tx, made[place], ada.id)
        await groups.join(tx, made[0], bob.id)
        found = await groups.memberships(tx, ada.id)
        everything = {group.id: group for group in await groups.everything(tx)}
    # The same, worked out in Python.
    assert [one.group for one in found] == with_parents([made[place] for place in mine], everything)
    assert {one.group.id for one in found if one.direct} == {made[place] for place in mine}
