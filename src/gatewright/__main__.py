"""`python -m gatewright` is the command `gatewright`."""

from gatewright.cli.main import main

main()
