"""How failures are told apart, and what a policy says of each."""

import pytest

from gatewright.gateway.fallbacks import fallbacks_of
from gatewright.gateway.faults import Fault, by_class, fault_of, is_retried, is_the_requests, speaks_against
from gatewright.gateway.retries import policy_retries, usual_retries, wait_s
from gatewright.gateway.wishes import NO_WISHES, Wishes
from gatewright.settings.router import Router
from gatewright.translation.halves import ProviderError


@pytest.mark.parametrize(
    ("status", "kind", "message", "fault"),
    [
        (400, "context_length_exceeded", "", Fault.CONTEXT_WINDOW),
        (400, None, "This model's maximum context length is 8192 tokens.", Fault.CONTEXT_WINDOW),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", Fault.CONTEXT_WINDOW),
        (400, "INVALID_ARGUMENT", "The input token count (5) exceeds the maximum number of tokens allowed (4).",
         Fault.CONTEXT_WINDOW),
        (400, None, "Input is too long for requested model.", Fault.CONTEXT_WINDOW),
        (413, "exceed_context_size_error", "", Fault.CONTEXT_WINDOW),
        (400, "content_filter", "", Fault.CONTENT_POLICY),
        (400, None, "The response was filtered due to Azure OpenAI's content management policy.", Fault.CONTENT_POLICY),
        (403, "content_policy_violation", "", Fault.CONTENT_POLICY),
        (400, None, "temperature is too high", Fault.BAD_REQUEST),
        (422, None, "", Fault.BAD_REQUEST),
        (500, "context_length_exceeded", "", Fault.INTERNAL),
        (401, None, "", Fault.AUTHENTICATION),
        (402, None, "", Fault.BAD_REQUEST),
        (403, None, "", Fault.PERMISSION),
        (404, None, "", Fault.NOT_FOUND),
        (408, None, "", Fault.TIMEOUT),
        (429, None, "maximum context length", Fault.RATE_LIMIT),
        (502, None, "", Fault.BAD_GATEWAY),
        (503, None, "", Fault.UNAVAILABLE),
        (504, None, "", Fault.TIMEOUT),
        (529, None, "", Fault.INTERNAL),
        (302, None, "", Fault.INTERNAL),
    ],
)  # fmt: skip
def test_what_an_error_answer_is(status: int, kind: str | None, message: str, fault: Fault) -> None:
    assert fault_of(status, ProviderError(message, kind)) is fault


@pytest.mark.parametrize(
    ("status", "kind", "message", "requests"),
    [
        (404, "invalid_request_error", "Prompt with id 'model' not found.", True),
        (404, "not_found_error", "File not found: file_1", True),
        (404, "invalid_request_error", "The model `x` is nobody's", True),
        (404, "model_not_found", "The model `x` does not exist", False),
        (404, "DeploymentNotFound", "The API deployment for this resource does not exist.", False),
        (404, "not_found_error", "model: claude-x", False),
        (404, "NOT_FOUND", "models/gemini-x is not found for API version v1beta", False),
        (404, None, "model 'x' not found, try pulling it first", False),
        (404, None, "", False),
        (400, "invalid_request_error", "no", False),
    ],
)
def test_what_a_missing_thing_says_of_the_deployment(status: int, kind: str, message: str, requests: bool) -> None:
    assert is_the_requests(status, ProviderError(message, kind)) is requests


def test_which_statuses_are_sent_again_and_which_speak_against_a_deployment() -> None:
    every = range(400, 600)
    assert [status for status in every if is_retried(status)] == [408, 409, 424, 429, *range(500, 600)]
    assert [status for status in every if speaks_against(status)] == [401, 402, 404, 408, 424, 429, *range(500, 600)]


def test_a_policy_names_a_class_a_wider_one_or_all() -> None:
    policy = {"BadRequestErrorRetries": 1, "RateLimitErrorRetries": 4}
    assert by_class(policy, Fault.RATE_LIMIT, "Retries") == 4
    assert by_class(policy, Fault.CONTENT_POLICY, "Retries") == 1
    assert by_class({**policy, "ContentPolicyViolationErrorRetries": 0}, Fault.CONTENT_POLICY, "Retries") == 0
    assert by_class(policy, Fault.TIMEOUT, "Retries") is None
    assert by_class({"DefaultRetries": 9}, Fault.TIMEOUT, "Retries") == 9


def test_a_groups_own_policy_stands_in_for_the_general_one() -> None:
    router = Router(
        retry_policy={"TimeoutErrorRetries": 1, "RateLimitErrorRetries": 2},
        group_retry_policy={"chat": {"TimeoutErrorRetries": 5}},
    )
    assert policy_retries("chat", Fault.TIMEOUT, router) == 5
    assert policy_retries("chat", Fault.RATE_LIMIT, router) is None
    assert policy_retries("other", Fault.TIMEOUT, router) == 1


@pytest.mark.parametrize(
    ("status", "alone", "wished", "own", "retries"),
    [
        (500, True, None, None, 2),
        (429, True, None, 7, 7),
        (408, True, 3, 7, 3),
        (409, True, 0, 7, 0),
        (401, True, 3, None, 0),
        (401, False, None, None, 2),
        (403, False, 1, None, 1),
        (400, False, 3, 3, 0),
        (404, False, 3, 3, 0),
    ],
)
def test_how_often_a_status_is_retried(
    status: int, alone: bool, wished: int | None, own: int | None, retries: int
) -> None:
    assert usual_retries(status, Router(), wished=wished, own=own, alone=alone) == retries


def test_how_long_a_retry_waits() -> None:
    router = Router()
    assert [wait_s(number, None, router, 0) for number in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert wait_s(0, None, router, 0.5) == 0.5 + 0.375
    assert wait_s(3, 2.5, router, 0) == 2.5
    assert wait_s(0, 60, router, 0) == 60
    assert wait_s(0, 61, router, 0) == 0.5
    assert wait_s(0, None, Router(retry_after_s=3), 0) == 3
    assert wait_s(99, None, Router(retry_after_s=30), 0) == 8


ROUTER = Router(
    fallbacks={"a": ("b", "c"), "gpt-5": ("mini",), "*": ("any",)},
    context_window_fallbacks={"a": ("long",)},
    content_policy_fallbacks={"a": ("bold",)},
    default_fallbacks=("last",),
)


@pytest.mark.parametrize(
    ("names", "fault", "wishes", "found"),
    [
        (("a",), Fault.INTERNAL, NO_WISHES, ("b", "c")),
        (("a",), Fault.CONTEXT_WINDOW, NO_WISHES, ("long",)),
        (("a",), Fault.CONTENT_POLICY, NO_WISHES, ("bold",)),
        (("x",), Fault.CONTEXT_WINDOW, NO_WISHES, ("any",)),
        (("alias", "a"), Fault.INTERNAL, NO_WISHES, ("b", "c")),
        (("openai/gpt-5",), Fault.INTERNAL, NO_WISHES, ("mini",)),
        (("a",), Fault.INTERNAL, Wishes(fallbacks=("own",)), ("own",)),
        (("a",), Fault.CONTEXT_WINDOW, Wishes(fallbacks=("own",)), ("own",)),
        (("a",), Fault.INTERNAL, Wishes(fallback_table={"a": ("own",)}), ("own",)),
        (("b",), Fault.INTERNAL, Wishes(fallback_table={"a": ("own",)}), ("last",)),
        (("a",), Fault.CONTEXT_WINDOW, Wishes(context_window_fallbacks={"a": ("own",)}), ("own",)),
        (("a",), Fault.CONTENT_POLICY, Wishes(content_policy_fallbacks={}), ("b", "c")),
        (("a",), Fault.INTERNAL, Wishes(no_fallbacks=True), ()),
    ],
)
def test_whom_a_failure_falls_back_to(
    names: tuple[str, ...], fault: Fault, wishes: Wishes, found: tuple[str, ...]
) -> None:
    assert fallbacks_of(names, fault, ROUTER, wishes) == found


def test_the_default_ones_are_for_whoever_has_none() -> None:
    assert fallbacks_of(("x",), Fault.INTERNAL, Router(default_fallbacks=("last",)), NO_WISHES) == ("last",)
    assert fallbacks_of(("x",), Fault.INTERNAL, Router(), NO_WISHES) == ()
