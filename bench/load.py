"""The C programs, the scenarios and one measurement."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import process

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
MODELS = ("mock", "mock-i5000-n64")
QUESTION = (
    "Explain how a reverse proxy works, what an LLM gateway adds on top of it, and why keep-alive connections to the "
    "upstream matter for latency. Give one short example."
)
LONG_LINE = 'The quick brown fox jumps over the "lazy" dog; naïve café.\n' * 40


@dataclass(frozen=True)
class Scenario:
    """`seconds` at the usual length. `size` is that of the request's body in bytes, about."""

    connections: int
    seconds: float
    model: str = "mock"
    stream: bool = False
    ask_usage: bool = True
    size: int = 0


SCENARIOS = {
    "c1": Scenario(1, 2),
    "c16": Scenario(16, 3),
    "s16": Scenario(16, 3, stream=True),
    "paced16": Scenario(16, 3, model="mock-i5000-n64", stream=True),
    "big4": Scenario(4, 3, size=200_000),
    # not measured unless asked for
    "c64": Scenario(64, 3),
    "paced64": Scenario(64, 3, model="mock-i5000-n64", stream=True),
    "hidden16": Scenario(16, 3, stream=True, ask_usage=False),
}
USUAL = ("c1", "c16", "s16", "paced16", "big4")


class CannotRun(Exception):
    """Something that the bench needs is missing; the text says what to do."""


def build():
    """Compile the mock and the driver when they are older than their sources."""
    if shutil.which("gcc") is None:
        raise CannotRun(
            "gcc is missing: the bench's mock provider and load driver are C. Debian: apt install gcc libc6-dev"
        )
    BUILD.mkdir(exist_ok=True)
    for name in ("mock", "driver"):
        source, target = HERE / "src" / f"{name}.c", BUILD / name
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["gcc", "-O2", "-w", "-o", target, source], check=True)


def body(scenario):
    """The request that the driver sends. The mock reads its pace from `user`, which every gateway passes on."""
    messages = [
        {
            "role": "system",
            "content": "You are a helpful assistant for questions about software infrastructure. Be concise.",
        },
        {"role": "user", "content": QUESTION},
    ]
    for number in range(scenario.size // len(LONG_LINE.encode())):
        messages.append({"role": ("user", "assistant")[number % 2], "content": LONG_LINE})
    request = {"model": scenario.model, "messages": messages, "temperature": 0.7, "max_tokens": 256, "top_p": 1.0}
    request["user"] = "user-1234" if scenario.model == "mock" else scenario.model
    if scenario.stream:
        request["stream"] = True
        if scenario.ask_usage:
            request["stream_options"] = {"include_usage": True}
    return json.dumps(request, ensure_ascii=False).encode()


def start_mock(port, cpus, priority):
    mock = subprocess.Popen([BUILD / "mock", str(port)], preexec_fn=process.prepare_child(cpus, priority))
    time.sleep(0.2)
    return mock


def measure(server, name, length, cpus, priority, folder, count=None):
    """Drive `server` through the scenario `name`; a dictionary of figures.

    `rps`, `p50_us`, `p99_us`, `ttfb_p50_us`, `ttfb_p99_us` and `errors` from the driver; `cpu_us` (user and system,
    of the server's whole process tree, for each request) and `pss_mb` (near the end) from Linux. `count` instead of
    `length` sends so many requests, to warm up.
    """
    scenario = SCENARIOS[name]
    seconds = scenario.seconds * length
    file = folder / f"{name}.json"
    file.write_bytes(body(scenario))
    command = [BUILD / "driver", "--url", server.url, "--body", file, "--key", server.key]
    command += ["-c", str(scenario.connections), "-t", str(seconds)]
    command += ["--stream"] if scenario.stream else []
    command += ["-n", str(count)] if count else []
    pids = server.pids()
    before = process.cpu_seconds(pids)
    driver = subprocess.Popen(
        [os.fspath(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=process.prepare_child(cpus, priority),
    )
    memory = 0.0
    if not count:
        time.sleep(seconds * 0.8)
        memory = process.pss_mb(server.pids())
    try:
        out, err = driver.communicate(timeout=seconds + 30)
    except subprocess.TimeoutExpired:
        driver.kill()
        out, err = driver.communicate()
    used = process.cpu_seconds(pids) - before
    try:
        figures = json.loads(out)
    except ValueError:
        return {"errors": 1, "first_error": (out + err).decode(errors="replace")[:300]}
    if figures["n_all"] and pids:
        figures["cpu_us"] = used / figures["n_all"] * 1e6
        figures["pss_mb"] = memory
    return figures
