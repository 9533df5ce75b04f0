"""``pcmsn data``: get, prepare, check and look at data sets."""

import typer

app = typer.Typer(help="Get, prepare, check and look at data sets.", no_args_is_help=True)
