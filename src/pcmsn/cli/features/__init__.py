"""``pcmsn features``: extract features to files, and bring in ready-made ones."""

import typer

from pcmsn.cli.features import extract, import_

app = typer.Typer(help="Extract features to files, or bring in ready-made ones.", no_args_is_help=True)
app.command("extract")(extract.extract)
app.command("import")(import_.import_)
