"""``pcmsn semantics``: make the class vectors that training needs."""

import typer

from pcmsn.cli.semantics import build, senses

app = typer.Typer(help="Make side information: one vector a class, from WordNet or from texts.", no_args_is_help=True)
app.command("build")(build.build)
app.command("senses")(senses.senses)
