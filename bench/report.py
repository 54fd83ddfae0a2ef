"""Figures out of rounds, and the tables."""

import statistics

# name in the table, name in a measurement, smaller is better, digits
COLUMNS = (
    ("req/s", "rps", False, 0),
    ("CPU us/req", "cpu_us", True, 1),
    ("added p50 us", "added_p50_us", True, 0),
    ("added p99 us", "added_p99_us", True, 0),
    ("added TTFB p50 us", "added_ttfb_p50_us", True, 0),
    ("added TTFB p99 us", "added_ttfb_p99_us", True, 0),
    ("PSS MB", "pss_mb", True, 1),
)


def add_differences(rounds):
    """Fill in `added_...`: a server's latency minus that of `direct` in the same round."""
    for measured in rounds:
        for scenario in measured.values():
            direct = scenario.get("direct", {})
            for figures in scenario.values():
                for name in ("p50_us", "p99_us", "ttfb_p50_us", "ttfb_p99_us"):
                    if name in figures and name in direct and figures is not direct:
                        figures[f"added_{name}"] = figures[name] - direct[name]


def middle(rounds, scenario, server, name):
    """The median over the rounds; None when it was not measured."""
    values = [measured[scenario].get(server, {}).get(name) for measured in rounds]
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def ratio(rounds, scenario, server, base, name):
    """The median of each round's ratio: the two were measured within seconds of each other."""
    values = []
    for measured in rounds:
        ours, theirs = (measured[scenario].get(who, {}).get(name) for who in (server, base))
        if ours is not None and theirs:
            values.append(ours / theirs)
    return statistics.median(values) if values else None


ALLOWANCE = 1.25
"""How far over its line a ratio may be before it counts as worse: shared machines are noisy."""


def over_the_lines(rounds, lines, base):
    """A text for each scenario whose CPU ratio is more than the allowance over its line."""
    for scenario, line in lines.items():
        if scenario not in rounds[0] or base != "nginx":
            continue
        found = ratio(rounds, scenario, "gatewright", base, "cpu_us")
        if found is None or found > line * ALLOWANCE:
            shown = "not measured" if found is None else f"{found:.2f} x nginx"
            yield f"{scenario}: CPU is {shown}, the line is {line} and {line * ALLOWANCE:.2f} with the allowance"


def show(rounds, servers, scenarios, starts, base):
    """Print the tables. `starts` has `first`, `second` (seconds) and `idle` (MB) for each server."""
    for scenario in scenarios:
        rows = []
        for server in servers:
            row = [server]
            row += [number(middle(rounds, scenario, server, name), digits) for _, name, _, digits in COLUMNS]
            for name in ("rps", "cpu_us"):
                same = server in (base, "direct")
                row.append("" if same else number(ratio(rounds, scenario, server, base, name), 2))
            row.append(str(sum(measured[scenario].get(server, {}).get("errors", 0) for measured in rounds)))
            rows.append(row)
        head = [scenario, *(title for title, *_ in COLUMNS), f"req/s x {base}", f"CPU x {base}", "errors"]
        table(head, rows)
    rows = [
        [
            server,
            *(
                number(starts.get(server, {}).get(name), digits)
                for name, digits in (("first", 2), ("second", 2), ("cpu", 2), ("idle", 1))
            ),
        ]
        for server in servers
        if server != "direct"
    ]
    table(["start", "first s", "second s", "second CPU s", "idle PSS MB"], rows)


def first_errors(rounds):
    for measured in rounds:
        for scenario, servers in measured.items():
            for server, figures in servers.items():
                if figures.get("errors"):
                    yield f"{scenario}, {server}: {figures['errors']} errors, the first: {figures.get('first_error', '')[:200]}"


def number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths))
        ]
        print("| " + " | ".join(cells) + " |")
    print()
