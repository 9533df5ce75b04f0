"""``pcmsn data``: get, prepare, check and look at data sets."""

import typer

from pcmsn.cli.data import check, download, prepare, sample, splits

app = typer.Typer(help="Get, prepare, check and look at data sets.", no_args_is_help=True)
app.command("check")(check.check)
app.command("download")(download.download)
app.command("prepare")(prepare.prepare)
app.command("sample")(sample.sample)
app.command("splits")(splits.splits)
