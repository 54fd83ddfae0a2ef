"""The directory API against its own OpenAPI document, with requests that schemathesis makes up."""

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from tests.servers import MASTER_KEY, Gatewright, gatewright

load_all_checks()
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
JUDGES = [CHECKS.get_by_names([name])[0] for name in NAMES]
RUNS = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ADMIN = {"authorization": f"Bearer {MASTER_KEY}"}


class Api:
    """The document, and the operations that schemathesis finds in it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.operations = schemathesis.openapi.from_dict(document)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    with gatewright(tmp_path_factory.mktemp("schema") / "data", workers=1) as found:
        yield found


@pytest.fixture(scope="module")
def document(server: Gatewright) -> dict[str, Any]:
    with server.client() as client:
        found: dict[str, Any] = client.get("/api/v3/schema/", params={"format": "json"}).json()
    return found


@pytest.fixture(scope="module")
def keys(server: Gatewright) -> dict[str, str]:
    """The key of one object of each kind that can be made, by the path of its list."""
    api, made = "/api/v3", {}
    with server.admin() as client:
        user = client.post(f"{api}/core/users/", json={"username": "ada", "name": "Ada"}).json()["pk"]
        provider = client.post(f"{api}/providers/oauth2/", json={"name": "wiki"}).json()["pk"]
        app = {"name": "Wiki", "slug": "wiki", "provider": provider}
        target = client.post(f"{api}/core/applications/", json=app).json()["pk"]
        mapping = {"name": "m", "scope_name": "m", "expression": "return {}"}
        for path, body, key in (
            ("/core/groups/", {"name": "crew"}, "pk"),
            ("/propertymappings/provider/scope/", mapping, "pk"),
            ("/propertymappings/scope/", {**mapping, "name": "n"}, "pk"),
            ("/policies/bindings/", {"target": target, "user": user, "order": 0}, "pk"),
            ("/core/application_entitlements/", {"name": "e", "app": target}, "pbm_uuid"),
            ("/core/tokens/", {"identifier": "t", "user": user}, "identifier"),
            ("/stages/invitation/invitations/", {"name": "i"}, "pk"),
        ):
            made[f"{api}{path}"] = client.post(f"{api}{path}", json=body).json()[key]
        made[f"{api}/core/users/"], made[f"{api}/providers/oauth2/"] = str(user), str(provider)
        made[f"{api}/core/applications/"] = "wiki"
        made[f"{api}/propertymappings/all/"] = made[f"{api}/propertymappings/provider/scope/"]
        made[f"{api}/providers/all/"] = str(provider)
        made[f"{api}/flows/instances/"] = "default-invalidation-flow"
        for path in ("/crypto/certificatekeypairs/", "/core/brands/", "/events/events/"):
            first = client.get(f"{api}{path}").json()["results"][0]
            made[f"{api}{path}"] = first.get("pk") or first["brand_uuid"]
    return made


def test_every_answer_is_as_the_schema_says(document: dict[str, Any], server: Gatewright, keys: dict[str, str]) -> None:
    """No request is answered with a 500, and none with what is not declared."""
    problems, api = [], Api(document)
    with requests.Session() as session:
        for path, operations in document["paths"].items():
            for method in operations:
                problems += judge(api, path, method, server.url, keys.get(path.partition("{")[0]), session)
    assert not problems, "\n\n".join(problems)


def judge(api: Api, path: str, method: str, url: str, key: str | None, session: requests.Session) -> list[str]:
    """Asks one operation a few times: what its answers do wrong."""
    operation: Any = api.operations[path][method]

    @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @RUNS
    def run(case: Any) -> None:
        if key is not None and method != "delete" and "key" in (case.path_parameters or {}):
            case.path_parameters["key"] = key
        response = case.call_and_validate(base_url=url, headers=ADMIN, session=session, checks=JUDGES)
        declared = api.document["paths"][path][method]["responses"][str(response.status_code)]
        if (media := declared.get("content", {}).get("application/json")) is not None:
            # Schemathesis lets members pass that are not declared.
            strict = {**media["schema"], "components": api.document["components"]}
            jsonschema_rs.validator_for(strict).validate(response.json())

    try:
        run()
    except (BaseExceptionGroup, jsonschema_rs.ValidationError) as error:
        parts = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
        return [f"{method} {path}: {part} {getattr(part, 'message', '')}"[:600] for part in parts]
    return []


def test_the_judges_see_what_is_not_declared(document: dict[str, Any], server: Gatewright) -> None:
    path, version = "/api/v3/admin/version/", document["components"]["schemas"]["Version"]
    wrong = {"type": "string"}
    for properties in (
        {name: kept for name, kept in version["properties"].items() if name != "outdated"},
        {**version["properties"], "outdated": wrong},
    ):
        changed = copy.deepcopy(document)
        changed["components"]["schemas"]["Version"]["properties"] = properties
        with requests.Session() as session:
            (problem,) = judge(Api(changed), path, "get", server.url, None, session)
        assert path in problem


def test_nobody_gets_in_without_a_credential(document: dict[str, Any], server: Gatewright) -> None:
    with server.client() as client:
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                answer = client.request(method, path.replace("{key}", "1"), json={})
                expected = 401 if operation["security"] else 200
                assert answer.status_code == expected, (method, path, answer.text)


def test_the_schema_is_there_as_json_alone(server: Gatewright) -> None:
    with server.client() as client:
        refused = client.get("/api/v3/schema/", params={"format": "yaml"})
    assert (refused.status_code, list(refused.json())) == (400, ["format"])
