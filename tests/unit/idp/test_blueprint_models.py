"""The models of a blueprint one by one, and what identifies their objects, on both databases."""

import pytest
from tests.unit.idp.conftest import BASE, quick_passwords, started

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import DAY, iso
from gatewright.domain.errors import Forbidden
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Origin
from gatewright.idp.blueprints.apply import SYSTEM, Blueprints, Who
from gatewright.idp.blueprints.file import BlueprintInvalid, read
from gatewright.idp.blueprints.keeping import Outcome, keep
from gatewright.idp.blueprints.tags import Sources
from gatewright.idp.directory.invitations import Newcomer
from gatewright.idp.directory.tokens import Limit
from gatewright.storage import api_tokens, groups, retention, users
from gatewright.storage.database import Database

pytestmark = pytest.mark.anyio
KEY, LINK = "a-key-that-the-file-gives-1234", "7d1f5b62-3f0a-4d57-9a2e-51b0c7a4e9d3"
PEOPLE = """
version: 1
metadata: {name: people}
context:
  key: !Env [NOTHING, !Context [spare, KEY]]
entries:
  people:
    - model: authentik_core.group
      id: staff
      identifiers: {name: staff}
      attrs: {attributes: {floor: 3, rooms: [a, b]}}
    - model: authentik_core.user
      id: robot
      identifiers: {username: robot}
      attrs:
        name: Robot
        type: service_account
        attributes:
          floor: !AtIndex [!AtIndex [!FindObject [authentik_core.group, [name, staff]], attributes], floor]
          flow: !AtIndex [!FindObject [authentik_flows.flow, [slug, default-invalidation-flow]], designation]
          mapping: !AtIndex
            - !FindObject
              - authentik_providers_oauth2.scopemapping
              - [managed, goauthentik.io/providers/oauth2/scope-email]
            - scope_name
          client: !AtIndex
            - !FindObject [authentik_providers_oauth2.oauth2provider, [client_id, litellm]]
            - client_secret
            - not shown
          merged: !Enumerate [[x, y], MAP, {fixed: 1}]
    - model: authentik_core.user
      conditions: [!FindObject [authentik_core.user, [username, nobody]]]
      identifiers: {username: never}
  keys:
    - model: authentik_core.token
      identifiers: {identifier: robot-api}
      attrs: {user: !KeyOf robot, intent: api, key: !Context key, description: For the pipeline, expiring: false}
    - model: authentik_stages_invitation.invitation
      identifiers: {pk: LINK}
      attrs: {name: welcome, expires: EXPIRES, single_use: true, groups: [!KeyOf staff], fixed_data: {name: Newcomer}}
""".replace("KEY]", f"{KEY}]").replace("LINK", LINK)


@pytest.fixture
async def blueprints(db: Database) -> Blueprints:
    await started(db)
    return Blueprints(db, BASE, quick_passwords(), Audit(db), own_client="litellm")


async def test_people_tokens_and_invitations(db: Database, blueprints: Blueprints) -> None:
    """Twice comes to the same, what was used up never comes back, and each key opens what it should."""
    directory = blueprints.directory(db)
    file = read(PEOPLE.replace("EXPIRES", iso(db.clock() + 20 * DAY)))
    for _ in range(2):
        assert await blueprints.apply(file, Sources()) == []
    async with db.read() as tx:
        robot = await users.by_username(tx, "robot")
        token = await api_tokens.by_hash(tx, key_hash(KEY), db.clock())
    assert robot is not None
    assert robot.attributes == {
        "floor": 3,
        "flow": "invalidation",
        "mapping": "email",
        "client": "not shown",
        "merged": {"fixed": 1},
    }
    assert token is not None
    assert (token.user_pk, token.intent, token.expires_at, token.unread_key) == (robot.id, "api", None, None)
    newcomer = Newcomer("grace", "typed", "grace@example.com", "a long password")
    made = await directory.invitations.accept(LINK, newcomer, Origin())
    assert made.display_name == "Newcomer"
    async with db.read() as tx:
        assert [one.group.name for one in await groups.memberships(tx, made.id) if one.direct] == ["staff"]
    await blueprints.apply(file, Sources())
    # Long after, the row is forgotten and the file makes it again: by then it has expired.
    db.clock.now += 60 * DAY  # type: ignore[attr-defined] # the tests' clock
    async with db.write() as tx:
        await retention.forget_expired(tx, db.clock())
    await blueprints.apply(file, Sources())
    with pytest.raises(Forbidden):
        await directory.invitations.accept(LINK, Newcomer("eve", "", "", "a long password"), Origin())


REFUSED = {
    "{model: authentik_core.group, identifiers: {name: 5}}": "name is identified by a plain value of the type str",
    "{model: authentik_core.user, identifiers: {pk: five}}": "pk is identified by a plain value of the type int",
    "{model: authentik_core.user, identifiers: {pk: 99999999999999999999}}": "of the type int",
    "{model: authentik_policies.policybinding, identifiers: {order: true}}": "of the type int",
    '{model: authentik_core.group, identifiers: {name: "a\\0b"}}': "of the type str",
    '{model: authentik_core.group, identifiers: {name: "\\ud800"}}': "of the type str",
    "{model: authentik_core.group, identifiers: {name: [a]}}": "of the type str",
    "{model: authentik_core.user, identifiers: {username: a}, attrs: {password: 5}}": "password: Not a valid string",
    "{model: authentik_core.token, identifiers: {identifier: a}}": "user: This field is required",
    "{model: authentik_core.token, identifiers: {identifier: a}, attrs: {user: 1, managed: x}}": "managed",
    "{model: authentik_stages_invitation.invitation, identifiers: {name: a}, attrs: {expires: '2027-01-16'}}": "UUID",
    f"{{model: authentik_stages_invitation.invitation, identifiers: {{pk: {LINK}}}, attrs: {{name: a}}}}": "30 days",
    "{model: authentik_policies_expression.expressionpolicy, identifiers: {name: a}}": "Bind a group or a user",
    "{model: authentik_policies_password.passwordpolicy, identifiers: {name: a}}": "GATEWRIGHT_PASSWORD_MIN_LENGTH",
    "{model: authentik_brands.brand, identifiers: {domain: a}}": "There is one brand",
    "{model: authentik_crypto.certificatekeypair, identifiers: {name: a}}": "Name one with !Find",
    "{model: authentik_flows.flow, identifiers: {slug: a}}": "Name one with !Find",
    "{model: authentik_rbac.role, identifiers: {name: a}}": "their role in the gateway",
    "{model: authentik_blueprints.metaapplyblueprint, attrs: {identifiers: {name: first}}}": "no blueprint with",
    "{model: authentik_core.group, identifiers: {name: !Find [authentik_core.group, [colour, red]]}}": "by name, pk",
}


async def test_what_cannot_be_done_is_told_by_name_and_line_and_never_by_the_database(
    db: Database, blueprints: Blueprints
) -> None:
    text = "version: 1\nentries:\n" + "\n".join(f"  - {entry}" for entry in REFUSED)
    with pytest.raises(BlueprintInvalid) as caught:
        await blueprints.apply(read(text), Sources())
    told = caught.value.problems
    assert len(told) == len(REFUSED)
    for number, (problem, words) in enumerate(zip(told, REFUSED.values(), strict=True)):
        assert problem.startswith(f"Line {number + 3}")
        assert words in problem
    async with db.read() as tx:
        assert [group.name for group in await groups.everything(tx)] == ["admins"]


async def test_a_blueprint_that_comes_first_was_applied_or_is_asked_for(db: Database, blueprints: Blueprints) -> None:
    entry = "{model: authentik_blueprints.metaapplyblueprint, attrs: {identifiers: {name: first}, required: false}}"
    file = read(f"version: 1\nentries: [{entry}]")
    (warning,) = await blueprints.apply(file, Sources())
    assert "no blueprint with the name 'first'" in warning
    async with db.write() as tx:
        await keep(db, tx, "first.yaml", "", Outcome("successful", name="first"))
    assert await blueprints.apply(file, Sources()) == []


async def test_whoever_ends_makes_no_token_that_lives_on(db: Database, blueprints: Blueprints) -> None:
    """An API token that ends soon applies a file (contract 8.15)."""
    ends = db.clock() + DAY
    user = "{model: authentik_core.user, id: u, identifiers: {username: u}}"
    token = "{model: authentik_core.token, identifiers: {identifier: t}, attrs: {user: !KeyOf u, expiring: false}}"
    file = read(f"version: 1\nentries: [{user}, {token}]")
    for _ in range(2):
        await blueprints.apply(file, Sources(), Who(SYSTEM, Limit(None, ends)))
        async with db.read() as tx:
            found = await api_tokens.by_identifier(tx, "t")
        assert found is not None
        assert found.expires_at == ends


async def test_a_trial_leaves_nothing(db: Database, blueprints: Blueprints) -> None:
    text = "version: 1\nentries: [{model: authentik_core.group, identifiers: {name: x}, permissions: [a]}]"
    assert await blueprints.check(read(text), Sources()) == ["Line 2, authentik_core.group: permissions was left out"]
    async with db.read() as tx:
        assert [group.name for group in await groups.everything(tx)] == ["admins"]
