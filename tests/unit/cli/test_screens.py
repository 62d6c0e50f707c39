"""What commands show at 80 and 120 columns and in a pipe is what a person has read in tests/data/screens."""

import re
from pathlib import Path

import pytest

from tests.unit.cli.fake import FakeServer
from tests.unit.cli.screens import FOLDER, SCREENS, script, shown, top

pytestmark = pytest.mark.slow


@pytest.fixture
def scripted(server: FakeServer) -> FakeServer:
    script(server)
    return server


COLOUR = re.compile(rb"\x1b\[([0-9;]*)m")
PLAIN = {b"", b"0", b"1", b"2", b"7"}
"""Bold, dim and reverse."""

COLOURS = {b"31", b"32", b"36"}
"""Red, green and cyan, which can be read on a dark and on a light ground."""


def styles(output: bytes) -> set[bytes]:
    return {style for match in COLOUR.findall(output) for style in match.split(b";")}


@pytest.mark.parametrize(("name", "width"), SCREENS.items())
def test_screens(scripted: FakeServer, tmp_path: Path, name: str, width: int | None) -> None:
    text, output = shown(scripted, tmp_path, width)
    assert text == (FOLDER / f"{name}.txt").read_text()
    if width is None:
        assert b"\x1b" not in output
    else:
        assert COLOURS <= styles(output) <= PLAIN | COLOURS


def test_colours_are_left_out_on_request(scripted: FakeServer, tmp_path: Path) -> None:
    text, output = shown(scripted, tmp_path, 80, NO_COLOR="1")
    assert styles(output) <= PLAIN
    expected = (FOLDER / "80.txt").read_text()
    assert list(map(_without_bars, text.splitlines())) == list(map(_without_bars, expected.splitlines()))


@pytest.mark.parametrize("width", [80, 120])
def test_the_screen_of_top(scripted: FakeServer, tmp_path: Path, width: int) -> None:
    assert top(scripted, tmp_path, width) == (FOLDER / f"top-{width}.txt").read_text()


def _without_bars(line: str) -> str:
    """A line without the bars of rich, of which only the full part is drawn where there are no colours."""
    return " ".join(line.replace("\N{BOX DRAWINGS HEAVY HORIZONTAL}", "").split())
