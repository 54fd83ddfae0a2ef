"""`/scim/v2/Users`, as Entra ID and Okta call it, on both databases."""

from typing import Any
from urllib.parse import quote

from tests.unit.web.scim.conftest import ROOT, Scim

from gatewright.domain.scim.schema import ENTERPRISE, PATCH, SEARCH, USER

UNKNOWN = "11111111-2222-3333-4444-555555555555"


def op(name: str, path: str | None, value: Any = None) -> dict[str, Any]:
    """A PatchOp message with one operation."""
    one = {"op": name, "value": value} if path is None else {"op": name, "path": path, "value": value}
    return {"schemas": [PATCH], "Operations": [one]}


async def found(scim: Scim, filter_: str, **more: str) -> list[str]:
    """The userNames that a filter finds."""
    query = "&".join(f"{name}={quote(value)}" for name, value in {"filter": filter_, **more}.items())
    return [one["userName"] for one in (await scim.ok("GET", f"/Users?{query}"))["Resources"]]


async def test_what_entra_id_does_with_a_person(scim: Scim) -> None:
    # "Test connection", and the look for a match before somebody is made.
    nobody = quote(f'userName eq "{UNKNOWN}"')
    empty = await scim.ok("GET", f"/Users?filter={nobody}")
    assert (empty["totalResults"], empty["itemsPerPage"], empty["Resources"]) == (0, 0, [])
    body = {
        "schemas": [USER, ENTERPRISE],
        "externalId": "oid-of-ada",
        "userName": "Ada@example.com",
        "active": True,
        "addresses": [{"primary": False, "type": "work", "country": "UK", "formatted": "1 Row"}],
        "displayName": "Ada Byron",
        "emails": [{"primary": True, "type": "work", "value": "Ada@Example.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ada Byron", "familyName": "Byron", "givenName": "Ada"},
        "phoneNumbers": [{"type": "work", "value": "555"}],
        "preferredLanguage": "en",
        "title": "Countess",
        "roles": [],
        ENTERPRISE: {"employeeNumber": "1", "department": "Engines", "manager": None},
    }
    answer = await scim.send("POST", "/Users", body)
    ada = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == ada["meta"]["location"] == f"{ROOT}/Users/{ada['id']}"
    assert answer.headers["etag"] == ada["meta"]["version"]
    kept = {name: value for name, value in body.items() if name not in ("meta", "roles", ENTERPRISE)}
    assert {name: ada[name] for name in kept} == kept
    assert ada[ENTERPRISE] == {"employeeNumber": "1", "department": "Engines"}

    assert await found(scim, 'userName eq "ada@EXAMPLE.com"') == ["Ada@example.com"]
    assert await found(scim, 'externalId eq "oid-of-ada"') == ["Ada@example.com"]
    assert await found(scim, 'emails[type eq "work"].value eq "ada@example.com"') == ["Ada@example.com"]
    changes = [
        {"op": "Replace", "path": "displayName", "value": "Ada King"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "king@example.com"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": UNKNOWN},
        {"op": "Replace", "path": "userName", "value": "king@example.com"},
    ]
    path = f"/Users/{ada['id']}"
    after = await scim.ok("PATCH", path, {"schemas": [PATCH], "Operations": changes})
    assert (after["displayName"], after["userName"]) == ("Ada King", "king@example.com")
    assert after["emails"] == [{"primary": True, "type": "work", "value": "king@example.com"}]
    assert after[ENTERPRISE]["manager"] == {"value": UNKNOWN}

    # Soft and hard deletion.
    assert (await scim.ok("PATCH", path, op("Replace", "active", "False")))["active"] is False
    assert await found(scim, 'active eq "False"') == ["king@example.com"]
    assert (await scim.send("DELETE", path)).status_code == 204
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        sent = op("Replace", "active", "True") if method == "PATCH" else {**body, "id": "x"}
        assert await scim.refused(method, path, None if method in ("GET", "DELETE") else sent) == (404, None)
    # The same person again is another account, which inherits no name that clients may know.
    again = await scim.ok("POST", "/Users", body)
    assert again["id"] != ada["id"]


async def test_what_okta_does_with_a_person(scim: Scim) -> None:
    assert (await scim.ok("GET", "/Users?startIndex=1&count=2"))["startIndex"] == 1
    body = {
        "schemas": [USER],
        "userName": "isaac@example.com",
        "name": {"givenName": "Isaac", "familyName": "Newton"},
        "emails": [{"primary": True, "value": "isaac@example.com", "type": "work"}],
        "displayName": "Isaac Newton",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "active": True,
    }
    isaac = await scim.ok("POST", "/Users", body)
    path = f"/Users/{isaac['id']}"
    replaced = await scim.ok("PUT", path, {**isaac, "displayName": "Sir Isaac", "locale": None})
    assert replaced["displayName"] == "Sir Isaac"
    assert "locale" not in replaced
    assert (await scim.ok("PATCH", path, op("replace", None, {"active": False})))["active"] is False
    # A PUT that says nothing of it brings nobody back.
    without = {name: value for name, value in body.items() if name != "active"}
    assert (await scim.ok("PUT", path, without))["active"] is False
    assert (await scim.ok("PUT", path, body))["active"] is True


async def test_what_finds_whom(scim: Scim) -> None:
    first = await scim.user("ada", displayName="Ärger", title="Dr_50%", emails=[{"value": "Ada@x.org", "type": "home"}])
    both = [{"value": "b@x.org", "type": "work"}, {"value": "b@x.org", "type": "home"}]
    await scim.user("bob", externalId="Bob-1", name={"familyName": "Bricks"}, emails=both, active=False)
    await scim.user("cyd", externalId="bob-1", **{ENTERPRISE: {"department": "Engines"}})
    table = {
        "userName pr": "ada bob cyd",
        'userName eq "ADA"': "ada",
        'userName ne "ada"': "bob cyd",
        'userName sw "c" or userName ew "B"': "bob cyd",
        'userName gt "ada" and userName lt "cyd"': "bob",
        'userName ge "bob" and userName le "bob"': "bob",
        f'id eq "{first["id"]}"': "ada",
        'externalId eq "bob-1"': "cyd",
        'externalId sw "Bob"': "bob",
        'externalId co "OB"': "",
        "externalId eq null": "ada",
        "externalId ne null": "bob cyd",
        'displayName eq "Ärger"': "ada",
        'displayName co "RGE"': "ada",
        "active eq true": "ada cyd",
        'active eq "false"': "bob",
        "active ne true": "bob",
        "not (active eq true)": "bob",
        'title eq "dr_50%"': "ada",
        'title sw "dr_"': "ada",
        'title sw "dr__"': "",
        'title co "%"': "ada",
        "title pr": "ada",
        "not (title pr)": "bob cyd",
        'not (title eq "x")': "ada bob cyd",
        'name.familyName sw "br"': "bob",
        f'{ENTERPRISE}:department eq "engines"': "cyd",
        f'{USER}:userName eq "ada"': "ada",
        'emails eq "ada@X.org"': "ada",
        'emails.value ew "x.org"': "ada bob",
        'emails.type eq "home"': "ada bob",
        'emails[type eq "work" and value co "x.org"]': "bob",
        'emails[type eq "home" and not (value sw "a")]': "bob",
        "emails pr": "ada bob",
        "not (emails pr)": "cyd",
        'meta.created gt "2020-01-01T00:00:00Z"': "ada bob cyd",
        'meta.lastModified lt "2020-01-01T00:00:00Z"': "",
        'groups eq "x"': "",
    }
    wrong = {}
    for filter_, names in table.items():
        if (got := sorted(await found(scim, filter_))) != names.split():
            wrong[filter_] = got
    assert wrong == {}


NO_CONDITIONS = [
    'shoeSize eq "4"',
    'password eq "x"',
    'phoneNumbers.value eq "1"',
    'name eq "Ada"',
    'userName[value eq "x"]',
    'emails[shoe eq "x"]',
    "emails[primary eq true]",
    "userName eq 4",
    'active gt "x"',
    'active eq "perhaps"',
    'meta.created gt "yesterday"',
    'meta.created co "2020-01-01T00:00:00Z"',
    "userName gt null",
    'userName eq "x',
    'urn:example:thing eq "x"',
]


async def test_what_is_no_condition_is_refused(scim: Scim) -> None:
    for filter_ in NO_CONDITIONS:
        assert await scim.refused("GET", f"/Users?filter={quote(filter_)}") == (400, "invalidFilter"), filter_


async def test_pages_and_order(scim: Scim) -> None:
    for name in ("cyd", "Ada", "bob"):
        await scim.user(name)

    async def page(query: str) -> tuple[int, int, list[str]]:
        body = await scim.ok("GET", f"/Users?{query}")
        assert body["itemsPerPage"] == len(body["Resources"])
        return body["totalResults"], body["startIndex"], [one["userName"] for one in body["Resources"]]

    assert await page("") == (3, 1, ["cyd", "Ada", "bob"])
    assert await page("startIndex=2&count=1") == (3, 2, ["Ada"])
    assert await page("startIndex=9") == (3, 9, [])
    assert await page("startIndex=-3&count=-1") == (3, 1, [])
    assert await page("count=0") == (3, 1, [])
    assert await page("sortBy=userName") == (3, 1, ["Ada", "bob", "cyd"])
    assert await page("sortBy=userName&sortOrder=descending&count=2") == (3, 1, ["cyd", "bob"])
    searched = {
        "schemas": [SEARCH],
        "filter": 'userName sw "b"',
        "startIndex": 1,
        "count": 5,
        "attributes": ["userName"],
    }
    body = await scim.ok("POST", "/Users/.search", searched)
    assert [sorted(one) for one in body["Resources"]] == [["id", "schemas", "userName"]]
    for query in ("startIndex=x", "count=1e3", "count=99999999999999999999", "sortOrder=up"):
        assert await scim.refused("GET", f"/Users?{query}") == (400, "invalidValue")
    assert await scim.refused("GET", "/Users?sortBy=a%20b") == (400, "invalidPath")


PARTS = [
    ("attributes=userName", "userName"),
    ("attributes=USERNAME,emails.value", "emails userName"),
    (f"attributes={USER}:userName", "userName"),
    ("attributes=name.givenName", "name"),
    (f"attributes={ENTERPRISE}", ENTERPRISE),
    (f"attributes={ENTERPRISE}:department", ENTERPRISE),
    ("attributes=nothing", ""),
    (f"excludedAttributes=emails,name,{ENTERPRISE},id,meta", "active userName"),
    ("excludedAttributes=meta,active,name,userName", f"emails {ENTERPRISE}"),
]


async def test_what_of_a_resource(scim: Scim) -> None:
    more = {"name": {"givenName": "Ada", "familyName": "B"}, "emails": [{"value": "a@b", "type": "work"}]}
    ada = await scim.user("ada", **more, **{ENTERPRISE: {"department": "E", "division": "D"}})
    bodies = {query: await scim.ok("GET", f"/Users/{ada['id']}?{query}") for query, _ in PARTS}
    assert {query: " ".join(sorted(set(body) - {"schemas", "id"})) for query, body in bodies.items()} == dict(PARTS)
    assert {body["id"] for body in bodies.values()} == {ada["id"]}
    assert bodies["attributes=USERNAME,emails.value"]["emails"] == [{"value": "a@b"}]
    assert bodies["attributes=name.givenName"]["name"] == {"givenName": "Ada"}
    assert bodies[f"attributes={ENTERPRISE}:department"][ENTERPRISE] == {"department": "E"}
    assert await scim.refused("GET", f"/Users/{ada['id']}?attributes=a&excludedAttributes=b") == (400, "invalidValue")


async def test_versions_are_insisted_on(scim: Scim) -> None:
    ada = await scim.user("ada")
    path, version = f"/Users/{ada['id']}", ada["meta"]["version"]
    assert (await scim.send("GET", path, **{"if-none-match": version})).status_code == 304
    change = op("replace", "title", "Dr")
    assert (await scim.send("PATCH", path, change, **{"if-match": version})).status_code == 200
    assert (await scim.send("GET", path, **{"if-none-match": version})).status_code == 200
    for method, body in (("PATCH", change), ("PUT", {"userName": "ada"}), ("DELETE", None)):
        assert await scim.refused(method, path, body, **{"if-match": version}) == (412, None)
    assert (await scim.ok("GET", path))["title"] == "Dr"
    assert (await scim.send("DELETE", path, **{"if-match": "*"})).status_code == 204


async def test_names_and_ids_are_one_persons(scim: Scim) -> None:
    ada, bob = await scim.user("ada", externalId="1"), await scim.user("bob", externalId="2")
    for body in ({"userName": "ADA"}, {"userName": "eve", "externalId": "1"}):
        assert await scim.refused("POST", "/Users", body) == (409, "uniqueness")
        assert await scim.refused("PUT", f"/Users/{bob['id']}", body) == (409, "uniqueness")
    assert (await scim.ok("PUT", f"/Users/{ada['id']}", {"userName": "Ada", "externalId": "1"}))["userName"] == "Ada"


NO_BODIES = [
    (b"{", "invalidSyntax"),
    (b"[]", "invalidSyntax"),
    (b"[" * 50_000, "invalidSyntax"),
    (b'{"userName": "\\ud800"}', "invalidSyntax"),
    (b'{"schemas": ["urn:x"], "userName": "a"}', "invalidSyntax"),
    (b"{}", "invalidValue"),
    (b'{"userName": ""}', "invalidValue"),
    (b'{"userName": ["a"]}', "invalidValue"),
    (b'{"userName": "a\\u0000b"}', "invalidValue"),
    (b'{"userName": "a\\nb"}', "invalidValue"),
    (b'{"userName": "a", "name": "Ada"}', "invalidValue"),
    (b'{"userName": "a", "shoeSize": 4}', "invalidValue"),
    (b'{"userName": "a", "urn:example:x": {"a": 1}}', "invalidValue"),
    (b'{"userName": "a", "password": "correct horse battery"}', "invalidValue"),
]


async def test_bodies_that_are_none(scim: Scim) -> None:
    for body, scim_type in NO_BODIES:
        answer = await scim.client.post("/scim/v2/Users", content=body)
        assert (answer.status_code, answer.json().get("scimType")) == (400, scim_type), body[:60]
    assert (await scim.ok("GET", "/Users"))["totalResults"] == 0


async def test_what_is_not_offered_says_so(scim: Scim) -> None:
    config = await scim.ok("GET", "/ServiceProviderConfig")
    assert not config["bulk"]["supported"]
    assert not config["changePassword"]["supported"]
    for method, path in (("POST", "/Bulk"), ("POST", "/.search"), ("GET", "/Me")):
        assert await scim.refused(method, path) == (501, None)
    assert await scim.refused("GET", "/Users/nobody") == (404, None)
    assert await scim.refused("GET", "/Schemas?filter=name%20pr") == (403, None)
    assert await scim.refused("POST", "/Users", {"userName": "x" * 1_000_001}) == (413, None)
    plain = await scim.client.post("/scim/v2/Users", content=b"a=b", headers={"content-type": "text/plain"})
    assert plain.json()["scimType"] == "invalidSyntax"
