"""Run expressions in sandboxed worker processes (contract 2).

The interpreter (pydantic-monty) has no file, network, import or process access; each run has limits on time, memory and
recursion, and begins from the same saved state: the prelude, loaded once. A result crosses the border as JSON text, so
no object of the sandbox does, and is read as anything hostile is.
"""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from pydantic_monty import (
    Monty,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    ResourceLimits,
)

from gatewright.idp.expressions.facts import Facts
from gatewright.idp.expressions.preparing import prelude
from gatewright.idp.expressions.program import DATA, Program, program
from gatewright.idp.expressions.reading import Failure

# Wall time, which a busy machine stretches: what the first limit stops gets a second chance with the longer one.
TIME_LIMITS_S = (0.1, 1.0)
PATIENCE_S = 2.0
"""How long a request waits for its turn with the longer limit."""
OVER_TIME = "TimeoutError: feed time limit"
MEMORY_LIMIT = 32 * 1024 * 1024
RECURSION_LIMIT = 200
RESULT_LIMIT = 16 * 1024
CAUSE_CHARS = 300
LOG_LINES = 20
LOG_CHARS = 300
LOG_PIECES, LOG_ROOM = 100, 16 * 1024
WORKERS = 2
LONGEST_INTEGER = 19
"""Digits with the sign."""
NUL = "\\u0000"
"""As JSON writes it. PostgreSQL takes none, and no claim needs one."""
MOST_EVENTS = 5
NOTHING = "[null, []]"
HIDDEN_NAME = re.compile(r"\b__(?=[A-Z])")
"""What preparing.py puts in front of the names of the prelude's classes."""


class Noted(msgspec.Struct, frozen=True):
    """What an expression wants in the audit log, by ak_create_event."""

    action: str
    fields: dict[str, Any]


class Outcome(msgspec.Struct, frozen=True):
    """`claims` is None when the expression returned None or failed; `log` is what it logged or printed.

    `took_ms` is wall time in the sandbox.
    """

    claims: dict[str, Any] | None
    error: Failure | None = None
    log: tuple[str, ...] = ()
    events: tuple[Noted, ...] = ()
    took_ms: float = 0.0


class Job(msgspec.Struct, frozen=True):
    """One run of a program, and what it gets to know."""

    program: Program
    data: dict[str, Any]


Jobs = dict[int, Job]
"""By their places among the expressions of a request."""


class Expressions:
    """Evaluates expressions. Workers start with the first one that is not a constant; call `close` at the end."""

    def __init__(self) -> None:
        self._pool: Monty | None = None
        self._starting = asyncio.Lock()
        # The library's own asyncio door aborts the process when it is closed right before the interpreter ends.
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="expressions")
        self._longer = asyncio.Lock()
        self._states: dict[tuple[float, bool], bytes] = {}

    async def evaluate(self, text: str, facts: Facts) -> Outcome:
        """Runs one expression. Never raises for what the expression does: the outcome says it."""
        return (await self.evaluate_all([(text, facts)]))[0]

    async def evaluate_all(self, wanted: Sequence[tuple[str, Facts]]) -> list[Outcome]:
        """Runs the expressions of one request, one after the other in one sandbox: each gets objects of its own, and
        there is no name by which it could leave something for the next.
        """
        outcomes: list[Outcome] = []
        jobs: Jobs = {}
        for place, (text, facts) in enumerate(wanted):
            made = program(text)
            if isinstance(made, Failure):
                outcomes.append(Outcome(None, made))
                continue
            outcomes.append(judged(made.constant or NOTHING, ()))
            if made.constant is None:
                jobs[place] = Job(made, facts.as_data())
        if jobs:
            await self._fill(outcomes, jobs, TIME_LIMITS_S[0])
            late = {place: job for place, job in jobs.items() if stopped(outcomes[place])}
            if late:
                await self._second_chance(outcomes, late)
        return outcomes

    async def close(self) -> None:
        """Stops the workers."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, pool.__exit__, None, None, None)
        self._threads.shutdown(wait=False)

    async def _fill(self, outcomes: list[Outcome], jobs: Jobs, limit: float) -> None:
        """Puts what the jobs give into their places."""
        run = asyncio.get_running_loop().run_in_executor
        found = await run(self._threads, self._run, await self._started(), list(jobs.values()), limit)
        for place, outcome in zip(jobs, found, strict=True):
            outcomes[place] = outcome

    async def _second_chance(self, outcomes: list[Outcome], jobs: Jobs) -> None:
        """With the longer limit; one request at a time, so that the other workers stay free for everybody else."""
        try:
            await asyncio.wait_for(self._longer.acquire(), PATIENCE_S)
        except TimeoutError:
            return
        try:
            await self._fill(outcomes, jobs, TIME_LIMITS_S[1])
        finally:
            self._longer.release()

    async def _started(self) -> Monty:
        async with self._starting:
            if self._pool is None:
                pool = Monty(min_processes=0, max_processes=WORKERS, request_timeout=3.0, checkout_timeout=10.0)
                # Here, not in the thread: Python 3.11 confuses two threads that parse at the same moment (gh-106905).
                preludes = {one: prelude(with_addresses=one) for one in (False, True)}
                await asyncio.get_running_loop().run_in_executor(self._threads, self._prepare, pool, preludes)
                self._pool = pool
            return self._pool

    def _prepare(self, pool: Monty, preludes: dict[bool, str]) -> None:
        """Starts the pool and saves the states that runs begin from, one for each limit, which is part of it."""
        pool.__enter__()
        for limit in TIME_LIMITS_S:
            for with_addresses, text in preludes.items():
                with pool.checkout(script_name="expression", limits=limits(limit)) as session:
                    session.feed_run(text)
                    self._states[limit, with_addresses] = session.dump()

    def _run(self, pool: Monty, jobs: Sequence[Job], limit: float) -> list[Outcome]:
        """Runs the jobs in a fresh sandbox, and those behind one that was stopped in another one."""
        state = self._states[limit, any(job.program.with_addresses for job in jobs)]
        found: list[Outcome] = []
        while len(found) < len(jobs):
            before = len(found)
            try:
                with pool.checkout(script_name="expression", limits=limits(limit)) as session:
                    session.load_session(state)
                    for job in jobs[before:]:
                        found.append(outcome_of(session, job))
                        if stopped(found[-1]):
                            break
            except TimeoutError:
                busy = Outcome(None, Failure("all workers were busy", stopped=True, code="stopped"))
                return found + [busy] * (len(jobs) - len(found))
            except MontyError as error:
                if len(found) == before:
                    found.append(Outcome(None, failure(error, jobs[before].program)))
        return found


def outcome_of(session: MontySession, job: Job) -> Outcome:
    """One run."""
    said: list[str] = []

    def collect(_: str, printed: str) -> None:
        # It comes in pieces, which may end within a line.
        if len(said) < LOG_PIECES:
            said.append(printed[:LOG_ROOM])

    started = time.perf_counter()
    try:
        result = session.feed_run(job.program.source, inputs={DATA: job.data}, print_callback=collect)
        outcome = judged(result, logged(said))
    except MontyError as error:
        outcome = Outcome(None, failure(error, job.program), logged(said))
    return msgspec.structs.replace(outcome, took_ms=(time.perf_counter() - started) * 1000)


def logged(said: Sequence[str]) -> tuple[str, ...]:
    """The first lines of what was printed, each as far as anybody reads."""
    return tuple(line[:LOG_CHARS] for line in "".join(said).splitlines()[:LOG_LINES])


def stopped(outcome: Outcome) -> bool:
    return outcome.error is not None and outcome.error.stopped


def limits(time_limit_s: float) -> ResourceLimits:
    return {
        "max_memory": MEMORY_LIMIT,
        "max_recursion_depth": RECURSION_LIMIT,
        "max_suspensions": 30,
        "max_total_sleep_secs": 0.0,
        "max_feed_duration_secs": time_limit_s,
    }


def judged(result: object, log: tuple[str, ...]) -> Outcome:
    """A result is JSON of at most 16 KiB: the claims, a dict or null, and the events."""
    if not isinstance(result, str) or len(result) > RESULT_LIMIT:
        return Outcome(None, Failure(f"the result is larger than {RESULT_LIMIT} bytes as JSON", code="too_large"), log)
    try:
        claims, noted = json.loads(result, parse_constant=_no_constant, parse_int=_integer)
        if NUL in result:
            raise ValueError("a text holds a NUL character")
        shaped = [{"action": action, "fields": fields} for action, fields in noted[:MOST_EVENTS]]
        events = msgspec.convert(shaped, tuple[Noted, ...])
    except (ValueError, TypeError, RecursionError) as error:
        return Outcome(None, Failure(f"the result is not JSON: {error}", code="not_json"), log)
    if claims is not None and not isinstance(claims, dict):
        return Outcome(
            None, Failure(f"the result is not a dict but {type(claims).__name__}", code="not_a_dict"), log, events
        )
    return Outcome(claims, None, log, events)


def _integer(digits: str) -> int:
    """Longer ones are refused by databases and by other JSON readers."""
    if len(digits) > LONGEST_INTEGER:
        raise ValueError("an integer has more than 18 digits")
    return int(digits)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def failure(error: MontyError, made: Program) -> Failure:
    """What an exception out of the sandbox says, at its place in the expression's own text."""
    if isinstance(error, MontyCrashedError):
        return Failure("the expression was stopped: it took too long or broke its worker", stopped=True, code="stopped")
    words = HIDDEN_NAME.sub("", str(error)[:CAUSE_CHARS])
    cause = "".join([char if char.isprintable() else " " for char in words])
    if cause.startswith(OVER_TIME):
        return Failure("the expression was stopped: it took too long", stopped=True, code="stopped")
    if not isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        return Failure(cause)
    frames = error.traceback()
    # The prelude is another file; the outermost frame calls the function and is nobody's line.
    own = [frame for frame in frames if frames and frame.filename == frames[0].filename][1:]
    line, column = made.place(own[-1].line, own[-1].column) if own else (None, None)
    return Failure(cause, line, column=column)
