"""What the documentation says of the code is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT / "tests" / "integration" / "conformance"
BESIDE = {"test_replay", "test_bad_input"}
"""Modules of tests that are about no single call."""


def test_the_page_on_the_api_names_the_test_of_each_call() -> None:
    page = (ROOT / "docs" / "reference" / "api.rst").read_text()
    modules = [path for path in CONFORMANCE.glob("test_*.py") if path.stem not in BESIDE]
    items = [item for path in modules for item in ast.parse(path.read_text()).body]
    tests = {item.name for item in items if isinstance(item, ast.AsyncFunctionDef)}
    assert set(re.findall(r"``(test_\w+)``", page)) == tests
