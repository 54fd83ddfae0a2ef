"""What Linux says of a process and its children: processor time, memory. And how a child is started."""

import os
import time
from collections import defaultdict
from pathlib import Path


def tree(root):
    """The ids of `root` and everything below it."""
    children = defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue  # it ended meanwhile
            children[int(stat[stat.rfind(")") + 2 :].split()[1])].append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children[pid]
    return found


def cpu_seconds(pids):
    """User and system seconds of these processes, ended threads included, to the nanosecond.

    The clock's number is Linux's for the CPU time of another process (clock_getcpuclockid(3)); /proc/PID/stat has
    the same figure in steps of 10 ms, which is too coarse for a scenario that is mostly idle.
    """
    total = 0.0
    for pid in pids:
        try:
            total += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            pass
    return total


def pss_mb(pids):
    """Proportional set size in MB: memory that is shared counts for each process by its share."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def prepare_child(cpus, priority):
    """For Popen's preexec_fn: a session of its own, held to `cpus`, and with `priority` ahead of other work (root)."""

    def run():
        os.setsid()
        if cpus:
            os.sched_setaffinity(0, cpus)
        if priority:
            try:
                os.nice(-20)
                Path("/proc/self/autogroup").write_text("-20")
            except OSError:
                pass

    return run
