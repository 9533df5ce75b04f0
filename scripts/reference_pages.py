"""The reference pages of the docs site, made when the site is built, so that they cannot fall behind the code.

``commands.md`` is what the command line says of itself, ``configuration.md`` what the configurations' dataclasses say.
mkdocs calls ``on_files`` and ``on_page_content``; ``python scripts/reference_pages.py`` prints the pages.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from pcmsn.cli.app import app
from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config, config_to_tables, preset_names
from pcmsn.training.finetune.config import FinetuneConfig, build_finetune_config, finetune_presets

ABOUT_COMMANDS = """# Every command

This page has what `pcmsn COMMAND --help` says, for all commands. A command ends with exit code 0 when it did what was
asked, with 1 and one line on stderr when it could not ([errors](errors.md)), with 2 when an option is wrong, and with
130 after Ctrl-C. `[default: ...]` is what holds where the option is left out.
"""
ABOUT_KEYS = """# Every configuration key

A configuration is a TOML file with one table for each part. `--print-config` prints all of it. `--config FILE` reads a
file, which only needs the keys that differ from the preset, and options on the command line win over the file. A key
that is not listed here is an error, and the message names the nearest known one. The values below are those for
Sketchy; a preset may have others for another data set, which `--print-config` shows.
"""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages to a site that is being built (a hook of mkdocs)."""
    from mkdocs.structure.files import File

    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> dict[str, str]:
    """The pages' texts by file name."""
    return {"commands.md": commands_page(), "configuration.md": configuration_page()}


def on_page_content(content: str, **of_the_page: Any) -> str:
    """Mark short pieces of code in a page's HTML, which style.css keeps on one line (a hook of mkdocs)."""
    return re.sub(r"<code>(?=[^<\n]{1,32}</code>)", '<code class="short">', content)


def commands_page() -> str:
    """Every command with its arguments and options, under the headings that its help has."""
    return "\n".join([ABOUT_COMMANDS, *_sections(get_command(app), "pcmsn", level=1)])


def _sections(command: Any, name: str, level: int) -> Iterator[str]:
    """The section of a command of the command line, and those of the commands below it."""
    context = command.make_context(name, [], resilient_parsing=True)
    if level > 1:  # the page itself is the section of pcmsn
        usage = " ".join([name, *command.collect_usage_pieces(context)])
        yield f"{'#' * level} `{name}`\n\n{_escaped(command.help or '')}\n\n```console\n$ {usage}\n```\n"
        for panel, lines in _panels(command, context).items():
            yield f"#### {panel}\n\n" + "\n".join(lines) + "\n"
    if isinstance(command, TyperGroup):
        for below in command.list_commands(context):
            yield from _sections(command.commands[below], f"{name} {below}", level + 1)


def _panels(command: Any, context: Any) -> dict[str, list[str]]:
    """A line for each argument and option, by the panel of the help that it stands in."""
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        names, text = parameter.get_help_record(context) or ("", "")
        if names:
            usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
            panel = getattr(parameter, "rich_help_panel", None) or usual
            panels.setdefault(panel, []).append(f"* `{names}`: {_escaped(_without_brackets(text))}")
    return panels


def _without_brackets(text: str) -> str:
    """``[default: (what it is)]``, as typer shows a default that is told in words, without the inner brackets."""
    return re.sub(r"default: \((.*)\)(?=\]|; )", r"default: \1", text)


def _escaped(text: str) -> str:
    """The text with ``<`` and ``*`` escaped outside of code, where Markdown would take them for its own."""
    pieces = text.split("`")
    marks = {"<": "&lt;", "*": "&#42;"}
    return "`".join(
        piece if place % 2 else re.sub("[<*]", lambda mark: marks[mark[0]], piece) for place, piece in enumerate(pieces)
    )


def configuration_page() -> str:
    """Every key of ``pcmsn train`` and ``pcmsn finetune`` with its value in each preset."""
    train = {name: config_to_tables(build_config(preset=name)) for name in _ordered(preset_names(), "paper")}
    tune = {
        name: dataclasses.asdict(build_finetune_config(preset=name)) for name in _ordered(finetune_presets(), "default")
    }
    parts = ["## `pcmsn train`\n", *_parts(RunConfig, train), "## `pcmsn finetune`\n", *_parts(FinetuneConfig, tune)]
    return "\n".join([ABOUT_KEYS, *parts])


def _ordered(names: tuple[str, ...], first: str) -> list[str]:
    return [first, *(name for name in names if name != first)]


def _parts(kind: type, presets: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A section for each part of a configuration: what it is, then a table with a row for each key."""
    for name, part in inspect.get_annotations(kind, eval_str=True).items():
        if not dataclasses.is_dataclass(part):
            continue
        yield f"### `[{name}]`\n\n{_one_line(inspect.cleandoc(part.__doc__ or ''))}\n"
        first, *others = presets
        yield f"| key | {first} | other presets | what it is |\n|---|---|---|---|"
        texts = _texts_of_fields(part)
        for field in dataclasses.fields(part):
            values = {preset: _value(tables[name][field.name]) for preset, tables in presets.items()}
            different = [f"{other}: {values[other]}" for other in others if values[other] != values[first]]
            yield f"| `{field.name}` | {values[first]} | {'; '.join(different)} | {_one_line(texts[field.name])} |"
        yield ""


def _texts_of_fields(kind: Any) -> dict[str, str]:
    """The string below each field of a dataclass, by the field's name."""
    parsed = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(kind))))
    definition = next(node for node in parsed if isinstance(node, ast.ClassDef))
    texts: dict[str, str] = {}
    name = ""
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            texts[name] = ""
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and name:
            texts[name] = str(statement.value.value)
    return texts


def _value(value: Any) -> str:
    """A value as it stands in the table, much as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_value, value))
    if value == "":
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _one_line(text: str) -> str:
    """Docstring markup becomes Markdown's, in one line that a table's cell can hold."""
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


if __name__ == "__main__":
    print("\n\n".join(pages().values()))
