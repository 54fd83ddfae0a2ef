"""What `/managed/blueprints/` answers, in Authentik's member names."""

from typing import Any, Literal, TypedDict

from gatewright.web.authentik.answers import Time, Uuid


class BlueprintMetadata(TypedDict):
    """What a blueprint says of itself."""

    name: str
    labels: dict[str, str]


class BlueprintInstance(TypedDict):
    """A kept blueprint. Secrets in `content` and `context` are covered; `report` says by line what was not done."""

    pk: Uuid
    name: str
    path: str
    context: dict[str, Any]
    last_applied: Time
    last_applied_hash: str
    status: str
    enabled: bool
    managed_models: list[str]
    metadata: BlueprintMetadata
    content: str
    report: list[str]


class BlueprintFile(TypedDict):
    """A file of the operator's folder."""

    path: str
    last_m: Time
    hash: str
    meta: BlueprintMetadata


class LogEvent(TypedDict):
    """A line of what applying a blueprint came to."""

    timestamp: Time
    log_level: Literal["warning", "error"]
    logger: str
    event: str
    attributes: dict[str, Any]


class BlueprintImportResult(TypedDict):
    """What an import came to. Without success nothing has changed."""

    logs: list[LogEvent]
    success: bool
