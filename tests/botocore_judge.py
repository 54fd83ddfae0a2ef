"""Botocore as a judge: the published model of the service says what a request may hold and what an answer means."""

import base64
import json
import re
from functools import cache
from typing import Any

import botocore.session
from botocore.eventstream import EventStream
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator


@cache
def service() -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime")


def check(body: bytes, model: str, operation: str = "Converse") -> str:
    """The path that botocore would send such a request to. Fails unless its client would send just this body."""
    found = service().operation_model(operation)
    given = json.loads(body)
    params = {"modelId": model, **unpacked(given, found.input_shape)}
    report = ParamValidator().validate(params, found.input_shape)
    assert not report.has_errors(), report.generate_report()
    check_values(params, found.input_shape, "request")
    sent = create_serializer(found.service_model.metadata["protocol"]).serialize_to_request(params, found)
    assert json.loads(sent["body"]) == given
    path: str = sent["url_path"]
    return path


def unpacked(value: Any, shape: Any) -> Any:
    """The parameters that a caller of botocore would give: blobs as bytes."""
    match shape.type_name:
        case "blob":
            return base64.b64decode(value, validate=True)
        case "structure" if not getattr(shape, "is_document_type", False):
            members = shape.members
            return {name: unpacked(one, members[name]) if name in members else one for name, one in value.items()}
        case "list":
            return [unpacked(one, shape.member) for one in value]
        case "map":
            return {name: unpacked(one, shape.value) for name, one in value.items()}
    return value


def check_values(value: Any, shape: Any, where: str) -> None:
    """What botocore leaves to the service: enumerations, patterns, lengths, unions and ranges."""
    if getattr(shape, "is_document_type", False):
        return
    limits = shape.metadata
    match shape.type_name:
        case "structure":
            if getattr(shape, "is_tagged_union", False):
                assert len(value) == 1, f"{where} is a union and has {sorted(value)}"
            for name, one in value.items():
                check_values(one, shape.members[name], f"{where}.{name}")
        case "list":
            assert limits.get("min", 0) <= len(value) <= limits.get("max", 10**9), where
            for at, one in enumerate(value):
                check_values(one, shape.member, f"{where}[{at}]")
        case "map":
            assert limits.get("min", 0) <= len(value) <= limits.get("max", 10**9), where
            for name, one in value.items():
                check_values(name, shape.key, f"{where}.key")
                check_values(one, shape.value, f"{where}.{name}")
        case "string" | "blob":
            assert limits.get("min", 0) <= len(value) <= limits.get("max", 10**9), where
            if "enum" in limits:
                assert value in limits["enum"], f"{where}: {value}"
            if "pattern" in limits and shape.type_name == "string" and shape.name != "ConversationalModelId":
                assert re.fullmatch(limits["pattern"], value), f"{where}: {value}"
        case "integer" | "long" | "float" | "double":
            assert limits.get("min", value) <= value <= limits.get("max", value), where


def read(body: bytes, operation: str = "Converse", status: int = 200, **headers: str) -> dict[str, Any]:
    """A whole answer as botocore's client would give it."""
    found = service().operation_model(operation)
    answer = {"status_code": status, "headers": {name.replace("_", "-"): value for name, value in headers.items()}}
    parser = create_parser(found.service_model.metadata["protocol"])
    read: dict[str, Any] = parser.parse({**answer, "body": body}, found.output_shape)
    return read


class _Raw:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Any:
        yield self._data

    def close(self) -> None:
        pass


def events(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream as botocore's client would give them. Raises its EventStreamError for an exception."""
    found = service().operation_model("ConverseStream")
    shape = found.output_shape.members["stream"]
    parser = create_parser(found.service_model.metadata["protocol"])._event_stream_parser
    return list(EventStream(_Raw(stream), shape, parser, "ConverseStream"))
