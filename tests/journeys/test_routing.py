"""Routing as an operator configures it: a real server, providers that fail, and the official OpenAI client."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.servers import (
    ANSWER,
    MASTER_KEY,
    Gatewright,
    Upstream,
    chunk,
    eventually,
    gatewright,
    send_json,
    write_chunk,
)

MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]
Answer = Callable[[Any, dict[str, Any]], None]

CONFIG = """
model_list:
  - {{model_name: pair, litellm_params: {{model: openai/one, api_base: "{one}", api_key: k, order: 1}}}}
  - {{model_name: pair, litellm_params: {{model: openai/two, api_base: "{two}", api_key: k, order: 2}}}}
  - {{model_name: main, litellm_params: {{model: openai/one, api_base: "{one}", api_key: k, max_retries: 0}}}}
  - {{model_name: spare, litellm_params: {{model: openai/spare, api_base: "{two}", api_key: k}}}}
  - {{model_name: long, litellm_params: {{model: openai/long, api_base: "{two}", api_key: k}}}}
  - {{model_name: bold, litellm_params: {{model: openai/bold, api_base: "{two}", api_key: k}}}}
  - {{model_name: "house/*", litellm_params: {{model: "openai/star-*", api_base: "{two}", api_key: k}}}}
  - {{model_name: "house/exact", litellm_params: {{model: openai/exact, api_base: "{two}", api_key: k}}}}
  - {{model_name: tagged, litellm_params: {{model: openai/free, api_base: "{two}", api_key: k, tags: [free, default]}}}}
  - {{model_name: tagged, litellm_params: {{model: openai/paid, api_base: "{two}", api_key: k, tags: [paid]}}}}
  - {{model_name: slow, litellm_params: {{model: openai/slow, api_base: "{one}", api_key: k, timeout: 600,
      stream_timeout: 0.2, max_retries: 0}}}}
router_settings:
  cooldown_time: 0.5
  enable_tag_filtering: true
  fallbacks: [{{main: [spare]}}, {{slow: [spare]}}]
  context_window_fallbacks: [{{main: [long]}}]
  content_policy_fallbacks: [{{main: [bold]}}]
  model_group_alias: {{best: main, quiet: {{model: main, hidden: true}}}}
"""


class Stage:
    """A server with two providers: `one` fails as a test says, `two` is well."""

    def __init__(self, server: Gatewright, one: Upstream, two: Upstream) -> None:
        self.server = server
        self.one = one
        self.two = two
        self.http = server.admin()
        self.clients: dict[str, openai.OpenAI] = {}

    def client(self, key: str = MASTER_KEY) -> openai.OpenAI:
        if key not in self.clients:
            options: Any = {"base_url": f"{self.server.url}/v1", "max_retries": 0, "timeout": 20}
            self.clients[key] = openai.OpenAI(api_key=key, **options)
        return self.clients[key]

    def stream(self, model: str, **options: Any) -> Iterator[str]:
        """The text of a streamed answer, piece by piece."""
        for part in self.client().chat.completions.create(model=model, messages=MESSAGES, stream=True, **options):
            if part.choices:
                yield part.choices[0].delta.content or ""

    def close(self) -> None:
        self.http.close()
        for client in self.clients.values():
            client.close()

    def ask(self, model: str, key: str = MASTER_KEY, **options: Any) -> tuple[str, Any]:
        """The answer's text and headers."""
        got = self.client(key).chat.completions.with_raw_response.create(model=model, messages=MESSAGES, **options)
        return got.parse().choices[0].message.content or "", got.headers

    def asked(self) -> list[str]:
        """The providers' names of the models that were asked for, in both."""
        return [*(body["model"] for body in self.one.requests), *(body["model"] for body in self.two.requests)]

    def outcome(self, request_id: str) -> str | None:
        """What the ledger says of a request, None when it is not there."""
        with closing(sqlite3.connect(self.server.data_dir / "gatewright.db")) as db:
            found = db.execute("select outcome from spend_log where request_id = ?", (request_id,)).fetchone()
        return None if found is None else str(found[0])


@contextmanager
def started(folder: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        one, two = Upstream(), Upstream()
        stack.callback(one.close)
        stack.callback(two.close)
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(one=one.base, two=two.base))
        server = stack.enter_context(gatewright(folder / "data", config=config, workers=1))
        stage = Stage(server, one, two)
        stack.callback(stage.close)
        yield stage


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with started(tmp_path_factory.mktemp("routing")) as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    running.one.forget()
    running.two.forget()
    return running


def failing(status: int, message: str = "no", code: str | None = None, headers: dict[str, str] | None = None) -> Answer:
    def answer(handler: Any, _: dict[str, Any]) -> None:
        send_json(handler, status, {"error": {"message": message, "type": "x", "param": None, "code": code}}, headers)

    return answer


def test_another_deployment_answers_and_the_ill_one_comes_back(stage: Stage) -> None:
    stage.one.answer = failing(429)
    _, headers = stage.ask("pair")
    assert headers["x-litellm-attempted-retries"] == "1"
    stage.ask("pair")
    assert stage.asked() == ["one", "two", "two"]
    stage.one.forget()

    def recovered() -> bool:
        stage.ask("pair")
        return bool(stage.one.requests)

    eventually(recovered, "the deployment that rested is asked again")


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        (failing(500), "spare"),
        (failing(400, "too long", "context_length_exceeded"), "long"),
        (failing(400, "no", "content_filter"), "bold"),
    ],
    ids=["ill", "too long", "filtered"],
)
def test_another_model_answers_by_what_went_wrong(stage: Stage, answer: Answer, target: str) -> None:
    stage.one.answer = answer
    _, headers = stage.ask("main")
    assert (headers["x-litellm-model-group"], headers["x-litellm-attempted-fallbacks"]) == (target, "1")
    assert stage.asked() == ["one", target]


def test_a_stream_falls_back_before_its_first_byte(stage: Stage) -> None:
    stage.one.answer = failing(503)
    assert "".join(stage.stream("main")) == "Hello"


def test_a_key_does_not_fall_back_to_what_it_may_not_use(stage: Stage) -> None:
    key = stage.http.post("/key/generate", json={"models": ["main"]}).json()["key"]
    stage.one.answer = failing(500, "ill")
    with pytest.raises(openai.InternalServerError, match="ill"):
        stage.ask("main", key)
    with pytest.raises(openai.InternalServerError, match="ill"):
        stage.ask("main", key, extra_body={"fallbacks": ["spare"]})
    assert stage.two.requests == []


def test_a_request_steers_itself(stage: Stage) -> None:
    stage.one.answer = failing(500)
    extra = {"fallbacks": ["long"], "num_retries": 1, "tags": ["x"], "cache": {"no-cache": True}}
    _, headers = stage.ask("main", extra_body=extra)
    assert headers["x-litellm-model-group"] == "long"
    assert len(stage.one.requests) == 2
    assert all(sorted(body) == ["messages", "model"] for body in stage.one.requests + stage.two.requests)


def test_patterns_aliases_and_the_list_of_models(stage: Stage) -> None:
    stage.ask("house/anything")
    stage.ask("house/exact")
    stage.ask("best")
    stage.ask("quiet")
    assert stage.asked() == ["one", "one", "star-anything", "exact"]
    listed = [model.id for model in stage.client().models.list()]
    assert {"house/*", "best", "main"} <= set(listed)
    assert "quiet" not in listed
    assert stage.client().models.retrieve("house/anything").id == "house/anything"
    key = stage.http.post("/key/generate", json={"models": ["house/some-*"]}).json()["key"]
    stage.ask("house/some-thing", key)
    with pytest.raises(openai.PermissionDeniedError):
        stage.ask("house/other", key)


def test_tags(stage: Stage) -> None:
    stage.ask("tagged")
    stage.ask("tagged", extra_body={"metadata": {"tags": ["paid"]}})
    stage.ask("tagged", extra_headers={"x-litellm-tags": "paid"})
    assert stage.asked() == ["free", "paid", "paid"]
    assert all("metadata" not in body for body in stage.two.requests)


def test_a_stream_that_does_not_begin_in_time(stage: Stage) -> None:
    def silent(handler: Any, _: dict[str, Any]) -> None:
        stage.one.hold.wait(20)
        handler.close_connection = True

    stage.one.answer = silent
    assert "".join(stage.stream("slow")) == "Hello"
    assert stage.asked() == ["slow", "spare"]
    with pytest.raises(openai.InternalServerError) as late:
        stage.ask("slow", extra_headers={"x-litellm-timeout": "0.2"}, extra_body={"disable_fallbacks": True})
    assert late.value.status_code == 504
    stage.one.hold.set()


def test_a_provider_that_storms_with_429_is_waited_for(stage: Stage) -> None:
    seen: list[int] = []

    def storm(handler: Any, _: dict[str, Any]) -> None:
        seen.append(1)
        if len(seen) < 3:
            failing(429, headers={"retry-after-ms": "10"})(handler, {})
        else:
            send_json(handler, 200, ANSWER)

    stage.one.answer = storm
    _, headers = stage.ask("main", extra_body={"num_retries": 5, "disable_fallbacks": True})
    assert (headers["x-litellm-attempted-retries"], len(seen)) == ("2", 3)


def begun(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()


def closes(handler: Any, _: dict[str, Any]) -> None:
    begun(handler)
    write_chunk(handler, chunk("Hel"))
    handler.close_connection = True


def half_a_frame(handler: Any, _: dict[str, Any]) -> None:
    begun(handler)
    write_chunk(handler, chunk("Hel") + b'data: {"choices":[{"del')
    handler.close_connection = True


def half_a_chunk(handler: Any, _: dict[str, Any]) -> None:
    begun(handler)
    handler.wfile.write(b"%x\r\n" % 500 + chunk("Hel"))
    handler.close_connection = True


@pytest.mark.parametrize("fault", [closes, half_a_frame, half_a_chunk], ids=lambda fault: fault.__name__)
def test_a_stream_that_breaks_off_is_an_error_and_a_record(stage: Stage, fault: Answer) -> None:
    stage.one.answer = fault
    create = stage.client().chat.completions.with_raw_response.create
    got = create(model="main", messages=MESSAGES, stream=True)
    pieces = iter(got.parse())
    assert next(pieces).choices[0].delta.content == "Hel"
    with pytest.raises(openai.APIError, match="closed the connection"):
        list(pieces)
    assert stage.two.requests == []
    eventually(lambda: stage.outcome(got.headers["x-litellm-call-id"]) == "cut", "the request is recorded")


def test_one_line_of_ten_megabytes_passes(stage: Stage) -> None:
    text = "x" * 10_000_000

    def long_line(handler: Any, _: dict[str, Any]) -> None:
        begun(handler)
        write_chunk(handler, chunk(text))
        write_chunk(handler, chunk(None, "stop"))
        write_chunk(handler, b"data: [DONE]\n\n")
        write_chunk(handler, b"")

    stage.one.answer = long_line
    assert "".join(stage.stream("main")) == text


def test_a_page_instead_of_an_answer_is_none(stage: Stage) -> None:
    def page(handler: Any, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/html")
        handler.send_header("content-length", "6")
        handler.end_headers()
        handler.wfile.write(b"<html>")

    stage.one.answer = page
    alone = {"disable_fallbacks": True}
    for call in (lambda: stage.ask("main", extra_body=alone), lambda: list(stage.stream("main", extra_body=alone))):
        with pytest.raises(openai.InternalServerError) as bad:
            call()
        assert bad.value.status_code == 502
        assert "none of its API" in str(bad.value)
    assert stage.ask("main")[1]["x-litellm-model-group"] == "spare"
