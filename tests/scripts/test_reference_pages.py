"""The generated reference pages name every command, option and key, as they are now."""

import dataclasses
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from pcmsn.training.config import RunConfig
from pcmsn.training.configuration import preset_names

SCRIPT = Path(__file__).parents[2] / "scripts" / "reference_pages.py"


@pytest.fixture(scope="module")
def reference_pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_pages", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_has_a_section_with_its_options(reference_pages: ModuleType) -> None:
    page = reference_pages.commands_page()
    for command in ("train", "test", "finetune", "data prepare", "features extract", "semantics build", "serve"):
        assert f"## `pcmsn {command}`" in page
    train = page.split("## `pcmsn train`")[1].split("## `pcmsn test`")[0]
    assert "* `--layers <str>`" in train and "* `--preset <str>`" in train
    assert train.index("#### Data") < train.index("`--split <str>`") < train.index("#### Extractor")
    assert "[default: ./ZS-SBIR]" in train and "default: (" not in page
    outside_code = re.sub(r"```.*?```|`[^`]*`", "", page, flags=re.DOTALL)
    assert "<" not in outside_code and "&#x27;" not in page


def test_short_pieces_of_code_are_marked_and_long_ones_may_be_broken(reference_pages: ModuleType) -> None:
    short, long = "<code>--backbone</code>", f"<code>{'r_ske ' * 10}</code>"
    content = reference_pages.on_page_content(f"<p>{short} {long}</p>", page=None, config=None, files=None)
    assert content == f'<p><code class="short">--backbone</code> {long}</p>'


def test_every_key_has_a_row_with_its_values_and_a_text(reference_pages: ModuleType) -> None:
    page = reference_pages.configuration_page()
    train = page.split("## `pcmsn finetune`")[0]
    for part in dataclasses.fields(RunConfig):
        if part.name == "preset":
            continue
        section = train.split(f"### `[{part.name}]`")[1].split("###")[0]
        for field in dataclasses.fields(getattr(RunConfig(), part.name)):
            (row,) = [line for line in section.splitlines() if line.startswith(f"| `{field.name}` |")]
            assert len(re.split(r"(?<!\\)\|", row)[4].strip()) > 5, row
    (kind,) = [line for line in train.splitlines() if line.startswith("| `kind` |")]
    assert "`pcmsn`" in kind and "best: `branches`" in kind
    assert all(f"{preset}:" in train for preset in preset_names() if preset != "paper")
