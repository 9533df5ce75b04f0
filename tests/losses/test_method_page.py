"""The page about the method names the functions that compute the paper's equations."""

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "method.md"


def test_each_equation_stands_beside_functions_that_exist_and_name_it() -> None:
    rows = re.findall(r"^\|[^|]*\| \((.+?)\) ([^|]*)\|([^|]*)\|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [number for number, *_ in rows] == ["1", "2 to 8", "9", "12", "13"]
    for number, _, functions in rows:
        named = re.findall(r"`([\w.]+)\.(\w+)`", functions)
        assert named, number
        for module, name in named:
            function = getattr(importlib.import_module(module), name)
            assert f"eq. {number}" in function.__doc__, name
