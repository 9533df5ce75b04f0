from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner, Result

from pcmsn.cli.option_groups import with_option_groups


@dataclass(frozen=True, kw_only=True)
class Paint:
    colour: Annotated[str, typer.Option(help="The paint's colour.")] = "red"
    coats: Annotated[int, typer.Option("--coats", min=1)] = 1


@with_option_groups
def draw(
    paint: Paint,
    shape: Annotated[str, typer.Argument(help="What to draw.")],
    filled: Annotated[bool, typer.Option("--filled")] = False,
) -> None:
    """Draw a shape."""
    typer.echo(f"{shape}, {paint.colour} x {paint.coats}, {filled}")


app = typer.Typer()
app.command()(draw)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "80", "TERM": "dumb"})


def test_a_groups_options_stand_beside_the_commands_own() -> None:
    assert invoke("circle", "--coats", "3", "--filled").stdout == "circle, red x 3, True\n"
    assert invoke("circle", "--colour", "blue").stdout == "circle, blue x 1, False\n"


def test_the_help_is_the_commands_with_the_groups_options() -> None:
    shown = invoke("--help").output
    for text in ("Draw a shape.", "--colour", "The paint's colour.", "[default: red]", "--coats", "--filled"):
        assert text in shown
    assert "paint " not in shown


def test_what_typer_checks_of_an_option_it_checks_of_a_groups() -> None:
    assert invoke("circle", "--coats", "0").exit_code == 2
