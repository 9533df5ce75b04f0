"""``pcmsn data``: get, prepare, check and look at data sets."""

import typer

from pcmsn.cli.data import splits

app = typer.Typer(help="Get, prepare, check and look at data sets.", no_args_is_help=True)
app.command("splits")(splits.splits)
