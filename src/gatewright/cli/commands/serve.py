"""`gatewright serve`: start the gateway. A server command: it imports app, and only when it runs."""

import importlib
import sys

import click


@click.command()
@click.option("--config", type=click.Path(), help="A config.yaml in LiteLLM's format (also GATEWRIGHT_CONFIG).")
@click.option("--host", help="The address to listen on; localhost by default (also GATEWRIGHT_HOST).")
@click.option("--port", help="The port; 4000 by default (also GATEWRIGHT_PORT).")
@click.option("--workers", help="How many worker processes; 1 by default (also GATEWRIGHT_WORKERS).")
def serve(config: str | None, host: str | None, port: str | None, workers: str | None) -> None:
    """Start Gatewright."""
    try:
        app = importlib.import_module("gatewright.app.serve")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("gatewright"):
            raise
        click.echo(f"error: the server is not installed ({error.name} is missing)", err=True)
        click.echo("hint: pip install 'gatewright[server]'", err=True)
        sys.exit(1)
    sys.exit(app.run({"--config": config, "--host": host, "--port": port, "--workers": workers}))
