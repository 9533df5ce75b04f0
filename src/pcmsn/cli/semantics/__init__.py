"""``pcmsn semantics``: make the class vectors that training needs."""

import typer

app = typer.Typer(help="Make side information: one vector a class, from WordNet or from texts.", no_args_is_help=True)
