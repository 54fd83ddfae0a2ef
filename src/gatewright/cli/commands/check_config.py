"""`gatewright check-config`: say what is wrong with a configuration. A server command: it imports app when it runs."""

from typing import Any

import click

from gatewright.cli import errors, output
from gatewright.cli.server import server

LONGEST_MEANING = 90
"""Characters of the last column; `--json` has all of it."""


@click.command("check-config")
@click.argument("file", required=False, type=click.Path())
@click.option("--config", help="The same as FILE.", type=click.Path())
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check_config(ctx: click.Context, file: str | None, config: str | None, strict: bool, as_json: bool) -> None:
    """Say what is wrong with a configuration, and what each key of it does.

    The file and the environment; nothing is started. FILE is GATEWRIGHT_CONFIG's when it is left out. Exits with 1 when
    something would stop the start.
    """
    report = server("check_config").check(file or config)
    if as_json:
        output.as_json(report)
    else:
        _print(report)
    failed = report["errors"] or (strict and report["warnings"])
    ctx.exit(errors.FAILED if failed else errors.OK)


def _print(report: dict[str, Any]) -> None:
    for error in report["errors"]:
        output.line(output.clean(f"error: {error['name']} ({error['source']}): {error['problem']}."))
        output.line(output.clean(f"  hint: {error['fix']}."))
    for warning in report["warnings"]:
        source = f"{warning['source']}: " if warning["source"] else ""
        output.line(output.clean(f"warning: {source}{warning['text']}"))
    if report["errors"] or report["warnings"]:
        output.line()
    if report["models"]:
        rows = [_model(one) for one in report["models"]]
        output.table(("MODEL", "PROVIDER", "ITS NAME THERE", "ADDRESS", "CREDENTIAL", "PRICE"), rows)
        output.line()
    if report["keys"]:
        rows = [(one["name"], one["status"], _short(one["meaning"])) for one in report["keys"]]
        output.table(("KEY", "STATUS", "MEANING"), rows)
        output.line()
    output.line(_summary(report))


def _model(one: dict[str, Any]) -> tuple[str, ...]:
    words = (one["name"], one["provider"], one["upstream_model"], one["api_base"], one["credential"], one["price"])
    return tuple("-" if word is None else str(word) for word in words)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_MEANING else text[: LONGEST_MEANING - 1].rstrip() + "…"


def _summary(report: dict[str, Any]) -> str:
    what = output.clean(report["file"]) if report["file"] else "the environment alone"
    counts = [_count(len(report[name]), name[:-1]) for name in ("models", "errors", "warnings")]
    return f"{what}: {', '.join(counts)}"


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
