"""Groups of routes: what is in which, and that a path must be in every list."""

import pytest

from gatewright.domain.route_groups import GROUPS, OF_PEOPLE, allows

MODEL_API = ("/v1/chat/completions", "/chat/completions", "/v1/embeddings", "/v1/responses/r-1", "/v1/models")
IN: dict[str, tuple[str, ...]] = {
    "llm_api_routes": (*MODEL_API, "/v1/messages", "/messages/count_tokens"),
    "openai_routes": MODEL_API,
    "anthropic_routes": ("/v1/messages", "/messages", "/v1/messages/count_tokens", "/messages/count_tokens"),
    "management_routes": (
        "/key/generate",
        "/user/info",
        "/team/new",
        "/model/info",
        "/api/v1/keys/{id}",
        "/update/sso_settings",
    ),
    "info_routes": (
        "/key/info",
        "/v1/models",
        "/models/m",
        "/model/info",
        "/v1/model/info",
        "/team/info",
        "/user/info",
    ),
    "spend_tracking_routes": ("/spend/logs",),
    "global_spend_tracking_routes": ("/global/spend",),
    "public_routes": (),
    "mcp_routes": (),
}
ELSEWHERE = (
    *("/sso/key/generate", "/scim/v2/Users", "/application/o/token/", "/health/readiness", "/ui", "/"),
    "/onboarding/claim_token",
)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_its_routes_and_no_others(group: str) -> None:
    every = {path for paths in IN.values() for path in paths} | set(ELSEWHERE)
    expected = set(IN[group]) | (set() if group != "llm_api_routes" else set(IN["anthropic_routes"]))
    overlapping = {"management_routes": {"/key/info", "/team/info", "/user/info", "/v1/model/info"}}
    overlapping["llm_api_routes"] = overlapping["openai_routes"] = {"/models/m"}
    assert {path for path in every if allows(((group,),), path)} == expected | overlapping.get(group, set())


def test_paths_beginnings_and_both_spellings() -> None:
    assert allows((("/v1/embeddings",),), "/embeddings")
    assert allows((("/embeddings",),), "/v1/embeddings")
    assert not allows((("/v1/embeddings",),), "/v1/embeddings/x")
    assert allows((("/key/*",),), "/key/info")
    assert not allows((("/key/*",),), "/keys")


def test_a_path_must_be_in_every_list() -> None:
    assert allows((), "/anything")
    assert not allows(((),), "/v1/models")
    assert allows((("openai_routes",), ("/v1/models",)), "/v1/models")
    assert not allows((("openai_routes",), ("/v1/models",)), "/v1/chat/completions")
    assert not allows((OF_PEOPLE,), "/v1/chat/completions")
