"""A thousand streams that are open at once on one worker: errors, memory a stream, how long the event loop is held up.

python bench/streams.py [--streams 1000] [--check]

The mock writes a chunk every 200 ms to each. The hold-up is what a request for /health/liveliness takes meanwhile on a
connection of its own, which needs the event loop alone. `--check` fails on an error or above MOST_KB_A_STREAM.
"""

import argparse
import http.client
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import load
import process
import servers

MODEL = "mock-i200000-n64"
MOST_KB_A_STREAM = 25
"""A quarter above the first honest measurement."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    load.SCENARIOS["open"] = load.Scenario(options.streams, 14, model=MODEL, stream=True)
    load.MODELS = (*load.MODELS, MODEL)
    folder = Path(tempfile.mkdtemp(prefix="gatewright-bench-"))
    load.build()
    mock_port = servers.free_port()
    mock = load.start_mock(mock_port, {1}, False)
    server = servers.Gatewright("gatewright", folder / "gatewright", mock_port, {"GATEWRIGHT_DIRECT_DOOR": "true"})
    try:
        server.configure()
        server.start({0}, False)
        load.measure(server, "c16", 5, {1}, False, folder, 500)
        time.sleep(1)
        idle = process.pss_mb(server.pids())
        lags, stop = [], threading.Event()
        watcher = threading.Thread(target=watch, args=(server.port, lags, stop))
        watcher.start()
        found = load.measure(server, "open", 1.0, {1}, False, folder)
        stop.set()
        watcher.join()
    finally:
        server.stop()
        mock.kill()
        mock.wait()
        shutil.rmtree(folder, ignore_errors=True)
    if "n_all" not in found or not lags:
        sys.exit(f"error: {found.get('first_error')}")
    kilobytes = (found["pss_mb"] - idle) * 1024 / options.streams
    p50, p99 = statistics.median(lags), sorted(lags)[int(len(lags) * 0.99)]
    print("| open streams | errors | PSS idle MB | PSS MB | KB a stream | held up p50 ms | p99 ms | CPU us a chunk |")
    print("| ------------ | ------ | ----------- | ------ | ----------- | -------------- | ------ | -------------- |")
    print(
        f"| {options.streams:12} | {found['errors']:6} | {idle:11.1f} | {found['pss_mb']:6.1f} | {kilobytes:11.1f} "
        f"| {p50 * 1e3:14.2f} | {p99 * 1e3:6.2f} | {found['cpu_us'] / 64:14.1f} |"
    )
    if options.check and (found["errors"] or kilobytes > MOST_KB_A_STREAM):
        sys.exit(
            f"error: {found['errors']} errors, {kilobytes:.1f} KB a stream; at most {MOST_KB_A_STREAM} are allowed"
        )


def watch(port, lags, stop):
    """Seconds of one small request after another, 50 a second."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while not stop.is_set():
        began = time.perf_counter()
        connection.request("GET", "/health/liveliness")
        connection.getresponse().read()
        lags.append(time.perf_counter() - began)
        time.sleep(0.02)
    connection.close()


if __name__ == "__main__":
    main()
