"""`gatewright blueprint`: the embedded provider's objects as a file. Server commands: they import app when they run."""

import sys

import click

from gatewright.cli import errors, output
from gatewright.cli.server import server

MODULE = "blueprints"
LONGEST_INPUT = 1_000_000
config_option = click.option("--config", help="The server's config.yaml (also GATEWRIGHT_CONFIG).", type=click.Path())


@click.group()
def blueprint() -> None:
    """Apply, check and export blueprints on this machine's database."""


@blueprint.command("apply")
@click.argument("file", type=click.Path())
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def apply_file(ctx: click.Context, file: str, config: str | None, as_json: bool) -> None:
    """Apply a blueprint: all of FILE, or nothing and every cause by its line. `-` reads it from the standard input.

    `!Env` reads this command's environment, `!File` files beside FILE. Applying it again changes nothing.
    """
    _run(ctx, file, config, as_json=as_json, trial=False)


@blueprint.command("check")
@click.argument("file", type=click.Path())
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check_file(ctx: click.Context, file: str, config: str | None, as_json: bool) -> None:
    """Say what applying FILE would come to, and leave everything as it is."""
    _run(ctx, file, config, as_json=as_json, trial=True)


@blueprint.command("export")
@config_option
@click.option("--without-people", is_flag=True, help="Leave people and their memberships out.")
def export_objects(config: str | None, without_people: bool) -> None:
    """Print the embedded provider's objects as a blueprint, without secrets: here or in an Authentik it makes them
    again. Its first lines name the variables to set there.
    """
    sys.stdout.write(server(MODULE).export(config, people=not without_people))


def _run(ctx: click.Context, file: str, config: str | None, *, as_json: bool, trial: bool) -> None:
    text = sys.stdin.read(LONGEST_INPUT) if file == "-" else None
    report = server(MODULE).apply(config, file, text, trial=trial)
    done = "would be applied" if trial else "applied"
    if as_json:
        shown = {"name": report.name, "entries": report.entries, "warnings": report.warnings}
        output.as_json({**shown, "problems": report.problems, "applied": not (report.problems or trial)})
    else:
        for warning in report.warnings:
            output.warning(warning)
        for problem in report.problems:
            output.error(errors.CommandError(problem))
        if report.problems:
            output.note("Nothing was changed.")
        else:
            output.line(output.clean(f"{file}: {done}, {report.entries} entries"))
    ctx.exit(errors.FAILED if report.problems else errors.OK)
