"""Run scope-mapping expressions: Authentik's Python, unchanged, in sandboxed worker processes (contract 2).

The interpreter (pydantic-monty) has no file, network, import or process access; each run has limits on time, memory and
recursion. Nothing that a user typed is ever executed in this process; the text is only parsed here, for its line
numbers. A result crosses the border as JSON text, so no object of the sandbox does.
"""

import ast
import asyncio
import json
import textwrap
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any

import msgspec
from pydantic_monty import Monty, MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError, ResourceLimits

# Wall time, which a busy machine stretches: what the first limit stops gets a second chance with the longer one.
TIME_LIMITS_S = (0.1, 1.0)
OVER_TIME = "TimeoutError: feed time limit"
MEMORY_LIMIT = 32 * 1024 * 1024
RECURSION_LIMIT = 200
RESULT_LIMIT = 16 * 1024
TEXT_LIMIT = 16 * 1024
LOG_LINES = 20
LOG_CHARS = 300
WORKERS = 2

VARIABLES = ("request", "user", "provider", "token", "context", "ak_logger")
FUNCTION = "mapping"
LIMITS: ResourceLimits = {
    "max_memory": MEMORY_LIMIT,
    "max_recursion_depth": RECURSION_LIMIT,
    "max_suspensions": 10,
    "max_total_sleep_secs": 0.0,
}
SUGGESTIONS = {
    "requests": "Network access is not available to expressions.",
    "resolve_dns": "Network access is not available to expressions.",
    "reverse_dns": "Network access is not available to expressions.",
    "ak_send_email": "Expressions cannot send e-mail.",
    "ak_create_jwt": "Expressions cannot issue tokens.",
    "ak_call_policy": "There are no policies here; write the condition into the expression.",
    "ak_user_by": "An expression sees the person who signs in, nobody else.",
}


class GroupFacts(msgspec.Struct, frozen=True):
    """One group that the person is in, directly or through a child group. `parents` are names."""

    name: str
    uuid: str
    direct: bool
    is_superuser: bool = False
    attributes: dict[str, Any] = {}
    parents: tuple[str, ...] = ()


class ExpressionUser(msgspec.Struct, frozen=True):
    """The person as expressions see them. `uid` is Authentik's hashed id; an unknown e-mail address is ''."""

    pk: int
    uuid: str
    uid: str
    username: str
    name: str
    email: str
    email_verified: bool
    is_active: bool
    attributes: dict[str, Any]
    groups: tuple[GroupFacts, ...]


class ExpressionProvider(msgspec.Struct, frozen=True):
    """The provider as expressions see it."""

    name: str
    client_id: str
    application_name: str
    slug: str


class Failure(msgspec.Struct, frozen=True):
    """Why an expression gave nothing. `line` counts from 1 in the expression's own text; None when unknown.

    `stopped`: it had no say, because its worker was stopped, broke or never came free. Nothing follows from that about
    the person, so it must not be taken for an expression that gives no claim.
    """

    cause: str
    line: int | None = None
    stopped: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """`claims` is None when the expression returned None or failed; `log` is what it logged or printed."""

    claims: dict[str, Any] | None
    error: Failure | None = None
    log: tuple[str, ...] = ()


class Expressions:
    """Evaluates expressions. Workers start with the first one that is not a constant; call `close` at the end."""

    def __init__(self) -> None:
        self._pool: Monty | None = None
        self._starting = asyncio.Lock()
        # The library's own asyncio door aborts the process when it is closed right before the interpreter ends.
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="expressions")
        self._prelude = resources.files("gatewright.idp").joinpath("expression_prelude.py").read_text("utf-8")

    async def evaluate(
        self, text: str, user: ExpressionUser, provider: ExpressionProvider, scopes: Sequence[str]
    ) -> Outcome:
        """Runs one expression. Never raises for what the expression does: the outcome says it."""
        tree = _parse(text)
        if isinstance(tree, Failure):
            return Outcome(None, tree)
        constant = _constant(tree)
        if constant is not None:
            return _judged(constant, ())
        data = {
            "user": {
                **msgspec.to_builtins(user),
                "direct": [group.direct for group in user.groups],
                "is_superuser": any(group.is_superuser for group in user.groups),
            },
            "provider": msgspec.to_builtins(provider),
            "scopes": list(scopes),
        }
        pool = await self._started()
        outcome = Outcome(None)
        for limit in TIME_LIMITS_S:
            outcome = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._run, pool, text, data, limit
            )
            if outcome.error is None or not outcome.error.stopped:
                break
        return outcome

    async def close(self) -> None:
        """Stops the workers."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, pool.__exit__, None, None, None)
        self._threads.shutdown(wait=False)

    async def _started(self) -> Monty:
        async with self._starting:
            if self._pool is None:
                pool = Monty(min_processes=0, max_processes=WORKERS, request_timeout=3.0, checkout_timeout=10.0)
                await asyncio.get_running_loop().run_in_executor(self._threads, pool.__enter__)
                self._pool = pool
            return self._pool

    def _run(self, pool: Monty, text: str, data: dict[str, Any], time_limit_s: float) -> Outcome:
        log: list[str] = []

        def collect(_: str, printed: str) -> None:
            log.extend(line[:LOG_CHARS] for line in printed.splitlines()[: LOG_LINES - len(log)])

        program = _wrapped(text) + f"\njson.dumps({FUNCTION}({', '.join(VARIABLES)}))"
        limits: ResourceLimits = {**LIMITS, "max_feed_duration_secs": time_limit_s}
        try:
            with pool.checkout(script_name="expression", limits=limits) as session:
                names = ", ".join(VARIABLES)
                session.feed_run(f"{self._prelude}\nimport json\n{names} = build(data)\n", inputs={"data": data})
                result = session.feed_run(program, print_callback=collect)
        except MontyError as error:
            return Outcome(None, _failure(error), tuple(log))
        except TimeoutError:
            return Outcome(None, Failure("all workers were busy", stopped=True), tuple(log))
        return _judged(result, tuple(log))


def check(text: str) -> Failure | None:
    """What is wrong with the text's syntax, None when nothing is. Runs nothing."""
    tree = _parse(text)
    return tree if isinstance(tree, Failure) else None


def claims_in(text: str) -> tuple[str, ...]:
    """The claims that an expression may return, read off its text: never by running it (contract 1.7).

    Takes the keys of dict literals that are returned or assigned, and of assignments to items.
    """
    tree = _parse(text)
    if isinstance(tree, Failure):
        return ()
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        value = node.value if isinstance(node, (ast.Return, ast.Assign)) else None
        keys = [key for literal in _branches(value) for key in literal.keys]
        targets = node.targets if isinstance(node, ast.Assign) else []
        keys += [target.slice for target in targets if isinstance(target, ast.Subscript)]
        found.update((key.value, None) for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
    return tuple(found)


def _branches(node: ast.expr | None) -> list[ast.Dict]:
    if isinstance(node, ast.Dict):
        return [node]
    if isinstance(node, ast.IfExp):
        return _branches(node.body) + _branches(node.orelse)
    if isinstance(node, ast.BinOp):
        return _branches(node.left) + _branches(node.right)
    return []


def _wrapped(text: str) -> str:
    """The text as the body of a function whose parameters are the variables, as Authentik does it (contract 2.2)."""
    return f"def {FUNCTION}({', '.join(VARIABLES)}):\n{textwrap.indent(text, '    ')}\n"


def _parse(text: str) -> ast.FunctionDef | Failure:
    if len(text) > TEXT_LIMIT:
        return Failure(f"the expression is longer than {TEXT_LIMIT} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(_wrapped(text))
    except SyntaxError as error:
        return Failure(f"SyntaxError: {error.msg}", max(1, (error.lineno or 2) - 1))
    except (ValueError, MemoryError, RecursionError) as error:
        return Failure(f"the expression cannot be parsed: {error}")
    function = module.body[0]
    if len(module.body) != 1 or not isinstance(function, ast.FunctionDef):
        return Failure("SyntaxError: the expression leaves its function", 1)
    return function


def _constant(function: ast.FunctionDef) -> str | None:
    """The JSON of an expression that only returns a literal: such a one needs no engine."""
    statement = function.body[0]
    if len(function.body) != 1 or not isinstance(statement, ast.Return) or statement.value is None:
        return None
    try:
        return json.dumps(ast.literal_eval(statement.value), allow_nan=False)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None


def _judged(result: object, log: tuple[str, ...]) -> Outcome:
    """A result is a JSON object of at most 16 KiB, or null."""
    if not isinstance(result, str) or len(result) > RESULT_LIMIT:
        return Outcome(None, Failure(f"the result is larger than {RESULT_LIMIT} bytes as JSON"), log)
    try:
        claims = json.loads(result, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return Outcome(None, Failure(f"the result is not JSON: {error}"), log)
    if claims is not None and not isinstance(claims, dict):
        return Outcome(None, Failure(f"the result is not a dict but {type(claims).__name__}"), log)
    return Outcome(claims, None, log)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _failure(error: MontyError) -> Failure:
    if isinstance(error, MontyCrashedError):
        return Failure("the expression was stopped: it took too long or broke its worker", stopped=True)
    cause = str(error)[:300]
    if cause.startswith(OVER_TIME):
        return Failure("the expression was stopped: it took too long", stopped=True)
    for name, suggestion in SUGGESTIONS.items():
        if f"'{name}'" in cause:
            cause = f"{cause}. {suggestion}"
    line = None
    if isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        # The expression's own frame; a deeper one may lie in the prelude, whose lines nobody has seen.
        own = [frame.line for frame in error.traceback() if frame.function_name in (FUNCTION, None)]
        line = own[-1] - 1 if own else None
    return Failure(cause, line)
