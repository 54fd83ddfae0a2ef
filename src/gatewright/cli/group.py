"""The click group: options of every command, and commands that are imported when they are called."""

import importlib
from collections.abc import Sequence
from typing import Any

import click

from gatewright import __version__
from gatewright.cli import errors
from gatewright.cli.context import server_options
from gatewright.domain.errors import GatewrightError

# name: (where the command is, what the list of commands says about it)
COMMANDS = {
    "blueprint": (
        "gatewright.cli.commands.blueprint:blueprint",
        "Apply, check and export blueprints on this machine's database.",
    ),
    "check-config": (
        "gatewright.cli.commands.check_config:check_config",
        "Say what is wrong with a configuration, and what each key of it does.",
    ),
    "doctor": ("gatewright.cli.commands.doctor:doctor", "Find out why a sign-in fails, and why somebody has a role."),
    "login": ("gatewright.cli.commands.login:login", "Sign in with the browser and store the credential."),
    "logout": ("gatewright.cli.commands.logout:logout", "End the sign-in on the server and forget it here."),
    "models": ("gatewright.cli.commands.models:models", "List the models that you may use."),
    "serve": ("gatewright.cli.commands.serve:serve", "Start the server."),
    "token": ("gatewright.cli.commands.token:token", "Print the stored credential, for scripts and agents."),
    "version": ("gatewright.cli.commands.version:version", "Print the version."),
    "whoami": ("gatewright.cli.commands.whoami:whoami", "Ask the server who you are."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is called: a start costs what it uses."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: Any = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every command to read its help.
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@server_options
@click.version_option(__version__, "-v", "--version", message="gatewright %(version)s")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Gatewright: one sign-on, one API, every model."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run_group(arguments: Sequence[str]) -> int:
    """Run one command; expected failures are raised as `CommandError`."""
    try:
        code = group.main(args=list(arguments), prog_name="gatewright", standalone_mode=False)
    except click.UsageError as failure:
        command = failure.ctx.command_path if failure.ctx else "gatewright"
        raise errors.WrongUsage(failure.format_message(), hint=f"Try `{command} --help`.") from failure
    except click.ClickException as failure:
        raise errors.CommandError(failure.format_message()) from failure
    except GatewrightError as failure:
        # A server command: a setting is wrong, the database does not answer.
        raise errors.CommandError(failure.message, hint=failure.hint) from failure
    except click.Abort as failure:
        raise KeyboardInterrupt from failure
    return code if isinstance(code, int) else errors.OK
