"""Gatewright beside nginx's proxy_pass on one mock provider, in interleaved rounds. See README.md.

python bench/run.py [--scenarios c1,c16] [--rounds 3] [--length 1.0] [--json out.json] [--peer 'NAME=COMMAND']
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import load
import process
import report
import servers

LINES = Path(__file__).resolve().parent / "lines.json"


def main():
    options = arguments()
    names = options.scenarios.split(",")
    unknown = [name for name in names if name not in load.SCENARIOS]
    if unknown:
        sys.exit(f"error: no scenario {', '.join(unknown)}; there are {', '.join(load.SCENARIOS)}")
    if not sys.platform.startswith("linux"):
        sys.exit("error: the bench reads Linux's /proc; run it on Linux or in a Linux container")
    folder = Path(tempfile.mkdtemp(prefix="gatewright-bench-"))
    try:
        load.build()
        sys.exit(run(options, names, folder))
    except load.CannotRun as problem:
        sys.exit(f"error: {problem}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", default=",".join(load.USUAL), help=f"of {', '.join(load.SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--length", type=float, default=1.0, help="times the usual length of a scenario")
    parser.add_argument("--warm", type=int, default=500, help="requests before the first round")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME=COMMAND", help="measure another gateway too"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a variable of gatewright's environment"
    )
    parser.add_argument(
        "--check", action="store_true", help="fail when a CPU ratio is 25 %% over its line (lines.json)"
    )
    parser.add_argument("--without", default="", help="leave out: nginx, gatewright")
    parser.add_argument("--priority", action="store_true", help="as root: run ahead of the machine's other work")
    parser.add_argument("--server-cpus", default="0", help="processors of what is measured; empty: all")
    parser.add_argument("--load-cpus", default="1", help="processors of the mock and the driver; empty: all")
    return parser.parse_args()


def chosen(options, folder, mock_port):
    """The servers to measure, `direct` first."""
    left_out = options.without.split(",")
    found = [servers.Direct("direct", folder / "direct", mock_port)]
    if "nginx" not in left_out:
        if servers.Nginx.program():
            found.append(servers.Nginx("nginx", folder / "nginx", mock_port))
        else:
            print(
                "note: nginx is missing, so there are no ratios to it. Debian: apt install nginx-light", file=sys.stderr
            )
    if "gatewright" not in left_out:
        extra = dict(text.split("=", 1) for text in options.set)
        found.append(servers.Gatewright("gatewright", folder / "gatewright", mock_port, extra))
    for text in options.peer:
        name, _, command = text.partition("=")
        found.append(servers.Peer(name, folder / name, mock_port, command))
    return found


def run(options, names, folder):
    """Start, measure, stop; the exit status: 1 when a server did not start or an answer was wrong."""
    server_cpus, load_cpus = processors(options.server_cpus), processors(options.load_cpus)
    mock_port = servers.free_port()
    every = chosen(options, folder, mock_port)
    mock = load.start_mock(mock_port, load_cpus, options.priority)
    rounds, starts, live = [], {}, []
    try:
        for server in every:
            try:
                starts[server.name] = start(server, server_cpus, options.priority)
                live.append(server)
            except load.CannotRun as problem:
                print(f"error: {problem}", file=sys.stderr)
            server.pause()
        warm_up(live, names, options, load_cpus, folder)
        for number in range(options.rounds):
            rounds.append(one_round(live if number % 2 == 0 else live[::-1], names, options, load_cpus, folder))
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    finally:
        for server in every:
            server.stop()
        mock.kill()
        mock.wait()
    report.add_differences(rounds)
    base = "nginx" if any(server.name == "nginx" for server in live) else "direct"
    moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    print(f"\n{moment} UTC, {options.rounds} interleaved rounds; medians. README.md says what the figures mean.\n")
    report.show(rounds, [server.name for server in live], names, starts, base)
    problems = list(report.first_errors(rounds))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if options.check:
        problems += report.over_the_lines(rounds, json.loads(LINES.read_text()), base)
        for problem in problems:
            print(f"error: {problem}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps({"at": moment, "starts": starts, "rounds": rounds}, indent=1))
    return 1 if problems or len(live) < len(every) else 0


def start(server, cpus, priority):
    """Start twice: with an empty folder, and with what the first start left. Seconds, and MB when idle."""
    server.configure()
    first = server.start(cpus, priority)
    if server.name == "direct":
        return {}
    server.stop()
    second = server.start(cpus, priority)
    pids = server.pids()
    busy = process.cpu_seconds(pids)
    time.sleep(0.5)
    return {"first": first, "second": second, "cpu": busy, "idle": process.pss_mb(pids)}


def warm_up(live, names, options, cpus, folder):
    for server in live:
        server.go_on()
        for name, count in (("c16", options.warm), ("s16", max(20, options.warm // 10))):
            if any(load.SCENARIOS[name].stream == load.SCENARIOS[chosen].stream for chosen in names):
                load.measure(server, name, 5, cpus, options.priority, folder, count)
        server.pause()


def one_round(order, names, options, cpus, folder):
    """Each scenario on each server, the servers of a scenario right after one another."""
    measured = {}
    for name in names:
        measured[name] = {}
        for server in order:
            server.go_on()
            time.sleep(0.05)
            measured[name][server.name] = load.measure(server, name, options.length, cpus, options.priority, folder)
            server.pause()
    return measured


def processors(text):
    """The set of processors that `text` lists and that this machine lets us use; None for all of them."""
    asked = {int(part) for part in text.split(",") if part}
    return asked & os.sched_getaffinity(0) or None


if __name__ == "__main__":
    main()
