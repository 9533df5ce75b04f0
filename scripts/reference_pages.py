"""The reference pages of the docs site, made when the site is built, so that they can not fall behind the code.

``commands.md`` is what the command line says of itself, ``configuration.md`` what the configurations' dataclasses say.
mkdocs calls ``on_files``; ``python scripts/reference_pages.py`` prints the pages.
"""

from __future__ import annotations

import ast
import dataclasses
import html
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import build_config, config_to_tables, preset_names
from pcmsn.training.finetuning.config import FinetuneConfig, build_finetune_config, finetune_presets

ABOUT_COMMANDS = """# Every command

What `pcmsn COMMAND --help` says, on one page. A command ends with 0 when it did what was asked, with 1 and one line on
stderr when it could not ([errors](errors.md)), with 2 for an option that is wrong, and with 130 after Ctrl-C.
"""
ABOUT_KEYS = """# Every configuration key

A configuration is TOML with one table a part. `--print-config` prints the whole of it, `--config FILE` reads what
differs, and options of the command line win over both. A key that is not listed here is an error that names the nearest
one. The values are those on Sketchy; a preset may have others for another data set, which `--print-config` shows.
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


def commands_page() -> str:
    """Every command with its options, as typer writes it."""
    command = [sys.executable, "-m", "typer", "pcmsn.cli.app", "utils", "docs", "--name", "pcmsn"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    _, _, commands = html.unescape(printed).partition("\n## ")
    return f"{ABOUT_COMMANDS}\n## {_escaped(commands)}"


def _escaped(text: str) -> str:
    """The same outside of code, where Markdown would take ``<class>`` for HTML."""
    pieces = text.split("`")
    return "`".join(piece if place % 2 else piece.replace("<", "&lt;") for place, piece in enumerate(pieces))


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
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
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
